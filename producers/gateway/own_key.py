"""``GET /v1/self``: what this key may do, asked before a push."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from producers.gateway.parts import Parts
from producers.gateway.sender import Sender, parts, sender

router = APIRouter()


class Own(BaseModel):
    """Whose key it is and what for. ``types`` and ``periods``: those alone, all where none is named.

    ``valid_until``: the last day of the grant; ``expires_at``, ``ends_at``: of the key itself (``ends_at``
    where it was rotated). None: no end is set.
    """

    vendor: str
    school: str
    name: str
    handle: str
    test: bool
    address: str
    types: list[str]
    periods: list[str]
    product_version: str
    valid_until: date | None
    expires_at: datetime | None
    ends_at: datetime | None


@router.get("/v1/self")
async def own(by: Annotated[Sender, Depends(sender)], its: Annotated[Parts, Depends(parts)]) -> Own:
    """What the key that is shown may do here and now."""
    one, grant = by.credential, its.granted.get(f"{by.vendor}/{by.school}")
    return Own(
        vendor=by.vendor,
        school=by.school,
        name=one.name,
        handle=one.handle,
        test=one.test,
        address=by.address,
        types=sorted(grant.types) if grant else [],
        periods=sorted(grant.periods) if grant else [],
        product_version=grant.product_version if grant else "",
        valid_until=grant.valid_until if grant else None,
        expires_at=_utc(one.expires_at),
        ends_at=_utc(one.ends_at),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
