"""How far back: what `--since` takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from lambent.core.clock import SystemClock

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime]):
    """`10m`, or a time as ISO 8601 has it; the default time zone is UTC."""

    name = "time"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            if match := re.fullmatch(r"(\d+)([smhdw])", value):
                ago = timedelta(**{_UNITS[match[2]]: int(match[1])})
                return SystemClock().calendar() - ago
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value} is neither a duration such as 10m nor a time", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
