"""Both ways from bytes to rows say the same, whatever the bytes: what the part in C takes or hands back.

Where there is no C compiler only the other way exists, and the tests of this file are skipped.
"""

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from hashlib import blake2b

import polars as pl
import pytest

from schemas.contracts import versions
from schemas.encoding import codec, columnar
from schemas.encoding.native import build, library, macs, rows
from sinks.provincial.load import messages
from sinks.provincial.load.fields import fields_held
from sinks.provincial.records.mac import Mac
from tests import records
from tests.pushed import chunk, pupil

WHY = build.build()
pytestmark = pytest.mark.skipif(bool(WHY), reason=f"no native part: {WHY}")

FRAME = 5
PLAIN = [
    *("", "a", "Nguyễn Văn Mẫu", "Đỗ Ước", "0", "true", "ẹ", "~!@#$%^&*()", "ß", "ÿ", "\u0130", "\u0100b"),
    *(12 * "x", 13 * "x", 700 * "ễ", "a\\b", "\\N", "“a” – b’", "Đ ¼ °"),
]
BLANK = [
    *(" ", "  ", " a", "a ", "a  b", "a\tb", "a\nb", "a\r", "a\x1eb", "a\x1fb", "\x7f", "\x85", "\xa0"),
    *("\t \n", " Nguyễn\u00a0 Văn  Mẫu ", "\x1c\x1d", " x" * 9),
]
ODD = [
    *("\x00", "e\u0301", "Nguye\u0302\u0303n", "\u1e00", "\u1f00", "ǅ", "Ω", "\u2003", "\u2028", "\u0323"),
    *("\u200b", "\ufeff", "\ufffd", "\uffff", "\U0001f600", "\U0010ffff"),
]
DAYS = [
    *(date.min, date(9999, 12, 31), date(1970, 1, 1), date(1900, 2, 28), date(2000, 2, 29)),
    *(date(1969, 12, 31), date(2019, 9, 5)),
]
NO_DAYS = [-(2**31), -719_163, 2_932_897, 95_026_237, 2**31 - 1]
"""Days since 1970 of years before 1 and after 9999; polars panics at the first and the last two."""
NUMBERS = [0, -1, 9, 10, -(2**31), 2**31 - 1, 2019]
DOUBLES = [
    *(0.0, -0.0, 2.34, 4.98, -1.5, 100.0, 0.01, 0.001, 1 / 3, 1e6, 999999.99, 1e16, 1e-9, 0.1 + 0.2),
    *(float("nan"), float("inf"), float("-inf"), 5e-324),
]


def decoded(values, way, monkeypatch):
    """What load makes of the values: (codes, of each value what there is to compare)."""
    with monkeypatch.context() as here:
        here.setenv(library.SWITCH, way)
        out, codes = messages.decode(values)
    return codes, [_plainly(part) for part in out]


def _outcome(values, way, monkeypatch):
    try:
        return decoded(values, way, monkeypatch)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as fault:  # polars panics at a day that no calendar has
        return type(fault)


def _plainly(part):
    if not isinstance(part, messages.Part):
        return part
    held = part.records
    return part.header, held.frame.schema, held.frame.rows(), held.texts.to_list(), held.hashes.to_list()


@pytest.fixture(autouse=True)
def switched_on(monkeypatch):
    monkeypatch.setenv(library.SWITCH, "1")


def taken(values):
    contract = codec.contract_of(values[0])
    columns = fields_held(codec.record_type_of(contract.name) or "")
    return None if columns is None else rows.take(contract, values, columns)


def assert_same(values, monkeypatch):
    ours, theirs = (decoded(values, way, monkeypatch) for way in "10")
    assert repr(ours) == repr(theirs)  # NaN is itself
    return ours


