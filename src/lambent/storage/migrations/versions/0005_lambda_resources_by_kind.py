"""Function URLs are looked for in every account: by their kind."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the index."""
    op.create_index("lambda_resources_kind", "lambda_resources", ["kind"])
