"""``POST /v1/pushes``: files of one school become one push, and the sender has an answer once Kafka has it.

Nothing is sent before all is read and may be sent; what is sent stands on record first. So after a stop at
any line the same request is taken up where it was left (``idempotency``): what came of it is the same push.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Request
from psycopg2.errors import UniqueViolation
from psycopg2.extensions import connection
from starlette.responses import JSONResponse, Response

from producers.adapters.unpacking import Limits, Unpacking
from producers.client import composed
from producers.gateway import answers, body, idempotency, media, reading, store
from producers.gateway import push_described as described
from producers.gateway.body import SentFile
from producers.gateway.idempotency import Decision, Kept
from producers.gateway.limits import Count
from producers.gateway.limits import count as its_count
from producers.gateway.media import Media
from producers.gateway.parts import Parts
from producers.gateway.reading import Read
from producers.gateway.sender import Sender
from producers.gateway.sender import parts as its_parts
from producers.gateway.sender import sender as its_sender
from producers.gateway.store import Began
from producers.gateway.target import Asked, wrong
from rehearsal.rehearse import of_reading
from schemas.errors import Problem, ProblemList

router = APIRouter(tags=["pushes"])

AT_ONCE: Final = 8
"""Pushes that are read and sent at once. Others lie on disk meanwhile, and requests that read go by."""


@dataclass(frozen=True)
class Sent:
    """A request: whose, its cost, what for, its files, when it began (monotonic), its key ("" without)."""

    sender: Sender
    count: Count
    asked: Asked
    files: list[SentFile]
    began: float
    key: str = ""
    fingerprint: bytes = field(default=b"")

    @property
    def key_hash(self) -> bytes | None:
        """As the key is kept."""
        return idempotency.key_hash(self.key) if self.key else None


@router.post(
    "/v1/pushes",
    status_code=202,
    operation_id="sendPush",
    summary="Đẩy tệp của một trường — push a school's files",
    response_model=described.Accepted,
    responses=described.RESPONSES,
    openapi_extra=described.EXTRA,
)
async def push(
    request: Request,
    sender: Annotated[Sender, Depends(its_sender)],
    parts: Annotated[Parts, Depends(its_parts)],
    count: Annotated[Count, Depends(its_count)],
    part: described.Part,
    column: described.Column,
    school: described.School = None,
    year: described.Year = None,
    kind: described.Kind = None,
    dry_run: described.DryRun = False,
) -> Response:
    """A packet says school, year and kind itself; for lists they are parameters. ``part``: types of which the
    files hold a part, not the whole list. ``column``: what is not guessed of a list. Of a dry run nothing is
    kept.
    """
    began, headers = time.monotonic(), request.headers
    said = media.media(headers.getlist("content-type"), form=True)
    unpacking = Unpacking(", ".join(headers.getlist("content-encoding")), _limits(parts, said))
    key = idempotency.key_of(headers.getlist(idempotency.HEADER))
    asked = Asked(school, year, kind, part, column)
    if problems := wrong(asked, sender.school):
        raise ProblemList(problems)
    taken = await body.taken(request)

    def work() -> Response:
        with body.unpacked(taken, unpacking) as content:
            sent = body.files(content, said, headers.get("content-disposition", ""))
        if dry_run:
            return rehearse(parts, Sent(sender, count, asked, sent, began))
        fingerprint = idempotency.fingerprint(asked.as_dict(), [(f.name, f.data) for f in sent])
        return take(parts, Sent(sender, count, asked, sent, began, key, fingerprint))

    try:
        return await run_sync(work, limiter=_turns(request))
    finally:
        taken.close()


def rehearse(parts: Parts, sent: Sent) -> Response:
    """What would become of it. Raises ProblemList as ``take``."""
    found = reading.read(parts, sent.sender, sent.asked, sent.files)
    with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        sent.count.take(cur, found.records)
    if found.removals:
        return JSONResponse(answers.unrehearsed(found.dataset_id, found.target))
    told = of_reading(found.reading, found.target, found.schools, parts.settings, sent.asked.parts)
    return JSONResponse(answers.rehearsed(told, found.dataset_id, found.target, found.reading))


def take(parts: Parts, sent: Sent) -> Response:
    """Send it, or say again what was said of it. Raises ProblemList, psycopg2.Error."""
    if not sent.key:
        parts.outgoing.look()
        found = reading.read(parts, sent.sender, sent.asked, sent.files)
        return _begun(parts, sent, found, store.begin, counted=True)
    sender = sent.sender
    with (
        parts.connections.borrowed() as conn,
        store.held(conn, idempotency.lock_number(sender.vendor, sender.school, sent.key)) as ours,
    ):
        if not ours:
            raise _in_flight()
        return _by_key(parts, sent, conn)


def _by_key(parts: Parts, sent: Sent, conn: connection) -> Response:
    kept = _kept(conn, sent)
    match idempotency.decide(kept, sent.fingerprint, parts.settings.push_timeout_s):
        case Decision.OTHER:
            raise ProblemList([Problem(idempotency.OTHER_CONTENT)])
        case Decision.REPLAY if kept is not None and kept.answer is not None:
            return _answer(kept.answer, {idempotency.REPLAYED: "true"})
        case decision:
            parts.outgoing.look()
            found = reading.read(parts, sent.sender, sent.asked, sent.files)
    match decision:
        case Decision.GO_ON if kept is not None:
            return _sent(parts, sent, found, kept.push_id)
        case Decision.DELIVERED if kept is not None:
            return _sent(parts, sent, found, kept.push_id, arrived=True)
        case Decision.ANEW if kept is not None:
            before = kept.push_id
            return _begun(parts, sent, found, lambda cur, began: store.begin_anew(cur, before, began))
        case _:
            return _begun(parts, sent, found, store.begin, counted=True)


def _kept(conn: connection, sent: Sent) -> Kept | None:
    with conn, conn.cursor() as cur:
        return store.kept(cur, sent.sender.vendor, sent.sender.school, sent.key_hash or b"")


def _begun(
    parts: Parts, sent: Sent, found: Read, begin: Callable[[Any, Began], None], *, counted: bool = False
) -> Response:
    """On record under an id of its own, then sent. ``counted``: it is new, and costs what it holds."""
    began = Began(
        _own_id(parts, sent) if counted else str(uuid.uuid4()),
        found.target,
        found.dataset_id,
        sent.sender.number,
        sent.fingerprint,
        answers.counts(found.reading.tables),
        sent.key_hash,
    )
    try:
        with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
            begin(cur, began)
            if counted:
                sent.count.take(cur, found.records)
    except UniqueViolation:  # whose lock was lost with its connection
        raise _in_flight() from None
    return _sent(parts, sent, found, began.push_id)


def _own_id(parts: Parts, sent: Sent) -> str:
    """Of a push that nobody has sent: with a key the one that any try of it gets."""
    if not sent.key:
        return str(uuid.uuid4())
    sender = sent.sender
    own = idempotency.push_id(sender.vendor, sender.school, sent.key, sent.fingerprint)
    with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        return str(uuid.uuid4()) if store.known(cur, own) else own


def _sent(parts: Parts, sent: Sent, found: Read, push_id: str, *, arrived: bool = False) -> Response:
    """Sent, unless it has ``arrived``, and on record as such: only then is it said."""
    chunks, receipt = composed(
        found.reading.tables, found.target, push_id, parts=sent.asked.parts, removals=found.removals
    )
    if not arrived:
        receipt = parts.outgoing.send(receipt, chunks, sent.began)
    answer = answers.accepted(receipt, found.dataset_id, found.reading, sent.asked.columns)
    with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        store.sent(cur, push_id, answer, [(file.name, file.data) for file in found.lists])
    return _answer(answer)


def _answer(answer: Any, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(answer, 202, {"Location": answer["links"]["self"], **(headers or {})})


def _limits(parts: Parts, said: Media) -> Limits:
    """Of what a body unpacks to: a file has its own, a form holds several."""
    return Limits() if said.boundary is None else Limits(unpacked=parts.settings.push_max_mb << 20)


def _in_flight() -> ProblemList:
    return ProblemList([Problem(idempotency.IN_FLIGHT, params={"retry_after": idempotency.AGAIN_IN_S})])


def _turns(request: Request) -> CapacityLimiter:
    """One for all requests of an application; made in its event loop."""
    state = request.app.state
    if not hasattr(state, "pushes_at_once"):
        state.pushes_at_once = CapacityLimiter(AT_ONCE)
    found: CapacityLimiter = state.pushes_at_once
    return found
