"""Where accounts and access keys are kept. Migration 0001 creates the tables.

Times are calendar milliseconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table

from lambent.storage.metadata import METADATA

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("created_ms", BigInteger, nullable=False),
)

ACCESS_KEYS = Table(
    "access_keys",
    METADATA,
    Column("access_key_id", String(128), primary_key=True),
    Column(
        "account_id",
        String(12),
        ForeignKey(ACCOUNTS.c.account_id, ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("user_name", String(64)),  # NULL: the account's root
    Column("secret_access_key", String(64), nullable=False),
    Column("status", String(8), nullable=False),  # Active or Inactive, as in the API
    Column("created_ms", BigInteger, nullable=False),
)
