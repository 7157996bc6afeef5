"""Everybody who acts in the demonstration: accounts made for it, each logged in as a person would be."""

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self

from access.accounts import office
from access.accounts.account import Role
from access.accounts.store import TWIN, New
from access.client import AT_ONCE, AccessClient, Outcome
from producers.synthetic.school import YEAR
from producers.synthetic.shape import department
from runtime.settings import Settings
from schemas.errors import ProblemList

SINCE: Final = date(YEAR, 9, 1)


@dataclass(frozen=True)
class Asked:
    """An act of a unit on a dataset: what it saw and says."""

    dataset_id: str
    act: str
    unit: str
    body: Mapping[str, Any]


class Staff:
    """An account a unit and role, made when it is needed first; one that is there gets another password. A
    context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[tuple[str, Role], AccessClient] = {}
        self._making = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.__exit__(kind, error, trace)

    def of(self, unit: str, role: Role) -> AccessClient:
        """The service as this unit's person calls it."""
        with self._making:
            if (unit, role) not in self._clients:
                self._clients[unit, role] = self._hired(unit, role)
            return self._clients[unit, role]

    def ask(self, asked: Sequence[Asked]) -> list[Outcome]:
        """Side by side, as people act; the outcomes in their order."""

        def one(act: Asked) -> Outcome:
            return self.of(act.unit, role_of(act)).confirm(act.dataset_id, act.act, act.body)

        with ThreadPoolExecutor(AT_ONCE) as people:
            return list(people.map(one, asked))

    def _hired(self, unit: str, role: Role) -> AccessClient:
        name, password = f"{role.value.replace('_', '-')}.{unit}", secrets.token_urlsafe(16)
        new = New(name, f"demo-{name}", unit, frozenset({role}), SINCE)
        try:
            office.create(self._settings, new, password)
        except ProblemList as refused:
            if [problem.code for problem in refused.problems] != [TWIN]:
                raise
            office.set_password(self._settings, name, password)  # of an earlier day's play
        with AccessClient(self._settings.access) as door:
            said = door.call("POST", "/v1/login", {"account": name, "password": password})
        return AccessClient(self._settings.access, said["secret"])


def role_of(asked: Asked) -> Role:
    """In which role a unit acts on a school's data."""
    if asked.unit == department():
        return Role.DEPARTMENT_OFFICER
    is_school = asked.dataset_id.startswith(f"{asked.unit}.")
    return Role.SCHOOL_HEAD if is_school else Role.DISTRICT_OFFICER
