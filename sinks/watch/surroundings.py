"""What stands around: room on this machine's disks, its clock, units that end, the brokers' certificates."""

import ctypes
import os
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography import x509
from pydantic import BaseModel

from runtime import systemd
from runtime.settings import Settings

CERTIFICATES_S: Final = 3600.0
"""So often the certificates are looked at."""

ANSWER_S: Final = 5.0

UNITS: Final = ("csdl-backup.service", "csdl-retention.service", "csdl-setup.service")
"""Those that come to an end: nobody hears of it if they fail."""

DATA: Final = "data"
"""The disk of the data directory; the setting ``disks`` names others."""

AUTHORITY, BROKER = "authority", "broker"

STATUS: Final = "status.json"

_NOT_SYNCHRONISED: Final = 5
"""TIME_ERROR of adjtimex(2)."""


def disks(settings: Settings) -> Iterator[tuple[str, int, int]]:
    """(name, bytes there are, bytes that are free for us) of each; one that cannot be looked at lacks."""
    for name, folder in {DATA: settings.data_dir, **settings.disks}.items():
        with suppress(OSError):
            found = os.statvfs(folder)
            yield name, found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize


class _Timex(ctypes.Structure):
    """struct timex; ``modes`` 0 only asks."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 252))


def clock_is_kept() -> bool | None:
    """Whether something (NTP) keeps this machine's clock, by the kernel; None where it does not say."""
    try:
        said: int = ctypes.CDLL(None).adjtimex(ctypes.byref(_Timex()))
    except (OSError, AttributeError):
        return None
    return None if said < 0 else said != _NOT_SYNCHRONISED


def failed_units() -> dict[str, bool]:
    """Unit → whether its last run failed, by systemd; none where that does not answer."""
    shown = systemd.units(UNITS, systemd.STATE)
    return {unit: of[systemd.STATE] == "failed" for unit, of in shown.items()}


class Backups(BaseModel):
    """What `csdl backup` says of itself in ``status.json`` beside its backups. Times: seconds since 1970, 0
    if never. ``last_failed``: the newest try."""

    last_success: float = 0.0
    last_verified: float = 0.0
    last_failed: bool = False


def backups(settings: Settings) -> Backups:
    """Nothing known where there is no such file, or it may not be read."""
    try:
        return Backups.model_validate_json((settings.backups_dir / STATUS).read_bytes())
    except (OSError, ValueError):
        return Backups()


class Certificates:
    """When the authority's and the brokers' certificates end, looked at once an hour."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looked = -CERTIFICATES_S
        self._ends: dict[str, float] = {}

    def ends(self) -> dict[str, float]:
        """Seconds since 1970, the earliest of each kind; what cannot be seen is as it was."""
        now = time.monotonic()
        if now - self._looked >= CERTIFICATES_S and self._settings.kafka_ca_file != Path():
            self._looked = now
            self._ends |= self._look()
        return self._ends

    def _look(self) -> dict[str, float]:
        found = {}
        with suppress(OSError, ValueError):
            found[AUTHORITY] = _end(self._settings.kafka_ca_file.read_bytes())
        shown = [end for server in self._settings.bootstrap_servers.split(",") for end in _shown(server)]
        return found | ({BROKER: min(shown)} if shown else {})


def _shown(server: str) -> Iterator[float]:
    """The end of the certificate that a broker shows to whoever connects; nothing of one that shows none."""
    host, _, port = server.strip().rpartition(":")
    asks = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asks.check_hostname, asks.verify_mode = False, ssl.CERT_NONE  # it is read, and trusted in nothing
    with (
        suppress(OSError, ValueError),
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S) as plain,
        asks.wrap_socket(plain) as secured,
    ):
        if certificate := secured.getpeercert(binary_form=True):
            yield _end(certificate)


def _end(encoded: bytes) -> float:
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in encoded else x509.load_der_x509_certificate
    return load(encoded).not_valid_after_utc.timestamp()
