"""The organisation in the read model: units and their periods."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE unit (
    unit_code    text PRIMARY KEY,
    kind         text        NOT NULL,
    sequence     integer     NOT NULL,
    hash         text        NOT NULL,
    state        text        NOT NULL,
    changed_at   timestamptz NOT NULL,
    chain_broken boolean     NOT NULL DEFAULT false
);
COMMENT ON TABLE unit IS
    'Đơn vị: trường, xã, huyện, Sở — a unit of the organisation; its days stand in unit_period';

CREATE TABLE unit_period (
    unit_code  text   NOT NULL REFERENCES unit ON DELETE CASCADE,
    valid_from date   NOT NULL,
    valid_to   date,
    name       text   NOT NULL,
    parent     text   NOT NULL,
    level      text   NOT NULL,
    located    text   NOT NULL,
    ended      text   NOT NULL,
    successors text[] NOT NULL,
    PRIMARY KEY (unit_code, valid_from)
);
CREATE INDEX unit_period_parent ON unit_period (parent);
COMMENT ON TABLE unit_period IS
    'Đơn vị là gì trong khoảng ngày nào — what a unit was from a day to the day before valid_to';
COMMENT ON COLUMN unit_period.valid_to IS
    'Ngày đầu tiên không còn hiệu lực, trống nếu chưa kết thúc — first day after, null until further notice';
COMMENT ON COLUMN unit_period.parent IS
    'Đơn vị quản lý trực tiếp — the unit that manages it, empty if none';
COMMENT ON COLUMN command_outcome.machine IS 'confirmation | grants | organisation';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE unit_period, unit")
