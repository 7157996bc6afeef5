"""The outbox says why a message stays: one that its topic does not take, while what is behind it goes on."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS code text NOT NULL DEFAULT '';
COMMENT ON COLUMN outbox.code IS
    'Vì sao không gửi được, rỗng nếu đang chờ gửi — why it is set aside, empty while it waits to be sent';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("ALTER TABLE outbox DROP COLUMN code")
