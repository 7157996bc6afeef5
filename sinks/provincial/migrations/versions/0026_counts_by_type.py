"""What became of a push's records by type; refused removals told from refused records; two answers for those
who read no pupil's row: chunks of an open push that came, and ids by which a vendor knows records."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE push ADD COLUMN by_type jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN push.by_type IS
    'Loại → received, accepted, refused, written: số bản ghi khác nhau; trống ở lần gửi trước bản 0.9 '
    '— distinct records by type; empty in pushes of releases before 0.9';

ALTER TABLE record_refused ADD COLUMN removal boolean NOT NULL DEFAULT false;
-- Only removals were ever refused under these codes.
UPDATE record_refused SET removal = true
WHERE rule IN ('REC-006', 'REC-007', 'REC-008', 'REC-009', 'VAL-013');
COMMENT ON COLUMN record_refused.removal IS
    'Đề nghị xóa bị từ chối, không phải bản ghi — a refused removal, no record of the push';

CREATE FUNCTION push_chunks_seen(of_vendor text, of_push text, of_dataset text) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*)::integer FROM push_chunk
    WHERE (vendor, push_id, dataset_id) = (of_vendor, of_push, of_dataset)
$$;
REVOKE ALL ON FUNCTION push_chunks_seen FROM PUBLIC;
COMMENT ON FUNCTION push_chunks_seen IS
    'Số gói đã đến của một lần gửi chưa kết thúc — chunks of an open push that have come';

CREATE FUNCTION pushed_client_ids(
    of_table text, of_dataset text, of_version integer, of_vendor text, of_identities text[]
) RETURNS TABLE (identity text, client_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The tables of record types alone, and only those whose records have an id of their vendor's.
    IF (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relname = of_table AND c.relnamespace = 'public'::regnamespace AND c.relkind = 'p'
          AND a.attname IN ('client_id', 'identity', 'valid_from', 'valid_to', 'vendor')) < 5
    THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT r.identity, r.client_id FROM %I r WHERE r.school_year = $1 AND r.dataset_id = $2 '
        'AND r.identity = ANY($3) AND r.vendor = $4 AND r.valid_from <= $5 '
        'AND (r.valid_to IS NULL OR r.valid_to > $5)', of_table)
    USING split_part(of_dataset, '.', 2)::integer, of_dataset, of_identities, of_vendor, of_version;
END $$;
REVOKE ALL ON FUNCTION pushed_client_ids FROM PUBLIC;
COMMENT ON FUNCTION pushed_client_ids IS
    'Mã bản ghi do phần mềm đặt, của các bản ghi phần mềm đó đã gửi, trong một phiên bản '
    '— the vendor''s own ids of records that this vendor brought, in one version';
"""

DOWNGRADE = """
DROP FUNCTION pushed_client_ids;
DROP FUNCTION push_chunks_seen;
ALTER TABLE record_refused DROP COLUMN removal;
ALTER TABLE push DROP COLUMN by_type;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
