"""What bounds a credential moves one way: the last stop and the last resumption both stay, addresses get
fewer, a later link closes those before."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEEPS = """
CREATE OR REPLACE FUNCTION vendor_credential_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR (OLD.vendor, OLD.school, OLD.kind, OLD.test, OLD.name, OLD.generation, OLD.handle, OLD.made_at)
          IS DISTINCT FROM
          (NEW.vendor, NEW.school, NEW.kind, NEW.test, NEW.name, NEW.generation, NEW.handle, NEW.made_at)
       OR OLD.secret_hash IS NOT NULL AND NEW.secret_hash IS DISTINCT FROM OLD.secret_hash
       OR OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
       OR OLD.expires_at IS NOT NULL AND (NEW.expires_at IS NULL OR NEW.expires_at > OLD.expires_at)
       OR OLD.ends_at IS NOT NULL AND (NEW.ends_at IS NULL OR NEW.ends_at > OLD.ends_at)
{more}    THEN
        RAISE EXCEPTION 'vendor_credential keeps what it said' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

ONE_WAY = """\
       OR OLD.deactivated_at IS NOT NULL
          AND (NEW.deactivated_at IS NULL OR NEW.deactivated_at < OLD.deactivated_at)
       OR OLD.reactivated_at IS NOT NULL
          AND (NEW.reactivated_at IS NULL OR NEW.reactivated_at < OLD.reactivated_at)
       OR OLD.linked_at IS NOT NULL AND (NEW.linked_at IS NULL OR NEW.linked_at < OLD.linked_at)
       OR OLD.addresses IS DISTINCT FROM NEW.addresses AND cardinality(OLD.addresses) > 0
          AND (cardinality(NEW.addresses) = 0
               OR EXISTS (SELECT FROM unnest(NEW.addresses) AS each (address)
                          WHERE NOT EXISTS (SELECT FROM unnest(OLD.addresses) AS before (address)
                                            WHERE each.address::inet <<= before.address::inet)
                            AND each.address <> '0.0.0.0/32'))
"""

UPGRADE = """
ALTER TABLE vendor_credential ADD COLUMN reactivated_at timestamptz, ADD COLUMN linked_at timestamptz;
COMMENT ON COLUMN vendor_credential.reactivated_at IS
    'Lần dùng lại gần nhất; còn ngừng nếu deactivated_at không sớm hơn '
    '— last taken up again; stopped unless deactivated_at is earlier';
COMMENT ON COLUMN vendor_credential.linked_at IS
    'Liên kết tạo trước lúc này không mở được gì — links made before open nothing';
UPDATE vendor_credential SET linked_at = made
    FROM (SELECT credential, max(made_at) AS made FROM credential_link GROUP BY credential) AS link
    WHERE credential = number;
""" + KEEPS.format(more=ONE_WAY)

DOWNGRADE = (
    KEEPS.format(more="")
    + """
UPDATE vendor_credential SET deactivated_at = NULL WHERE reactivated_at > deactivated_at;
ALTER TABLE vendor_credential DROP COLUMN reactivated_at, DROP COLUMN linked_at;
"""
)


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
