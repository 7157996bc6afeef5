"""What the doors work with: made once, when the service opens."""

from collections.abc import Iterable
from contextlib import ExitStack
from threading import Lock, Semaphore
from typing import Any, Final

from starlette.requests import Request as HttpRequest

from access.credentials import addresses, keyring
from access.credentials.guesses import Guesses
from access.credentials.proof import Refusals
from access.service.desk import CommandsDesk
from access.service.flows import Flows
from runtime.connections import Connections
from runtime.settings import Settings
from schemas.organisation.organisation import Organisation
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.machine import MACHINE as GRANTS
from streams.machines.state_cache import StateCache
from streams.organisation.machine import MACHINE as ORGANISATION
from streams.organisation.units_cache import UnitsCache

AT_ONCE: Final = 2
"""Passwords that are hashed at once: a rush of logins must not take the cores from the acts."""

DOCUMENTS_AT_ONCE: Final = 3
"""Documents under way; one of them is judged, in a process of its own with up to a gigabyte."""


class Parts:
    """Connections, desks, states. ``close`` lets go of all."""

    def __init__(self, settings: Settings) -> None:
        """Raises KafkaError if the broker is away, ProblemList (KEY-010)."""
        self.settings = settings
        self.keys = keyring.of(settings)
        self.refusals, self.guesses = Refusals(), Guesses()
        self._proxies = addresses.networks(settings.trusted_proxies)
        self.hashing = Semaphore(AT_ONCE)
        self.documents, self.judging = Semaphore(DOCUMENTS_AT_ONCE), Semaphore(1)
        self.papers_turn, self.papers_under_way = Lock(), set[str]()
        self.flows = Flows()
        self.importing = Lock()
        self._opened = ExitStack()
        try:
            self.connections = Connections(settings, "csdl access")
            self._opened.callback(self.connections.close)
            self.confirmation = CommandsDesk(CONFIRMATION, settings)
            self._opened.callback(self.confirmation.close)
            self.grants = CommandsDesk(GRANTS, settings)
            self._opened.callback(self.grants.close)
            self.organisation = CommandsDesk(ORGANISATION, settings)
            self._opened.callback(self.organisation.close)
            self.datasets = StateCache(CONFIRMATION, settings)
            self._opened.callback(self.datasets.stop)
            self.datasets.start()
            self.granted = StateCache(GRANTS, settings)
            self._opened.callback(self.granted.stop)
            self.granted.start()
            self.units = UnitsCache(settings)
            self._opened.callback(self.units.stop)
            self.units.start()
        except BaseException:
            self.close()
            raise

    def address_of(self, http: HttpRequest) -> str:
        """Where a request comes from; "" if nobody can say."""
        forwarded = http.headers.getlist(addresses.HEADER)
        return addresses.caller(http.client.host if http.client else "", forwarded, self._proxies)

    def units_of(self, codes: Iterable[str]) -> Organisation:
        """These units and all above them. Raises ProblemList (SYS-001) if nobody can say."""
        self.catch_up(self.units)
        return self.units.organisation(codes)

    def catch_up(self, states: StateCache[Any] | UnitsCache) -> None:
        """Wait until what a machine said a moment ago is read. Raises ProblemList (SYS-001) if it is not."""
        states.up_to_now()

    def close(self) -> None:
        """Newest first."""
        self._opened.close()
