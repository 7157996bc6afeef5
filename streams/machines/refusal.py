"""A command that changed nothing, and why. Pure data, shared by the machines."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """``code`` is of the error catalogue; ``state``, ``version`` and ``digest`` are the subject's own.

    Version 0 and an empty digest where they do not apply (grants, a dataset without data).
    """

    command_id: str
    subject: str
    ma_truong_hoc: str
    command: str
    code: str
    at: datetime
    unit: str
    role: str
    state: str
    version: int = 0
    digest: str = ""
