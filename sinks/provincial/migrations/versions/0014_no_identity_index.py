"""No index that nobody reads: of an identity alone nothing is asked, and each row paid for it."""

from alembic import op

from schemas.contracts import contracts

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for record_type in contracts.record_types():
        op.execute(f"DROP INDEX IF EXISTS {contracts.record(record_type).table}_identity")


def downgrade() -> None:
    raise NotImplementedError("the code of before makes its indexes itself")
