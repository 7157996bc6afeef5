"""Whether a school has somebody of a name on its staff: yes, no, or NULL where no staff is known. Who may
ask that reads no name."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

UPGRADE = r"""
CREATE FUNCTION staff_named(asked_school text, asked_name text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    named boolean;
    plain text;
BEGIN
    -- Letters alone: marks are typed in more than one way.
    plain := regexp_replace(normalize(translate(asked_name, 'Đđ', 'Dd'), NFD), '[^A-Za-z0-9]', '', 'g');
    plain := lower(plain);
    WITH own AS (
        SELECT c.ten_can_bo AS name, c.school_year
        FROM dataset d JOIN can_bo c USING (dataset_id)
        WHERE d.school = asked_school AND c.valid_to IS NULL AND c.ten_can_bo IS NOT NULL
    )
    SELECT bool_or(
        lower(regexp_replace(normalize(translate(name, 'Đđ', 'Dd'), NFD), '[^A-Za-z0-9]', '', 'g')) = plain
    )
    INTO named FROM own WHERE school_year = (SELECT max(school_year) FROM own);
    RETURN named;
END $$;
REVOKE ALL ON FUNCTION staff_named FROM PUBLIC;
COMMENT ON FUNCTION staff_named IS
    'Trường có cán bộ tên đó không; NULL nếu chưa biết cán bộ nào — whether a school has staff of that name, '
    'NULL where none is known';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP FUNCTION staff_named")
