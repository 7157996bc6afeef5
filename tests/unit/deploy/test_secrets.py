"""Secrets are made once, for their owner alone; certificates are renewed in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.local import certificates, private, secrets
from deploy.local.layout import Stack
from doctor import secrets as examined
from runtime.settings import Settings

NOW = datetime.now(UTC)


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    it = Stack(tmp_path)
    secrets.prepare(it, ["csdl-load", "csdl-vendor-smas"])
    return it


def contents(stack: Stack) -> dict[str, bytes]:
    files = [path for path in stack.secrets.rglob("*") if path.is_file()]
    return {str(path.relative_to(stack.secrets)): path.read_bytes() for path in files}


def codes(stack: Stack) -> list[str]:
    return [found.problem.code for found in examined.section(Settings(data_dir=stack.data_dir))]


def test_they_are_their_owners_alone_and_nothing_else_lies_there(stack: Stack) -> None:
    assert secrets.readable_by_others(stack.secrets) == []
    assert sorted(contents(stack)) == [
        "kafka/csdl-load", "kafka/csdl-vendor-smas", "metrics.token",
        "tls/broker.pem", "tls/ca.key", "tls/ca.pem",
    ]  # fmt: skip
    assert codes(stack) == []


def test_a_later_start_changes_none_and_adds_what_is_missing(stack: Stack) -> None:
    before = contents(stack)
    secrets.prepare(stack, ["csdl-load", "csdl-vendor-smas", "csdl-watch"])
    after = contents(stack)
    assert after.keys() - before.keys() == {"kafka/csdl-watch"}
    assert {name: after[name] for name in before} == before


def test_what_others_could_read_is_closed_at_the_next_start_and_told_before(stack: Stack) -> None:
    stack.secrets.chmod(0o755)
    (stack.passwords / "csdl-load").chmod(0o644)
    assert codes(stack) == ["SEC-116"] * 2
    private.close(stack.data_dir)
    assert codes(stack) == []


@pytest.mark.parametrize(
    ("days_left", "told", "renewed"),
    [(-1, True, True), (20, True, True), (50, False, True), (90, False, False)],
)
def test_a_certificate_is_renewed_before_anybody_is_told(
    tmp_path: Path, days_left: int, told: bool, renewed: bool
) -> None:
    stack = Stack(tmp_path)
    folder = stack.tls
    folder.mkdir(mode=0o700, parents=True)
    stack.secrets.chmod(0o700)
    made = NOW - timedelta(days=certificates.DAYS - days_left)
    certificates.prepare(folder, made)
    before = (folder / certificates.BROKER).read_bytes()
    assert codes(stack) == (["SEC-115"] if told else [])
    secrets.prepare(stack, [])
    assert ((folder / certificates.BROKER).read_bytes() != before) == renewed
    assert codes(stack) == []


def test_a_certificate_that_another_authority_signed_is_made_anew(stack: Stack, tmp_path: Path) -> None:
    other = Stack(tmp_path / "other")
    secrets.prepare(other, [])
    foreign = (other.tls / certificates.BROKER).read_bytes()
    (stack.tls / certificates.BROKER).write_bytes(foreign)
    secrets.prepare(stack, [])
    assert (stack.tls / certificates.BROKER).read_bytes() != foreign
