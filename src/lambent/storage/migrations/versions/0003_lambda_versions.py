"""A row for each version of a function, and one for each thing that hangs on functions.

The rows of before become those of $LATEST.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEPT = (
    "account_id, region, name, runtime, role, handler, description, timeout_s, memory_mib, environment, architecture, "
    "tracing_mode, log_group, tags, code_archive, code_size, code_tree, state, update_status, revision_id, "
    "deployment_id, modified_ms"
)


def upgrade() -> None:
    """Make the tables; the functions move into theirs, because a primary key cannot be changed in place."""
    op.drop_index("lambda_functions_code_archive", "lambda_functions")
    op.drop_index("lambda_functions_code_tree", "lambda_functions")
    op.rename_table("lambda_functions", "lambda_functions_0002")
    op.create_table(
        "lambda_functions",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("last_version", sa.Integer, nullable=False),
        sa.Column("published_digest", sa.String(64), nullable=False),
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
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("code_archive", sa.String(64), nullable=False),
        sa.Column("code_size", sa.BigInteger, nullable=False),
        sa.Column("code_tree", sa.String(64), nullable=False),
        sa.Column("code_unpacked", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("update_status", sa.String(16), nullable=True),
        sa.Column("revision_id", sa.String(36), nullable=False),
        sa.Column("deployment_id", sa.String(32), nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
        # The old table keeps the plain name for its key until it is gone.
        sa.PrimaryKeyConstraint(
            "account_id", "region", "name", "version", name="lambda_functions_versions_pk"
        ),
    )
    op.execute(
        f"INSERT INTO lambda_functions ({_KEPT}, version, last_version, published_digest, options, code_unpacked) "  # noqa: S608 - constants
        f"SELECT {_KEPT}, 0, 0, '', '{{}}', 0 FROM lambda_functions_0002"
    )
    op.drop_table("lambda_functions_0002")
    op.create_index("lambda_functions_code_archive", "lambda_functions", ["code_archive"])
    op.create_index("lambda_functions_code_tree", "lambda_functions", ["code_tree"])
    op.create_table(
        "lambda_resources",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(140), nullable=False),
        sa.Column("id", sa.String(140), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "region", "kind", "owner", "id", name="lambda_resources_pk"
        ),
    )
