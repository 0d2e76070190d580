"""For which tenant an asynchronous invocation is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; what is queued is for none."""
    op.add_column(
        "lambda_events",
        sa.Column("tenant_id", sa.String(256), nullable=False, server_default=""),
    )
