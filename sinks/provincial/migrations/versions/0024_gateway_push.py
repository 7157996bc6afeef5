"""What the push service keeps of a push: what its Idempotency-Key stands for, its answer, the files sent."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE gateway_push (
    push_id     text        PRIMARY KEY,
    vendor      text        NOT NULL CHECK (vendor <> ''),
    school      text        NOT NULL CHECK (school <> ''),
    dataset_id  text        NOT NULL,
    kind        text        NOT NULL,
    credential  bigint      NOT NULL,
    key_hash    bytea,
    fingerprint bytea       NOT NULL,
    state       text        NOT NULL DEFAULT 'sending' CHECK (state IN ('sending', 'sent')),
    records     jsonb       NOT NULL,
    answer      jsonb,
    received_at timestamptz NOT NULL DEFAULT now(),
    sent_at     timestamptz,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK (answer IS NULL OR state = 'sent')
);
CREATE UNIQUE INDEX gateway_push_key ON gateway_push (vendor, school, key_hash) WHERE key_hash IS NOT NULL;
CREATE INDEX gateway_push_dataset ON gateway_push (dataset_id, received_at);
CREATE INDEX gateway_push_received ON gateway_push (received_at);
COMMENT ON TABLE gateway_push IS
    'Lần gửi đã qua cổng HTTP — pushes that came by the push service';
COMMENT ON COLUMN gateway_push.kind IS 'LoaiDongBo';
COMMENT ON COLUMN gateway_push.credential IS
    'Số của khóa API đã dùng — number of the key by which it came';
COMMENT ON COLUMN gateway_push.key_hash IS
    'SHA-256 của Idempotency-Key; trống nếu không có, hoặc đã hết hạn giữ '
    '— of the Idempotency-Key; null without one, and once it is not kept any more';
COMMENT ON COLUMN gateway_push.fingerprint IS
    'SHA-256 của nội dung và tham số — of the files and parameters';
COMMENT ON COLUMN gateway_push.state IS
    'sending: có thể mới gửi một phần; sent: Kafka đã nhận tất cả '
    '— sending: Kafka may have a part of it; sent: it has all';
COMMENT ON COLUMN gateway_push.records IS
    'Số bản ghi theo loại: nhận được, gửi đi, bị từ chối — records by type: received, accepted, refused';
COMMENT ON COLUMN gateway_push.answer IS
    'Câu trả lời đầu tiên, để trả lại cho cùng Idempotency-Key '
    '— the first answer, for whoever comes again with the same key';

CREATE TABLE gateway_file (
    push_id  text    NOT NULL REFERENCES gateway_push ON UPDATE CASCADE ON DELETE CASCADE,
    position integer NOT NULL CHECK (position >= 0),
    name     text    NOT NULL,
    content  bytea   NOT NULL,
    kept_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (push_id, position)
);
ALTER TABLE gateway_file ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX gateway_file_kept ON gateway_file (kept_at);
COMMENT ON TABLE gateway_file IS
    'Bảng tính đã gửi, giữ một thời gian để trả lại với các ô sai được đánh dấu; có dữ liệu cá nhân '
    '— lists as they were sent, kept for a while to be given back with their faults marked; personal data';
COMMENT ON COLUMN gateway_file.name IS 'Tên tệp như đã gửi — the file''s name as it came';
"""

DOWNGRADE = """
DROP TABLE gateway_file;
DROP TABLE gateway_push;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
