"""Where REST APIs and what belongs to them are kept. The migration `apigateway` creates the tables.

Documents are JSON, with the members that the Get operations of the API model answer and times as seconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from lambent.storage.metadata import METADATA

# By kind, by what they belong to (an API, a usage plan, a domain name, or ""), and by a name among those. Resources
# hold their methods, methods their integrations.
DOCUMENTS = Table(
    "apigateway_documents",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("owner", String(255), primary_key=True),
    Column("id", String(512), primary_key=True),
    Column("document", Text, nullable=False),
    # Everything of a kind is read at the start; ids of APIs and domain names are looked for in all accounts.
    Index("apigateway_documents_kind", "kind", "id"),
)

# What was called with each key of each usage plan, by day (UTC, YYYY-MM-DD), and what UpdateUsage has granted on it on
# top of the period's limit. Ids of keys are unique enough to do without the account.
USAGE = Table(
    "apigateway_usage",
    METADATA,
    Column("plan_id", String(32), primary_key=True),
    Column("key_id", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("granted", BigInteger, nullable=False),
)
