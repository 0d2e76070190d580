"""Users, groups, roles, policies; last uses; the keys that seal session tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "iam_entities",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "key", name="iam_entities_pk"),
    )
    op.create_table(
        "iam_uses",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("used_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "subject", "service", name="iam_uses_pk"),
    )
    op.create_table(
        "iam_sealing_keys",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("name", name="iam_sealing_keys_pk"),
    )
