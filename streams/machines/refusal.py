"""A command that changed nothing, and why. Pure data, shared by the machines."""

from datetime import datetime

from streams.machines.wire import Value


class Refusal(Value, frozen=True):
    """``code`` is of the error catalogue; ``state``, ``sequence``, ``version``, ``digest`` are the subject's.

    Version 0 and an empty digest where they do not apply (grants, a dataset without data); an empty school
    where the subject is none of a school's. ``at`` is the broker's time of the command.
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
    command_topic: str = ""
    command_offset: int = -1
    sequence: int = -1
