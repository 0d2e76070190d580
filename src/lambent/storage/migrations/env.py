"""Run by Alembic for every upgrade: on the connection that `schema.upgrade` opened, inside its transaction."""

from __future__ import annotations

from alembic import context

from lambent.storage.metadata import METADATA

# `transactional_ddl`: Alembic assumes that SQLite commits on DDL, which was a matter of the old driver. Ours does not.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
context.run_migrations()
