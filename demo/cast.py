"""Who plays which part: a school of the province for each story."""

from collections.abc import Callable
from dataclasses import dataclass, fields

from producers.synthetic.province import SchoolPlan


@dataclass(frozen=True)
class Cast:
    """The schools of the stories, all different. Every other one is pushed and confirmed without incident."""

    bad_packet: SchoolPlan
    """Its packet holds bad records; the head acknowledges the refusals and submits the rest."""

    bad_list: SchoolPlan
    """Its list of pupils holds bad rows; the school pushes a corrected list."""

    repeated_id: SchoolPlan
    """Two pupils of its packet have one ClientId."""

    not_granted: SchoolPlan
    """A vendor that was never granted the school pushes for it too."""

    undecodable: SchoolPlan
    """Bytes that nobody can decode arrive under its key."""

    sent_twice: SchoolPlan
    """Its push is transmitted twice, under one push id."""

    sent_again: SchoolPlan
    """The same files are pushed again, as a new push."""

    returned: SchoolPlan
    """Its district returns it with a reason; it is corrected, and an officer confirms what is stale."""

    left: SchoolPlan
    """A pupil leaves: the next list lacks it, and the school removes it."""

    recalled: SchoolPlan
    """The head recalls it after submitting, and submits again."""

    direct: SchoolPlan
    """A unit direct to the department."""


def choose(schools: list[SchoolPlan]) -> Cast:
    """The smallest fitting school for each part. Raises ValueError if the province is too small."""
    waiting = sorted(schools, key=lambda s: (s.pupils, s.code))
    parts: dict[str, SchoolPlan] = {}
    for part in fields(Cast):
        found = next((s for s in waiting if FITS[part.name](s)), None)
        if found is None:
            raise ValueError(f"no school for the part {part.name}")
        waiting.remove(found)
        parts[part.name] = found
    return Cast(**parts)


def _of_a_district(school: SchoolPlan) -> bool:
    return not school.direct and school.pupils >= 50


FITS: dict[str, Callable[[SchoolPlan], bool]] = {
    "bad_packet": lambda s: _of_a_district(s) and s.vendor == "smas",
    "bad_list": lambda s: _of_a_district(s) and s.vendor == "vnedu",
    "repeated_id": lambda s: _of_a_district(s) and s.vendor == "smas",
    "not_granted": lambda s: s.vendor == "smas",
    "undecodable": lambda s: True,
    "sent_twice": lambda s: True,
    "sent_again": lambda s: True,
    "returned": _of_a_district,
    "left": _of_a_district,
    "recalled": _of_a_district,
    "direct": lambda s: s.direct,
}
