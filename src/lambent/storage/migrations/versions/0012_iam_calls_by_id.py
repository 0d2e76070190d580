"""What users call, too, and where; by ids, so that whoever is made again under a name begins anew.

What was noted by name is not kept: it is noted again when it is called again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table anew."""
    op.drop_table("iam_calls")
    op.create_table(
        "iam_calls",
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("action", sa.String(128), nullable=False),
        sa.Column("resource", sa.String(2048), nullable=False),
        sa.Column("is_allowed", sa.Integer, nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("used_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subject", "action", "resource", "is_allowed", name="iam_calls_pk"),
    )
