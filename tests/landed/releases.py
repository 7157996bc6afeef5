"""What stands in the dumps of landed releases, as far as tests name it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Release:
    """What is in a release's dump, and what only that release can say."""

    name: str
    school: str
    """Whose newest version lacked ``lacking`` pupils; ``blocking`` findings stand once the open push is
    complete and the removal done."""

    newest: int
    lacking: int
    blocking: int
    versions: int
    """Of all schools."""

    digest_rule: int
    open_push: str
    open_school: str
    completed: dict[str, set[str]]
    """Record type → fields in which the open push differs from the version before it."""

    figures: dict[str, str] = field(default_factory=dict)

    asked: str = ""
    """How else than by ``absence`` the release tells what its newest version lacked."""

    @property
    def dataset(self) -> str:
        return f"{self.school}.2019.start"

    @property
    def lacked(self) -> str:
        """Asks for record type and identity of those."""
        table = f"SELECT record_type, identity FROM absence WHERE dataset_id = '{self.dataset}'"
        return self.asked or f"{table} AND until_version IS NULL"


OF_0_2 = {
    "absences": "SELECT dataset_id, identity, since_version, until_version FROM absence ORDER BY 1, 2",
    "findings": "SELECT dataset_id, since_version, until_version, rule, identity FROM finding "
    "ORDER BY 1, 2, 4",
    "removals": "SELECT dataset_id, removal_id, state, records, identities FROM removal ORDER BY 1, 2",
    "keys": "SELECT key, identity, stronger, witnesses FROM identity_key ORDER BY 1",
}
"""Figures that stand since 0.2.0."""

OF_0_3 = OF_0_2 | {
    "withheld": "SELECT export_id, code, digest_found FROM ministry_export "
    "WHERE state = 'mismatch' ORDER BY 1",
    "positions": "SELECT consumer, topic, partition, next_offset, last_offset, last_at "
    "FROM consumer_offset WHERE last_at IS NOT NULL ORDER BY 1, 2, 3",
}

OF_0_3_2 = OF_0_3 | {
    "set aside": "SELECT id, topic, code, encode(key, 'escape'), encode(value, 'hex') "
    "FROM outbox WHERE code <> '' ORDER BY 1",
}

OF_0_6 = OF_0_3_2 | {
    "units": "SELECT unit_code, name, valid_from, valid_to FROM unit_period ORDER BY 1, 3",
    "accounts": "SELECT name, unit FROM account ORDER BY 1",
    "audit": "SELECT count(*), max(number) FROM audit_event",
}

OF_0_8 = OF_0_6 | {
    "credentials": "SELECT number, vendor, school, handle, test, revoked_at FROM vendor_credential "
    "ORDER BY 1",
}

OF_0_9 = {name: figure for name, figure in OF_0_8.items() if name not in ("withheld", "set aside")} | {
    "pushes over the gateway": "SELECT push_id, vendor, state, encode(fingerprint, 'hex') "
    "FROM gateway_push ORDER BY 1",
    "files": "SELECT push_id, position, name, md5(content) FROM gateway_file ORDER BY 1, 2",
    "feed": "SELECT event_id, kind, encode(chain, 'hex') FROM push_event ORDER BY id",
}

NUMBER_IN_ITS_OWN_FIELD = {"ClientId", "MaCongDan", "SoCmnd"}
"""Of one pupil the citizen number comes so, and under the vendor's earlier id."""

RELEASES = {
    release.name: release
    for release in (
        Release(
            "0.1.0",
            school="19172567",
            newest=3,
            lacking=2,
            blocking=0,
            versions=6,
            digest_rule=1,
            asked="SELECT t.key, i FROM version, jsonb_each(absent) t, jsonb_array_elements_text(t.value) i "
            "WHERE dataset_id = '19172567.2019.start' AND version = 3",
            open_push="00000000-0000-0000-0000-000000000004",
            open_school="19164549",
            # By rule, the order of a nested list says nothing any more: what was loaded in another order is
            # written once in today's.
            completed={"LopHoc": {"DsMonHoc"}},
        ),
        Release(
            "0.2.0",
            school="19172322",
            newest=3,
            lacking=6,
            blocking=2,
            versions=7,
            digest_rule=2,
            open_push="00000000-0000-0000-0000-000000000015",
            open_school="19172322",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"}},
            figures=OF_0_2,
        ),
        Release(
            "0.3.0",
            school="19169370",
            newest=3,
            lacking=23,
            blocking=1,
            versions=10,
            digest_rule=2,
            open_push="67b5b6a1-32a2-46b6-8e36-3784529f0a96",
            open_school="19169370",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"} | NUMBER_IN_ITS_OWN_FIELD},
            figures=OF_0_3,
        ),
        Release(
            "0.3.2",
            school="1917195542",
            newest=3,
            lacking=23,
            blocking=1,
            versions=11,
            digest_rule=2,
            open_push="8ee50022-a34b-47db-be44-c0bf47cdd1e5",
            open_school="1917195542",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"} | NUMBER_IN_ITS_OWN_FIELD},
            figures=OF_0_3_2,
        ),
        Release(
            "0.4.0",
            school="19164443",
            newest=4,
            lacking=23,
            blocking=1,
            versions=12,
            digest_rule=2,
            open_push="a507f778-13f5-4333-a019-ebcb817ade31",
            open_school="19164443",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"} | NUMBER_IN_ITS_OWN_FIELD},
            figures=OF_0_3_2,
        ),
        Release(
            "0.6.0",
            school="19164443",
            newest=4,
            lacking=23,
            blocking=1,
            versions=12,
            digest_rule=2,
            open_push="b6c3c395-1359-42a8-892b-a949f367c68a",
            open_school="19164443",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"} | NUMBER_IN_ITS_OWN_FIELD},
            figures=OF_0_6,
        ),
        Release(
            "0.8.0",
            school="19164443",
            newest=4,
            lacking=23,
            blocking=1,
            versions=12,
            digest_rule=2,
            open_push="625e6148-55aa-46da-82fe-418a9ab1bf0a",
            open_school="19164443",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"} | NUMBER_IN_ITS_OWN_FIELD},
            figures=OF_0_8,
        ),
        Release(
            "0.9.0",
            school="19164449",
            newest=3,
            lacking=60,
            blocking=1,
            versions=6,
            digest_rule=2,
            open_push="8ac50e5f-349c-4f9f-bac2-b47b6afd81d7",
            open_school="19164449",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"}},
            figures=OF_0_9,
        ),
    )
}
