"""Pushes, versions, findings, offsets and the outbox. Typed tables come from the contracts (tables.py)."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE consumer_offset (
    consumer    text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    next_offset bigint      NOT NULL,
    epoch       bigint      NOT NULL,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, partition)
);
COMMENT ON TABLE consumer_offset IS
    'Vị trí đã đọc trên Kafka, ghi cùng giao dịch với dữ liệu '
    '— consumed offsets, written in the rows'' transaction';
COMMENT ON COLUMN consumer_offset.epoch IS
    'Tăng mỗi lần một tiến trình nhận phân vùng; tiến trình cũ không ghi được nữa — fences a zombie';

CREATE TABLE dataset (
    dataset_id  text PRIMARY KEY,
    school      text    NOT NULL,
    school_year integer NOT NULL,
    period      text    NOT NULL,
    version     integer NOT NULL DEFAULT 0,
    opened_at   timestamptz
);
COMMENT ON TABLE dataset IS 'Bộ dữ liệu: trường × năm học × kỳ — school × school year × period';
COMMENT ON COLUMN dataset.version IS 'Phiên bản mới nhất, 0 nếu chưa có — newest version, 0 if none';
COMMENT ON COLUMN dataset.opened_at IS
    'Lúc mở của lần gửi mới nhất đã áp dụng — when the newest applied push was opened';

CREATE TABLE push (
    vendor      text        NOT NULL,
    push_id     text        NOT NULL,
    dataset_id  text        NOT NULL,
    kind        text        NOT NULL,
    first_seen  timestamptz NOT NULL,
    opened_at   timestamptz,
    closed_at   timestamptz,
    chunks      integer,
    totals      jsonb,
    outcome     text,
    code        text        NOT NULL DEFAULT '',
    version     integer     NOT NULL DEFAULT 0,
    received    integer     NOT NULL DEFAULT 0,
    accepted    integer     NOT NULL DEFAULT 0,
    refused     integer     NOT NULL DEFAULT 0,
    late        integer     NOT NULL DEFAULT 0,
    last_offset bigint      NOT NULL DEFAULT -1,
    decided_at  timestamptz,
    PRIMARY KEY (vendor, push_id, dataset_id)
);
CREATE INDEX push_open ON push (first_seen) WHERE outcome IS NULL;
CREATE INDEX push_by_dataset ON push (dataset_id);
COMMENT ON TABLE push IS 'Lần gửi của một phần mềm cho một trường — one sending by a vendor for one school';
COMMENT ON COLUMN push.kind IS 'LoaiDongBo';
COMMENT ON COLUMN push.totals IS
    'Số bản ghi theo loại do bên gửi khai khi đóng — control totals of PushClosed';
COMMENT ON COLUMN push.outcome IS
    'version, unchanged, refused, mismatch, superseded, incomplete; NULL khi chưa kết thúc — NULL while open';
COMMENT ON COLUMN push.late IS
    'Thông điệp gửi thêm sau khi đã kết thúc, bị bỏ qua — messages sent after its end, ignored';
COMMENT ON COLUMN push.last_offset IS
    'Vị trí Kafka lớn nhất trong các thông điệp của bên gửi — greatest offset of the vendor''s messages';

CREATE TABLE push_chunk (
    vendor      text    NOT NULL,
    push_id     text    NOT NULL,
    dataset_id  text    NOT NULL,
    chunk       integer NOT NULL,
    value       bytea   NOT NULL,
    PRIMARY KEY (vendor, push_id, dataset_id, chunk),
    FOREIGN KEY (vendor, push_id, dataset_id) REFERENCES push
);
ALTER TABLE push_chunk ALTER COLUMN value SET STORAGE EXTERNAL;
COMMENT ON TABLE push_chunk IS
    'Gói bản ghi của lần gửi chưa kết thúc, để riêng '
    '— chunks of open pushes, put aside until the push is complete';

CREATE TABLE version (
    dataset_id  text        NOT NULL REFERENCES dataset,
    version     integer     NOT NULL,
    vendor      text        NOT NULL,
    push_id     text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    records     jsonb       NOT NULL,
    received    jsonb       NOT NULL,
    absent      jsonb       NOT NULL,
    written     integer     NOT NULL,
    refused     integer     NOT NULL,
    checked_at  timestamptz,
    digest      text,
    blocking    integer,
    warnings    integer,
    PRIMARY KEY (dataset_id, version)
);
CREATE INDEX version_unchecked ON version (created_at) WHERE checked_at IS NULL;
COMMENT ON TABLE version IS
    'Phiên bản của bộ dữ liệu, đánh số từ 1, không bao giờ sửa — state of a dataset when a push was applied';
COMMENT ON COLUMN version.records IS 'Số bản ghi của phiên bản theo loại — records of the version by type';
COMMENT ON COLUMN version.received IS
    'Số bản ghi lần gửi mang tới theo loại — records the push brought, by type';
COMMENT ON COLUMN version.absent IS
    'Bản ghi đang có mà lần gửi không nhắc tới, theo loại — identities we hold that the push lacked, by type';
COMMENT ON COLUMN version.written IS 'Số dòng mới hoặc thay đổi — rows that are new or changed';

CREATE TABLE record_refused (
    vendor      text    NOT NULL,
    push_id     text    NOT NULL,
    dataset_id  text    NOT NULL,
    record_type text    NOT NULL,
    chunk       integer NOT NULL,
    source      text    NOT NULL,
    sheet       text    NOT NULL,
    source_row  integer NOT NULL,
    client_id   text    NOT NULL,
    rule        text    NOT NULL,
    fields      text[]  NOT NULL
);
CREATE INDEX record_refused_push ON record_refused (vendor, push_id, dataset_id);
CREATE INDEX record_refused_dataset ON record_refused (dataset_id);
COMMENT ON TABLE record_refused IS
    'Bản ghi bị từ chối: chỗ đứng, quy tắc, tên trường '
    '— refused records: place, rule and field names, never a value';

CREATE TABLE finding (
    dataset_id  text    NOT NULL,
    version     integer NOT NULL,
    rule        text    NOT NULL,
    severity    text    NOT NULL,
    record_type text    NOT NULL,
    identity    text    NOT NULL,
    fields      text[]  NOT NULL,
    FOREIGN KEY (dataset_id, version) REFERENCES version
);
CREATE INDEX finding_version ON finding (dataset_id, version);
COMMENT ON TABLE finding IS
    'Điểm phát hiện khi soát một phiên bản — what the check of a version found: rule, record, field names';

CREATE TABLE outbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text        NOT NULL,
    key        bytea       NOT NULL,
    value      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE outbox IS
    'Thông điệp chờ gửi sang Kafka, ghi cùng giao dịch với dữ liệu '
    '— messages for Kafka, written with the rows';
"""

DOWNGRADE = """
DROP TABLE outbox, finding, record_refused, version, push_chunk, push, dataset, consumer_offset;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
