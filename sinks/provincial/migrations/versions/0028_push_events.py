"""The feed: what became of pushes, one row an event, in the order in which vendors read it."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE push_event (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      text        NOT NULL UNIQUE,
    vendor        text        NOT NULL CHECK (vendor <> ''),
    school        text        NOT NULL CHECK (school <> ''),
    dataset_id    text        NOT NULL,
    push_id       text        NOT NULL,
    version       integer     NOT NULL,
    kind          text        NOT NULL,
    at            timestamptz NOT NULL,
    said          jsonb       NOT NULL,
    topic         text        NOT NULL,
    partition     integer     NOT NULL,
    source_offset bigint      NOT NULL,
    chain         bytea       NOT NULL
);
CREATE INDEX push_event_read ON push_event (vendor, school, id);
COMMENT ON TABLE push_event IS
    'Dòng sự kiện cho nhà cung cấp: lần gửi đã ra sao; id tăng theo thứ tự ghi '
    '— the feed of what became of pushes; ids grow in the order in which they are committed';
COMMENT ON COLUMN push_event.event_id IS
    'Lấy từ thông điệp: đọc lại thì vẫn như cũ — made of the message: the same however often it is read';
COMMENT ON COLUMN push_event.at IS 'Giờ Kafka nhận thông điệp — Kafka''s time of the message';
COMMENT ON COLUMN push_event.said IS
    'Kết quả, mã, số đếm; không có dữ liệu cá nhân — outcome, codes, counts; nothing of a person';
COMMENT ON COLUMN push_event.chain IS
    'Mã băm của sự kiện này và mọi sự kiện trước nó — hash of this event and of all before it';

CREATE TABLE push_event_waiting (
    number        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      text        NOT NULL UNIQUE,
    school        text        NOT NULL,
    dataset_id    text        NOT NULL,
    version       integer     NOT NULL,
    digest        text        NOT NULL,
    removal_id    text        NOT NULL,
    kind          text        NOT NULL,
    at            timestamptz NOT NULL,
    said          jsonb       NOT NULL,
    topic         text        NOT NULL,
    partition     integer     NOT NULL,
    source_offset bigint      NOT NULL,
    lost          boolean     NOT NULL DEFAULT false
);
CREATE INDEX push_event_waiting_of ON push_event_waiting (dataset_id, number);
COMMENT ON TABLE push_event_waiting IS
    'Sự kiện của phiên bản chưa có ở đây, nên chưa biết của lần gửi nào '
    '— events of versions that are not here: whose push they concern is not known yet';
COMMENT ON COLUMN push_event_waiting.lost IS
    'Phiên bản đó sẽ không có lại — that version will not come any more';

CREATE TABLE push_feed (
    one          boolean     PRIMARY KEY DEFAULT true CHECK (one),
    head         bigint      NOT NULL,
    chain        bytea       NOT NULL,
    pruned       bigint      NOT NULL,
    pruned_chain bytea       NOT NULL,
    pruned_at    timestamptz
);
COMMENT ON TABLE push_feed IS
    'Một dòng: sự kiện cuối cùng của dòng sự kiện, và sự kiện cuối cùng đã bỏ vì quá hạn giữ '
    '— one row: the feed''s last event, and the last that was let go of as too old';
INSERT INTO push_feed (head, chain, pruned, pruned_chain) VALUES (0, '', 0, '');
"""

DOWNGRADE = """
DROP TABLE push_feed;
DROP TABLE push_event_waiting;
DROP TABLE push_event;
DELETE FROM consumer_offset WHERE consumer = 'feed';
DELETE FROM chain_position WHERE reader = 'feed';
DELETE FROM chain_fault WHERE reader = 'feed';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
