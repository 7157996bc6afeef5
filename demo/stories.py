"""What must have come of each story, and what did: read from the answers, the states and the tables."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import cursor

from demo.accounts import Tally, refusals
from demo.director import Director
from demo.ledger import Ledger
from demo.office import FINAL, Office
from demo.sending import Sent
from producers.synthetic.scenarios import UNDECODABLE
from producers.synthetic.shape import department
from streams.machines import chain

NOT_GRANTED = "VAL-001"


@dataclass(frozen=True)
class Story:
    """One story: what was expected, what was seen."""

    name: str
    expected: str
    seen: str

    @property
    def ok(self) -> bool:
        """Whether they agree."""
        return self.expected == self.seen


@dataclass(frozen=True)
class Evidence:
    """All that stories are judged by. ``tallies``: push id → what the files and the tables say of it."""

    cur: cursor
    director: Director
    ledger: Ledger
    office: Office
    pushes: list[Sent]
    tallies: Mapping[str, Tally]
    rows: int
    """Rows in the versions that stand at the end."""

    exported: int
    receipts: int
    events: list[dict[str, Any]]
    """All confirmation events, in the order of their partitions."""

    def answer(self, push: Sent) -> str:
        """An answer in words: ``version 2``, ``unchanged``, ``refused``, ``none``."""
        said = self.ledger.answers.get(push.push_id)
        if said is None:
            return "none"
        return f"version {said['Version']}" if said["Outcome"] == "version" else str(said["Outcome"])

    def end(self, push: Sent) -> str:
        """Where a push's dataset stands: ``settled`` once the Ministry has answered."""
        state = self.ledger.states.get(push.dataset_id)
        if state is None:
            return "absent"
        return "settled" if state.state in FINAL else state.state.value

    def codes(self, story: str) -> str:
        """Codes that the officers of a story got, ``ok`` for an act that was carried out."""
        steps = [d for d in self.office.done if d.step.story == story and d.outcome is not None]
        return ", ".join((d.outcome.code if d.outcome else "") or "ok" for d in steps)


def tell(e: Evidence) -> list[Story]:
    """All stories."""
    cast, sent = e.director.cast, e.director.sent
    clean = [p for p in e.pushes if not p.story]
    first_of = {p.school: p for p in e.pushes if p.story in ("", "repeated_id", "bad_packet", "bad_list")}
    good = [p for p in clean if e.answer(p) == "version 1" and _whole(e.tallies[p.push_id])]
    twice = sent["sent_twice"]
    returned, recalled, direct = (first_of[s.code] for s in (cast.returned, cast.recalled, cast.direct))
    return [
        Story("clean pushes", f"{len(clean)} whole, version 1", f"{len(good)} whole, version 1"),
        _bad(e, "bad_packet", "bad records in a packet", "CONF-WARNINGS"),
        _bad(e, "bad_list", "bad rows in a list", "ok"),
        _corrected(e),
        _bad(e, "repeated_id", "one ClientId twice in a push", ""),
        _not_granted(e),
        Story(
            "undecodable bytes",
            f"{len(UNDECODABLE)} dead letters, untouched",
            f"{sum((Counter(e.ledger.letters) & Counter(UNDECODABLE)).values())} dead letters, untouched"
            if len(e.ledger.letters) == len(UNDECODABLE)
            else f"{len(e.ledger.letters)} dead letters",
        ),
        Story(
            "one push transmitted twice",
            "version 1, ignored the second time, 0 doubled, dataset at version 1",
            f"{e.answer(twice)}, {_repetition(e, twice)}, {e.tallies[twice.push_id].doubled} doubled, "
            f"dataset at version {e.ledger.states[twice.dataset_id].version}",
        ),
        Story("the same files as a new push", "unchanged", e.answer(sent["sent_again"])),
        Story(
            "returned by the district, corrected, confirmed",
            "version 2, ok, ok, settled",
            f"{e.answer(sent['returned_corrected'])}, {e.codes('returned')}, {e.end(returned)}"
            if "returned_corrected" in sent
            else "not corrected",
        ),
        _left(e),
        Story("a stale confirmation", "CONF-STALE", e.codes("stale")),
        Story("a unit off the route", "CONF-UNIT", e.codes("off_route")),
        Story("recalled by the school", "ok, settled", f"{e.codes('recalled')}, {e.end(recalled)}"),
        Story(
            "a direct unit",
            f"route {department()}, settled",
            f"route {_route(e, direct)}, {e.end(direct)}",
        ),
        Story("acts refused out of turn", "0", str(len(e.office.refused))),
        Story("the chain of every dataset", "0 breaks", f"{_breaks(e.events)} breaks"),
        Story(
            "what was confirmed was exported and answered",
            f"{e.rows} rows, {e.rows} exported, {e.rows} receipts",
            f"{e.rows} rows, {e.exported} exported, {e.receipts} receipts",
        ),
    ]


