"""Where functions are kept: one row for each version, $LATEST included. Migrations 0002 and 0003 create it.

Maps are JSON text, times are calendar milliseconds since 1970.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from lambent.storage.metadata import METADATA

FUNCTIONS = Table(
    "lambda_functions",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # 0: $LATEST
    Column(
        "last_version", Integer, nullable=False
    ),  # the last number given away; of use in $LATEST's row
    Column("published_digest", String(64), nullable=False),
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
    # The settings that most functions leave alone, and that nobody looks for.
    Column("options", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("code_archive", String(64), nullable=False),
    Column("code_size", BigInteger, nullable=False),
    Column("code_tree", String(64), nullable=False),
    Column("code_unpacked", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("update_status", String(16)),
    Column("revision_id", String(36), nullable=False),
    Column("deployment_id", String(32), nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
    # "Is this archive, is this tree still needed?" is asked after every deletion and update.
    Index("lambda_functions_code_archive", "code_archive"),
    Index("lambda_functions_code_tree", "code_tree"),
)

# Aliases, policies, layers and the other things that come one at a time, by kind, by the function (or layer) that they
# belong to ("": none) and by a name among those. Nothing is looked for inside the documents, which are JSON.
RESOURCES = Table(
    "lambda_resources",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("owner", String(140), primary_key=True),
    Column("id", String(140), primary_key=True),
    Column("document", Text, nullable=False),
    # What one kind holds in all accounts is asked at every start, and by each request to a function URL.
    Index("lambda_resources_kind", "kind"),
)

# Asynchronous invocations, and records on their way to another service (`target`, an ARN; "": an invocation). A row is
# there before the client has its 202, and goes with what became of it.
EVENTS = Table(
    "lambda_events",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account_id", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("name", String(64), nullable=False),
    Column("qualifier", String(128), nullable=False),
    Column("target", Text, nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("client_context", Text, nullable=False),
    Column("trace_id", Text, nullable=False),
    Column("sent_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),  # that ran, to whatever end
    Column(
        "failures", Integer, nullable=False
    ),  # in a row that were not the function's: for the back-off
    Column("tenant_id", String(256), nullable=False, server_default=""),
    Index("lambda_events_lane", "account_id", "region", "name", "target", "due_ms"),
)
