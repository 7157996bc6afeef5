"""What stands in the dumps of landed releases, as far as tests name it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Release:
    """What is in a release's dump, and what only that release can say."""

    name: str
    school: str
    """Whose newest version lacked ``lacking`` pupils and has ``blocking`` findings."""

    newest: int
    lacking: int
    blocking: int
    versions: int
    """Of all schools."""

    digest_rule: int
    lacked: str
    """Record type and identity of those."""

    open_push: str
    open_school: str
    completed: dict[str, set[str]]
    """Record type → fields in which the open push differs from the version before it."""

    figures: dict[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        return f"{self.school}.2019.start"


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
            lacked="SELECT t.key, i FROM version, jsonb_each(absent) t, jsonb_array_elements_text(t.value) i "
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
            lacked="SELECT record_type, identity FROM absence "
            "WHERE dataset_id = '19172322.2019.start' AND until_version IS NULL",
            open_push="00000000-0000-0000-0000-000000000015",
            open_school="19172322",
            completed={"HocSinh": {"HoTen", "MaLopHocCn"}},
            figures={
                "absences": "SELECT dataset_id, identity, since_version, until_version FROM absence "
                "ORDER BY 1, 2",
                "findings": "SELECT dataset_id, since_version, until_version, rule, identity FROM finding "
                "ORDER BY 1, 2, 4",
                "removals": "SELECT dataset_id, removal_id, state, records, identities FROM removal "
                "ORDER BY 1, 2",
                "keys": "SELECT key, identity, stronger, witnesses FROM identity_key ORDER BY 1",
            },
        ),
    )
}
