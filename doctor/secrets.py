"""What is secret on this machine: how long certificates still hold, who else could read it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from deploy.local import certificates
from deploy.local.secrets import readable_by_others
from doctor.section import Finding
from runtime.settings import Settings
from schemas.errors import Problem

ENDS: Final = "SEC-115"
READABLE: Final = "SEC-116"


def section(settings: Settings) -> Iterator[Finding]:
    """Certificates that end soon, files that are not their owner's alone."""
    folder = settings.data_dir / "secrets"
    for name in readable_by_others(folder):
        yield Finding(Problem(READABLE, params={"path": name}))
    now = datetime.now(UTC)
    for path in sorted(folder.glob("tls/*.pem")):
        ends = certificates.ends(path)
        if ends - now < certificates.TOLD_BEFORE:
            yield Finding(Problem(ENDS, params={"path": path, "day": f"{ends:%d/%m/%Y}"}))
