"""Where metrics, alarms and dashboards are kept. Migration 0010 creates the tables."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from lambent.storage.metadata import METADATA

METRICS = Table(
    "cloudwatch_metrics",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account_id", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("namespace", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("dimensions", Text, nullable=False),  # JSON: [[name, value], ...] by name
    Column("latest_s", BigInteger, nullable=False),  # of its newest value
    UniqueConstraint("account_id", "region", "namespace", "name", "dimensions"),
)

# What was measured in a stretch of time that begins at `start_s` (seconds since 1970) and lasts `period` seconds. Each
# value is in one row only: young ones in those of a second or a minute, older ones in longer stretches.
POINTS = Table(
    "cloudwatch_points",
    METADATA,
    Column("metric_id", Integer, primary_key=True),
    Column("start_s", BigInteger, primary_key=True),
    Column("period", Integer, primary_key=True),
    Column("unit", String(32), primary_key=True),
    Column("sample_count", Float, nullable=False),
    Column("total", Float, nullable=False),
    Column("minimum", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column(
        "spread", Text
    ),  # JSON: [[value, how often], ...]; null where only the statistics are known
    Index("cloudwatch_points_age", "period", "start_s"),
)

# Alarms, dashboards, and what happened to alarms: a JSON document each.
RESOURCES = Table(
    "cloudwatch_resources",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("owner", String(255), primary_key=True),  # "" of all that there is yet
    Column("id", String(512), primary_key=True),
    Column("document", Text, nullable=False),
    Index("cloudwatch_resources_kind", "kind"),
)
