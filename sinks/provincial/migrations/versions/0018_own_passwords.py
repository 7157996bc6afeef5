"""What a person changes by themself, what comes on its day, what the operator may put on record.

Passwords have a table of their own, so that the service may change one and nothing else of an account. Before
its day, where an account moves to stands beside where it is.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE account_password (
    account    bigint      PRIMARY KEY REFERENCES account (number),
    hash       text        NOT NULL CHECK (hash <> ''),
    changed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO account_password (account, hash)
SELECT number, password_hash FROM account WHERE password_hash <> '';
ALTER TABLE account DROP COLUMN password_hash,
    ADD COLUMN next_from date,
    ADD COLUMN next_unit text CHECK (next_unit <> ''),
    ADD COLUMN next_roles text[] CHECK (cardinality(next_roles) > 0),
    ADD CHECK (num_nulls(next_from, next_unit, next_roles) IN (0, 3));
COMMENT ON TABLE account_password IS
    'argon2id; không có dòng: không đăng nhập bằng mật khẩu — no row: no login by password';
COMMENT ON COLUMN account.next_from IS
    'Ngày tài khoản chuyển sang next_unit và next_roles (giờ Việt Nam) '
    '— first day, Vietnam''s, of next_unit and next_roles';

CREATE VIEW operator_event AS
SELECT kind, account, unit, role, act, subject, code, command_id, address FROM audit_event
WHERE kind IN ('account', 'looked') AND account ~ '^operator:[0-9]{1,10}$'
WITH CHECK OPTION;
COMMENT ON VIEW operator_event IS
    'Qua đây người vận hành chỉ ghi được việc của người vận hành '
    '— through it the operator records what operators do, and no account''s act';
"""

DOWNGRADE = """
DROP VIEW operator_event;
ALTER TABLE account ADD COLUMN password_hash text NOT NULL DEFAULT '',
    DROP COLUMN next_from, DROP COLUMN next_unit, DROP COLUMN next_roles;
UPDATE account SET password_hash = hash FROM account_password p WHERE p.account = account.number;
DROP TABLE account_password;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
