"""A sealed file opens with its key, in its place, whole, or not at all."""

import pytest

from backup import sealing
from backup.sealing import CHUNK, MAGIC, SALT, TAG
from schemas.errors import ProblemList

PLACE = "20261126T000000Z/postgres.tar"


@pytest.fixture
def key(tmp_path):
    return sealing.make(tmp_path / "keys" / "backup.key")


def sealed(path, key, content, place=PLACE):
    with sealing.Sealed(path, key, place) as out:
        out.write(content)
    return path


def opened(path, key, place=PLACE):
    with sealing.reading(path, key, place) as file:
        return file.read()


def code(call, *args):
    with pytest.raises(ProblemList) as found:
        call(*args)
    return [problem.code for problem in found.value.problems]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_is_opened(tmp_path, key, size):
    content = bytes(n % 251 for n in range(size))
    path = sealed(tmp_path / "file", key, content)
    assert opened(path, key) == content
    assert content[:64] not in path.read_bytes() or size < 64


def test_the_key_file_is_its_owners_alone_and_is_never_replaced(tmp_path, key):
    path = tmp_path / "keys" / "backup.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert sealing.read(path).id == key.id
    assert code(sealing.make, path) == ["BAK-003"]


def test_no_key_and_what_is_none_are_told_apart(tmp_path):
    assert code(sealing.read, tmp_path / "absent") == ["BAK-001"]
    (tmp_path / "other").write_text("abc")
    assert code(sealing.read, tmp_path / "other") == ["BAK-002"]


@pytest.mark.parametrize(
    "left",
    [0, len(MAGIC), len(MAGIC) + SALT, len(MAGIC) + SALT + CHUNK + TAG, -1],
    ids=["empty", "magic", "head", "a chunk", "a byte less"],
)
def test_a_file_cut_anywhere_is_refused(tmp_path, key, left):
    path = sealed(tmp_path / "file", key, bytes(CHUNK + 5))
    path.write_bytes(path.read_bytes()[:left])
    assert code(opened, path, key) == ["BAK-005"]


@pytest.mark.parametrize("at", [0, len(MAGIC), len(MAGIC) + SALT + 3, -1])
def test_a_changed_byte_is_refused(tmp_path, key, at):
    path = sealed(tmp_path / "file", key, b"some content")
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert code(opened, path, key) == ["BAK-005"]


def test_chunks_in_another_order_another_place_and_another_key_are_refused(tmp_path, key):
    path = sealed(tmp_path / "file", key, bytes(range(256)) * (2 * CHUNK // 256))
    assert code(opened, path, key, "20261126T000000Z/other") == ["BAK-005"]
    assert code(opened, path, sealing.make(tmp_path / "second")) == ["BAK-005"]
    head, size = len(MAGIC) + SALT, CHUNK + TAG
    content = path.read_bytes()
    path.write_bytes(content[:head] + content[head + size :] + content[head : head + size])
    assert code(opened, path, key) == ["BAK-005"]
