"""The plan of the province: which schools there are, who manages them, how large they are, what they use.

The whole province is always planned and a smaller one is a choice from it, so a school keeps its code and its
records whatever the number of schools.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from producers.synthetic import names, shape
from producers.synthetic.shape import LEVELS, department

VENDORS: Final = ("smas", "smas", "smas", "vnedu", "vnedu")
"""Of five schools next to each other in district and level, three use the one software and two the other."""


@dataclass(frozen=True)
class SchoolPlan:
    """One school before its records are made.

    ``index`` is its place in the whole province (0 to 759), ``first_pupil`` the number of pupils in the
    schools before it: what must be unique in the province is counted from there.
    """

    index: int
    code: str
    name: str
    level: str
    kind: str
    district: str
    managing_unit: str
    commune: tuple[str, str]
    vendor: str
    pupils: int
    classes: int
    staff: int
    first_pupil: int = 0

    @property
    def direct(self) -> bool:
        """Whether it is a unit direct to the department."""
        return self.managing_unit == department()


def every() -> int:
    """Schools of the whole province."""
    return sum(n for *_, n in shape.school_counts())


def plan(seed: int) -> list[SchoolPlan]:
    """All schools of the province, by code."""
    rng = Random(f"{seed}/province")
    spots = [(d, lv, m) for d, lv, m, n in shape.school_counts() for _ in range(n)]
    codes = _codes(spots, rng)
    titles = names.schools([LEVELS[lv].title for _, lv, _ in spots], rng)
    sizes = _sizes([lv for _, lv, _ in spots], rng)
    vendors = [v for _ in range(0, every(), 5) for v in rng.sample(VENDORS, 5)]
    schools = []
    for i, (district, level, manager) in enumerate(spots):
        communes = shape.districts()[district].communes
        pupils, classes, staff = sizes[i]
        schools.append(
            SchoolPlan(
                index=i,
                code=codes[i],
                name=titles[i],
                level=level,
                kind=_kind(level, codes[i]),
                district=district,
                managing_unit=department() if manager == "department" else district,
                commune=rng.choice(communes),
                vendor=vendors[i],
                pupils=pupils,
                classes=classes,
                staff=staff,
            )
        )
    return _numbered(sorted(schools, key=lambda s: s.code))


def choose(schools: list[SchoolPlan], number: int, seed: int) -> list[SchoolPlan]:
    """``number`` schools of the province: all levels, three districts or more, four direct units or more.

    Fewer than 12 schools keep what of this they can. Raises ValueError unless 1 <= number <= all.
    """
    if not 1 <= number <= len(schools):
        raise ValueError(f"between 1 and {len(schools)} schools")
    if number == len(schools):
        return schools
    rng = Random(f"{seed}/choice/{number}")
    direct = [s for s in schools if s.direct]
    run_by_districts = [s for s in schools if not s.direct]
    n_direct = min(max(4, round(number * len(direct) / len(schools))), max(1, number // 3))
    # Districts that run a school coded 19000xxx come first: it must not be routed by its code.
    odd = {s.district for s in run_by_districts if shape.is_direct_code(s.code)}
    order = sorted(shape.districts(), key=lambda d: (d not in odd, rng.random()))
    n_districts = min(len(order), max(3, math.ceil(number / 20)))
    while True:
        pool = [s for s in run_by_districts if s.district in order[:n_districts]]
        if len(pool) >= number - n_direct:
            break
        n_districts += 1
    chosen = _spread(direct, n_direct, rng) + _spread(pool, number - n_direct, rng)
    return sorted(chosen, key=lambda s: s.code)


def _spread(schools: list[SchoolPlan], number: int, rng: Random) -> list[SchoolPlan]:
    """A choice that takes managing units in turn and, in each, levels in turn, the frequent ones first."""
    levels: dict[tuple[str, str, bool], list[SchoolPlan]] = defaultdict(list)
    for s in rng.sample(schools, len(schools)):
        levels[s.managing_unit, s.level, shape.is_direct_code(s.code)].append(s)
    units: dict[str, list[list[SchoolPlan]]] = defaultdict(list)
    for (unit, *_), group in sorted(levels.items(), key=lambda kv: (-len(kv[1]), kv[0])):
        units[unit].append(group)
    return _in_turn([_in_turn(groups) for _, groups in sorted(units.items())])[:number]


def _in_turn(queues: list[list[SchoolPlan]]) -> list[SchoolPlan]:
    """The first of each queue, then the second of each, and so on."""
    longest = max(map(len, queues), default=0)
    return [q[i] for i in range(longest) for q in queues if i < len(q)]


def _codes(spots: list[tuple[str, str, str]], rng: Random) -> list[str]:
    """A code for each school, all different, as many of each pattern as there are."""
    taken: set[str] = set()
    patterns: dict[tuple[str, str], list[str]] = {}
    for key, counted in shape.code_patterns().items():
        patterns[key] = [p for p, n in counted for _ in range(n)]
        rng.shuffle(patterns[key])
    codes = []
    for district, level, manager in spots:
        pattern = patterns[level, manager].pop().replace("{district}", district)
        while True:
            code = "".join(str(rng.randrange(10)) if c == "#" else c for c in pattern)
            if code not in taken:
                break
        taken.add(code)
        codes.append(code)
    return codes


def _kind(level: str, code: str) -> str:
    """LOAI_TRUONG: letter E is an ethnic boarding school, of the province or of a district."""
    if code[5] == "E":
        return "03" if level == "lower_secondary" else "02"
    return LEVELS[level].kind


def _sizes(levels: list[str], rng: Random) -> list[tuple[int, int, int]]:
    """(pupils, classes, staff) of each school; the province adds up to shape.totals()."""
    at = _quantiles(levels, rng)
    near = [(min(max(q + rng.gauss(0, 0.06), 0), 1), min(max(q + rng.gauss(0, 0.06), 0), 1)) for q in at]
    pupils = [shape.size(lv, "pupils", q) for lv, q in zip(levels, at, strict=True)]
    classes = [shape.size(lv, "classes", q) for lv, (q, _) in zip(levels, near, strict=True)]
    staff = [shape.size(lv, "staff", q) for lv, (_, q) in zip(levels, near, strict=True)]
    n_pupils = _scaled(pupils, shape.totals()["pupils"], [12.0] * len(levels))
    # A class for each grade, and between 8 and 48 pupils in each.
    fewest = [
        max(1 if lv in ("preschool", "kindergarten_only") else len(LEVELS[lv].grades), n / 48)
        for lv, n in zip(levels, n_pupils, strict=True)
    ]
    most = [max(low, n / 8) for low, n in zip(fewest, n_pupils, strict=True)]
    wanted = [min(c, high) for c, high in zip(classes, most, strict=True)]
    n_classes = _scaled(wanted, shape.totals()["classes"], fewest)
    n_staff = _scaled(staff, shape.totals()["staff"], [c + 4.0 for c in n_classes])
    return list(zip(n_pupils, n_classes, n_staff, strict=True))


def _quantiles(levels: list[str], rng: Random) -> list[float]:
    """For each school its quantile among the schools of its level: evenly spread, in random order."""
    ranks = {}
    for level in sorted(set(levels)):
        n = levels.count(level)
        ranks[level] = [(i + 0.5) / n for i in range(n)]
        rng.shuffle(ranks[level])
    return [ranks[level].pop() for level in levels]


def _scaled(values: list[float], total: int, floors: list[float]) -> list[int]:
    """Whole numbers in proportion to ``values``, none below its floor, that add up to about ``total``."""
    factor = total / sum(values)
    for _ in range(20):
        got = sum(max(v * factor, f) for v, f in zip(values, floors, strict=True))
        factor *= total / got
    return [
        math.ceil(f) if v * factor < f else round(v * factor) for v, f in zip(values, floors, strict=True)
    ]


def _numbered(schools: list[SchoolPlan]) -> list[SchoolPlan]:
    numbered, first = [], 0
    for i, s in enumerate(schools):
        numbered.append(replace(s, index=i, first_pupil=first))
        first += s.pupils
    return numbered
