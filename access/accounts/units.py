"""Which unit an account may be of, by its roles, on its first day."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from access.accounts.account import OF_SCHOOLS, Role
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.organisation.units import Kind
from streams.organisation import units

NOT_THAT_KIND: Final = "ACC-008"

OF: Final[Mapping[Role, frozenset[Kind]]] = {
    **dict.fromkeys(OF_SCHOOLS, frozenset({Kind.SCHOOL})),
    Role.DISTRICT_OFFICER: frozenset({Kind.DISTRICT, Kind.COMMUNE}),
    **dict.fromkeys((Role.DEPARTMENT_OFFICER, Role.OPERATOR, Role.AUDITOR), frozenset({Kind.DEPARTMENT})),
}
"""Role → kinds of its units. A vendor's technician is of none of these, but of a vendor."""


def problems(settings: Settings, unit: str, roles: frozenset[Role], on: date) -> list[Problem]:
    """ACC-008 for each role that no account of this unit can have. Raises ProblemList (SYS-001)."""
    held = units.organisation(settings).on(unit, on)
    params = {"unit": unit, "day": on.isoformat()}
    wrong = []
    for role in sorted(roles):
        fits = settings.has_vendor(unit) if role not in OF else held is not None and held.kind in OF[role]
        if not fits:
            wrong.append(Problem(NOT_THAT_KIND, params={**params, "role": role}))
    return wrong
