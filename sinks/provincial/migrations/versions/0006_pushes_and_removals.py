"""Order by our own time; whole lists and parts, absences, removals.

What landed said in ``version.absent`` and in VER-001 findings stands once, in ``absence``. A version listed
what its own push lacked; an absence holds until the next push of the type that does not lack the record.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE push
    ADD COLUMN sender_opened_at timestamptz,
    ADD COLUMN fault   text    NOT NULL DEFAULT '',
    ADD COLUMN whole   text[],
    ADD COLUMN removals jsonb  NOT NULL DEFAULT '{}',
    ADD COLUMN written integer NOT NULL DEFAULT 0,
    ADD COLUMN absent  jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN stayed  jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN removed jsonb   NOT NULL DEFAULT '{}',
    ADD COLUMN waiting jsonb   NOT NULL DEFAULT '{}';
UPDATE push SET sender_opened_at = opened_at;
-- Open pushes are ordered by our time from now on; decided ones keep what they were ordered by.
UPDATE push SET opened_at = first_seen WHERE outcome IS NULL OR opened_at IS NULL;
ALTER TABLE push ALTER COLUMN opened_at SET NOT NULL;
COMMENT ON COLUMN push.opened_at IS
    'Thời điểm Kafka nhận thông điệp đầu tiên của bên gửi: quyết định lần gửi nào mới hơn '
    '— Kafka''s time of the vendor''s first message: orders the pushes';
COMMENT ON COLUMN push.sender_opened_at IS
    'Lúc mở theo đồng hồ bên gửi, không quyết định gì — opened by the sender''s clock, decides nothing';
COMMENT ON COLUMN push.closed_at IS
    'Lúc đóng theo đồng hồ bên gửi, không quyết định gì — closed by the sender''s clock, decides nothing';
COMMENT ON COLUMN push.fault IS 'Mã lỗi phần đầu của lần đóng — code of a wrong header of the closing';
COMMENT ON COLUMN push.whole IS
    'Loại mà lần gửi là danh sách đầy đủ; NULL: mọi loại nó mang tới '
    '— types of which it is the whole list, NULL: all that it brings';
COMMENT ON COLUMN push.removals IS
    'Số bản ghi đề nghị xóa theo loại, do bên gửi khai khi đóng — removals sent by type, as it was closed';
COMMENT ON COLUMN push.absent IS
    'Số bản ghi đang có mà danh sách đầy đủ không có — records held that its whole lists lacked';
COMMENT ON COLUMN push.stayed IS
    'Số bản ghi còn lại từ lần gửi trước — records that stand as an earlier push brought them';
COMMENT ON COLUMN push.removed IS 'Số bản ghi đã rời đi — records that left with it';
COMMENT ON COLUMN push.waiting IS
    'Số bản ghi chờ hiệu trưởng đồng ý cho rời đi — removals that wait for the head of the school';

-- A sender whose clock was ahead must not shut its dataset: no push was opened after we first saw it.
UPDATE dataset d SET opened_at = least(
    d.opened_at, now(), (SELECT max(p.first_seen) FROM push p WHERE p.dataset_id = d.dataset_id)
);
COMMENT ON COLUMN dataset.opened_at IS
    'Lúc mở (theo Kafka) của lần gửi mới nhất đã áp dụng — opening of the newest push applied, by Kafka';

CREATE TABLE absence (
    dataset_id    text    NOT NULL REFERENCES dataset,
    record_type   text    NOT NULL,
    identity      text    NOT NULL,
    since_version integer NOT NULL,
    until_version integer,
    vendor        text    NOT NULL,
    push_id       text    NOT NULL,
    PRIMARY KEY (dataset_id, record_type, identity, since_version),
    CHECK (until_version > since_version)
);
CREATE UNIQUE INDEX absence_open ON absence (dataset_id, record_type, identity) WHERE until_version IS NULL;
COMMENT ON TABLE absence IS
    'Bản ghi đang có mà danh sách đầy đủ gần nhất không có; vẫn được giữ '
    '— records held that the last whole list lacked: they stay until somebody says that they leave';
COMMENT ON COLUMN absence.since_version IS 'Phiên bản đầu tiên vắng — first version that lacks it';
COMMENT ON COLUMN absence.until_version IS
    'Phiên bản đầu tiên không còn vắng, NULL nếu vẫn vắng — first version that does not, NULL if open';

INSERT INTO absence (dataset_id, record_type, identity, since_version, until_version, vendor, push_id)
WITH listed AS (
    SELECT v.dataset_id, t.record_type, i.identity, v.version, v.vendor, v.push_id
    FROM version v, jsonb_each(v.absent) AS t (record_type, identities),
        jsonb_array_elements_text(t.identities) AS i (identity)
), lists AS (
    SELECT v.dataset_id, r.record_type, v.version,
        row_number() OVER w AS number, lead(v.version) OVER w AS following
    FROM version v, jsonb_object_keys(v.received) AS r (record_type)
    WINDOW w AS (PARTITION BY v.dataset_id, r.record_type ORDER BY v.version)
), runs AS (
    SELECT l.*, s.number, s.following, s.number - row_number()
        OVER (PARTITION BY l.dataset_id, l.record_type, l.identity ORDER BY s.number) AS run
    FROM listed l JOIN lists s USING (dataset_id, record_type, version)
)
SELECT dataset_id, record_type, identity, min(version), (array_agg(following ORDER BY number DESC))[1],
    (array_agg(vendor ORDER BY number))[1], (array_agg(push_id ORDER BY number))[1]
FROM runs GROUP BY dataset_id, record_type, identity, run;
DELETE FROM finding WHERE rule = 'VER-001';

ALTER TABLE version
    DROP COLUMN absent,
    ADD COLUMN whole text[] NOT NULL DEFAULT '{}',
    ADD COLUMN removed jsonb NOT NULL DEFAULT '{}';
UPDATE version SET whole = ARRAY(SELECT jsonb_object_keys(received));
COMMENT ON COLUMN version.whole IS
    'Loại mà lần gửi là danh sách đầy đủ — types of which its push was the whole list';
COMMENT ON COLUMN version.removed IS 'Số bản ghi rời đi theo loại — records that left with it, by type';

CREATE TABLE removal (
    dataset_id   text        NOT NULL,
    removal_id   text        NOT NULL,
    record_type  text        NOT NULL,
    state        text        NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    code         text        NOT NULL DEFAULT '',
    identities   text[]      NOT NULL,
    records      integer     NOT NULL,
    absent_only  boolean     NOT NULL,
    vendor       text        NOT NULL,
    push_id      text        NOT NULL,
    role         text        NOT NULL,
    account      text        NOT NULL,
    reason       text        NOT NULL,
    asked_at     timestamptz NOT NULL,
    version      integer     NOT NULL,
    consented_by text        NOT NULL DEFAULT '',
    decided_at   timestamptz,
    PRIMARY KEY (dataset_id, removal_id)
);
CREATE INDEX removal_waiting ON removal (dataset_id, record_type) WHERE state = 'waiting';
COMMENT ON TABLE removal IS
    'Bản ghi rời bộ dữ liệu: ai đề nghị, ai đồng ý, kết quả '
    '— records that leave a dataset: who asked, who consented, what came of it';
COMMENT ON COLUMN removal.identities IS
    'Bản ghi rời đi; khi chờ, bản ghi gửi lại được bỏ ra — who leaves; one that comes again is taken out';
COMMENT ON COLUMN removal.records IS 'Số bản ghi đã rời đi — records that left';
COMMENT ON COLUMN removal.absent_only IS
    'Việc của trường: chỉ bản ghi vắng ở danh sách gần nhất — a school''s act: only absent ones may leave';
COMMENT ON COLUMN removal.version IS
    'Phiên bản không còn các bản ghi; khi chờ: phiên bản đã xem '
    '— version without them; while waiting, the version that was seen';
COMMENT ON COLUMN removal.consented_by IS 'Tài khoản của hiệu trưởng đã đồng ý — the head''s account';
"""

DOWNGRADE = """
DROP TABLE removal;
ALTER TABLE version DROP COLUMN removed, DROP COLUMN whole, ADD COLUMN absent jsonb NOT NULL DEFAULT '{}';
DROP TABLE absence;
ALTER TABLE push ALTER COLUMN opened_at DROP NOT NULL;
UPDATE push SET opened_at = sender_opened_at;
ALTER TABLE push DROP COLUMN waiting, DROP COLUMN removed, DROP COLUMN stayed, DROP COLUMN absent,
    DROP COLUMN written, DROP COLUMN removals, DROP COLUMN whole, DROP COLUMN fault,
    DROP COLUMN sender_opened_at;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
