"""`csdl schemas` and `csdl rules`: the contracts, their frozen versions, the rule book."""

import json
from dataclasses import asdict, dataclass

import click

from cli.answers import json_option, print_json, print_table, tell
from runtime import schema_registry
from schemas.contracts import freeze as freezing
from schemas.contracts import versions
from schemas.contracts.contracts import record, record_types
from schemas.encoding.codec import record_type_of
from schemas.errors import Problem, ProblemList
from schemas.rules.catalogue import all_rules


@dataclass(frozen=True)
class _Listed:
    """One line of the list. A record type has its chunks' versions and no id of its own."""

    name: str
    kind: str
    fields: int
    versions: list[int]
    ids: list[int]


@click.group()
def schemas() -> None:
    """Hợp đồng dữ liệu — the data contracts and their versions."""


@schemas.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Danh sách — record types and contracts on the wire: number of fields, versions with their ids."""
    listed = [*(_record_type(name) for name in record_types()), *map(_contract, versions.contracts())]
    if as_json:
        print_json([asdict(row) for row in listed])
        return
    print_table(
        ("name", "kind", "fields", "versions", "ids"),
        [(row.name, row.kind, row.fields, _joined(row.versions), _joined(row.ids)) for row in listed],
    )


@schemas.command()
def freeze() -> None:
    """Chốt phiên bản — write a new version of each changed contract, if every earlier one agrees."""
    try:
        changes = freezing.freeze()
    except freezing.Incompatible as error:
        params = {"contract": error.name, "problems": "; ".join(error.problems)}
        raise ProblemList([Problem("SCH-001", params=params)]) from None
    for change in changes:
        tell(f"{change.name} v{change.version}")
    if not changes:
        tell("Không có hợp đồng nào thay đổi — no contract changed.")


@schemas.command()
@click.option("--registry", "url", required=True, help="Confluent API, e.g. http://HOST:PORT/apis/ccompat/v7")
def publish(url: str) -> None:
    """Công bố — mirror every version into a schema registry, each under its id on the wire."""
    done = schema_registry.publish(url)
    for contract in done.written:
        tell(f"{contract.name} v{contract.version} ({contract.id})")
    tell(f"{len(done.written)} mới — written, {len(done.present)} đã có — already there.")


@click.command()
@json_option
def rules(as_json: bool) -> None:
    """Bộ quy tắc kiểm tra — every rule: tier, severity, fields, messages with the fix."""
    if as_json:
        listed = [
            {
                "id": r.id,
                "tier": r.tier,
                "severity": r.severity,
                "object": r.object,
                "fields": r.places,
                "kind": r.kind,
                "condition": r.condition,
                "message_vi": r.message_vi,
                "message_en": r.message_en,
            }
            for r in all_rules()
        ]
        print_json(listed)
        return
    print_table(
        ("id", "tier", "severity", "object", "fields", "message"),
        [
            (r.id, r.tier, r.severity, r.object, ", ".join(r.places), (r.message_vi, r.message_en))
            for r in all_rules()
        ],
    )


def _record_type(name: str) -> _Listed:
    numbers = [c.version for c in versions.contracts()[f"{name}Reported"]]
    return _Listed(name, "record", len(record(name).fields), numbers, [])


def _contract(name: str) -> _Listed:
    committed = versions.contracts()[name]
    kind = "chunk" if record_type_of(name) else "event"
    fields = len(json.loads(committed[-1].text)["fields"])
    return _Listed(name, kind, fields, [c.version for c in committed], [c.id for c in committed])


def _joined(numbers: list[int]) -> str:
    return ", ".join(str(n) for n in numbers)
