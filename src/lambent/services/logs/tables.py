"""Where log groups, and what hangs on them, are kept. Migration 0006 creates the tables.

Streams and events are not rows: they are in the segments (lambent.storage.log_group). Maps are JSON text, times are
calendar milliseconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from lambent.storage.metadata import METADATA

GROUPS = Table(
    "logs_groups",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("name", String(512), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("retention_days", Integer, nullable=False),  # 0: for ever
    Column("group_class", String(32), nullable=False),
    Column("is_protected", Boolean, nullable=False),
    Column("tags", Text, nullable=False),
)

# Filters, policies, destinations, saved queries: by kind, by the log group that they belong to ("": none) and by name.
RESOURCES = Table(
    "logs_resources",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("owner", String(512), primary_key=True),
    Column("id", String(512), primary_key=True),
    Column("document", Text, nullable=False),
    # Every filter of every account is read at the start.
    Index("logs_resources_kind", "kind"),
)
