"""What the gateway works with: made once, when it opens."""

from contextlib import ExitStack

from access.credentials import addresses, keyring, standing
from access.credentials.guesses import Guesses
from access.credentials.proof import Refusals
from producers.gateway.pressure import Pressure
from producers.gateway.sending import Outgoing
from runtime.connections import Connections
from runtime.settings import Settings
from streams.grants.grants_cache import GrantsCache
from streams.organisation.units_cache import UnitsCache


class Parts:
    """Connections, the key of keys, states, the one producer. ``close`` lets go of all."""

    def __init__(self, settings: Settings) -> None:
        """Raises KafkaError if the broker is away, ProblemList (KEY-010)."""
        self.settings = settings
        self.keys = keyring.of(settings)
        self.refusals, self.guesses = Refusals(), Guesses()
        self.proxies = addresses.networks(settings.trusted_proxies)
        self._opened = ExitStack()
        try:
            self.connections = Connections(settings, "csdl-gateway")
            self._opened.callback(self.connections.close)
            self.granted = GrantsCache(settings)
            self._opened.callback(self.granted.stop)
            self.granted.start()
            self.schools = UnitsCache(settings)
            self._opened.callback(self.schools.stop)
            self.schools.start()
            self.grant_fault = standing.followed(self.granted)
            """(vendor, school) → why its grant is not in force."""
            self.outgoing = Outgoing(settings)
            self._opened.callback(self.outgoing.close)
            self.pressure = Pressure(settings, self.connections)
            self._opened.callback(self.pressure.close)
            self.pressure.start()
        except BaseException:
            self.close()
            raise

    def follow(self) -> None:
        """Wait until the states are read to their end: half of them would say what held once."""
        self.granted.catch_up()
        self.schools.catch_up()

    def close(self) -> None:
        """Newest first."""
        self._opened.close()
