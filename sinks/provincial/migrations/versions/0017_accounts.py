"""Accounts of people, what proves them, attempts to log in, and the record of who did what."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE account (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text   NOT NULL UNIQUE CHECK (name <> ''),
    name_key      text   NOT NULL UNIQUE CHECK (name_key <> ''),
    person        text   NOT NULL CHECK (person <> ''),
    unit          text   NOT NULL CHECK (unit <> ''),
    roles         text[] NOT NULL CHECK (cardinality(roles) > 0),
    active_from   date   NOT NULL,
    active_to     date   CHECK (active_to >= active_from),
    password_hash text   NOT NULL DEFAULT '',
    issuer        text   NOT NULL DEFAULT '',
    subject       text   NOT NULL DEFAULT '',
    changed_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((issuer = '') = (subject = ''))
);
CREATE UNIQUE INDEX account_issuer_subject ON account (issuer, subject) WHERE issuer <> '';
COMMENT ON TABLE account IS
    'Tài khoản của người dùng; không bao giờ xóa, tên không dùng lại '
    '— accounts of people; never deleted, a name is never used again';
COMMENT ON COLUMN account.name_key IS
    'Chung cho mọi tên trông giống nhau — one for all names that look alike';
COMMENT ON COLUMN account.person IS
    'Mã người: hai tài khoản của một người là một người '
    '— code of the person: two accounts of one are one person';
COMMENT ON COLUMN account.active_to IS
    'Ngày đầu tiên hết hiệu lực (giờ Việt Nam), trống nếu chưa định '
    '— first day on which it has ended, Vietnam''s; null without end';
COMMENT ON COLUMN account.password_hash IS
    'argon2id; rỗng: không đăng nhập bằng mật khẩu — empty: no login by password';
COMMENT ON COLUMN account.issuer IS
    'Nơi cấp danh tính OIDC và mã người ở đó — OpenID issuer and subject; never an e-mail address';

CREATE TABLE credential (
    secret_hash bytea       PRIMARY KEY,
    number      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    account     bigint      NOT NULL REFERENCES account (number),
    kind        text        NOT NULL CHECK (kind IN ('session', 'login', 'token')),
    label       text        NOT NULL DEFAULT '',
    made_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    CHECK (expires_at > made_at)
);
CREATE INDEX credential_account ON credential (account) WHERE revoked_at IS NULL;
COMMENT ON TABLE credential IS
    'Phiên, lần đăng nhập dòng lệnh, mã cá nhân: chỉ giữ mã băm SHA-256 '
    '— sessions, logins of the command line, personal tokens: only their SHA-256 is kept';
COMMENT ON COLUMN credential.revoked_at IS
    'Thu hồi rồi thì không sống lại — once revoked it never comes back';

CREATE TABLE login_attempt (
    name_hash bytea       PRIMARY KEY,
    since     timestamptz NOT NULL,
    attempts  integer     NOT NULL
);
COMMENT ON TABLE login_attempt IS
    'Số lần thử đăng nhập, đếm trước khi kiểm tra — attempts to log in, counted before they are checked';

CREATE TABLE audit_event (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind       text NOT NULL,
    account    text NOT NULL,
    unit       text NOT NULL,
    role       text NOT NULL,
    act        text NOT NULL,
    subject    text NOT NULL,
    code       text NOT NULL,
    command_id text NOT NULL,
    address    text NOT NULL
);
CREATE INDEX audit_event_account ON audit_event (account, number);
CREATE INDEX audit_event_subject ON audit_event (subject, number);
COMMENT ON TABLE audit_event IS
    'Ai đã thử làm gì, kết quả ra sao; chỉ thêm, không sửa, không xóa '
    '— who tried what and what came of it; rows are only added';

CREATE FUNCTION audit_event_stays() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit_event is only added to' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_stays();
"""

DOWNGRADE = """
DROP TABLE audit_event;
DROP FUNCTION audit_event_stays();
DROP TABLE login_attempt;
DROP TABLE credential;
DROP TABLE account;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
