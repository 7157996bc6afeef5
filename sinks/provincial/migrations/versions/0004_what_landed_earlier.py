"""What earlier forms of revisions 0001 and 0002 lack: they were edited in place after databases had them."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE push ADD COLUMN IF NOT EXISTS last_offset bigint NOT NULL DEFAULT -1;
COMMENT ON COLUMN push.late IS
    'Thông điệp gửi thêm sau khi đã kết thúc, bị bỏ qua — messages sent after its end, ignored';
COMMENT ON COLUMN push.last_offset IS
    'Vị trí Kafka lớn nhất trong các thông điệp của bên gửi — greatest offset of the vendor''s messages';

ALTER TABLE confirmation ADD COLUMN IF NOT EXISTS held_version integer NOT NULL DEFAULT 0;
ALTER TABLE confirmation ADD COLUMN IF NOT EXISTS held_digest text NOT NULL DEFAULT '';
ALTER TABLE confirmation ADD COLUMN IF NOT EXISTS held_counts jsonb NOT NULL DEFAULT '{}';
ALTER TABLE confirmation ALTER COLUMN held_version DROP DEFAULT, ALTER COLUMN held_digest DROP DEFAULT,
    ALTER COLUMN held_counts DROP DEFAULT;
COMMENT ON COLUMN confirmation.held_version IS
    'Phiên bản mới chờ bản đang xem xét quay lại, 0 nếu không có — waits for the one under review';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    """The columns belong to the revisions before."""
