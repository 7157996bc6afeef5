"""May a vendor push this for a school on a day: every reason why not has a code of its own. Pure."""

from datetime import date
from typing import Final

from streams.grants.state import Standing, State

NOT_GRANTED: Final = "VAL-001"
PENDING: Final = "GRT-001"
SUSPENDED: Final = "GRT-002"
VENDOR_SUSPENDED: Final = "GRT-003"
VERSION_SUSPENDED: Final = "GRT-004"
EXPIRED: Final = "GRT-005"
REVOKED: Final = "GRT-006"
TYPE: Final = "GRT-007"
PERIOD: Final = "GRT-008"
CONTRACT: Final = "GRT-009"

CODES: Final = (
    NOT_GRANTED, PENDING, SUSPENDED, VENDOR_SUSPENDED, VERSION_SUSPENDED, EXPIRED, REVOKED, TYPE, PERIOD,
    CONTRACT,
)  # fmt: skip


def fault(
    grant: State | None,
    vendor: State | None,
    version: State | None,
    day: date,
    record_type: str = "",
    period: str = "",
) -> str:
    """Why the vendor may not push records of this type for this period on a day of Vietnam; "" if it may.

    ``vendor`` and ``version``: what stands of the vendor, and of the grant's product version, as a whole.
    What suspends all is asked first. Without a type or a period that one is not asked.
    """
    if grant is None or grant.state is Standing.NONE:
        return NOT_GRANTED
    if grant.state is Standing.REVOKED:
        return REVOKED
    for above, code in ((vendor, VENDOR_SUSPENDED), (version, VERSION_SUSPENDED)):
        if above is not None and above.state is Standing.SUSPENDED:
            return code
    if grant.state is Standing.SUSPENDED:
        return SUSPENDED
    if grant.state is Standing.EXPIRED or (grant.valid_until is not None and grant.valid_until < day):
        return EXPIRED
    if not grant.in_force:
        return PENDING
    contract = grant.contract
    if not grant.without_papers and contract is not None and contract.ends and contract.ends < day:
        return CONTRACT
    if record_type and grant.types and record_type not in grant.types:
        return TYPE
    if period and grant.periods and period not in grant.periods:
        return PERIOD
    return ""
