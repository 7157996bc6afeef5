"""A push that somebody took over from its sender was begun before its first message lay in Kafka."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE push ADD COLUMN began_at timestamptz;
COMMENT ON COLUMN push.began_at IS
    'Lúc cổng bắt đầu nhận lần gửi, theo giờ của Kafka; nếu sớm hơn opened_at thì quyết định thứ tự '
    '— when the gateway began to receive it, by Kafka''s time; orders pushes where it is before opened_at';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("ALTER TABLE push DROP COLUMN began_at")
