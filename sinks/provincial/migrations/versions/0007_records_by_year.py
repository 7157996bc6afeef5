"""Typed tables by school year; findings stand once; a version's digest rule, load time, reference day.

One transaction: until it commits, the landed tables are what they were.
"""

import logging
from contextlib import closing

import polars as pl
from alembic import op
from psycopg2.extensions import cursor

from schemas.contracts import contracts
from schemas.encoding import digest
from sinks.postgres import copying
from sinks.provincial.records import tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

log = logging.getLogger("csdl")

# Typed tables come from the contracts: those that landed are known by the columns that every one of them has.
LANDED = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace
  AND a.attname IN ('dataset_id', 'identity', 'valid_from', 'valid_to', 'row_hash', 'vendor')
GROUP BY c.oid, c.relname HAVING count(*) = 6 ORDER BY 1
"""

MOVED = """
ALTER TABLE {name} RENAME TO {name}_landed;
CREATE TABLE {name} (
    school_year integer NOT NULL,
    school      text    NOT NULL,
    LIKE {name}_landed INCLUDING COMMENTS
) PARTITION BY LIST (school_year);
{partitions}
INSERT INTO {name}
SELECT d.school_year, d.school, r.* FROM {name}_landed r JOIN dataset d USING (dataset_id)
ORDER BY r.dataset_id, r.valid_from, r.identity;
"""

# What the landed digest could not tell apart: it took these characters for blanks.
UNFIT_ROWS = r"r::text ~ E'[\n\r\x1e\x1f]'"

VERSION = """
ALTER TABLE version RENAME COLUMN created_at TO loaded_at;
ALTER TABLE version
    ADD COLUMN reference_day date,
    ADD COLUMN digest_rule   smallint,
    ADD COLUMN rehashed      boolean NOT NULL DEFAULT false;
UPDATE version v SET
    digest_rule = CASE WHEN v.checked_at IS NOT NULL THEN 1 END,
    reference_day = CASE d.period
        WHEN 'start'   THEN make_date(d.school_year, 9, 30)
        WHEN 'changes' THEN make_date(d.school_year + 1, 1, 15)
        ELSE                make_date(d.school_year + 1, 5, 31) END
FROM dataset d WHERE d.dataset_id = v.dataset_id;
ALTER TABLE version ALTER COLUMN reference_day SET NOT NULL;
COMMENT ON COLUMN version.loaded_at IS 'Lúc nạp vào cơ sở dữ liệu — when its rows were written';
COMMENT ON COLUMN version.reference_day IS
    'Ngày mà kỳ báo cáo phản ánh — day whose state of the school the period reports';
COMMENT ON COLUMN version.digest_rule IS
    'Cách tính mã kiểm tra: 1 theo các dòng, 2 thêm bộ dữ liệu, phiên bản, số lượng; NULL khi chưa soát '
    '— how the digest is computed (schemas.encoding.digest)';
COMMENT ON COLUMN version.rehashed IS
    'Có dòng chứa ký tự xuống dòng mà cách tính 1 coi là dấu cách; mã kiểm tra đổi theo cách tính 2 '
    '— holds rows with characters that rule 1 took for blanks: by rule 2 their hash is another one';
"""

FINDING = """
ALTER TABLE finding RENAME TO finding_landed;
CREATE TABLE finding (
    dataset_id    text    NOT NULL,
    since_version integer NOT NULL,
    until_version integer,
    rule          text    NOT NULL,
    severity      text    NOT NULL,
    record_type   text    NOT NULL,
    identity      text    NOT NULL,
    fields        text[]  NOT NULL
);
-- A finding stands from one checked version until the next checked one that lacks it.
INSERT INTO finding
WITH checked AS (
    SELECT dataset_id, version, row_number() OVER w AS number, lead(version) OVER w AS next
    FROM version WHERE checked_at IS NOT NULL WINDOW w AS (PARTITION BY dataset_id ORDER BY version)
), found AS (
    SELECT DISTINCT f.dataset_id, f.version, c.number, c.next,
                    f.rule, f.severity, f.record_type, f.identity, f.fields
    FROM finding_landed f JOIN checked c USING (dataset_id, version) WHERE f.rule <> 'VER-001'
), runs AS (
    SELECT *, number - row_number() OVER (
        PARTITION BY dataset_id, rule, severity, record_type, identity, fields ORDER BY version) AS run
    FROM found
)
SELECT dataset_id, min(version), CASE WHEN bool_or(next IS NULL) THEN NULL ELSE max(next) END,
       rule, severity, record_type, identity, fields
