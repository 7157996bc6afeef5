"""A broker that must not be trusted, or that speaks otherwise: each has its own code, and nothing is sent."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local import certificates
from runtime import broker_probe, credentials
from runtime.settings import Settings
from schemas.errors import ProblemList

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)
HERE: tuple[str, ...] = ("127.0.0.1",)


class Authority:
    """One, with its file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.key, self.certificate = certificates.authority(NOW - 2 * WEEK, name)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def signs(self, *, at: datetime = NOW, addresses: tuple[str, ...] = HERE) -> Path:
        """A key and a certificate in a file."""
        key, made = certificates.signed(self.key, self.certificate, at, ("somewhere.vn",), addresses, WEEK)
        path = self.file.with_name(f"{x509.random_serial_number()}.pem")
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + made.public_bytes(Encoding.PEM))
        return path


@contextmanager
def server(certificate: Path | None) -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and what it was sent inside of TLS; without a certificate it speaks none."""
    heard: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        context.load_cert_chain(certificate)
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def run() -> None:
            while True:
                try:
                    taken = listening.accept()[0]
                except OSError:
                    return
                with (
                    taken,
                    suppress(OSError),
                    context.wrap_socket(taken, server_side=True) if certificate else taken as safe,
                ):
                    heard.append(safe.recv(1000))

        threading.Thread(target=run, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", heard


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


def code(address: str, authority: Authority | None) -> str:
    settings = Settings(bootstrap_servers=address, kafka_ca_file=authority.file if authority else Path())
    problem = broker_probe.ask(settings, bound_s=2)
    assert problem is not None
    assert all(address in text for text in problem.messages())
    return problem.code


def test_a_certificate_of_another_authority(ours: Authority, tmp_path: Path) -> None:
    with server(Authority(tmp_path, "theirs").signs()) as (address, heard):
        assert code(address, ours) == "SEC-103"
    assert heard == []


def test_an_authority_of_the_same_name_is_another(ours: Authority, tmp_path: Path) -> None:
    (tmp_path / "twin").mkdir()
    with server(Authority(tmp_path / "twin", "ours").signs()) as (address, _):
        assert code(address, ours) == "SEC-103"


@pytest.mark.parametrize("at", [NOW - 2 * WEEK, NOW + WEEK], ids=["over", "not yet"])
def test_a_certificate_that_is_over_or_not_yet(ours: Authority, at: datetime) -> None:
    with server(ours.signs(at=at)) as (address, heard):
        assert code(address, ours) == "SEC-104"
    assert heard == []


def test_a_certificate_for_another_host(ours: Authority) -> None:
    with server(ours.signs(addresses=("10.0.0.1",))) as (address, heard):
        assert code(address, ours) == "SEC-105"
    assert heard == []


def test_who_speaks_no_tls_where_we_do_and_the_other_way_round(ours: Authority) -> None:
    with server(None) as (address, _):
        assert code(address, ours) == "SEC-107"
    with server(ours.signs()) as (address, _):
        assert code(address, None) in ("SEC-107", "SYS-001")


def test_files_that_cannot_be_read_are_named_without_what_is_in_them(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_text("topsecret", encoding="utf-8")
    settings = Settings(bootstrap_servers="127.0.0.1:9", kafka_ca_file=garbage)
    with pytest.raises(ProblemList, match="SEC-102") as error:
        credentials.client(settings)
    assert "topsecret" not in str(error.value)
    settings = Settings(
        bootstrap_servers="127.0.0.1:9", kafka_user="csdl-load", kafka_password_file=tmp_path / "none"
    )
    with pytest.raises(ProblemList, match="SEC-101"):
        credentials.client(settings)


def test_a_user_without_a_password_is_a_wrong_setting_and_so_is_a_password_without_a_user() -> None:
    for values in ({"kafka_user": "csdl-load"}, {"kafka_password_file": "somewhere"}):
        with pytest.raises(ProblemList, match="SET-001"):
            Settings(**values)


def test_who_acts_as_another_takes_the_password_that_lies_beside(tmp_path: Path) -> None:
    for name in ("csdl-operator", "csdl-load"):
        (tmp_path / name).write_text(f"of {name}\n", encoding="utf-8")
    operator = Settings(kafka_user="csdl-operator", kafka_password_file=tmp_path / "csdl-operator")
    load = credentials.client(operator.acting_as("csdl-load"))
    assert (load["sasl_plain_username"], load["sasl_plain_password"]) == ("csdl-load", "of csdl-load")
    plain = Settings(bootstrap_servers="127.0.0.1:9")
    assert plain.acting_as("csdl-load") == plain
