"""docs/rules.md: the rule book, one table a record type."""

from typing import Final

from schemas.contracts.contracts import record, record_types
from schemas.rules.catalogue import all_rules
from schemas.rules.rule import Rule

HEAD: Final = """\
# Bộ quy tắc kiểm tra — rule book

Printed from the contracts (`schemas/records/*/record.avsc`) and the rules beside them (`rules.py`) by
`csdl docs`; do not edit.

- **Tier** 1 looks at one record, tier 2 at the records of one dataset together, tier 3 at other datasets too.
- **block** in tier 1: the stream refuses the record and tells the vendor. **block** in tier 2 and 3: nobody
  can submit the version. **warn**: the school must acknowledge it in words.
- Rules that a contract implies (required, code list, format, length, date) have one row for all their fields.
- A value that is not given never violates a rule, except where it is required; a text of spaces is not given.
"""


def render() -> str:
    """Text of docs/rules.md."""
    rules = all_rules()
    count = len({(r.id, r.object, r.path) for r in rules})
    lines = [HEAD, f"{count} rules over {sum(len(r.fields) for r in rules)} fields.", ""]
    for record_type in record_types():
        contract = record(record_type)
        lines += [
            f"## {record_type} — {contract.label_vi}, {contract.label_en}",
            "",
            *_table(record_type, rules),
        ]
    return "\n".join(lines)


def _table(record_type: str, rules: list[Rule]) -> list[str]:
    lines = [
        "| id | tier | severity | fields | condition | thông báo | message |",
        "|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, tuple[str, ...], str, str], list[Rule]] = {}
    nested = _objects(record_type)
    for rule in rules:
        if rule.object in nested:
            groups.setdefault((rule.id, rule.path, rule.kind, rule.severity), []).append(rule)
    for (rule_id, _, _, severity), group in sorted(groups.items(), key=lambda item: item[0][0]):
        first = group[0]
        fields = ", ".join(dict.fromkeys(f"`{place}`" for rule in group for place in rule.places))
        cells = (
            rule_id,
            str(first.tier),
            severity,
            fields,
            first.condition,
            first.message_vi + (" …" if len(group) > 1 else ""),
            first.message_en + (" …" if len(group) > 1 else ""),
        )
        lines.append(f"| {' | '.join(cell.replace('|', ' or ') for cell in cells)} |")
    return [*lines, ""]


def _objects(record_type: str) -> set[str]:
    """The record type and the records nested in it."""
    found, waiting = set(), [record(record_type)]
    while waiting:
        contract = waiting.pop()
        found.add(contract.name)
        waiting += [f.record for f in contract.fields if f.record is not None]
    return found