def _whole(tally: Tally) -> bool:
    return tally.accepted == tally.pushed and not tally.doubled


def _refused(e: Evidence, push: Sent) -> str:
    tally = e.tallies[push.push_id]
    return "nothing refused" if _whole(tally) else f"{tally.refused} refused, {tally.lost} lost"


def _bad(e: Evidence, story: str, name: str, code: str) -> Story:
    """The very records that the edit spoilt are refused, each by the rule it breaks; the rest is accepted."""
    push, variant = e.director.sent[story], e.director.variants[story]
    wanted = {(r.record_type, r.client_id, r.rule) for r in variant.refused}
    found = refusals(e.cur, push)
    tally = e.tallies[push.push_id]
    told = f", submitting: {code}" if code else ""
    heard = f", submitting: {e.codes(story)}" if code else ""
    return Story(
        name,
        f"{_rules(wanted)} refused, {push.records - len(variant.refused)} accepted, settled{told}",
        f"{_rules(found & wanted)} refused, {tally.accepted} accepted, {e.end(push)}{heard}",
    )


def _corrected(e: Evidence) -> Story:
    push = e.director.sent.get("bad_list_corrected")
    seen = f"{e.answer(push)}, {_refused(e, push)}, {e.end(push)}" if push else "not sent"
    return Story("bad list corrected", "version 2, nothing refused, settled", seen)


def _left(e: Evidence) -> Story:
    """A pupil that the next list lacks stays until the school says that it leaves; no record else does."""
    push, removed = e.director.sent.get("left"), e.director.removed
    absent = e.ledger.answers.get(push.push_id, {}).get("Absent") if push else None
    seen = f"{e.answer(push)} lacks {absent}, {_refused(e, push)}, {e.end(push)}" if push else "not sent"
    return Story(
        "a pupil who left",
        "version 2 lacks {'HocSinh': 1}, nothing refused, settled; version 3 without {'HocSinh': 1}",
        f"{seen}; version {removed.get('version')} without {removed.get('removed')}",
    )


def _rules(refused: set[tuple[str, str, str]]) -> str:
    counted = Counter(rule for *_, rule in refused)
    return " + ".join(f"{n} {rule}" for rule, n in sorted(counted.items()))


def _not_granted(e: Evidence) -> Story:
    push = e.director.sent["not_granted"]
    tally, rules = e.tallies[push.push_id], {rule for *_, rule in refusals(e.cur, push)}
    return Story(
        "a vendor without a grant",
        f"refused, {push.records} records by {NOT_GRANTED}, 0 accepted",
        f"{e.answer(push)}, {tally.refused} records by {', '.join(sorted(rules))}, {tally.accepted} accepted",
    )


def _repetition(e: Evidence, push: Sent) -> str:
    """Whether the second transmission has arrived: the sink counts what it leaves aside."""
    e.cur.execute("SELECT late FROM push WHERE vendor = %s AND push_id = %s", (push.vendor, push.push_id))
    row = e.cur.fetchone()
    return "ignored the second time" if row and row[0] else "not seen a second time"


def _breaks(events: list[dict[str, Any]]) -> int:
    of_dataset: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        of_dataset[event["DatasetId"]].append(event)
    return sum(len(chain.breaks(dataset, found)) for dataset, found in of_dataset.items())


def _route(e: Evidence, push: Sent) -> str:
    state = e.ledger.states.get(push.dataset_id)
    return " → ".join(state.route) if state else "none"
