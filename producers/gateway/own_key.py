"""``GET /v1/self``: what this key may do, asked before a push."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from producers.gateway.parts import Parts
from producers.gateway.sender import Sender, parts, sender

router = APIRouter(tags=["key"])


class Own(BaseModel):
    """Whose key it is and what for. ``types`` and ``periods``: those alone, all where none is named.

    ``valid_until``: the last day of the grant; ``expires_at``, ``ends_at``: of the key itself (``ends_at``
    where it was rotated). None: no end is set.
    """

    vendor: str = Field(examples=["smas"])
    school: str = Field(examples=["01000501"])
    name: str = Field(examples=["máy chủ chính"])
    handle: str = Field(examples=["k7m2q9xw"])
    test: bool
    address: str = Field(examples=["203.0.113.7"])
    types: list[str] = Field(examples=[["HocSinh"]])
    periods: list[str] = Field(examples=[["start"]])
    product_version: str = Field(examples=["5.1"])
    valid_until: date | None
    expires_at: datetime | None
    ends_at: datetime | None


@router.get("/v1/self", operation_id="getKey", summary="Khóa này được làm gì — what this key may do")
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
