"""What can go wrong with the state on disk."""

from __future__ import annotations


class StorageUnusable(Exception):
    """The platform cannot run on this data directory. The text is one line for the person who started it."""


class DataDirForeign(StorageUnusable):
    """The data directory belongs to another user or is something other than a data directory."""


class DataDirLocked(StorageUnusable):
    """A running platform uses the data directory."""


class DataDirNewer(StorageUnusable):
    """The data directory was written by a newer version of Lambent."""


class DatabaseClosed(Exception):
    """The database was asked for something before it was opened or after it was closed."""


class CommitFailed(Exception):
    """The transaction that a write was part of did not become durable: nothing of it was kept."""


class ReadOnlyTransaction(Exception):
    """A function given to `read` tried to register something for after a commit; there will be none."""
