"""School years whose records are gone from here: who closed each, and which backup holds it."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE school_year_closed (
    school_year integer     PRIMARY KEY,
    backup      text        NOT NULL CHECK (backup <> ''),
    account     text        NOT NULL CHECK (account <> ''),
    reason      text        NOT NULL CHECK (reason <> ''),
    forgone     text[]      NOT NULL DEFAULT '{}',
    gone        jsonb       NOT NULL DEFAULT '{}',
    begun_at    timestamptz NOT NULL DEFAULT now(),
    closed_at   timestamptz
);
COMMENT ON TABLE school_year_closed IS
    'Năm học đã đóng: hồ sơ không còn ở đây — school years whose records are gone from here';
COMMENT ON COLUMN school_year_closed.backup IS
    'Bản sao lưu đã kiểm tra có giữ năm học đó — the verified backup that holds the year';
COMMENT ON COLUMN school_year_closed.forgone IS
    'Bộ dữ liệu chưa được Bộ trả lời mà vẫn đóng — datasets without the Ministry''s answer that went all the
    same'; COMMENT ON COLUMN school_year_closed.gone IS 'Số dòng đã bỏ theo bảng — rows that went, by table';
COMMENT ON COLUMN school_year_closed.closed_at IS
    'Lúc xong; trống nếu đang làm dở — when it was done, null while it is under way';
"""

USED = "SELECT 1 FROM school_year_closed LIMIT 1"


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE school_year_closed")
