"""Read model of confirmation and grants: what the projection writes and the console reads."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE confirmation (
    dataset_id   text PRIMARY KEY,
    school       text        NOT NULL,
    school_year  integer     NOT NULL,
    period       text        NOT NULL,
    sequence     integer     NOT NULL,
    hash         text        NOT NULL,
    state        text        NOT NULL,
    level        integer     NOT NULL,
    route        text[]      NOT NULL,
    version      integer     NOT NULL,
    digest       text        NOT NULL,
    counts       jsonb       NOT NULL,
    held_version integer     NOT NULL,
    held_digest  text        NOT NULL,
    held_counts  jsonb       NOT NULL,
    changed_at   timestamptz NOT NULL,
    chain_broken boolean     NOT NULL DEFAULT false
);
CREATE INDEX confirmation_state ON confirmation (state);
COMMENT ON TABLE confirmation IS
    'Trạng thái xác nhận của mỗi bộ dữ liệu — state of each dataset''s confirmation';
COMMENT ON COLUMN confirmation.level IS
    'Thứ tự trong tuyến của đơn vị đến lượt, từ 0 — index in the route of the unit whose turn it is';
COMMENT ON COLUMN confirmation.held_version IS
    'Phiên bản mới chờ bản đang xem xét quay lại, 0 nếu không có — waits for the one under review';
COMMENT ON COLUMN confirmation.chain_broken IS
    'Có sự kiện không nối tiếp sự kiện trước — an event did not follow the one before it';

CREATE TABLE confirmation_event (
    dataset_id    text        NOT NULL,
    sequence      integer     NOT NULL,
    event_id      text        NOT NULL,
    command_id    text        NOT NULL,
    event         text        NOT NULL,
    state         text        NOT NULL,
    level         integer     NOT NULL,
    at            timestamptz NOT NULL,
    unit          text        NOT NULL,
    role          text        NOT NULL,
    account       text        NOT NULL,
    version       integer     NOT NULL,
    digest        text        NOT NULL,
    reason_code   text        NOT NULL,
    reason_text   text        NOT NULL,
    route         text[]      NOT NULL,
    counts        jsonb       NOT NULL,
    previous_hash text        NOT NULL,
    hash          text        NOT NULL,
    PRIMARY KEY (dataset_id, sequence)
);
CREATE INDEX confirmation_event_command ON confirmation_event (command_id);
COMMENT ON TABLE confirmation_event IS
    'Mọi bước chuyển, nối thành chuỗi băm — every transition, chained by sequence and hash';

CREATE TABLE command_outcome (
    command_id text PRIMARY KEY,
    machine    text        NOT NULL,
    subject    text        NOT NULL,
    command    text        NOT NULL,
    outcome    text        NOT NULL,
    code       text        NOT NULL,
    state      text        NOT NULL,
    unit       text        NOT NULL,
    role       text        NOT NULL,
    at         timestamptz NOT NULL
);
CREATE INDEX command_outcome_subject ON command_outcome (subject);
COMMENT ON TABLE command_outcome IS
    'Kết quả của mỗi lệnh: accepted hoặc refused kèm mã '
    '— what became of each command, with the code of a refusal';
COMMENT ON COLUMN command_outcome.machine IS 'confirmation | grants';
COMMENT ON COLUMN command_outcome.command IS
    'Tên lệnh bị từ chối, hoặc tên sự kiện nếu được nhận '
    '— name of the refused command, or of the first event';

CREATE TABLE grant_state (
    vendor       text        NOT NULL,
    school       text        NOT NULL,
    sequence     integer     NOT NULL,
    hash         text        NOT NULL,
    state        text        NOT NULL,
    changed_at   timestamptz NOT NULL,
    chain_broken boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (vendor, school)
);
COMMENT ON TABLE grant_state IS
    'Phần mềm nào được gửi dữ liệu cho trường nào — which vendor may push for which school';
"""

DOWNGRADE = """
DROP TABLE grant_state, command_outcome, confirmation_event, confirmation;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
