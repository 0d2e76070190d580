"""Durable state: the database, blobs, the code store, log segments, migrations."""
