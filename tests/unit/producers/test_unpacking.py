"""Packed bodies: all of them or a code; held a piece at a time, whatever they unpack to."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from random import Random

import pytest
import zstandard

from producers.adapters.unpacking import STEP, Limits, unpacked
from schemas.errors import ProblemList
from tests.unit.producers.made import pupils, read, table

USUAL = Limits()
TEXT = bytes(Random(5).choices(b"abcdefgh", k=300_000))


def zstd(data: bytes, level: int = 3) -> bytes:
    return zstandard.ZstdCompressor(level=level).compress(data)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "ZSTD": zstd,
    "identity": bytes,
    "": bytes,
}


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def code(data: bytes, encoding: str, limits: Limits = USUAL) -> str:
    try:
        for _ in unpacked(in_pieces(data, 1000), encoding, limits):
            pass
    except ProblemList as error:
        (problem,) = error.problems
        assert all("{" not in text for text in problem.messages())
        return problem.code
    return ""


@pytest.mark.parametrize("size", [1, 2, 4095, 100_000, 10_000_000])
@pytest.mark.parametrize("encoding", PACKERS)
def test_a_body_is_unpacked_however_it_is_cut(encoding: str, size: int) -> None:
    data = TEXT if size > 2 else TEXT[:3000]
    packed = PACKERS[encoding](data)
    pieces = list(unpacked(in_pieces(packed, size), encoding))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= STEP


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
@pytest.mark.parametrize("size", [1, 7, 4096, 10_000_000])
def test_all_members_of_a_body_are_its_content(encoding: str, size: int) -> None:
    whole = pupils(*({} for _ in range(400)))
    half, pack = len(whole) // 2, PACKERS[encoding if encoding == "gzip" else "ZSTD"]
    packed = pack(b"") + pack(whole[:half]) + pack(b"") + pack(whole[half:]) + pack(b"")
    found = b"".join(unpacked(in_pieces(packed, size), encoding))
    assert found == whole
    assert size > 1 or table(read(found)).records.height == 400


def test_what_is_between_frames_and_no_content_is_passed_over() -> None:
    skippable = b"\x51\x2a\x4d\x18\x03\x00\x00\x00abc"
    assert b"".join(unpacked([skippable + zstd(TEXT) + skippable], "zstd")) == TEXT


@pytest.mark.parametrize(
    ("data", "encoding", "due"),
    [
        (TEXT, "br", "FILE-083"),
        (TEXT, "gzip, gzip", "FILE-083"),
        (TEXT, "deflate", "FILE-083"),
        (zlib.compress(TEXT), "gzip", "FILE-087"),
        (TEXT, "gzip", "FILE-087"),
        (TEXT, "zstd", "FILE-087"),
        (b"", "gzip", "FILE-086"),
        (b"", "zstd", "FILE-086"),
        (gzip.compress(TEXT)[:-1], "gzip", "FILE-086"),
        (gzip.compress(TEXT)[:-9], "gzip", "FILE-086"),
        (gzip.compress(TEXT, mtime=0)[:5], "gzip", "FILE-086"),
        (gzip.compress(TEXT) + gzip.compress(TEXT)[:12], "gzip", "FILE-086"),
        (zstd(TEXT)[:-1], "zstd", "FILE-086"),
        (zstd(TEXT) + zstd(TEXT)[:3], "zstd", "FILE-086"),
        (gzip.compress(TEXT) + b"x", "gzip", "FILE-088"),
        (gzip.compress(TEXT) + b"\x00" * 9, "gzip", "FILE-088"),
        (zstd(TEXT) + b"\n", "zstd", "FILE-088"),
        (gzip.compress(TEXT) + b"\x1f\x00", "gzip", "FILE-087"),
        (gzip.compress(TEXT)[:-8] + b"\0\0\0\0" + gzip.compress(TEXT)[-4:], "gzip", "FILE-087"),
        (gzip.compress(gzip.compress(TEXT)), "gzip", "FILE-089"),
        (zstd(gzip.compress(TEXT)), "zstd", "FILE-089"),
        (gzip.compress(zstd(TEXT)), "gzip", "FILE-089"),
        (gzip.compress(TEXT), "", "FILE-089"),
        (zstd(TEXT), "identity", "FILE-089"),
        (gzip.compress(b"") * 10_001, "gzip", "FILE-085"),
        (zstd(b"") * 10_001, "zstd", "FILE-085"),
    ],
)
def test_what_cannot_be_unpacked_to_its_end_has_a_code(data: bytes, encoding: str, due: str) -> None:
    assert code(data, encoding) == due


def test_a_frame_that_asks_for_more_room_than_a_receiver_has_is_refused() -> None:
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    assert code(packer.compress(TEXT) + packer.flush(), "zstd") == "FILE-087"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_with_flat_memory(encoding: str) -> None:
    packer = (
        zlib.compressobj(9, wbits=31)
        if encoding == "gzip"
        else zstandard.ZstdCompressor(level=1).compressobj()
    )
    block = bytes(1024 * 1024)
    bomb = b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    no_ratio = Limits(ratio=1_000_000)
    assert code(bomb, encoding, no_ratio) == "FILE-084"
    assert code(bomb, encoding) == "FILE-085"
    tracemalloc.start()
    try:
        code(bomb, encoding, no_ratio)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 20 * 1024 * 1024


def test_a_body_that_is_not_packed_has_the_same_limit() -> None:
    assert code(TEXT, "", Limits(unpacked=len(TEXT))) == ""
    assert code(TEXT, "", Limits(unpacked=len(TEXT) - 1)) == "FILE-084"
