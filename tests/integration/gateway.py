"""The gateway on a port of its own, in the test's own process, with what the process may do and no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx

from access.credentials.worth import Credential
from producers.gateway.process import Gateway
from runtime.settings import Settings
from tests.accounts import as_process
from tests.granted import make_key, put_grant
from tests.organisation import put_units
from tests.people import free_port

VENDOR: Final = "smas"
SCHOOL: Final = "19164101"
SECOND: Final = "19164102"
"""The vendor may push for these two, ``VNEDU`` for the third; nobody for the fourth."""
THIRD: Final = "19164103"
UNGRANTED: Final = "19164104"
VNEDU: Final = "vnedu"
REGISTER: Final = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + "".join(
    f"{code},Trường {code},primary,164,164,2010-01-01,,1\n" for code in (SCHOOL, SECOND, THIRD, UNGRANTED)
)


@dataclass
class Served:
    """The gateway of a test: ``settings`` of the tables' owner, ``secret`` a key of VENDOR for SCHOOL."""

    settings: Settings
    process: Gateway
    secret: str
    credential: Credential
    _names: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self.settings.gateway

    @property
    def port(self) -> int:
        """On 127.0.0.1."""
        return self.settings.gateway_port

    def client(self, secret: str | None = None, **more: Any) -> httpx.Client:
        """Who shows a key, by default the usual one; none for ""."""
        shown = self.secret if secret is None else secret
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=60, **more)

    def key(self, school: str = SCHOOL, vendor: str = VENDOR, **more: Any) -> tuple[str, Credential]:
        """Another key (``make_key``)."""
        return make_key(self.settings, vendor, school, f"k{next(self._names)}", **more)


@contextmanager
def served(settings: Settings, of: type[Gateway] = Gateway, **more: Any) -> Iterator[Served]:
    """On servers whose topics and tables are fresh. ``more``: settings."""
    register = Path(settings.data_dir) / "register.csv"
    register.write_text(REGISTER, encoding="utf-8")
    port = free_port()
    own = {"register_file": register, "gateway_port": port, "gateway_url": f"http://127.0.0.1:{port}"}
    settings = put_units(settings.model_copy(update=own | more))
    for vendor, school in ((VENDOR, SCHOOL), (VENDOR, SECOND), (VNEDU, THIRD)):
        put_grant(settings, vendor, school)
    secret, one = make_key(settings, VENDOR, SCHOOL)
    with of(as_process(settings, "gateway")) as process:
        yield Served(settings, process, secret, one)
