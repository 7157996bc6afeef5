"""A forwarding: the department's last act on a version, and so one export to the Ministry. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID, uuid5

from streams.confirmation.events import Event, Fact

_NAMESPACE: Final = UUID("5f0c5b0e-6a57-5c0e-9d0b-7c8f3b1f4c11")
"""Of the ids of exports; never changed, or a repeated export would be a new one."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What is to be exported, as the event says it.

    The same version may be forwarded twice: returned and confirmed again with an answer. The Ministry then
    looks at it anew, so the place of the event in the chain is part of the export's id.

    ``sequence`` is that place; the machine takes receipts for the forwarding it has in hand only.
    """

    export_id: str
    dataset_id: str
    school: str
    school_year: int
    period: str
    version: int
    digest: str
    sequence: int
    opened_at: datetime

    @classmethod
    def of(cls, event: Event) -> Self | None:
        """The forwarding that an event tells of, None for every other event."""
        if event.event is not Fact.FORWARDED:
            return None
        return cls(
            export_id=export_id(event.dataset_id, event.version, event.sequence),
            dataset_id=event.dataset_id,
            school=event.ma_truong_hoc,
            school_year=event.nam_hoc,
            period=event.period,
            version=event.version,
            digest=event.digest,
            sequence=event.sequence,
            opened_at=event.at,
        )

    def header(self) -> dict[str, Any]:
        """The fields that every message of the export shares."""
        return {
            "ExportId": self.export_id,
            "DatasetId": self.dataset_id,
            "MaTruongHoc": self.school,
            "NamHoc": self.school_year,
            "Period": self.period,
            "Version": self.version,
        }


def export_id(dataset_id: str, version: int, sequence: int) -> str:
    """Id of the export that event ``sequence`` of the dataset's chain asks for."""
    return str(uuid5(_NAMESPACE, f"{dataset_id}/{version}/{sequence}"))
