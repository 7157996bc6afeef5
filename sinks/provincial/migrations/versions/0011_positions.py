"""Where a reader stands is known by the last message too; what somebody accepted as lost is on record."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE consumer_offset
    ADD COLUMN last_offset bigint,
    ADD COLUMN last_at     bigint;
COMMENT ON COLUMN consumer_offset.last_offset IS
    'Thông điệp cuối cùng đã đọc, trống nếu chưa biết — last message read, null if none is known';
COMMENT ON COLUMN consumer_offset.last_at IS
    'Giờ Kafka của thông điệp đó (ms từ 1970): nhận ra một hàng đợi khác '
    '— Kafka''s time of it, ms since 1970: by it another log is known';

CREATE TABLE position_accepted (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader      text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    code        text        NOT NULL,
    was         bigint,
    log_begin   bigint      NOT NULL,
    log_end     bigint      NOT NULL,
    next_offset bigint      NOT NULL,
    account     text        NOT NULL,
    reason      text        NOT NULL CHECK (reason <> ''),
    accepted_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE position_accepted IS
    'Mất mát mà người vận hành đã chấp nhận để bước đọc đi tiếp '
    '— losses that an operator accepted so that a reader goes on';
COMMENT ON COLUMN position_accepted.was IS
    'Vị trí trước đó, trống nếu không còn — where it stood, null if nothing said so';
"""

DOWNGRADE = """
DROP TABLE position_accepted;
ALTER TABLE consumer_offset DROP COLUMN last_offset, DROP COLUMN last_at;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
