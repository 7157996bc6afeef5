"""A real schema registry (Apicurio) and a third party's Avro client (confluent-kafka) read what we write."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from deploy.local import tools
from runtime import schema_registry
from schemas.contracts import freeze, versions
from schemas.contracts.contracts import record_types
from schemas.encoding import codec, columnar
from schemas.errors import ProblemList
from tests import new_record
from tests.records import CHUNK_HEADER, records
from tests.support import ANSWER_S, end, free_port_base, wait_while_it_runs

HEADERS: dict[str, dict[str, Any]] = {
    "Reported": CHUNK_HEADER
    | {"Source": "a.json", "Refused": [{"ClientId": "x", "Row": 2, "Rule": "HS-002", "Fields": ["HoTen"]}]},
    "Exported": {
        "ExportId": "e",
        "DatasetId": "19164301.2019.start",
        "MaTruongHoc": "19164301",
        "NamHoc": 2019,
        "Period": "start",
        "Version": 1,
        "Chunk": 0,
        "Ids": ["i"],
    },
}
numbers = count(1)


@contextmanager
def running(log: Path) -> Iterator[str]:
    """A registry in memory; its Confluent API."""
    port = free_port_base()
    with log.open("wb") as out:
        process = subprocess.Popen(tools.registry_command(port, port + 1), stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
    try:
        wait_while_it_runs(process, lambda: _answers(url), lambda: log.read_text()[-2000:])
        yield url
    finally:
        end(process)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/subjects", timeout=ANSWER_S).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry") / "log") as it:
        yield it


@pytest.fixture(scope="module")
def published(url: str) -> str:
    done = schema_registry.publish(url)
    assert len(done.written) == len(versions.by_id())
    return url


@pytest.fixture(scope="module")
def third_party(published: str) -> AvroDeserializer:
    # A request that Apicurio never answers is asked again: the client waits for ever if not told otherwise.
    client: AvroDeserializer = AvroDeserializer(SchemaRegistryClient({"url": published, "timeout": 5}))
    return client


@retry(retry=retry_if_exception_type(httpx.TimeoutException), stop=stop_after_attempt(5), reraise=True)
def held_at(url: str) -> Any:
    """What the registry holds there. It was seen to take a request and never answer it."""
    return httpx.get(url).raise_for_status().json()


named: dict[str, Any] = {}
"""Records that a contract has described, by the name that it uses for them afterwards."""


def sample(avro: Any) -> Any:
    """Some value of an Avro type."""
    match avro:
        case "string":
            return "text"
        case "int" | "long":
            return next(numbers)
        case "double":
            return 1.5
        case "boolean":
            return True
        case "null":
            return None
        case str() if avro in named:
            return sample(named[avro])
        case list():
            return sample(avro[-1])
        case {"type": "array", "items": items}:
            return [sample(items)]
        case {"type": "map", "values": values}:
            return {"key": sample(values)}
        case {"type": "record", "name": name, "fields": fields}:
            named[name] = avro
            return {f["name"]: sample(f["type"]) for f in fields}
        case {"type": "enum", "symbols": symbols}:
            return symbols[0]
        case {"logicalType": "timestamp-millis"}:
            return 1_572_000_000_000
        case {"type": inner}:
            return sample(inner)
    raise AssertionError(avro)


def written(name: str) -> bytes:
    """A value as the pipeline writes it."""
    record_type = codec.record_type_of(name)
    if record_type is None:
        return codec.encode(name, sample(json.loads(versions.newest(name).text)))
    suffix = name.removeprefix(record_type)
    return columnar.encode_chunk(record_type, HEADERS[suffix], records(record_type), suffix=suffix)


@pytest.mark.parametrize("name", sorted(versions.contracts()))
def test_a_third_party_reads_every_contract_knowing_only_the_registry(third_party, name):
    value = written(name)
    read = third_party(value, SerializationContext("any topic", MessageField.VALUE))
    if codec.record_type_of(name) is None:
        assert read == codec.decode(value)[1]
    else:
        chunk = columnar.decode_chunk(value)
        assert read["Records"] == chunk.records.to_dicts()
        assert {k: v for k, v in read.items() if k != "Records"} == chunk.header


def test_every_id_and_subject_is_ours(published):
    for contract in versions.by_id().values():
        name = schema_registry.subject(contract)
        held = held_at(f"{published}/subjects/{name}/versions/{contract.version}")
        assert held["id"] == contract.id
        assert held_at(f"{published}/config/{name}")["compatibilityLevel"] == "FULL_TRANSITIVE"
    assert len(record_types()) * 2 <= len(versions.contracts())


def test_publishing_again_writes_nothing(published):
    done = schema_registry.publish(published)
    assert done.written == []
    assert len(done.present) == len(versions.by_id())


def test_the_registry_itself_refuses_what_breaks_a_contract(published):
    broken = json.loads(versions.newest("PushClosed").text)
    broken["fields"].append({"name": "More", "type": "int"})
    answer = httpx.post(
        f"{published}/subjects/vn.csdl.events.PushClosed/versions", json={"schema": json.dumps(broken)}
    )
    assert answer.status_code == 409


def test_a_new_version_is_added_under_its_own_id_and_becomes_the_latest(published, tmp_path, monkeypatch):
    home = new_record.add(tmp_path / "schemas", monkeypatch)
    path = home / "events" / "GrantState.avsc"
    schema = json.loads(path.read_text())
    schema["fields"].append({"name": "Note", "type": ["null", "string"], "default": None})
    path.write_text(json.dumps(schema))
    freeze.freeze()
    new_record.forget()
    done = schema_registry.publish(published)
    newest = versions.newest("GrantState")
    assert [(c.name, c.version) for c in done.written] == [
        ("ThietBiReported", 1),
        ("ThietBiExported", 1),
        ("GrantState", newest.version),
    ]
    latest = held_at(f"{published}/subjects/vn.csdl.events.GrantState/versions/latest")
    assert (latest["version"], latest["id"]) == (newest.version, newest.id)


def test_no_registry_there_is_one_clear_line():
    with pytest.raises(ProblemList, match="REG-001") as caught:
        schema_registry.publish("http://127.0.0.1:1/apis/ccompat/v7")
    assert "127.0.0.1:1" in caught.value.problems[0].messages()[1]


class Confluent(httpx.BaseTransport):
    """A registry that keeps explicit ids in import mode, as Confluent's documentation says; in memory."""

    def __init__(self, *, keeps_ids: bool = True) -> None:
        self.keeps_ids = keeps_ids
        self.held: dict[tuple[str, int], tuple[int, str]] = {}
        self.modes: dict[str, str] = {}
        self.levels: dict[str, str] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        match request.method, *request.url.path.strip("/").split("/"):
            case "GET", "subjects":
                return httpx.Response(200, json=sorted({s for s, _ in self.held}))
            case "GET", "subjects", name, "versions", version if (name, int(version)) in self.held:
                wire_id, text = self.held[name, int(version)]
                return httpx.Response(200, json={"id": wire_id, "version": int(version), "schema": text})
            case "GET", "schemas", "ids", wire_id:
                for held_id, text in self.held.values():
                    if held_id == int(wire_id):
                        return httpx.Response(200, json={"schema": text})
            case "PUT", "mode", name:
                self.modes[name] = body["mode"]
                return httpx.Response(200, json=body)
            case "POST", "subjects", name, "versions":
                assert self.modes[name] == "IMPORT"
                wire_id = body["id"] if self.keeps_ids else len(self.held) + 1
                self.held[name, body["version"]] = (wire_id, body["schema"])
                return httpx.Response(200, json={"id": wire_id})
            case "GET", "config", name if name in self.levels:
                return httpx.Response(200, json={"compatibilityLevel": self.levels[name]})
            case "PUT", "config", name:
                self.levels[name] = body["compatibility"]
                return httpx.Response(200, json=body)
        return httpx.Response(404, json={"error_code": 40401})


def test_a_confluent_registry_is_given_the_ids_in_import_mode_and_left_as_it_was():
    there = Confluent()
    done = schema_registry.publish("http://registry.example", transport=there)
    assert {wire_id for wire_id, _ in there.held.values()} == set(versions.by_id())
    assert set(there.modes.values()) == {"READWRITE"}
    assert set(there.levels.values()) == {"FULL_TRANSITIVE"}
    assert len(done.written) == len(versions.by_id())
    assert schema_registry.publish("http://registry.example", transport=there).written == []


def test_a_registry_that_gives_ids_of_its_own_is_found_out():
    with pytest.raises(ProblemList, match="REG-002"):
        schema_registry.publish("http://registry.example", transport=Confluent(keeps_ids=False))


def test_an_id_that_is_taken_is_said_and_nothing_is_written():
    there = Confluent()
    there.held["somebody.Else", 1] = (freeze.FIRST_ID, '{"type": "record", "name": "Else", "fields": []}')
    with pytest.raises(ProblemList, match="REG-002"):
        schema_registry.publish("http://registry.example", transport=there)
    assert list(there.held) == [("somebody.Else", 1)]
