"""Credentials of a grant: API keys and Kafka users, and the links that show their secrets once."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE vendor_credential (
    number         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor         text    NOT NULL CHECK (vendor <> ''),
    school         text    NOT NULL CHECK (school <> ''),
    kind           text    NOT NULL CHECK (kind IN ('api', 'kafka')),
    test           boolean NOT NULL,
    name           text    NOT NULL CHECK (name <> ''),
    generation     integer NOT NULL CHECK (generation > 0),
    handle         text    NOT NULL UNIQUE CHECK (handle <> ''),
    addresses      text[]  NOT NULL DEFAULT '{}',
    made_at        timestamptz NOT NULL DEFAULT now(),
    made_by        text    NOT NULL,
    secret_hash    bytea   UNIQUE,
    sealed         bytea,
    issued_at      timestamptz,
    expires_at     timestamptz,
    ends_at        timestamptz,
    deactivated_at timestamptz,
    revoked_at     timestamptz,
    used_at        timestamptz,
    used_from      text    NOT NULL DEFAULT '',
    UNIQUE (vendor, school, kind, test, name, generation),
    CHECK ((secret_hash IS NULL) = (issued_at IS NULL)),
    CHECK (NOT (kind = 'kafka' AND test))
);
CREATE INDEX vendor_credential_school ON vendor_credential (school, vendor);
CREATE INDEX vendor_credential_grant ON vendor_credential (vendor, school) WHERE revoked_at IS NULL;
CREATE INDEX vendor_credential_kafka ON vendor_credential (number)
    WHERE kind = 'kafka' AND revoked_at IS NULL;
COMMENT ON TABLE vendor_credential IS
    'Khóa API và người dùng Kafka của một quyền; không bao giờ xóa, không dùng lại '
    '— API keys and Kafka users of a grant; never deleted, never used again';
COMMENT ON COLUMN vendor_credential.handle IS
    'Phần nói ra được: đầu khóa, tên ở Kafka '
    '— what may be said aloud: a key''s beginning, a name at Kafka';
COMMENT ON COLUMN vendor_credential.secret_hash IS
    'HMAC (SHA-256) với khóa của tỉnh; trống đến khi liên kết được mở '
    '— with the province''s key; null until its link was opened';
COMMENT ON COLUMN vendor_credential.sealed IS
    'Mật khẩu Kafka, mã hóa, chỉ đến khi Kafka đã nhận — a password, sealed, until Kafka has it';
COMMENT ON COLUMN vendor_credential.ends_at IS
    'Hết thời gian gối nhau với khóa kế tiếp; không bao giờ dời về sau '
    '— end of the overlap with its successor; never moves later';

CREATE FUNCTION vendor_credential_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR (OLD.vendor, OLD.school, OLD.kind, OLD.test, OLD.name, OLD.generation, OLD.handle, OLD.made_at)
          IS DISTINCT FROM
          (NEW.vendor, NEW.school, NEW.kind, NEW.test, NEW.name, NEW.generation, NEW.handle, NEW.made_at)
       OR OLD.secret_hash IS NOT NULL AND NEW.secret_hash IS DISTINCT FROM OLD.secret_hash
       OR OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
       OR OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at)
       OR OLD.ends_at IS NOT NULL AND (NEW.ends_at IS NULL OR NEW.ends_at > OLD.ends_at)
    THEN
        RAISE EXCEPTION 'vendor_credential keeps what it said' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vendor_credential_keeps BEFORE UPDATE OR DELETE ON vendor_credential
    FOR EACH ROW EXECUTE FUNCTION vendor_credential_keeps();

CREATE TABLE credential_link (
    token_hash  bytea       PRIMARY KEY,
    credential  bigint      NOT NULL REFERENCES vendor_credential (number),
    made_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    replaced_at timestamptz,
    opened_at   timestamptz,
    opened_from text        NOT NULL DEFAULT '',
    CHECK (expires_at > made_at),
    CHECK (opened_at IS NULL OR replaced_at IS NULL)
);
CREATE INDEX credential_link_credential ON credential_link (credential);
COMMENT ON TABLE credential_link IS
    'Liên kết mở được một lần, trong 24 giờ, cho xem bí mật '
    '— links that open once, within 24 hours, and show a secret';
"""

DOWNGRADE = """
DROP TABLE credential_link;
DROP TABLE vendor_credential;
DROP FUNCTION vendor_credential_keeps();
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
