"""Where accounts, access keys and everything else of IAM is kept.

Migration 0001 creates accounts and access keys, 0006 the rest. Times are calendar milliseconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

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

# Users, groups, roles, policies, ...: a JSON document each. The key is the name in lower case, because "names are not
# distinguished by case" (IAM and AWS STS quotas).
ENTITIES = Table(
    "iam_entities",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("document", Text, nullable=False),
)

# When an access key, user or role (`subject`: its id) last used a service.
USES = Table(
    "iam_uses",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("region", String(64), nullable=False),
    Column("used_ms", BigInteger, nullable=False),
)

# What users and sessions of roles (`subject`: the id of the user or role) have asked for, whether they were allowed to,
# and when last.
CALLS = Table(
    "iam_calls",
    METADATA,
    Column("subject", String(128), primary_key=True),
    Column("action", String(128), primary_key=True),
    Column("resource", String(2048), primary_key=True),
    Column("is_allowed", Integer, primary_key=True, autoincrement=False),
    Column("region", String(64), nullable=False),
    Column("used_ms", BigInteger, nullable=False),
)

# What temporary credentials are sealed with.
SEALING_KEYS = Table(
    "iam_sealing_keys",
    METADATA,
    Column("name", String(32), primary_key=True),
    Column("secret", String(128), nullable=False),  # hex
)
