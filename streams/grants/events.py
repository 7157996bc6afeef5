"""What happened to a grant. Pure data, and ``evolve``."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from streams.grants.state import Contract, Document, Scope, Standing, State
from streams.machines.wire import Value, replace

KEPT: Final = 100
"""Documents, and numbers of them, that a grant remembers."""


class Fact(StrEnum):
    """Name of an event."""

    ALLOWED = "allowed"
    REQUESTED = "requested"
    CHECKED = "checked"
    BATCHED = "batched"
    APPROVED = "approved"
    RETURNED = "returned"
    ISSUED = "issued"
    HANDED_OVER = "handed_over"
    USED = "used"
    ROTATED = "rotated"
    AMENDED = "amended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REMINDED = "reminded"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Event(Value, frozen=True):
    """One transition; ``state``, and what is in force (rights, types, periods, last day), are those after it,
    ``at`` the broker's time. ``pending``: what is asked or approved and not in force yet. ``late``: its
    document's date comes after ``due``. ``signature``: how that of its document was checked, ""
    if it was not.
    """

    event_id: str
    command_id: str
    vendor: str
    ma_truong_hoc: str
    sequence: int
    previous_hash: str
    hash: str
    event: Fact
    state: Standing
    at: datetime
    unit: str
    role: str
    account: str
    reason_code: str = ""
    reason_text: str = ""
    command_topic: str = ""
    command_offset: int = -1
    rights: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()
    valid_until: date | None = None
    pending: Scope | None = None
    route: tuple[str, ...] = ()
    software: str = ""
    product_version: str = ""
    document: Document | None = None
    contract: Contract | None = None
    due: date | None = None
    late: bool = False
    days: int = 0
    signature: str = ""

    @property
    def grant_id(self) -> str:
        """Subject of the event."""
        return f"{self.vendor}/{self.ma_truong_hoc}"


def evolve(state: State, event: Event) -> State:
    """The state after the event. Total: an event has happened, so nothing is checked here."""
    after = replace(
        state,
        sequence=event.sequence,
        hash=event.hash,
        state=event.state,
        rights=event.rights,
        types=event.types,
        periods=event.periods,
        valid_until=event.valid_until,
        pending=event.pending,
        since=event.at if event.state is not state.state or state.since is None else state.since,
        reminded=state.reminded if event.valid_until == state.valid_until else 0,
    )
    match event.event:
        case Fact.ALLOWED:
            bare = replace(_standing(after), route=(), request=None, batch=None, contract=None, authors=())
            return replace(bare, given_at=event.at, late=False, without_papers=True)
        case Fact.REQUESTED:
            asked = event.document
            return replace(
                _standing(after),
                since=event.at,
                request=asked,
                batch=None,
                contract=None,
                route=event.route,
                software=event.software,
                product_version=event.product_version,
                authors=(event.account,),
                late=event.late,
                numbers=(*state.numbers, number_of(asked))[-KEPT:] if asked else state.numbers,
                papers=_with(state.papers, asked),
            )
        case Fact.CHECKED:
            return replace(after, authors=(*state.authors, event.account))
        case Fact.BATCHED:
            authors = (*state.authors, event.account)
            papers = _with(state.papers, event.document)
            return replace(after, batch=event.document, late=event.late, authors=authors, papers=papers)
        case Fact.HANDED_OVER:
            return replace(
                _standing(after),
                contract=event.contract,
                given_at=event.at,
                without_papers=False,
                product_version=event.product_version,
            )
        case Fact.ROTATED:
            return replace(after, product_version=event.product_version)
        case Fact.SUSPENDED:
            return replace(after, before=state.state, suspended_for=event.reason_code)
        case Fact.REMINDED:
            return replace(after, reminded=event.days)
        case Fact.RESUMED:
            return _standing(after)
        case Fact.EXPIRED | Fact.REVOKED:
            return replace(_standing(after), without_papers=False)
        case _:
            return after


def number_of(document: Document) -> str:
    """By which a document is told from others of its school: year and number."""
    return f"{document.date.year}/{document.number.strip().casefold()}"


def _with(papers: tuple[Document, ...], one: Document | None) -> tuple[Document, ...]:
    return (*papers, one)[-KEPT:] if one else papers


def _standing(state: State) -> State:
    """No longer suspended."""
    return replace(state, before=Standing.NONE, suspended_for="")
