"""What became of every record: the vendors' files against the tables. No counter of the pipeline is asked.

A record is (type, ClientId) of one push; a school's own record has no ClientId. What a push brought must be
in the version that it made or left, once, or among the refused records, or else it is lost. What is there
twice, or is in a version but in no file, is doubled.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fastexcel
from psycopg2.extensions import cursor

from demo.sending import Sent
from schemas.contracts import contracts

HEADER_ROW: Final = 6
"""Of vnEdu's list, counted from 0."""

Key = tuple[str, str]
"""(record type, ClientId)."""


@dataclass
class Tally:
    """Records of one push or of many. pushed = accepted + refused + lost."""

    pushed: int = 0
    accepted: int = 0
    refused: int = 0
    lost: int = 0
    doubled: int = 0

    def add(self, other: "Tally") -> None:
        """Add another's counts."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def balance(cur: cursor, pushes: Iterable[Sent]) -> Iterator[tuple[Sent, Tally]]:
    """The tally of each push, one dataset after another; within a dataset in the order of sending."""
    of_dataset: dict[str, list[Sent]] = defaultdict(list)
    for push in pushes:
        of_dataset[push.dataset_id].append(push)
    for dataset, sendings in of_dataset.items():
        known: set[Key] = set()
        for push in sendings:
            in_files = records_in(push.paths)
            known |= in_files.keys()
            version = _version(cur, push)
            held = _held(cur, dataset, version) if version else Counter[Key]()
            tally = compare(in_files, held, _refused(cur, push))
            tally.doubled += sum(n for key, n in held.items() if key not in known)
            yield push, tally


def records_in(paths: Iterable[Path]) -> Counter[Key]:
    """How often each record stands in some files."""
    found: Counter[Key] = Counter()
    for path in paths:
        found.update(_in_list(path) if path.suffix == ".xlsx" else _in_packet(path))
    return found


def _in_packet(path: Path) -> Iterator[Key]:
    packet: dict[str, Any] = json.loads(path.read_bytes())
    for name in contracts.record_types():
        content = packet.get(contracts.record(name).packet, [])
        records = [content] if isinstance(content, dict) else content
        yield from ((name, record.get("ClientId", "")) for record in records)


def _in_list(path: Path) -> Iterator[Key]:
    sheet = fastexcel.read_excel(path).load_sheet(
        0, header_row=HEADER_ROW, use_columns=["Mã học sinh"], dtypes="string"
    )
    ids = sheet.to_polars()["Mã học sinh"].drop_nulls()
    yield from (("HocSinh", client_id) for client_id in ids)


def compare(in_files: Counter[Key], held: Counter[Key], refused: Counter[Key]) -> Tally:
    """The tally of one push: how often each record stands in its files, in the version, among the refused."""
    tally = Tally()
    for key, n in in_files.items():
        accepted = min(held[key], n)
        turned_away = min(refused[key], n - accepted)
        tally.pushed += n
        tally.accepted += accepted
        tally.refused += turned_away
        tally.lost += n - accepted - turned_away
        tally.doubled += held[key] + refused[key] - accepted - turned_away
    return tally


def _version(cur: cursor, push: Sent) -> int:
    """Version of the dataset that a push made or left as it was; 0 if it came to nothing."""
    cur.execute(
        "SELECT version FROM push WHERE vendor = %s AND push_id = %s AND outcome IN ('version', 'unchanged')",
        (push.vendor, push.push_id),
    )
    row = cur.fetchone()
    return int(row[0]) if row else 0


def _held(cur: cursor, dataset: str, version: int) -> Counter[Key]:
    found: Counter[Key] = Counter()
    for name in contracts.record_types():
        contract = contracts.record(name)
        own_id = "client_id" if any(f.name == "ClientId" for f in contract.fields) else "''"
        cur.execute(
            f"SELECT {own_id}, count(*) FROM {contract.table} WHERE dataset_id = %s"
            " AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s) GROUP BY 1",
            (dataset, version, version),
        )
        found.update({(name, client_id): n for client_id, n in cur.fetchall()})
    return found


def _refused(cur: cursor, push: Sent) -> Counter[Key]:
    cur.execute(
        "SELECT record_type, client_id, count(DISTINCT (chunk, sheet, source_row)) FROM record_refused"
        " WHERE vendor = %s AND push_id = %s GROUP BY 1, 2",
        (push.vendor, push.push_id),
    )
    return Counter({(name, client_id): n for name, client_id, n in cur.fetchall()})


def rows_held(cur: cursor, versions: Mapping[str, int]) -> int:
    """Rows of the given versions of datasets."""
    return sum(sum(_held(cur, dataset, version).values()) for dataset, version in versions.items())


def refusals(cur: cursor, push: Sent) -> set[tuple[str, str, str]]:
    """(type, ClientId, rule) of every refusal of a push."""
    cur.execute(
        "SELECT record_type, client_id, rule FROM record_refused WHERE vendor = %s AND push_id = %s",
        (push.vendor, push.push_id),
    )
    return set(cur.fetchall())
