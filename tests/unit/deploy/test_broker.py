"""A server's broker follows from one description of its cluster; nothing of another cluster is touched."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from deploy import broker
from deploy.local import certificates
from runtime.broker_settings import SETTINGS
from schemas.errors import ProblemList

ID = "MkU3OEVBNTcwNTJENDM2Qk"


def cluster(folder: Path, *hosts: str) -> broker.Cluster:
    nodes = [broker.Node(number=n, host=host) for n, host in enumerate(hosts or ("kafka1",), 1)]
    return broker.Cluster(id=ID, nodes=nodes, folder=folder, data=folder / "data")


def _lines(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


def test_a_single_broker_writes_what_it_acknowledges(tmp_path: Path) -> None:
    said = _lines(broker.settings_file(cluster(tmp_path), 1))
    due = [s for s in SETTINGS if not s.several]
    assert {s.name: said.get(s.name) for s in due} == {s.name: s.value for s in due}
    assert (said["default.replication.factor"], said["min.insync.replicas"]) == ("1", "1")


def test_of_three_one_may_be_lost(tmp_path: Path) -> None:
    of_three = cluster(tmp_path, "k1", "k2", "k3")
    said = _lines(broker.settings_file(of_three, 2))
    for name in ("default.replication.factor", "offsets.topic.replication.factor"):
        assert said[name] == "3"
    for name in ("min.insync.replicas", "transaction.state.log.min.isr"):
        assert said[name] == "2"
    assert said["controller.quorum.voters"] == "1@k1:9095,2@k2:9095,3@k3:9095"
    assert said["advertised.listeners"] == "CLIENT://k2:9092,BROKER://k2:9096"
    assert [s.name for s in SETTINGS if s.name not in said] == [s.name for s in SETTINGS if s.alone]


def test_each_broker_gets_a_certificate_for_its_name_and_keeps_it(tmp_path: Path) -> None:
    of_two = cluster(tmp_path, "k1", "k2")
    assert len(broker.certify(of_two)) == 3
    own = x509.load_pem_x509_certificate(broker.certificate(of_two, 2).read_bytes())
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "k2" in names.get_values_for_type(x509.DNSName)
    assert broker.certificate(of_two, 2).stat().st_mode & 0o077 == 0
    assert broker.certify(of_two) == []


def test_one_that_ends_soon_or_has_another_name_is_made_anew(tmp_path: Path) -> None:
    """By the same authority: who knows it need not be told."""
    broker.certify(cluster(tmp_path, "k1", "k2"))
    authority = (tmp_path / "tls" / certificates.AUTHORITY).read_bytes()
    renamed = cluster(tmp_path, "k1", "k3")
    assert broker.certify(renamed) == [str(broker.certificate(renamed, 2))]
    later = datetime.now(UTC) + timedelta(days=certificates.DAYS) - certificates.RENEWED_BEFORE
    assert len(broker.certify(renamed, later)) == 2
    assert (tmp_path / "tls" / certificates.AUTHORITY).read_bytes() == authority


def test_data_of_another_cluster_or_broker_is_left_alone(tmp_path: Path) -> None:
    ours = cluster(tmp_path, "k1", "k2")
    meta = ours.data / broker.META
    meta.parent.mkdir()
    meta.write_text(f"version=1\ncluster.id={ID}\nnode.id=1\n", encoding="utf-8")
    assert broker.format_data(ours, 1) is False
    before = meta.read_bytes()
    with pytest.raises(ProblemList, match="KFK-005"):
        broker.format_data(ours, 2)
    with pytest.raises(ProblemList, match="KFK-005"):
        broker.format_data(ours.model_copy(update={"id": broker.new_id()}), 1)
    assert meta.read_bytes() == before


def test_its_settings_are_written_once(tmp_path: Path) -> None:
    assert broker.configure(cluster(tmp_path), 1)
    assert not broker.configure(cluster(tmp_path), 1)


@pytest.mark.parametrize("text", ["", "{}", '{"id": "short", "nodes": [{"number": 1, "host": "a"}]}', "\xff"])
def test_a_description_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cluster.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ProblemList, match="KFK-001"):
        broker.read(path)
    with pytest.raises(ProblemList, match="KFK-001"):
        broker.read(tmp_path / "none")


def test_a_number_that_no_machine_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProblemList, match="KFK-002"):
        cluster(tmp_path).node(2)


def test_a_new_id_is_none_that_looks_like_an_option(tmp_path: Path) -> None:
    made = {broker.new_id() for _ in range(500)}
    assert len(made) == 500
    for each in made:
        assert cluster(tmp_path).model_copy(update={"id": each}).id[0] != "-"
        broker.Cluster(id=each, nodes=[broker.Node(number=1, host="a")])
