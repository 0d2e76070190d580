"""Log groups, and what hangs on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "logs_groups",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("retention_days", sa.Integer, nullable=False),
        sa.Column("group_class", sa.String(32), nullable=False),
        sa.Column("is_protected", sa.Boolean, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "region", "name", name="logs_groups_pk"),
    )
    op.create_table(
        "logs_resources",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(512), nullable=False),
        sa.Column("id", sa.String(512), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "region", "kind", "owner", "id", name="logs_resources_pk"
        ),
    )
    op.create_index("logs_resources_kind", "logs_resources", ["kind"])
