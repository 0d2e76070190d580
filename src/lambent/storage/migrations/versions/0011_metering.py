"""What everything has used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_SUMS = (
    "requests",
    "errors",
    "mb_ms",
    "mb_ms_all",
    "mb_100ms",
    "mb_100ms_all",
    "disk_mb_ms",
    "streamed_bytes",
    "restored_mb",
    "byte_seconds",
)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "metering_usage",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("service", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("alias", sa.String(128), nullable=False),
        sa.Column("variant", sa.String(64), nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint(
            "account_id",
            "region",
            "service",
            "resource",
            "version",
            "alias",
            "variant",
            "hour",
            name="metering_usage_pk",
        ),
    )
    op.create_table(
        "metering_segments",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="metering_segments_pk"),
    )
    op.create_table(
        "metering_allocated",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("variant", sa.String(64), nullable=False),
        sa.Column("start_s", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("memory_mb", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id",
            "region",
            "resource",
            "version",
            "variant",
            "start_s",
            name="metering_allocated_pk",
        ),
    )
