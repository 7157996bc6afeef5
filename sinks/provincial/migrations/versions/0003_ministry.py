"""What went to the Ministry and what came back."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE ministry_export (
    export_id   text PRIMARY KEY,
    dataset_id  text        NOT NULL,
    school      text        NOT NULL,
    school_year integer     NOT NULL,
    period      text        NOT NULL,
    version     integer     NOT NULL,
    digest      text        NOT NULL,
    digest_found text       NOT NULL DEFAULT '',
    state       text        NOT NULL CHECK (state IN ('opened', 'sent', 'answered', 'mismatch')),
    code        text        NOT NULL DEFAULT '',
    records     jsonb       NOT NULL DEFAULT '{}',
    chunks      integer     NOT NULL DEFAULT 0,
    accepted    integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,
    opened_at   timestamptz NOT NULL,
    sent_at     timestamptz,
    answered_at timestamptz
);
CREATE INDEX ministry_export_waiting ON ministry_export (opened_at, export_id) WHERE state = 'opened';
CREATE INDEX ministry_export_dataset ON ministry_export (dataset_id, version);
COMMENT ON TABLE ministry_export IS
    'Mỗi lần chuyển một phiên bản lên Bộ — each forwarding of a version to the Ministry';
COMMENT ON COLUMN ministry_export.digest IS 'Mã kiểm tra đã được duyệt — digest that was approved';
COMMENT ON COLUMN ministry_export.digest_found IS
    'Mã kiểm tra tính lại từ các dòng — digest recomputed from the rows, when it was';
COMMENT ON COLUMN ministry_export.state IS
    'opened: chờ xuất; sent: đã xuất; answered: Bộ đã trả lời đủ; mismatch: mã kiểm tra sai, không xuất';

CREATE TABLE ministry_export_record (
    export_id   text NOT NULL REFERENCES ministry_export,
    record_id   text NOT NULL,
    record_type text NOT NULL,
    identity    text NOT NULL,
    PRIMARY KEY (export_id, record_id)
);
COMMENT ON TABLE ministry_export_record IS
    'Bản ghi của mỗi lần xuất: mã gửi Bộ là bản ghi nào — which record an exported id stands for';

CREATE TABLE ministry_receipt (
    export_id   text        NOT NULL,
    record_id   text        NOT NULL,
    code        text        NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (export_id, record_id),
    FOREIGN KEY (export_id, record_id) REFERENCES ministry_export_record
);
COMMENT ON TABLE ministry_receipt IS
    'Biên nhận của Bộ cho từng bản ghi; lần đầu tính, lần lặp bỏ qua — one a record, the first one counts';
COMMENT ON COLUMN ministry_receipt.code IS
    '000-000: Bộ nhận; khác: mã lỗi của Bộ — accepted, or the Ministry''s error code';

CREATE TABLE ministry_receipt_aside (
    partition     integer     NOT NULL,
    source_offset bigint      NOT NULL,
    position      integer     NOT NULL,
    code          text        NOT NULL,
    export_id     text        NOT NULL,
    record_id     text        NOT NULL,
    ministry_code text        NOT NULL,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (partition, source_offset, position)
);
COMMENT ON TABLE ministry_receipt_aside IS
    'Biên nhận không khớp lần xuất nào, để riêng — receipts that fit no export, kept with the reason''s code';
COMMENT ON COLUMN ministry_receipt_aside.position IS
    'Thứ tự trong thông điệp, từ 0 — place in its message';
"""

DOWNGRADE = """
DROP TABLE ministry_receipt_aside, ministry_receipt, ministry_export_record, ministry_export;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
