"""Where usage is kept. Migration 0011 creates the tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table

from lambent.storage.metadata import METADATA

# What is added up, of an hour. Durations are megabytes times milliseconds: `mb_ms` with each invocation rounded up to a
# millisecond, `mb_100ms` to a hundred; `_all` with INIT. Disk is what is over 512 MB, streamed bytes those over 6 MB.
SUMS = (
    "requests",
    "errors",
    "mb_ms",
    "mb_ms_all",
    "mb_100ms",
    "mb_100ms_all",
    "disk_mb_ms",
    "streamed_bytes",
    "restored_mb",
    "byte_seconds",
)

USAGE = Table(
    "metering_usage",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("service", String(32), primary_key=True),
    Column(
        "resource", String(255), primary_key=True
    ),  # the function, the API and stage, the bucket
    Column("version", String(128), primary_key=True),
    Column("alias", String(128), primary_key=True),
    Column("variant", String(64), primary_key=True),  # what the price hangs on
    Column("hour", Integer, primary_key=True),  # since 1970, by the calendar
    *(Column(name, BigInteger, nullable=False) for name in SUMS),
)

# How far each segment of the journal has been added up, in bytes: in the same transaction as the sums.
SEGMENTS = Table(
    "metering_segments",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("offset", BigInteger, nullable=False),
)

# What was held ready, whether used or not, in stretches that are billed whole (`seconds` from `start_s` on). Written
# with the most that was seen, so that seeing it twice changes nothing.
ALLOCATED = Table(
    "metering_allocated",
    METADATA,
    Column("account_id", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("resource", String(255), primary_key=True),
    Column("version", String(128), primary_key=True),
    Column("variant", String(64), primary_key=True),
    Column("start_s", BigInteger, primary_key=True),
    Column("seconds", Integer, nullable=False),
    Column("memory_mb", Integer, nullable=False),
    Column("number", Integer, nullable=False),
)
