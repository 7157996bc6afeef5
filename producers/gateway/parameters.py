"""What a query string may say: the path's own parameters, each in its number, and never a key. Pure."""

import difflib
from collections import Counter
from collections.abc import Mapping
from typing import Final, get_origin
from urllib.parse import parse_qsl

from fastapi.routing import APIRoute

from access.credentials.keyring import BEGINS
from producers.gateway.problems import KEY_IN_QUERY, TOO_LONG, TWICE, UNKNOWN_PARAMETER, WRONG_PARAMETER
from schemas.errors import Problem, SourceLocation

LONGEST: Final = 4_096
"""Bytes of a path or a query string."""
SHOWN: Final = 50
"""Characters of a name that an answer repeats."""

SECRETS: Final = frozenset({"key", "apikey", "token", "accesstoken", "authorization", "secret", "password"})
"""Names under which people put a key into an address, without what stands between their words."""


def known(route: APIRoute) -> dict[str, bool]:
    """Name → whether it may be repeated, of the parameters that an endpoint declares."""
    return {
        field.alias: get_origin(field.field_info.annotation) in (list, set, tuple)
        for field in route.dependant.query_params
    }


def too_long(raw_path: bytes, query: bytes) -> list[Problem]:
    """GATE-013: nothing of ours has such an address."""
    if len(raw_path) <= LONGEST and len(query) <= LONGEST:
        return []
    return [Problem(TOO_LONG, params={"most": LONGEST})]


def shows_a_key(raw_path: bytes, query: bytes) -> list[Problem]:
    """GATE-004 where an address holds what may be a key, or says that it does: addresses are written down by
    every machine on the way."""
    text = (raw_path + b"?" + query).decode("ascii", "replace")
    names = {"".join(filter(str.isalnum, name)).lower() for name, _ in _pairs(query) or ()}
    if any(begin in text for begin in BEGINS.values()) or names & SECRETS:
        return [Problem(KEY_IN_QUERY)]
    return []


def wrong(query: bytes, parameters: Mapping[str, bool]) -> list[Problem]:
    """Every name that the path does not know (GATE-005, with the nearest that it does), or that is there more
    than once (GATE-007); GATE-006 of what is no query string."""
    pairs = _pairs(query)
    if pairs is None:
        return [Problem(WRONG_PARAMETER, params={"name": "?"})]
    counted = Counter(name for name, _ in pairs)
    return [problem for name, times in counted.items() for problem in _of_one(name, times, parameters)]


def _of_one(name: str, times: int, parameters: Mapping[str, bool]) -> list[Problem]:
    shown = name[:SHOWN]
    place = SourceLocation(field=shown)
    if name not in parameters:
        near = difflib.get_close_matches(shown.lower(), list(parameters), n=1, cutoff=0.5)
        params = {"name": shown, "nearest": near[0] if near else "–", "known": ", ".join(parameters) or "–"}
        return [Problem(UNKNOWN_PARAMETER, place, params)]
    if times > 1 and not parameters[name]:
        return [Problem(TWICE, place, {"name": shown})]
    return []


def _pairs(query: bytes) -> list[tuple[str, str]] | None:
    """(name, value) of each; None of what cannot be read as such."""
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        return None
