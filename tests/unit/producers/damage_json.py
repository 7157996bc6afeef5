"""Records of JSON, one of them or what stands beside it spoilt; and the file's bytes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any


@dataclass
class SownRecords:
    """Records of JSON: ``items`` as they are written, ``places`` of the undamaged ones from 1."""

    items: list[Any]
    places: dict[int, int] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


def sow(records: Sequence[Mapping[str, Any]], rng: Random) -> SownRecords:
    """Records, with one of them or what stands beside them spoilt."""
    sown = SownRecords(list(records))
    at = rng.randrange(len(records))
    names = list(records[at])
    match rng.randrange(5):
        case 0:
            for _ in range(rng.randrange(1, 4)):
                sown.items.insert(
                    rng.randrange(len(sown.items) + 1), rng.choice([None, 5, "x", [], True, [None]])
                )
        case 1:
            odd = rng.choice(
                [None, 5, 1.5, 1e17, True, [], {}, [None], {"a": {"b": [1]}}, "\ud800", "x" * 9999]
            )
            sown.items[at] = {**records[at], rng.choice(names): odd}
            sown.touched.add(at)
        case 2:
            sown.items[at] = {n: v for n, v in records[at].items() if n != rng.choice(names)}
            sown.touched.add(at)
        case 3:
            sown.items[at] = {**records[at], "Lạ": 1}
        case 4:
            sown.items.append(dict(records[at]))
            sown.touched.add(at)
    for number, record in enumerate(records):
        found = [n for n, item in enumerate(sown.items, 1) if item is record]
        sown.places[number] = found[0] if found else at + 1
    return sown


def spoilt(data: bytes, rng: Random) -> bytes:
    """The file cut off, a bit of it changed, or a member of it said twice."""
    at = rng.randrange(len(data))
    match rng.randrange(3):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    name = rng.choice(list(json.loads(data)))
    return data[:-1] + f', "{name}": []}}'.encode()
