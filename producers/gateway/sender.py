"""Who sends: what the entrance has proved, as an endpoint takes it."""

from dataclasses import dataclass

from starlette.requests import Request

from access.credentials.worth import Credential
from producers.gateway.parts import Parts


@dataclass(frozen=True)
class Sender:
    """A vendor, for a school, by a key; where it calls from."""

    credential: Credential
    address: str

    @property
    def vendor(self) -> str:
        return self.credential.vendor

    @property
    def school(self) -> str:
        """The key's: nothing else may be pushed for, or read of."""
        return self.credential.school

    @property
    def number(self) -> int:
        """The credential's."""
        return self.credential.number


async def sender(request: Request) -> Sender:
    """Dependency of an endpoint behind a key."""
    found: Sender = request.state.sender
    return found


async def parts(request: Request) -> Parts:
    """Dependency of any endpoint."""
    found: Parts = request.app.state.parts
    return found
