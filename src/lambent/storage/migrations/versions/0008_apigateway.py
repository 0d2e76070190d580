"""REST APIs and what belongs to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "apigateway_documents",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("id", sa.String(512), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "region", "kind", "owner", "id", name="apigateway_documents_pk"
        ),
    )
    op.create_index("apigateway_documents_kind", "apigateway_documents", ["kind", "id"])
    op.create_table(
        "apigateway_usage",
        sa.Column("plan_id", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("granted", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "key_id", "day", name="apigateway_usage_pk"),
    )
