"""The ledger of keys: whose record a key is. Filled after the revisions: SQL has no key to hash with."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE identity_ledger (
    only_one    boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint uuid    NOT NULL,
    filled      boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE identity_ledger IS
    'Sổ khóa được lập bằng khóa bí mật nào — with which key the ledger was made, never the key itself';
COMMENT ON COLUMN identity_ledger.filled IS
    'Các bản ghi có từ trước đã vào sổ — what stood before the ledger is in it';

CREATE TABLE identity_key (
    key       uuid  PRIMARY KEY,
    identity  bytea NOT NULL,
    stronger  bytea NOT NULL,
    witnesses bytea NOT NULL
);
COMMENT ON TABLE identity_key IS
    'Sổ khóa của tỉnh: mã băm có khóa của một số định danh, và bản ghi mang số đó '
    '— keyed hash of a key (type, kind, scope, value) and the record it stands for';
COMMENT ON COLUMN identity_key.stronger IS
    'Mã băm ngắn của các khóa mạnh hơn của bản ghi khi thấy lần cuối '
    '— short hashes of its stronger keys, as last seen';
COMMENT ON COLUMN identity_key.witnesses IS
    'Mã băm ngắn của họ tên, ngày sinh… khi thấy lần cuối — short hashes of name, birth date …, as last seen';

CREATE TABLE identity_finding (
    dataset_id  text    NOT NULL,
    version     integer NOT NULL,
    rule        text    NOT NULL,
    record_type text    NOT NULL,
    identity    text    NOT NULL,
    fields      text[]  NOT NULL,
    PRIMARY KEY (dataset_id, version, record_type, identity, rule)
);
COMMENT ON TABLE identity_finding IS
    'Điều ghi nhận khi xác định bản ghi của ai, chờ đưa vào kết quả soát '
    '— what load saw when it asked whose record it is; the check of the version says it';
"""

DOWNGRADE = "DROP TABLE identity_finding, identity_key, identity_ledger;"


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
