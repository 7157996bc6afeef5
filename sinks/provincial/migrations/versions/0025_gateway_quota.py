"""How many records were pushed for a school in its minute, counted for all gateways in one place."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# No index but the key, and room in each page: an update stays beside the row that it replaces.
UPGRADE = """
CREATE TABLE gateway_quota (
    vendor text NOT NULL,
    school text NOT NULL,
    since timestamptz NOT NULL,
    used bigint NOT NULL,
    taken boolean NOT NULL,
    PRIMARY KEY (vendor, school)
) WITH (fillfactor = 50);
COMMENT ON TABLE gateway_quota IS
    'Số bản ghi mỗi phút của một nhà cung cấp cho một trường — records a minute of a vendor for a school';
COMMENT ON COLUMN gateway_quota.since IS 'Lúc phút đang tính bắt đầu — when the minute that is counted began';
COMMENT ON COLUMN gateway_quota.used IS 'Số bản ghi đã tính trong phút đó — records counted in it';
COMMENT ON COLUMN gateway_quota.taken IS
    'Yêu cầu gần nhất có được nhận không — whether the last request was let through';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE gateway_quota")
