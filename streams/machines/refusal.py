"""A command that changed nothing, and why. Pure data, shared by the machines."""

from datetime import datetime
from typing import Any

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


def refused(
    state: Any, command: Any, source: Any, code: str, subject: str, ma_truong_hoc: str = "", **version: Any
) -> Refusal:
    """The refusal of a command, with the state that it met; ``version`` where the subject has one."""
    return Refusal(
        command_id=command.command_id,
        subject=subject,
        ma_truong_hoc=ma_truong_hoc,
        command=command.command,
        code=code,
        at=source.at,
        unit=command.unit,
        role=command.role,
        state=state.state.value,
        command_topic=source.topic,
        command_offset=source.offset,
        sequence=state.sequence,
        **version,
    )
