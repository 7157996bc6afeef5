"""Grants as they live: what is asked and in force, papers, whose word, suspensions."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE grant_state
    ADD COLUMN types               text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN periods             text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN valid_until         date,
    ADD COLUMN pending_types       text[],
    ADD COLUMN pending_periods     text[],
    ADD COLUMN pending_rights      text[],
    ADD COLUMN pending_valid_until date,
    ADD COLUMN route               text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN software            text        NOT NULL DEFAULT '',
    ADD COLUMN product_version     text        NOT NULL DEFAULT '',
    ADD COLUMN request_kind        text,
    ADD COLUMN request_number      text,
    ADD COLUMN request_date        date,
    ADD COLUMN request_sha256      text,
    ADD COLUMN batch_kind          text,
    ADD COLUMN batch_number        text,
    ADD COLUMN batch_date          date,
    ADD COLUMN batch_sha256        text,
    ADD COLUMN contract_number     text,
    ADD COLUMN contract_date       date,
    ADD COLUMN contract_begins     date,
    ADD COLUMN contract_ends       date,
    ADD COLUMN contract_parties    text[],
    ADD COLUMN contract_clause     boolean,
    ADD COLUMN contract_sha256     text,
    ADD COLUMN late                boolean     NOT NULL DEFAULT false,
    ADD COLUMN since               timestamptz,
    ADD COLUMN given_at            timestamptz,
    ADD COLUMN authors             text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN before              text        NOT NULL DEFAULT 'none',
    ADD COLUMN suspended_for       text        NOT NULL DEFAULT '',
    ADD COLUMN reminded            integer     NOT NULL DEFAULT 0,
    ADD COLUMN numbers             text[]      NOT NULL DEFAULT '{}',
    ADD COLUMN without_papers      boolean     NOT NULL DEFAULT false;

-- What earlier releases gave was the department's word alone; their events said no more.
UPDATE grant_state SET since = changed_at;
UPDATE grant_state SET without_papers = true, given_at = changed_at WHERE state = 'allowed';

COMMENT ON COLUMN grant_state.school IS
    'Mã trường; * là mọi trường của nhà cung cấp, *@x là mọi trường dùng phiên bản x '
    '— school code; * for all of the vendor''s, *@x for all with version x of its product';
COMMENT ON COLUMN grant_state.types IS
    'Loại hồ sơ được đẩy, trống là mọi loại — record types in force, none named: all';
COMMENT ON COLUMN grant_state.pending_types IS
    'Đang đề nghị hoặc đã duyệt, chưa có hiệu lực — asked or approved, not in force yet';
COMMENT ON COLUMN grant_state.route IS
    'Đơn vị quyết định, Sở ở cuối — units that decide on the request, the department last';
COMMENT ON COLUMN grant_state.request_number IS 'Mẫu số 1 — Form 1';
COMMENT ON COLUMN grant_state.batch_number IS 'Mẫu số 2 — Form 2';
COMMENT ON COLUMN grant_state.contract_clause IS
    'Hiệu trưởng xác nhận hợp đồng có điều khoản bảo mật — the head confirms the clause on secrecy';
COMMENT ON COLUMN grant_state.late IS 'Văn bản đề ngày sau hạn — a document is dated after its last day';
COMMENT ON COLUMN grant_state.since IS 'Ở trạng thái này từ khi nào — since when it stands so';
COMMENT ON COLUMN grant_state.authors IS
    'Tài khoản đã đề nghị, kiểm tra, lập danh sách — accounts that asked, checked, batched';
COMMENT ON COLUMN grant_state.before IS 'Trạng thái trước khi tạm dừng — state before the suspension';
COMMENT ON COLUMN grant_state.without_papers IS
    'Có hiệu lực chỉ theo lệnh của Sở — in force by the department''s word alone';
"""

COLUMNS = """
types periods valid_until pending_types pending_periods pending_rights pending_valid_until route software
product_version request_kind request_number request_date request_sha256 batch_kind batch_number batch_date
batch_sha256 contract_number contract_date contract_begins contract_ends contract_parties contract_clause
contract_sha256 late since given_at authors before suspended_for reminded numbers without_papers
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("ALTER TABLE grant_state " + ", ".join(f"DROP COLUMN {c}" for c in COLUMNS.split()))
