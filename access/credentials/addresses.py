"""Where a request comes from, and whether that is where a credential may be used. Pure.

A header says what its writer likes. Only what a configured proxy has added counts: read from the right, as
far as the ones who wrote are ours. Every other header of the kind is not looked at.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from schemas.errors import Problem, ProblemList

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NO_ADDRESS: Final = "KEY-004"
TOO_MANY: Final = "KEY-005"
MOST: Final = 32
"""Addresses and networks of one credential."""

HEADER: Final = "x-forwarded-for"


def read(text: str) -> Address | None:
    """An address in its one form, one of IPv4 that came in IPv6's (``::ffff:``) as itself; None if none."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, IPv4Address):
        return found
    if found.scope_id is not None:
        return None
    return found.ipv4_mapped or found


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as somebody wrote them, each once. Raises ProblemList: KEY-004, KEY-005."""
    if len(texts) > MOST:
        raise ProblemList([Problem(TOO_MANY, params={"most": MOST})])
    found = [_network(text) for text in texts]
    problems = [
        Problem(NO_ADDRESS, params={"address": text[:50]})
        for text, one in zip(texts, found, strict=True)
        if one is None
    ]
    if problems:
        raise ProblemList(problems)
    return tuple(dict.fromkeys(one for one in found if one is not None))


def caller(peer: str, forwarded: Iterable[str], proxies: Sequence[Network]) -> str:
    """The address of who asks, "" if it cannot be known: what stands there is no address.

    ``peer`` is the other end of the connection, ``forwarded`` each ``X-Forwarded-For`` in its order.
    """
    hops = [hop for line in forwarded for hop in line.split(",")]
    found = read(peer)
    while found is not None and hops and _any(found, proxies):
        found = read(hops.pop())
    return "" if found is None else str(found)


def among(address: str, allowed: Sequence[Network]) -> bool:
    """Whether it may be used from there: from anywhere if nothing is said."""
    if not allowed:
        return True
    found = read(address)
    return found is not None and _any(found, allowed)


def _any(address: Address, allowed: Sequence[Network]) -> bool:
    return any(address.version == one.version and address in one for one in allowed)


def _network(text: str) -> Network | None:
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(found, IPv4Network):
        return found
    mapped = found.network_address.ipv4_mapped
    if mapped is None or found.prefixlen < 96:
        return None if found.network_address.scope_id is not None else found
    return IPv4Network((mapped, found.prefixlen - 96))
