"""Which version of a vendor's product has shown what a production key asks for, and when."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UPGRADE = """
CREATE TABLE conformity (
    vendor          text        NOT NULL CHECK (vendor <> ''),
    product_version text        NOT NULL CHECK (product_version <> ''),
    school          text        NOT NULL CHECK (school <> ''),
    begun_at        timestamptz NOT NULL DEFAULT now(),
    begun_by        text        NOT NULL,
    shown           jsonb       NOT NULL DEFAULT '{}',
    passed_at       timestamptz,
    PRIMARY KEY (vendor, product_version)
);
COMMENT ON TABLE conformity IS
    'Phiên bản phần mềm nào đã qua các tình huống thử, để được cấp khóa thật '
    '— which version of a product has passed the scenarios that a production key asks for';
COMMENT ON COLUMN conformity.shown IS
    'Tình huống → lần đẩy chứng tỏ — scenario → the push that shows it';
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute("DROP TABLE conformity")
