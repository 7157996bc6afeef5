"""The schools that a sender's command checks against: its own file of them, or the organisation itself."""

from producers.envelope import school_year_starts
from producers.model import Target
from runtime.settings import Settings
from schemas.errors import ProblemList
from schemas.organisation import files, province
from schemas.organisation.organisation import Organisation
from streams.organisation import units


def schools(settings: Settings, target: Target) -> Organisation:
    """The file of schools, which a vendor has; where it lacks the school, what the organisation's machine
    says, if this account may read it and Kafka answers. Raises ProblemList (SYS-003) without either."""
    try:
        known = files.load(settings.register_file, province.load(settings.province))
    except ProblemList as error:
        found = _organisation(settings)
        if found is None:
            raise error from None
        return found
    if known.school(target.school, school_year_starts(target.year)) is not None:
        return known
    return _organisation(settings) or known


def _organisation(settings: Settings) -> Organisation | None:
    if not settings.bootstrap_servers:
        return None
    try:
        return units.organisation(settings)
    except ProblemList:
        return None
