"""Functions of the Lambda service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "lambda_functions",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("runtime", sa.String(32), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("handler", sa.String(128), nullable=False),
        sa.Column("description", sa.String(256), nullable=False),
        sa.Column("timeout_s", sa.Integer, nullable=False),
        sa.Column("memory_mib", sa.Integer, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("architecture", sa.String(16), nullable=False),
        sa.Column("tracing_mode", sa.String(16), nullable=False),
        sa.Column("log_group", sa.String(512), nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("code_archive", sa.String(64), nullable=False),
        sa.Column("code_size", sa.BigInteger, nullable=False),
        sa.Column("code_tree", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("update_status", sa.String(16), nullable=True),
        sa.Column("revision_id", sa.String(36), nullable=False),
        sa.Column("deployment_id", sa.String(32), nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "region", "name", name="lambda_functions_pk"),
    )
    op.create_index("lambda_functions_code_archive", "lambda_functions", ["code_archive"])
    op.create_index("lambda_functions_code_tree", "lambda_functions", ["code_tree"])
