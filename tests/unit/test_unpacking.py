"""Kind 3, sizes known only compressed: what a fetched batch unpacks to is bounded before it is unpacked."""

import gzip
import struct
import tracemalloc
import zlib

import aiokafka.record.memory_records as theirs
import cramjam
import crc32c
import pytest
import zstandard
from kafka.record import MemoryRecords

from runtime import unpacking
from runtime.unpacking import MAX_UNPACKED, TOO_LARGE, UNREAD, UNREADABLE, Bounded

HEAD = struct.Struct(">qiibIhiqqqhii")
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
BASE, LAST = 1000, 4
AT = 1_700_000_000_000


def xerial(data):
    """As Java's clients write snappy."""
    blocks = [cramjam.snappy.compress_raw(data[i : i + 32768]) for i in range(0, len(data), 32768)]
    framed = b"".join(struct.pack(">i", len(b)) + bytes(b) for b in blocks)
    return b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1) + framed


def without_size(data):
    """As a stream is written: the frame does not say how much it holds."""
    maker = zstandard.ZstdCompressor().compressobj()
    return maker.compress(data) + maker.flush()


PACK = {
    "gzip": (GZIP, gzip.compress),
    "gzip in two members": (GZIP, lambda d: gzip.compress(d[:50]) + gzip.compress(d[50:])),
    "snappy": (SNAPPY, lambda d: bytes(cramjam.snappy.compress_raw(d))),
    "snappy of Java": (SNAPPY, xerial),
    "lz4": (LZ4, lambda d: bytes(cramjam.lz4.compress(d))),
    "zstd": (ZSTD, zstandard.ZstdCompressor().compress),
    "zstd without its size": (ZSTD, without_size),
    "zstd in two frames": (ZSTD, lambda d: without_size(d[:50]) + without_size(d[50:])),
}
CLIENTS = {"kafka-python": MemoryRecords, "aiokafka": theirs.MemoryRecords}


def message(offset, value, header=b"contract"):
    body = b"\x00" + unpacking._varint(0) + unpacking._varint(offset)
    body += unpacking._varint(1) + b"k" + unpacking._varint(len(value)) + value
    body += unpacking._varint(1) + unpacking._varint(len(header)) + header
    body += unpacking._varint(1) + b"x"
    return unpacking._varint(len(body)) + body


def batch(packed, codec, count=LAST + 1, attributes=0x08):
    tail = struct.pack(">hiqqqhii", attributes | codec, LAST, AT, AT, -1, -1, -1, count) + packed
    head = struct.pack(">qiibI", BASE, len(tail) + 9, 0, 2, crc32c.crc32c(tail))
    return head + tail


def read(client, raw):
    records = type("Records", (Bounded,), {"client": staticmethod(client)})(raw)
    found = []
    while records.has_next():
        one = records.next_batch()
        assert one.validate_crc()
        found += [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in one]
        assert one.next_offset == BASE + LAST + 1
    return found


@pytest.fixture(params=list(CLIENTS.values()), ids=list(CLIENTS))
def client(request):
    return request.param


@pytest.mark.parametrize(("codec", "pack"), PACK.values(), ids=PACK)
def test_what_fits_is_read_as_it_was_sent(client, codec, pack):
    plain = b"".join(message(n, bytes([n]) * 100) for n in range(LAST + 1))
    found = read(client, batch(pack(plain), codec) + batch(plain, 0))
    expected = [(BASE + n, AT, b"k", bytes([n]) * 100, [("contract", b"x")]) for n in range(LAST + 1)]
    assert found == expected * 2


@pytest.mark.parametrize(("codec", "pack"), PACK.values(), ids=PACK)
def test_what_is_too_large_is_never_unpacked_and_one_message_in_its_place_says_so(client, codec, pack):
    raw = batch(pack(bytes(5 * MAX_UNPACKED)), codec) + batch(message(0, b"after"), 0, count=1)
    tracemalloc.start()
    found = read(client, raw)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found[0] == (BASE + LAST, AT, None, None, [(UNREAD, TOO_LARGE.encode())])
    assert found[1][3] == b"after"
    assert most < 4 * MAX_UNPACKED


@pytest.mark.parametrize(("codec", "pack"), PACK.values(), ids=PACK)
def test_what_cannot_be_unpacked_is_one_message_too(client, codec, pack):
    cut = pack(b"".join(message(n, bytes([n]) * 100) for n in range(LAST + 1)))[:40]
    for packed in (cut, b"", b"garbage that is no such thing"):
        (found,) = read(client, batch(packed, codec))
        assert found == (BASE + LAST, AT, None, None, [(UNREAD, UNREADABLE.encode())])


def test_a_codec_that_nobody_knows_is_one_message_too(client):
    (found,) = read(client, batch(b"???", 7))
    assert found[4] == [(UNREAD, UNREADABLE.encode())]


def test_where_a_header_is_not_text_the_messages_before_it_are_read(client):
    """The broker looks at no header's name; both clients end at one that is not UTF-8."""
    plain = message(0, b"good") + message(1, b"bad", header=b"\xff\xfe") + message(2, b"lost")
    found = read(client, batch(plain, 0, count=3))
    assert [(o, v) for o, _, _, v, _ in found] == [(BASE, b"good"), (BASE + LAST, None)]
    assert found[1][4] == [(UNREAD, UNREADABLE.encode())]


def test_a_wrong_checksum_is_the_clients_matter(client):
    raw = bytearray(batch(message(0, b"value"), 0, count=1))
    raw[-1] ^= 1
    records = type("Records", (Bounded,), {"client": staticmethod(client)})(bytes(raw))
    assert not records.next_batch().validate_crc()


def test_a_batch_that_the_broker_cut_off_is_left(client):
    whole = batch(message(0, b"value"), 0, count=1)
    for cut in (0, 5, 17, len(whole) - 1):
        records = type("Records", (Bounded,), {"client": staticmethod(client)})(whole[:cut])
        assert not records.has_next() and records.next_batch() is None


@pytest.mark.parametrize("pack", [gzip.compress, without_size], ids=["gzip", "zstd"])
def test_many_empty_members_cost_no_more_than_their_bytes(client, pack, monkeypatch):
    """400,000 empty members in 8 MiB: what was left behind each was copied, a terabyte in all."""
    copied = 0
    whole = zlib.decompressobj

    class Counted:
        def __init__(self, **how):
            self._member = whole(**how)

        def decompress(self, piece, most):
            nonlocal copied
            copied += len(piece)
            return self._member.decompress(piece, most)

        def __getattr__(self, name):
            return getattr(self._member, name)

    monkeypatch.setattr(zlib, "decompressobj", Counted)
    plain = b"".join(message(n, b"x") for n in range(LAST + 1))
    packed = pack(b"") * 5000 + pack(plain)
    assert len(read(client, batch(packed, GZIP if pack is gzip.compress else ZSTD))) == LAST + 1
    assert copied <= 5001 * unpacking._PIECE
