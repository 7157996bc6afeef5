"""An export that cannot go out is set aside; receipts that came before their export are found again."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE ministry_export ADD COLUMN attempts integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN ministry_export.attempts IS
    'Số lần đã bắt đầu xuất mà chưa xong — how often it was begun without an end';
COMMENT ON COLUMN ministry_export.state IS
    'opened: chờ xuất; sent: đã xuất; answered: Bộ đã trả lời đủ; mismatch: bị giữ lại, xem code — withheld';
CREATE INDEX ministry_receipt_aside_export ON ministry_receipt_aside (export_id);
COMMENT ON TABLE ministry_receipt_aside IS
    'Biên nhận không khớp lần xuất nào, để riêng; khi lần xuất đến thì được tính '
    '— receipts that fit no export, kept with the reason''s code; they count once their export is there';
"""

DOWNGRADE = """
DROP INDEX ministry_receipt_aside_export;
ALTER TABLE ministry_export DROP COLUMN attempts;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
