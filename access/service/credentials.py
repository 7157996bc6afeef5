"""A grant's credentials: made, rotated, stopped by its school or the department; a vendor's technician
rotates its own. No secret passes here: it is made when its link is opened (``access.service.links``)."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from psycopg2.extensions import cursor
from pydantic import Field
from starlette.responses import Response

from access.accounts.account import OF_SCHOOLS, Role
from access.audit import Kind as Recorded
from access.credentials import addresses, kit, links, rotation, standing, store
from access.credentials.worth import FINAL, Credential, Kind, by_itself
from access.service.bodies import Body, Nothing
from access.service.confirmation import NO_DOOR
from access.service.door import Request, said
from access.service.parts import Parts
from runtime.accounts import key_user
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.topics import in_topic

NO_NAME: Final = "KEY-001"
ONE_BY_ONE: Final = "KEY-011"
NO_TEST_USER: Final = "KEY-012"
NOT_YOURS: Final = "KEY-013"
NOT_TRIED: Final = "KEY-014"

NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,31}")
LONGEST_DAYS: Final = 400
MAKES: Final = OF_SCHOOLS | {Role.DEPARTMENT_OFFICER}
ROTATES: Final = MAKES | {Role.VENDOR_TECHNICIAN}
LOOKS: Final = ROTATES | {Role.OPERATOR, Role.AUDITOR}


class NewCredential(Body):
    """A line of credentials that is asked for."""

    vendor: str
    school: str
    kind: Kind = Field(Kind.API, strict=False)
    test: bool = False
    name: str
    addresses: tuple[str, ...] = ()
    days: Annotated[int | None, Field(ge=1, le=LONGEST_DAYS)] = None
    """It ends by itself then; without, as long as its grant is in force."""


class Rotate(Body):
    """``overlap_hours``: so long the one before goes on beside its successor; 0 ends it now."""

    overlap_hours: Annotated[int, Field(ge=0, le=int(rotation.LONGEST.total_seconds()) // 3600)] = (
        int(rotation.USUAL.total_seconds()) // 3600
    )


def make(request: Request) -> Response:
    """A line of a grant that is in force, and the link to its secret.

    Raises ProblemList: KEY-001 to 005, 011 to 014, 106, 107; ACC-033, 034; SYS-001.
    """
    asked = request.body(NewCredential)
    request.trying("make", f"{asked.vendor}/{asked.school}"[:100])
    role = request.acts_as(MAKES)
    request.trying("make", f"{asked.vendor}/{asked.school}"[:100], role)
    _of_ours(request, asked.vendor, asked.school)
    problems = [] if NAME.fullmatch(asked.name) else [Problem(NO_NAME)]
    networks: tuple[addresses.Network, ...] = ()
    try:
        networks = addresses.networks(asked.addresses)
    except ProblemList as found:
        problems += found.problems
    if asked.kind is Kind.KAFKA:
        problems += [Problem(NO_TEST_USER)] if asked.test else []
        problems += [Problem(ONE_BY_ONE)] if any(one.num_addresses > 1 for one in networks) else []
    if code := grants(request.parts)(asked.vendor, asked.school):
        problems.append(Problem(code))
    tried = asked.test or (asked.kind is Kind.KAFKA and request.parts.settings.gateway_test)
    if not tried and not _conforms(request, asked.vendor, asked.school):
        problems.append(Problem(NOT_TRIED, params={"vendor": asked.vendor}))
    if problems:
        raise ProblemList(problems)
    new = store.New(
        asked.vendor,
        asked.school,
        asked.kind,
        asked.test,
        asked.name,
        networks,
        request.account.id,
        None if asked.days is None else timedelta(days=asked.days),
    )
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        made = store.make(cur, new)
        return _with_link(request, cur, made)


def listed(request: Request) -> Response:
    """Those that concern the account: of its school, of its vendor, all to whom it may look at all.

    By query: ``vendor``, ``school``, ``handle`` (how it begins).
    """
    request.trying("list", request.account.unit)
    role = request.acts_as(LOOKS)
    asked = {name: request.query.get(name, "") for name in ("vendor", "school", "handle")}
    if role in OF_SCHOOLS:
        asked["school"] = request.account.unit
    elif role is Role.VENDOR_TECHNICIAN:
        asked["vendor"] = request.account.unit
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        found, now = store.found(cur, **asked), store.now(cur)
    grant = grants(request.parts)
    return said([store.told(one, by_itself(one, now) or grant(one.vendor, one.school)) for one in found])


def rotate(request: Request) -> Response:
    """A successor, and the link to its secret; the one before goes on for the overlap.

    Raises ProblemList: KEY-006, 007, 013, 102 to 107; ACC-033, 034.
    """
    request.trying("rotate", f"K{request.path['number']}")
    asked = request.body(Rotate)
    role = request.acts_as(ROTATES)
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        one = _wanted(request, cur, "rotate", role)
        line = store.locked_line(cur, one)
        rotated = rotation.rotate(line, one.number, store.now(cur), timedelta(hours=asked.overlap_hours))
        if isinstance(rotated, str):
            newest = max(line, key=lambda each: each.generation)
            raise ProblemList([Problem(rotated, params={"number": newest.number})])
        if code := grants(request.parts)(one.vendor, one.school):
            raise ProblemList([Problem(code)])
        successor = store.succeed(cur, one, rotated, request.account.id)
        before = {"number": one.number, "ends_at": rotated.ends[one.number]}
        return _with_link(request, cur, successor, predecessor=before)


def act(request: Request) -> Response:
    """Deactivate, reactivate, revoke, hand over, or make another link to what nobody has opened.

    Raises ProblemList: KEY-007, 009, 013, 102 to 104; ACC-033, 034, 043.
    """
    what = request.path["act"]
    if what not in ACTS:
        raise ProblemList([Problem(NO_DOOR)])
    request.trying(what, f"K{request.path['number']}")
    request.body(Nothing)
    role = request.acts_as(MAKES)
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        one = _wanted(request, cur, what, role)
        one = next(each for each in store.locked_line(cur, one) if each.number == one.number)
        return ACTS[what](request, cur, one)


def _deactivate(request: Request, cur: cursor, one: Credential) -> Response:
    _not_final(cur, one)
    if not one.deactivated:
        store.deactivate(cur, one.number)
    return _changed(request, cur, one)


def _reactivate(request: Request, cur: cursor, one: Credential) -> Response:
    _not_final(cur, one)
    if one.deactivated:
        store.reactivate(cur, one.number)
    return _changed(request, cur, one)


def _revoke(request: Request, cur: cursor, one: Credential) -> Response:
    store.revoke(cur, one.number)
    return _changed(request, cur, one)


def _link(request: Request, cur: cursor, one: Credential) -> Response:
    _not_final(cur, one)
    return _with_link(request, cur, one)


def _hand_over(request: Request, cur: cursor, one: Credential) -> Response:
    """What the kit holds; with a link if nobody has seen the secret yet. Raises ProblemList also if the grant
    is not in force."""
    settings = request.parts.settings
    if code := by_itself(one, store.now(cur)) or grants(request.parts)(one.vendor, one.school):
        raise ProblemList([Problem(code)])
    by_kafka = one.kind is Kind.KAFKA
    connection = kit.Connection(
        vendor=one.vendor,
        school=one.school,
        kind=one.kind,
        test=one.test,
        name=one.name,
        handle=one.handle,
        url=settings.access,
        gateway=settings.gateway_url.rstrip("/"),
        brokers=settings.bootstrap_servers if by_kafka else "",
        user=key_user(one.handle) if by_kafka else "",
        topic=in_topic(one.vendor) if by_kafka else "",
        link="" if one.issued_at else _url(request, links.make(cur, one)),
        school_years=tuple(settings.years_on(today()) or settings.school_years),
    )
    authority = settings.kafka_ca_file
    request.record(Recorded.KEY)
    text = authority.read_text(encoding="utf-8") if by_kafka and authority != Path() else ""
    return said({"connection": connection.model_dump(mode="json"), "authority": text})


ACTS: Final = {
    "deactivate": _deactivate,
    "reactivate": _reactivate,
    "revoke": _revoke,
    "link": _link,
    "hand-over": _hand_over,
}


def grants(parts: Parts) -> Callable[[str, str], str]:
    """(vendor, school) → why its grant is not in force (``standing.followed``)."""
    return standing.followed(parts.granted)


def _conforms(request: Request, vendor: str, school: str) -> bool:
    """Whether the product has shown what a production key asks for: the version that the grant names, any
    where it names none."""
    version = standing.product_version(request.parts.granted.get, vendor, school)
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        return store.conforms(cur, vendor, version)


def _wanted(request: Request, cur: cursor, what: str, role: Role) -> Credential:
    """The credential that the path names. Raises ProblemList (KEY-007, KEY-013)."""
    one = store.wanted(cur, int(request.path["number"]))
    request.trying(what, one.subject, role)
    _of_ours(request, one.vendor, one.school)
    return one


def _of_ours(request: Request, vendor: str, school: str) -> None:
    """The account's own school, or vendor, or everybody's. Raises ProblemList (KEY-013)."""
    account = request.account
    if Role.DEPARTMENT_OFFICER not in account.roles and account.unit not in (vendor, school):
        raise ProblemList([Problem(NOT_YOURS)])


def _not_final(cur: cursor, one: Credential) -> None:
    """Raises ProblemList (KEY-102 to 104): nothing brings it back."""
    code = by_itself(one, store.now(cur))
    if code in FINAL:
        raise ProblemList([Problem(code)])


def _changed(request: Request, cur: cursor, one: Credential) -> Response:
    changed = store.wanted(cur, one.number)
    told = store.told(changed, by_itself(changed, store.now(cur)))
    request.record(Recorded.KEY)
    return said(told)


def _with_link(request: Request, cur: cursor, one: Credential, **more: Any) -> Response:
    """What is told of a new one; nothing is in force before it is on record."""
    link = links.make(cur, one)
    request.record(Recorded.KEY, subject=one.subject)
    told = store.told(one, "")
    return said({**told, "link": _url(request, link), "link_expires_at": link.expires_at, **more}, 201)


def _url(request: Request, link: links.Link) -> str:
    return f"{request.parts.settings.access}/v1/links/{link.token}"
