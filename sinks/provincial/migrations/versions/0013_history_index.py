"""A dataset's rows by one index, where three stood: on a table without statistics the planner read one whole.

Setup makes the new ones (records.tables).
"""

from alembic import op

from schemas.contracts import contracts

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Without them for the moment: nobody works while setup holds its lock."""
    for record_type in contracts.record_types():
        name = contracts.record(record_type).table
        op.execute(f"DROP INDEX IF EXISTS {name}_dataset, {name}_current, {name}_ended")


def downgrade() -> None:
    raise NotImplementedError("the code of before makes its indexes itself")