def random_value(dtype, rng):
    """Anything that a column of this type may hold; half of the time nothing."""
    if rng.random() < 0.5:
        return None
    match dtype:
        case pl.String():
            some = PLAIN if rng.random() < 0.95 else rng.choice([BLANK, ODD])
            return rng.choice(some)
        case pl.Boolean():
            return rng.random() < 0.5
        case pl.Date():
            return rng.choice([*DAYS, date(1900, 1, 1) + timedelta(rng.randrange(60_000))])
        case pl.Float64():
            return rng.choice([*DOUBLES, rng.randrange(-10_000, 10_000) / 100, rng.uniform(-1e7, 1e7)])
        case pl.List(inner=inner):
            return [random_value(inner, rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
        case pl.Struct(fields=fields):
            return {f.name: random_value(f.dtype, rng) for f in fields}
        case _:
            return rng.choice([*NUMBERS, rng.randrange(-(2**31), 2**31)])


def random_chunk(record_type, count, rng, number=0):
    required = {"ClientId": "cl"} if "ClientId" in columnar.frame_schema(record_type) else {}
    made = [
        {name: random_value(dtype, rng) for name, dtype in columnar.frame_schema(record_type).items()}
        for _ in range(count)
    ]
    made = [row | {n: row[n] or given for n, given in required.items()} for row in made]
    return chunk(record_type, made, number=number, refused=[{"row": 900, "client_id": "ễ"}])


@pytest.mark.parametrize("record_type", ["HocSinh", "CanBo", "LopHoc", "TruongHoc"])
@pytest.mark.parametrize("seed", range(4))
def test_records_of_every_kind_come_out_the_same(record_type, seed, monkeypatch):
    rng = random.Random(f"{record_type}{seed}")
    values = [random_chunk(record_type, count, rng, n) for n, count in enumerate([20, 0, 1, 7])]
    codes, parts = assert_same(values, monkeypatch)
    assert not codes
    assert [len(texts) for _, _, _, texts, _ in parts] == [20, 0, 1, 7]


def test_every_letter_comes_out_the_same_in_any_company(monkeypatch):
    rng = random.Random(12)
    letters = [chr(c) for c in range(1, 0x3000)]
    some = [*PLAIN, *BLANK, "Ễ", "̣", " "]
    texts = [
        *(f"a{c}b" for c in letters),
        *("".join(rng.choices(some, k=rng.randrange(5))) for _ in range(3000)),
    ]
    assert_same([chunk("HocSinh", [pupil(n, HoTenMe=text) for n, text in enumerate(texts)])], monkeypatch)


@pytest.mark.parametrize("odd", [*ODD, *PLAIN, *BLANK], ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("field", ["ClientId", "HoTenMe", "AnhChanDung"])
def test_a_text_of_any_letters_comes_out_the_same(odd, field, monkeypatch):
    values = [chunk("HocSinh", [pupil(1), pupil(2, **{field: odd}), pupil(3, HoTenMe="Trần Thị Mẫu")])]
    assert_same(values, monkeypatch)
    left = taken(values).left
    assert left == ([1] if odd in ODD else []), "only what has to be looked at is handed back"


def test_what_is_plain_is_taken():
    found = taken([chunk("HocSinh", [records.VALID["HocSinh"], pupil(1)]), chunk("HocSinh", [pupil(2)])])
    assert (found.left, found.lengths) == ([], [2, 1])
    assert [chunk.records.height for chunk in columnar.decode_chunks(found.rest)] == [0, 0]
    staff = taken([chunk("CanBo", [records.VALID["CanBo"], {**records.VALID["CanBo"], "HeSo": 1 / 3}])])
    assert staff.left == [1]


def test_doubles_are_spelt_as_ever_or_handed_back(monkeypatch):
    rng = random.Random(31)
    some = [*DOUBLES, *(rng.randrange(-(10**8), 10**8) / 100 for _ in range(500))]
    some += [rng.uniform(-10, 10) for _ in range(100)]
    staff = [{**records.VALID["CanBo"], "ClientId": f"c{i}", "HeSo": v} for i, v in enumerate(some)]
    assert_same([chunk("CanBo", staff)], monkeypatch)


@pytest.mark.parametrize("days", NO_DAYS)
@pytest.mark.parametrize(("record_type", "field"), [("TruongHoc", "NgayThanhLap"), ("HocSinh", "NgaySinh")])
def test_a_day_that_no_calendar_has_is_what_postgresql_refuses(days, record_type, field, monkeypatch):
    value = chunk(record_type, [{**records.VALID[record_type], field: date(2008, 5, 21)}])
    spelt = varint((date(2008, 5, 21) - date(1970, 1, 1)).days)
    assert value.count(spelt) == 1
    codes, [(_, _, _, [text], _)] = assert_same([value.replace(spelt, varint(days))], monkeypatch)
    assert not codes and f"day {days}" in text.split("\x1f")


@pytest.mark.parametrize("way", "10")
def test_a_chunk_with_such_a_day_in_a_list_is_left_out_and_the_others_are_not(way, monkeypatch):
    course = {"NgayThangNam": date(2008, 5, 21)}
    value = chunk("CanBo", [{**records.VALID["CanBo"], "LstQuaTrinhLuong": [course]}])
    spelt = varint((date(2008, 5, 21) - date(1970, 1, 1)).days)
    assert value.count(spelt) == 1
    values = [value.replace(spelt, varint(2**31 - 1)), chunk("CanBo", [records.VALID["CanBo"]], number=1)]
    codes, (nothing, part) = decoded(values, way, monkeypatch)
    assert (codes, nothing) == (["AVRO-003"], None)
    assert part[0]["Chunk"] == 1


def varint(number):
    raw, out = (number << 1) ^ (number >> 63), bytearray()
    while raw >= 0x80:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    return bytes([*out, raw])


def cut(value):
    """(before the records, the records one by one, behind them) of a chunk in one block."""
    one_by_one = []
    empty = taken([value]).rest[0]
    at = next(i for i in range(len(value)) if value[i] != empty[i])
    body = value[at + 1 : len(value) - (len(empty) - at)]
    for n in range(value[at] // 2, 1, -1):
        assert len(body) % n == 0
        one_by_one.append(body[: len(body) // n])
        body = body[len(body) // n :]
    return value[:at], [*one_by_one, body], empty[at:]


def test_blocks_of_any_number_and_with_their_size_are_read(monkeypatch):
    value = chunk("HocSinh", [pupil(n) for n in range(1, 6)])
    before, (a, b, c, d, e), behind = cut(value)
    sized = varint(-2) + varint(len(c + d)) + c + d
    several = before + varint(2) + a + b + sized + varint(1) + e + behind
    assert taken([several]).lengths == [5]
    assert assert_same([several], monkeypatch) == assert_same([value], monkeypatch)
    wrong = before + varint(2) + a + b + varint(-2) + varint(len(c)) + c + d + varint(1) + e + behind
    assert taken([wrong]) is None


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda before, one, behind: before + varint(1) + one,
        lambda before, one, behind: before + varint(2) + one + behind,
        lambda before, one, behind: before + varint(2**40) + one + behind,
        lambda before, one, behind: before + varint(-(2**63)) + varint(1) + one + behind,
        lambda before, one, behind: before + varint(-1) + varint(-len(one)) + one + behind,
        lambda before, one, behind: before + b"\x82\x00" + one + behind,
        lambda before, one, behind: before + b"\xff" * 10 + one + behind,
        lambda before, one, behind: before + varint(1) + b"\xff" * 9 + b"\x01" + one[1:] + behind,
        lambda before, one, behind: before + varint(1) + varint(len(one) * 9) + one[1:] + behind,
        lambda before, one, behind: before + varint(1) + varint(-3) + one[1:] + behind,
        lambda before, one, behind: before + varint(1) + one[:-1] + b"\x04" + behind,
        lambda before, one, behind: before + varint(1) + one.replace(b"hs1", b"h\xff1") + behind,
        lambda before, one, behind: before + varint(1) + one.replace(b"hs1", b"\xe1\xba ") + behind,
        lambda before, one, behind: before + varint(1) + one.replace(b"hs1", b"\xed\xa0\x80") + behind,
        lambda before, one, behind: before[: FRAME + 4],
        lambda before, one, behind: before[:FRAME],
    ],
)
def test_bytes_that_nobody_writes_are_handed_back(spoilt):
    before, (one, _), behind = cut(chunk("HocSinh", [pupil(1), pupil(2)]))
    assert taken([spoilt(before, one, behind)]) is None


SPOILERS = [
    *(b"", b"\x00", b"\x01", b"\x02", b"\x03", b"\x7f", b"\x80", b"\xff", b"\xfe\xff\x0f"),
    b"\xff" * 9 + b"\x01",
]


def spoilt(value, rng):
    """The value with a few bytes flipped, cut out, put in, or its end gone; its frame as it was."""
    out = bytearray(value)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = rng.randrange(FRAME, len(out))
        match rng.randrange(5):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at:at] = rng.choice(SPOILERS)
            case 2:
                del out[at : at + rng.choice([1, 1, 2, 40])]
            case 3:
                out[at : at + 1] = rng.choice(SPOILERS)
            case _ if rng.random() < 0.2:
                del out[at:]
        if len(out) <= FRAME:
            break
    return bytes(out)


def test_spoilt_chunks_are_read_alike_or_handed_back(monkeypatch):
    rng = random.Random(20191126)
    whole = [
        chunk("HocSinh", [pupil(1, NgaySinh=date(2008, 5, 20), BanTru=True), pupil(2, HoTenMe="Ω")]),
        chunk("TruongHoc", [records.VALID["TruongHoc"]]),
        chunk("CanBo", [records.VALID["CanBo"]]),
        *(random_chunk(name, 2, rng) for name in ("HocSinh", "CanBo", "TruongHoc")),
    ]
    read = 0
    for n in range(1200):
        values = [spoilt(whole[n % len(whole)], rng)]
        # What is handed back goes the other way from its first byte: there is nothing to compare.
        if taken(values) is not None:
            ours, theirs = (repr(_outcome(values, way, monkeypatch)) for way in "10")
            assert ours == theirs
            read += 1
    assert read > 200


def test_a_chunk_of_an_earlier_contract_ends_in_empty_fields(monkeypatch):
    values = [chunk("HocSinh", [pupil(1), pupil(2, HoTenMe="Ω")])]
    newest = versions.newest("HocSinhReported")
    contract = json.loads(newest.text)
    (of_records,) = (f["type"]["items"]["fields"] for f in contract["fields"] if f["name"] == "Records")
    of_records += [{"name": f"Them{n}", "type": ["null", "string"], "default": None} for n in (1, 2)]
    later = replace(newest, text=json.dumps(contract))
    monkeypatch.setattr(versions, "newest", lambda name: later)
    assert taken(values).left == [1]
    _, [(_, _, _, texts, _)] = assert_same(values, monkeypatch)
    assert [text.count("\x1f") for text in texts] == [116, 116]


@pytest.mark.parametrize("key", [b"", b"k", bytes(range(32)), bytes(64)], ids=len)
def test_hashes_are_those_of_hashlib(key):
    lengths = [*range(301), *(128 * n + more for n in range(3, 12) for more in (-1, 0, 1)), 100_000]
    lengths += random.Random(4).sample(lengths, len(lengths))  # long and short ones side by side
    texts = [bytes(i * 7 % 251 for i in range(n)) for n in lengths]
    found = macs.macs(key, pl.Series(texts, dtype=pl.Binary))
    assert found is not None
    assert found.to_list() == [blake2b(t, digest_size=16, key=key).hexdigest() for t in texts]


@pytest.mark.parametrize("way", "10")
def test_macs_of_nulls_and_of_parts_of_columns(way, monkeypatch):
    monkeypatch.setenv(library.SWITCH, way)
    mac = Mac(bytes(range(32)))
    texts = pl.Series("t", ["ễ", None, "", 40 * "x", None, "b"])
    expected = [None if t is None else mac.one(t) for t in texts]
    assert mac.of(texts).to_list() == expected
    assert mac.of(texts[2:]).to_list() == expected[2:]
    assert mac.of(pl.concat([texts[3:], texts.cast(pl.String)[:2]])).to_list() == expected[3:] + expected[:2]
    assert mac.of(texts.clear()).to_list() == []
    assert mac.of(texts).name == "t"


def test_a_key_that_is_too_long_is_as_wrong_as_ever():
    with pytest.raises(ValueError, match="key"):
        Mac(bytes(65)).of(pl.Series(["a"]))


def test_without_a_compiler_nothing_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(library, "BUILT", tmp_path / "build")
    monkeypatch.setenv("CC", "no-such-compiler")
    build.main()
    assert "no C compiler" in capsys.readouterr().err
    assert library._library.__wrapped__() is None


def test_a_library_of_other_sources_is_never_loaded(monkeypatch):
    now = library.path()
    monkeypatch.setattr(library, "FLAGS", (*library.FLAGS, "-DOTHER"))
    assert library.path() != now


def test_a_library_that_hashes_wrongly_is_not_used(monkeypatch):
    monkeypatch.setattr(library, "blake2b", lambda *args, **kwargs: blake2b(b"another", digest_size=16))
    assert library._library.__wrapped__() is None