FROM runs GROUP BY dataset_id, rule, severity, record_type, identity, fields, run;
DROP TABLE finding_landed;
CREATE INDEX finding_dataset ON finding (dataset_id, until_version);
COMMENT ON TABLE finding IS
    'Điểm phát hiện khi soát, ghi một lần cho các phiên bản liên tiếp '
    '— what the check found: rule, record, field names; once for all versions that it stands in';
COMMENT ON COLUMN finding.since_version IS 'Phiên bản đầu tiên có điểm này — first version that has it';
COMMENT ON COLUMN finding.until_version IS
    'Phiên bản đầu tiên không còn điểm này — first version without it, NULL while it stands';
"""


def upgrade() -> None:
    """Same rows, same hashes, but for those whose text the landed hash did not wholly cover."""
    bind = op.get_bind()
    op.execute(VERSION)
    op.execute(FINDING)
    years = [year for (year,) in bind.exec_driver_sql("SELECT DISTINCT school_year FROM dataset")]
    types = {contracts.record(t).table: t for t in contracts.record_types()}
    with closing(bind.connection.cursor()) as cur:
        cur.execute(LANDED)
        for (name,) in cur.fetchall():
            partitions = "\n".join(
                f"CREATE TABLE {name}_{y} PARTITION OF {name} FOR VALUES IN ({y});" for y in years
            )
            cur.execute(MOVED.format(name=name, partitions=partitions))
            moved = cur.rowcount
            cur.execute(f"SELECT count(*) FROM {name}_landed")
            if cur.fetchone() != (moved,):
                raise RuntimeError(f"{name}: rows of no known dataset; nothing was changed")
            if name in types:
                _rehash(cur, types[name])
            cur.execute(f"DROP TABLE {name}_landed")
        cur.execute("SELECT dataset_id, version, digest FROM version WHERE rehashed ORDER BY 1, 2")
        for dataset, version, landed in cur.fetchall():
            log.warning(
                "%s version %d: digest %s is of rule 1 and changes by rule 2", dataset, version, landed
            )


def _rehash(cur: cursor, record_type: str) -> None:
    t = tables.table(record_type)
    cur.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (t.name,),
    )
    there = {name for (name,) in cur.fetchall()}
    names = [
        copying.selected(c.name, c.dtype) if c.name in there else f'NULL AS "{c.name}"' for c in t.columns
    ]
    ours = {"_row": "r.ctid", "_part": "r.tableoid::regclass"}
    rows = copying.copy_out(
        cur,
        f"SELECT {', '.join([*ours.values(), *names])} FROM {t.name} r WHERE {UNFIT_ROWS}",
        [],
        {**dict.fromkeys(ours, pl.String()), **{c.field: c.dtype for c in t.columns}},
    )
    if rows.is_empty():
        return
    hashes = digest.row_hashes(rows.drop(*ours))
    cur.execute(
        f"WITH touched AS (UPDATE {t.name} r SET row_hash = h.hash "
        "FROM unnest(%s::tid[], %s::regclass[], %s::text[]) AS h (at, part, hash) "
        "WHERE r.ctid = h.at AND r.tableoid = h.part RETURNING r.dataset_id, r.valid_from, r.valid_to) "
        "UPDATE version v SET rehashed = true FROM touched r WHERE v.dataset_id = r.dataset_id "
        "AND v.version >= r.valid_from AND (r.valid_to IS NULL OR v.version < r.valid_to)",
        [rows["_row"].to_list(), rows["_part"].to_list(), hashes.to_list()],
    )


def downgrade() -> None:
    raise NotImplementedError("records by school year cannot be taken apart again")
