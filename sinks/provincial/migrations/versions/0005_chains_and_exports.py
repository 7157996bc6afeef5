"""Where readers of a chain stand; an export knows its forwarding.

The projection goes on from what its tables say. The exporter has verified nothing so far: it reads the chains
again from their first event. That repeats no export, since an export's id comes from its place in the chain.
"""

from uuid import UUID, uuid5

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

EXPORTS = UUID("5f0c5b0e-6a57-5c0e-9d0b-7c8f3b1f4c11")
"""Namespace of export ids when this revision was written."""

UPGRADE = """
CREATE TABLE chain_position (
    reader   text    NOT NULL,
    subject  text    NOT NULL,
    sequence integer NOT NULL,
    hash     text    NOT NULL,
    PRIMARY KEY (reader, subject)
);
COMMENT ON TABLE chain_position IS
    'Sự kiện cuối cùng mỗi bước đọc đã kiểm và làm theo, theo từng chuỗi '
    '— last event of each chain that a reader has verified and acted on';
COMMENT ON COLUMN chain_position.subject IS
    'Mã bộ dữ liệu, hoặc nhà cung cấp/trường — dataset id, or vendor/school of a grant';

CREATE TABLE chain_fault (
    reader        text        NOT NULL,
    topic         text        NOT NULL,
    partition     integer     NOT NULL,
    source_offset bigint      NOT NULL,
    subject       text        NOT NULL,
    sequence      integer     NOT NULL,
    fault         text        NOT NULL CHECK (fault IN ('hash', 'gap', 'link', 'fork', 'unreadable')),
    first_seen    timestamptz NOT NULL DEFAULT now(),
    acknowledged  timestamptz,
    PRIMARY KEY (reader, topic, partition, source_offset)
);
CREATE INDEX chain_fault_open ON chain_fault (reader, subject) WHERE acknowledged IS NULL;
COMMENT ON TABLE chain_fault IS
    'Sự kiện không nối đúng chuỗi, để riêng và không làm theo '
    '— events that do not belong to their chain: put aside, never acted on';
COMMENT ON COLUMN chain_fault.subject IS
    'Trống nếu sự kiện không cho biết — empty where the message names none';
COMMENT ON COLUMN chain_fault.acknowledged IS
    'Khi có người đã xem — when somebody had looked at it';

INSERT INTO chain_position (reader, subject, sequence, hash)
SELECT 'projection', dataset_id, sequence, hash FROM confirmation;
INSERT INTO chain_position (reader, subject, sequence, hash)
SELECT 'projection', vendor || '/' || school, sequence, hash FROM grant_state;

-- A new epoch: an exporter that still runs must not write its old place back.
UPDATE consumer_offset SET next_offset = 0, epoch = epoch + 1, updated_at = now()
WHERE consumer = 'export' AND topic = 'csdl.confirmation.events.v1';

ALTER TABLE ministry_export ADD COLUMN sequence integer NOT NULL DEFAULT -1;
COMMENT ON COLUMN ministry_export.sequence IS
    'Thứ tự của sự kiện chuyển trong chuỗi, -1 nếu chưa biết '
    '— place of its forwarding in the chain of events, -1 if not known';

ALTER TABLE confirmation
    ADD COLUMN forwarded     integer NOT NULL DEFAULT 0,
    ADD COLUMN locked        boolean NOT NULL DEFAULT false,
    ADD COLUMN late          boolean NOT NULL DEFAULT false,
    ADD COLUMN window_opens  date,
    ADD COLUMN window_closes date;
COMMENT ON COLUMN confirmation.forwarded IS
    'Thứ tự của lần chuyển mà Bộ đang giữ, 0 nếu không có '
    '— sequence of the forwarding that the Ministry has in hand, 0 if none';
COMMENT ON COLUMN confirmation.locked IS 'Sở đã khóa — the department has locked the dataset';
COMMENT ON COLUMN confirmation.late IS 'Được nộp sau hạn — admitted after its window';
COMMENT ON COLUMN confirmation.window_opens IS 'Ngày đầu được nộp — first day in which the school submits';
COMMENT ON COLUMN confirmation.window_closes IS 'Ngày cuối được nộp — last day in which the school submits';

ALTER TABLE confirmation_event
    ADD COLUMN command_topic  text   NOT NULL DEFAULT '',
    ADD COLUMN command_offset bigint NOT NULL DEFAULT -1,
    ADD COLUMN export_id      text   NOT NULL DEFAULT '',
    ADD COLUMN window_opens   date,
    ADD COLUMN window_closes  date;
COMMENT ON COLUMN confirmation_event.command_topic IS
    'Chủ đề và vị trí của lệnh gây ra sự kiện — topic and offset of the command that caused it';
COMMENT ON COLUMN confirmation_event.export_id IS
    'Lần xuất mà Bộ đã trả lời, trống nếu không có — the export that the Ministry answered, empty if none';

ALTER TABLE grant_state ADD COLUMN rights text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN grant_state.rights IS
    'Quyền ngoài việc đẩy dữ liệu: remove — rights beyond pushing: remove (records leave by a tombstone)';
"""

DOWNGRADE = """
ALTER TABLE grant_state DROP COLUMN rights;
ALTER TABLE confirmation_event
    DROP COLUMN command_topic, DROP COLUMN command_offset, DROP COLUMN export_id,
    DROP COLUMN window_opens, DROP COLUMN window_closes;
ALTER TABLE confirmation
    DROP COLUMN forwarded, DROP COLUMN locked, DROP COLUMN late,
    DROP COLUMN window_opens, DROP COLUMN window_closes;
ALTER TABLE ministry_export DROP COLUMN sequence;
DROP TABLE chain_fault, chain_position;
"""


def upgrade() -> None:
    op.execute(UPGRADE)
    connection = op.get_bind()
    forwarded = connection.execute(
        text("SELECT dataset_id, version, sequence FROM confirmation_event WHERE event = 'forwarded'")
    )
    found = [
        {"export_id": str(uuid5(EXPORTS, f"{dataset}/{version}/{sequence}")), "sequence": sequence}
        for dataset, version, sequence in forwarded
    ]
    if found:
        connection.execute(
            text("UPDATE ministry_export SET sequence = :sequence WHERE export_id = :export_id"), found
        )


def downgrade() -> None:
    op.execute(DOWNGRADE)
