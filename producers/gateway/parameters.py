"""What a query string may say: the path's own parameters, each in its number, and never a key. Pure."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, get_origin
from urllib.parse import parse_qsl, unquote_plus

from fastapi.routing import APIRoute

from access.credentials.keyring import BEGINS
from producers.gateway.problems import (
    KEY_IN_QUERY,
    LONG_HEADERS,
    TOO_LONG,
    TWICE,
    UNKNOWN_PARAMETER,
    WRONG_PARAMETER,
)
from schemas.errors import Problem, SourceLocation

LONGEST: Final = 4_096
"""Bytes of a path or a query string."""
HEADERS: Final = 16 * 1024
"""Bytes of all headers."""
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


def too_long(raw_path: bytes, query: bytes, headers: Sequence[tuple[bytes, bytes]]) -> list[Problem]:
    """GATE-013, GATE-015: nothing of ours has such an address, or such headers."""
    if len(raw_path) > LONGEST or len(query) > LONGEST:
        return [Problem(TOO_LONG, params={"most": LONGEST})]
    if sum(len(name) + len(value) for name, value in headers) > HEADERS:
        return [Problem(LONG_HEADERS, params={"most": HEADERS // 1024})]
    return []


def shows_a_key(raw_path: bytes, query: bytes) -> list[Problem]:
    """GATE-004 where an address holds what may be a key, or says that it does: addresses are written down by
    every machine on the way."""
    text = unquote_plus((raw_path + b"?" + query).decode("ascii", "replace"))
    names = {"".join(filter(str.isalnum, name)).lower() for name, _ in _pairs(query) or ()}
    if any(begin in text for begin in BEGINS.values()) or names & SECRETS:
        return [Problem(KEY_IN_QUERY)]
    return []


def wrong(query: bytes, parameters: Mapping[str, bool]) -> list[Problem]:
    """Every name that the path does not know (GATE-005, with the nearest that it does), or that is there more
    than once (GATE-007); GATE-006 of what is no query string, or holds what no value has."""
    pairs = _pairs(query)
    if pairs is None:
        return [_wrong_value("?")]
    counted = Counter(name for name, _ in pairs)
    found = [problem for name, times in counted.items() for problem in _of_one(name, times, parameters)]
    garbled = [name for name, value in pairs if name in parameters and garbage(value)]
    return found + [_wrong_value(name) for name in dict.fromkeys(garbled)]


def garbage(text: str) -> bool:
    """Whether it holds what no id and no value has, and PostgreSQL takes nowhere."""
    return any(ord(letter) < 32 or ord(letter) == 127 for letter in text)


def _wrong_value(name: str) -> Problem:
    return Problem(WRONG_PARAMETER, SourceLocation(field=name), {"name": name})


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
