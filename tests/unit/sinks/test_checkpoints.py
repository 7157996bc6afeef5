"""A row of signed checkpoints, and what the logs held against it show."""

import errno
import json
import os
import shutil
from contextlib import suppress
from datetime import timedelta
from itertools import count

import pytest
from kafka import TopicPartition

from runtime.positions import Log, Mark
from runtime.settings import Settings
from schemas.errors import ProblemList
from schemas.topics import CONFIRMATION_EVENTS, CONFIRMATION_REFUSALS
from sinks.checkpoints import audit, folder, keys, row, writer
from sinks.checkpoints.checkpoint import Acceptance
from sinks.checkpoints.folder import Taken
from sinks.checkpoints.heads import TOPICS, Followed
from sinks.checkpoints.verification import Verification
from sinks.checkpoints.writer import Writer
from tests.chained import AT, chain_of, chained, message, raw, sealed

A, B = "19164999.2019.start", "19164998.2019.start"
ROAD = chain_of("opened", "version_checked", "submitted", "claimed", "confirmed", "approved")
OTHER = chain_of("opened", "version_checked", DatasetId=B, MaTruongHoc="19164998")
IDS = {topic: f"id of {topic}" for topic in TOPICS}


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


def events(*records):
    """Messages of the events topic, in one partition."""
    return numbered([message("ConfirmationEvent", record) for record in records])


def refusals(number):
    return numbered([raw(CONFIRMATION_REFUSALS, f"refused {n}".encode()) for n in range(number)])


def numbered(messages):
    """From offset 0 on, each with a time of its own."""
    for offset, one in enumerate(messages):
        one.offset, one.timestamp = offset, 1_570_000_000_000 + offset
    return messages


def sign(settings, *batches):
    """A checkpoint after each batch of messages; the writer."""
    it = Writer.open(settings)
    assert it.problems() == []
    state = it.row.state
    for batch in batches:
        for one in batch:
            state.take(one)
        it.write(state, IDS)
    return it


def found(settings, messages, ids=IDS, begins=0):
    """(code, subject, first, last) of each finding of an audit of these messages."""
    key = Writer.open(settings).key.public_key()
    verification = Verification(row.read(settings.checkpoints_dir, key))
    logs, lies = {}, {}
    for topic in TOPICS:
        of = [m for m in messages if m.topic == topic]
        tp = TopicPartition(topic, 0)
        logs[tp] = Log(begins if of else 0, len(of) + begins)
        reached = verification.row.newest.reached.get(topic, {}).get("0") if verification.row.newest else None
        for m in of:
            if reached and m.offset == reached.last_offset:
                lies[tp] = Mark(m.offset, m.timestamp)
    verification.begin(logs, lies, ids)
    for one in messages:
        verification.take(one)
    return [(f.code, f.subject, f.first, f.last) for f in verification.findings()]


def file(settings, number):
    return folder.path(settings.checkpoints_dir, number)


def test_a_row_proves_the_logs_that_it_was_made_of(settings):
    log = events(*ROAD, *OTHER)
    sign(settings, log[:2], log[2:5], log[5:])
    assert found(settings, log) == []
    later = chained(ROAD[-1], Event="forwarded")
    assert found(settings, events(*ROAD, *OTHER, later)) == [], "what came since is none of its business"


def test_it_goes_on_after_a_restart_and_tells_the_same_heads(settings):
    log = events(*ROAD, *OTHER)
    for n in range(len(log)):
        it = sign(settings, [log[n]])
    whole = Followed()
    for one in log:
        whole.take(one)
    again = row.read(settings.checkpoints_dir, it.key.public_key())
    assert again.problems == []
    assert again.state.heads == whole.heads and again.count == len(log)
    assert len(again.whole) < again.count, "most hold what has moved"


def rebuilt_from(n):
    """The road with other events from index ``n`` on, well chained."""
    records = list(ROAD[:n])
    for old in ROAD[n:]:
        before = {"PreviousHash": records[-1]["Hash"]} if records else {}
        records.append(sealed(old | before | {"Account": "another"}))
    return records


