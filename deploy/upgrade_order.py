"""In which order processes change their release: whoever reads a topic before whoever writes it. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from deploy.processes import TABLE, Declared, Instance

AT_ONCE: Final = 2
"""Processes that start again together: reading its state one of them works, and waits for Kafka. What a
release that cannot work stops stays as little as that."""


def order() -> list[str]:
    """Processes, whoever reads a topic before whoever writes it, where that can be: so a contract that is new
    is known where it comes. Pure."""
    left = {one.name: one for one in TABLE}
    order: list[str] = []
    while left:
        order.append(min(left.values(), key=lambda one: len(_readers(one, left))).name)
        del left[order[-1]]
    return order


def in_order(every: Iterable[Instance]) -> list[Instance]:
    """As ``order`` says, several of one process in the order of their numbers. Pure."""
    names = order()
    return sorted(every, key=lambda each: (names.index(each.declared.name), each.share.number))


def turns(every: Iterable[Instance]) -> list[list[Instance]]:
    """That order, with two together that follow each other and have nothing to do with each other: who reads
    what the other writes, or shares its work, waits for it. Pure."""
    found: list[list[Instance]] = []
    for each in in_order(every):
        beside = found[-1] if found else []
        if beside and len(beside) < AT_ONCE and not any(_related(each, other) for other in beside):
            beside.append(each)
        else:
            found.append([each])
    return found


def _related(one: Instance, other: Instance) -> bool:
    a, b = one.declared, other.declared
    return a is b or _reads(a, b) or _reads(b, a)


def _readers(one: Declared, left: Mapping[str, Declared]) -> list[str]:
    """Who of the rest reads what it writes."""
    return [other.name for other in left.values() if other is not one and _reads(other, one)]


def _reads(reader: Declared, writer: Declared) -> bool:
    return not {*reader.inputs, *reader.rereads}.isdisjoint(writer.outputs)
