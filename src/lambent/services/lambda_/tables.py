"""Where functions are kept: one row each. Migration 0002 creates it.

Maps are JSON text, times are calendar milliseconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from lambent.storage.metadata import METADATA

FUNCTIONS = Table(
    "lambda_functions",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("runtime", String(32), nullable=False),
    Column("role", Text, nullable=False),
    Column("handler", String(128), nullable=False),
    Column("description", String(256), nullable=False),
    Column("timeout_s", Integer, nullable=False),
    Column("memory_mib", Integer, nullable=False),
    Column("environment", Text, nullable=False),
    Column("architecture", String(16), nullable=False),
    Column("tracing_mode", String(16), nullable=False),
    Column("log_group", String(512), nullable=False),
    Column("tags", Text, nullable=False),
    Column("code_archive", String(64), nullable=False),
    Column("code_size", BigInteger, nullable=False),
    Column("code_tree", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("update_status", String(16)),
    Column("revision_id", String(36), nullable=False),
    Column("deployment_id", String(32), nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
    # "Is this archive, is this tree still needed?" is asked after every deletion and update.
    Index("lambda_functions_code_archive", "code_archive"),
    Index("lambda_functions_code_tree", "code_tree"),
)
