"""A revision that has landed never changes; what a database lacks, a new revision brings."""

from hashlib import sha256

import pytest
from alembic.script import ScriptDirectory

from sinks.provincial import migrate, schema

VERSIONS = schema.MIGRATIONS / "versions"

LANDED = {
    "0001_provincial.py": "0e7e6fe76ce9be987dd0208022482ac684bd81f30266f4f95fb2053e9fb87417",
    "0002_read_model.py": "b5df7364a08ddb2f789a6cdea0aee04e16dec4a74ebd082bc8797c24bb2bbec5",
    "0003_ministry.py": "1b13ecdc2b42547f2cc7a76c6834f3a5136625c6bfe0fb40ba681e6bfd608d4d",
    "0004_what_landed_earlier.py": "a9f6fd5be0e400739d4c9fe784f1a1f868b41a77936736a25be276571fefddd8",
    "0005_chains_and_exports.py": "c015fabdd8cd93cd49a4070a890642eafbc06601d294cb4e72e6ec21e4f8fdf8",
    "0006_pushes_and_removals.py": "79c7a40de1c74766815d0f075443bb47167542e6186eb6d68fbc65e0b1cd8f95",
    "0007_records_by_year.py": "28b37f34f6ff4bf3ebb417b807d0c6d621fe066afe1c463e4bda7436355daabe",
    "0008_identity_keys.py": "d42a54864c229b661ac14e13de0af8fad3d3d41d879fec45d225898c75e4c6fc",
    "0009_announced_again.py": "e2af2d89e15fc98d704651bd03db9565533c04732d1b6cc7583e489cc6a3e977",
    "0010_exports_and_receipts.py": "ca967b155c730bbd2ccbdbd3e8a4be78fc743eaf634c43ab854b4855bf233041",
    "0011_positions.py": "a5b5a691d07da0cbeaf3200c67221de28f8b523c8e222c7d8ac0d29aafaf1bd0",
    "0012_one_number.py": "103c59445b62b8a64f56f52655b0b6228b1be5e43b557c37401a2fa2c876054b",
    "0013_history_index.py": "2fbdc0f9c066ce76499b744bbe341ae764fe280f515e63060ca09ed6b7e9586d",
    "0014_no_identity_index.py": "6bfe6beceb98773711a9ec2b7ea6767c67da355978327e8c2b988a9baacf9eec",
    "0015_outbox_aside.py": "45a77f4bef4bd3846b5b5b8042620589676e6890895fcd1472c81589d86d9bec",
    "0016_units.py": "b8f0cbba028c1be112bef3c1e955e9898eb898513a657813283b97917cb29368",
    "0017_accounts.py": "00e5441734d2ea56f0773fa981c0640baa054eba8b99938c6cc199f39b69fc28",
    "0018_own_passwords.py": "3ce0a12a4fc271b61ff8a286c3b721ff45e8271d3eea9e59c6731f64caafdf31",
    "0019_vendor_credentials.py": "36458bb94a6d2d524f9609e6226b5d067eda5130da3fbbaa19f7c676bce8dba9",
    "0020_conformity.py": "e783e130843d0e6c51def5173a9443dc0c8f8a23e300395bc32a16a168a318dc",
    "0021_grants.py": "3a269f80ca710f662bc3d85b6a58a40fec738fce7bb5bb18e68a852be0949a28",
    "0022_credential_limits.py": "10b30aec86f0aa9d22c538a00c42c712c959f4e4ffe15f4c2c9bbbdbce579804",
    "0023_staff_named.py": "01a356049c85c7e855d2a3a4a008d3b5331155bb3c796e99b50aad4de1dadea9",
    "0024_gateway_push.py": "0d483f8303804ed6e3ded17a6309de6307dcb4ee0650120910a12e5bbe2f0eb9",
    "0025_gateway_quota.py": "4a399cfa7d821b6a78192e937915dfc1006f39961eb4a8725e7634eed14e063c",
    "0026_counts_by_type.py": "7082ed515ad9f17c2ace9ffd3a30e5055d6b192e5d99a46aa9a8cb61694fa70b",
    "0027_push_began.py": "f2af40c7ef9039ebb5c4fbf37fa58b599724d628a1c5326c4ae620751d689f13",
    "0028_push_events.py": "3b3dca694c050d250c10ae42e6da6479a2cc334c8d344d1d0ec32fc87dbd20e0",
    "0029_school_year_closed.py": "2c7ab9536b50d3584c5037a7bd4bb0bb73a276de2a141da68ecc1c60d907f2ff",
}
"""File → SHA-256. At each landing the new revisions are added, by `sha256sum` of their files."""


@pytest.mark.parametrize("name", LANDED)
def test_a_landed_revision_never_changes(name):
    assert sha256((VERSIONS / name).read_bytes()).hexdigest() == LANDED[name]


def test_the_revisions_are_one_line():
    script = ScriptDirectory.from_config(migrate.config(None))
    assert script.get_heads() == [schema.expected()]
    assert [r.revision for r in script.walk_revisions()] == sorted(
        (path.name[:4] for path in VERSIONS.glob("0*.py")), reverse=True
    )
