"""Metrics, their points, alarms and dashboards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "cloudwatch_metrics",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("namespace", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("dimensions", sa.Text, nullable=False),
        sa.Column("latest_s", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("account_id", "region", "namespace", "name", "dimensions"),
    )
    op.create_table(
        "cloudwatch_points",
        sa.Column("metric_id", sa.Integer, nullable=False),
        sa.Column("start_s", sa.BigInteger, nullable=False),
        sa.Column("period", sa.Integer, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("sample_count", sa.Float, nullable=False),
        sa.Column("total", sa.Float, nullable=False),
        sa.Column("minimum", sa.Float, nullable=False),
        sa.Column("maximum", sa.Float, nullable=False),
        sa.Column("spread", sa.Text),
        sa.PrimaryKeyConstraint(
            "metric_id", "start_s", "period", "unit", name="cloudwatch_points_pk"
        ),
    )
    op.create_index("cloudwatch_points_age", "cloudwatch_points", ["period", "start_s"])
    op.create_table(
        "cloudwatch_resources",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("id", sa.String(512), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "region", "kind", "owner", "id", name="cloudwatch_resources_pk"
        ),
    )
    op.create_index("cloudwatch_resources_kind", "cloudwatch_resources", ["kind"])