ATTACKS = {
    "the newest events cut": ([*ROAD[:4], *OTHER], [("AUD-011", A, 5, 6)]),
    "all but one cut": ([*ROAD[:1], *OTHER], [("AUD-011", A, 2, 6)]),
    "a chain dropped": ([*OTHER], [("AUD-012", A, 1, 6)]),
    "rebuilt at its end": ([*rebuilt_from(5), *OTHER], [("AUD-013", A, 5, 6)]),
    "rebuilt from the middle": ([*rebuilt_from(3), *OTHER], [("AUD-013", A, 3, 6)]),
    "rebuilt from its start": ([*rebuilt_from(0), *OTHER], [("AUD-013", A, 1, 6)]),
    "rebuilt and longer": (
        [*rebuilt_from(5), chained(rebuilt_from(5)[-1], Event="forwarded"), *OTHER],
        [("AUD-013", A, 5, 6)],
    ),
    "an event taken out": ([*ROAD[:3], *ROAD[4:], *OTHER], [("AUD-014", A, 4, 4)]),
    "an event changed": (
        [*ROAD[:3], ROAD[3] | {"Account": "another"}, *ROAD[4:], *OTHER],
        [("AUD-014", A, 4, 4)],
    ),
    "one put beside": ([*ROAD, sealed(ROAD[5] | {"Account": "x"}), *OTHER], [("AUD-014", A, 6, 6)]),
    "one written twice": ([*ROAD, ROAD[2], *OTHER], [("AUD-014", A, 3, 3)]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_chain_that_was_cut_dropped_or_rebuilt_is_named_with_its_range(settings, attack):
    log = events(*ROAD[:2], *OTHER, *ROAD[2:4], *ROAD[4:])
    sign(settings, log[:2], log[2:6], log[6:])
    records, told = ATTACKS[attack]
    # Its own position in the log is another matter (below): here the log is as long as it was.
    messages = events(*records)
    filling = [
        message("ConfirmationEvent", r) for r in chain_of(*["opened"] * 9, DatasetId="19164997.2019.start")
    ]
    messages = numbered([*messages, *filling])
    at = [f for f in found(settings, messages) if f[0] != "AUD-017"]
    assert at == told


def test_what_is_no_event_is_told_by_its_offset(settings):
    log = events(*ROAD)
    sign(settings, log)
    odd = numbered([*log, raw(CONFIRMATION_EVENTS, b"no event")])
    assert found(settings, odd) == [("AUD-015", "0", 6, 6)]


def test_a_log_that_is_another_is_told(settings):
    log = events(*ROAD)
    sign(settings, log)
    assert ("AUD-017", "0", 4, 5) in found(settings, log[:4])
    assert found(settings, log, ids=IDS | {CONFIRMATION_EVENTS: "made anew"}) == [("AUD-017", "0", 0, 5)]
    stamped = events(*ROAD)
    stamped[-1].timestamp += 1
    assert found(settings, stamped) == [("AUD-017", "0", 0, 5)]


def test_events_that_were_deleted_at_the_beginning_are_told(settings):
    log = events(*ROAD)
    sign(settings, log)
    assert found(settings, log[2:], begins=2)[0] == ("AUD-014", A, 1, 2)
    assert ("AUD-016", "0", 0, 1) in found(settings, log[2:], begins=2)


def test_ten_refused_acts_are_ten_and_who_takes_one_away_is_found_between_two_checkpoints(settings):
    log = refusals(10)
    sign(settings, log[:3], log[3:6], log[6:])
    assert found(settings, log) == []
    without = refusals(10)
    without[4].value = b"another"
    assert found(settings, without) == [("AUD-018", "0", 3, 5)]
    assert ("AUD-018", "0", 6, 9) in found(settings, log[:9])
    assert found(settings, log[4:], begins=4) == [], "kept for a month: from the next checkpoint on"


def acts(number):
    return [{"number": 2 * n + 1, "at": AT + timedelta(minutes=n), "kind": "refused"} for n in range(number)]


def sealed_acts(settings, *batches):
    it = Writer.open(settings)
    for batch in batches:
        for act in batch:
            it.row.state.take_act(act)
        it.write(it.row.state, IDS)


def found_in(settings, table):
    verification = Verification(row.read(settings.checkpoints_dir, Writer.open(settings).key.public_key()))
    verification.begin({}, {}, IDS)
    for act in table:
        verification.take_act(act)
    return [(f.code, f.first, f.last) for f in verification.findings()]


def test_an_act_that_was_taken_out_of_its_table_changed_or_put_in_between_is_found(settings):
    table = acts(9)
    sealed_acts(settings, table[:3], table[3:6], table[6:])
    assert found_in(settings, [*table, *acts(10)[9:]]) == [], "what came since is none of its business"
    between = [("AUD-019", 6, 11)]
    assert found_in(settings, [*table[:4], *table[5:]]) == between
    assert found_in(settings, [*table[:4], table[4] | {"kind": "done"}, *table[5:]]) == between
    assert found_in(settings, [*table[:4], table[4] | {"number": 8}, *table[4:]]) == between
    assert found_in(settings, table[:6]) == [("AUD-019", 12, 17)]
    assert found_in(settings, []) == [("AUD-019", 0, 5), ("AUD-019", 6, 11), ("AUD-019", 12, 17)]


ROW = {
    "one is missing": (lambda s: file(s, 2).unlink(), [("AUD-002", 2, 2)]),
    "the first is missing": (lambda s: file(s, 1).unlink(), [("AUD-002", 1, 1)]),
    "an older one in the newest's place": (
        lambda s: shutil.copy(file(s, 2), file(s, 4)),
        [("AUD-006", 4, 4), ("AUD-007", 4, 4)],
    ),
    "the newest is gone": (lambda s: file(s, 4).unlink(), [("AUD-007", 4, 4)]),
    "one changed": (
        lambda s: file(s, 3).write_bytes(file(s, 3).read_bytes().replace(b'"at":"20', b'"at":"21')),
        [("AUD-003", 3, 3)],
    ),
    "one cut": (lambda s: os.truncate(file(s, 3), 50), [("AUD-006", 3, 3)]),
    "one empty": (lambda s: os.truncate(file(s, 3), 0), [("AUD-006", 3, 3)]),
    "one of another key": (lambda s: forge(s, 3), [("AUD-004", 3, 3)]),
}


def forge(settings, number):
    """Another signer's checkpoint of that number."""
    other = Settings(data_dir=settings.data_dir / "other")
    sign(other, *([] for _ in range(number)))
    shutil.copy(folder.path(other.checkpoints_dir, number), file(settings, number))


@pytest.mark.parametrize("fault", ROW)
def test_what_is_wrong_with_a_row_is_named_and_nothing_is_signed_after_it(settings, fault):
    log = events(*ROAD[:2], *OTHER, *ROAD[2:])
    sign(settings, log[:4], log[4:5], log[5:6], log[6:])
    spoil, told = ROW[fault]
    spoil(settings)
    problems = Writer.open(settings).problems()
    assert [(f.code, f.first, f.last) for f in problems] == told
    assert all(f.problem.messages() for f in problems)


def test_a_row_of_the_same_key_in_place_of_ours_is_found(settings, tmp_path):
    sign(settings, events(*ROAD[:2]), [])
    copy = tmp_path / "copy"
    shutil.copytree(settings.checkpoints_dir, copy)
    remembered = writer.remembered_of(settings.checkpoint_key_file)
    early = remembered.read_text()
    file(settings, 2).unlink()
    remembered.unlink()
    sign(settings, events(*OTHER))
    shutil.copy(copy / file(settings, 2).name, file(settings, 2))
    assert [f.code for f in Writer.open(settings).problems()] == ["AUD-005"], "signed, and not what we wrote"
    assert json.loads(early)["number"] == 2


def test_the_key_is_made_once_and_no_other_goes_on_with_its_row(settings):
    sign(settings, events(*ROAD))
    assert settings.checkpoint_key_file.stat().st_mode & 0o777 == 0o600
    assert settings.checkpoint_key_file.parent.stat().st_mode & 0o777 == 0o700
    settings.checkpoint_key_file.unlink()
    with pytest.raises(ProblemList, match="AUD-022"):
        Writer.open(settings)
    Writer.open(other := Settings(data_dir=settings.data_dir / "other"))
    shutil.copy(other.checkpoint_key_file, settings.checkpoint_key_file)
    with pytest.raises(ProblemList, match="AUD-022"):
        Writer.open(settings)


def test_the_folders_own_key_proves_nothing_unless_it_is_known(settings, tmp_path):
    sign(settings, events(*ROAD))
    ours = audit.read_row(settings, settings.checkpoints_dir)[1]
    forged = settings.model_copy(
        update={"checkpoints_dir": tmp_path / "forged", "checkpoint_key_file": tmp_path / "forger.key"}
    )
    sign(forged, events(*rebuilt_from(0)))
    elsewhere = settings.model_copy(update={"checkpoint_key_file": tmp_path / "none.key"})
    known = elsewhere.model_copy(update={"checkpoint_key_id": keys.key_id(ours)})
    for who, codes in ((settings, "AUD-026"), (known, "AUD-026"), (elsewhere, "AUD-025")):
        with pytest.raises(ProblemList, match=codes):
            audit.read_row(who, forged.checkpoints_dir)
    assert audit.read_row(known, settings.checkpoints_dir)[0].problems == []
    with pytest.raises(ProblemList, match="AUD-026"):
        Writer.open(forged.model_copy(update={"checkpoint_key_id": keys.key_id(ours)}))
    with pytest.raises(ProblemList, match="AUD-025"):
        audit.read_row(elsewhere, settings.checkpoints_dir)
    public = settings.checkpoints_dir / folder.PUBLIC_KEY
    assert audit.read_row(elsewhere, settings.checkpoints_dir, public)[0].problems == []


def test_what_people_decide_is_not_left_for_the_next_minute(settings):
    state = Followed()
    decided = []
    for one in events(*ROAD[:2], chained(ROAD[1], Event="version_checked", Role="system")):
        state.take(one)
        decided.append(state.decided)
        Writer.open(settings).write(state, IDS)
    assert decided == [True, True, False]


def test_what_no_checkpoint_holds_yet_is_counted(settings):
    log = [*events(*ROAD), *refusals(3)]
    it = sign(settings, [*log[:4], log[6]])
    verification = Verification(row.read(settings.checkpoints_dir, it.key.public_key()))
    verification.begin({}, {}, IDS)
    for one in log:
        verification.take(one)
    assert (verification.unsealed, verification.unsealed_since) == (4, log[7].timestamp)


def test_a_full_disk_leaves_the_row_as_it_was_and_the_next_try_goes_on(settings, monkeypatch):
    log = events(*ROAD)
    it = sign(settings, log[:2])
    state = it.row.state
    state.take(log[2])
    before = sorted(settings.checkpoints_dir.iterdir())

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            it.write(state, IDS)
    assert sorted(settings.checkpoints_dir.iterdir()) == before
    it.write(state, IDS)
    assert found(settings, log) == []


@pytest.mark.parametrize("step", range(12))
def test_a_writer_that_is_killed_leaves_the_old_row_or_the_new(settings, monkeypatch, step):
    """At whichever call to the disk."""
    log = events(*ROAD)
    it = sign(settings, log[:2])
    state = it.row.state
    for one in log[2:]:
        state.take(one)
    calls = count()

    class Killed(BaseException):
        pass

    def dying(call):
        def or_die(*args, **kwargs):
            if next(calls) == step:
                raise Killed
            return call(*args, **kwargs)

        return or_die

    with monkeypatch.context() as patch:
        for name in ("fsync", "link", "open", "close", "replace"):
            patch.setattr(os, name, dying(getattr(os, name)))
        with suppress(Killed):
            it.write(state, IDS)
    again = Writer.open(settings)
    assert again.problems() == []
    assert again.row.number in (1, 2)
    again.write(again.row.state, IDS)
    assert found(settings, log) == []


def test_two_writers_never_write_the_same_number(settings, monkeypatch):
    sign(settings, events(*ROAD[:2]))
    one, two = Writer.open(settings), Writer.open(settings)
    one.write(one.row.state, IDS)
    monkeypatch.setattr(two, "_next", lambda: 2)  # it looked before
    with pytest.raises(Taken):
        two.write(two.row.state, IDS)


def test_what_was_accepted_is_told_no_more_and_stays_on_record(settings):
    log = events(*ROAD)
    it = sign(settings, log)
    short = numbered([*log[:4], raw(CONFIRMATION_EVENTS, b"odd")])
    before = found(settings, short)
    assert {code for code, *_ in before} == {"AUD-011", "AUD-015", "AUD-017"}
    now = Followed()
    for one in short:
        now.take(one)
    keys = tuple((code, CONFIRMATION_EVENTS, subject, a, b) for code, subject, a, b in before)
    it.write(now, IDS, [Acceptance("operator", "restored", keys)])
    assert found(settings, short) == []
    again = row.read(settings.checkpoints_dir, it.key.public_key())
    assert [(a.account, a.reason) for a in again.accepted] == [("operator", "restored")]
    assert found(settings, short[:2]) != [], "what comes after it is held to it"


def test_old_files_go_and_what_is_left_is_a_row_that_proves_all(settings):
    log = events(*ROAD, *OTHER)
    it = sign(settings, *([one] for one in log))
    total = it.row.number
    last_whole = max(row.read(settings.checkpoints_dir, it.key.public_key()).whole)
    for number in range(1, last_whole + 1):
        os.utime(file(settings, number), (0, 0))
    folder.prune(settings.checkpoints_dir, it.row.whole, AT.timestamp())
    assert folder.numbers(settings.checkpoints_dir) == list(range(last_whole, total + 1))
    assert Writer.open(settings).problems() == []
    assert found(settings, log) == []
    assert found(settings, events(*rebuilt_from(0), *OTHER))[0][:2] == ("AUD-013", A)


def test_a_checkpoint_holds_no_more_than_a_chain_its_sequence_and_its_hash(settings):
    sign(settings, events(chained(ReasonText="Nguyễn Thị Ánh 001199000001", Account="a")))
    assert "Nguyễn" not in file(settings, 1).read_text(encoding="utf-8")
