"""Which fields of a record load looks at. The others go through it as text."""

from typing import Final

from schemas.contracts import contracts
from schemas.contracts.contracts import RecordType
from sinks.provincial.records import keys

CLIENT_ID: Final = "ClientId"


def fields_asked(record_type: str) -> list[str]:
    """Of the current rows: what ``resolve`` wants to see."""
    contract = contracts.record(record_type)
    issued_from = [f for rule in contract.issue.values() for f in rule["from"]]
    own = {f.name for f in contract.fields}
    wanted = dict.fromkeys([*keys.fields_of(contract.identity), *contract.witnesses, *issued_from])
    return [f for f in wanted if f in own]


def unique_in_push(contract: RecordType) -> keys.Keys:
    """Keys that no two records of a push may share: those of the identity, and the vendor's own id."""
    kinds = contract.identity
    own = any(f.name == CLIENT_ID for f in contract.fields) and not any(keys.VENDOR in k for k in kinds)
    return [*kinds, [keys.VENDOR, CLIENT_ID]] if own else kinds


def fields_held(record_type: str) -> list[str] | None:
    """Of pushed records: those that stand in a frame beside the texts. None for all: a record whose code is
    issued gets a new text."""
    if record_type not in contracts.record_types():
        return None
    contract = contracts.record(record_type)
    if contract.issue:
        return None
    own = [CLIENT_ID] if any(f.name == CLIENT_ID for f in contract.fields) else []
    wanted = [*fields_asked(record_type), *keys.fields_of(unique_in_push(contract)), *own]
    return list(dict.fromkeys(wanted))
