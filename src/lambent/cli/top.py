"""`lambent top`: what functions do, as a table that renews itself."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lambent.cli.access import variables_of
from lambent.cli.commands import settings
from lambent.cli.platform_paths import answer_to
from lambent.cli.top_rows import History, rows, span_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from lambent.cli.top_rows import Row
    from lambent.config import Config

_PATIENCE_S = 10
_PATH = "/_lambent/overview"
# Lines of the screen that are not rows: two of summary, the head of the table, how many are left out, the cursor's.
_AROUND = 5
# The columns of numbers, with what they are called on a screen that is not `_WIDE`.
_NUMBERS = {
    "calls/s": "calls/s",
    "calls": "calls",
    "errors": "errors",
    "throttled": "429s",
    "p50 ms": "p50",
    "p99 ms": "p99",
    "running": "run",
    "environments": "busy",
    "memory MB": "MB",
}
_WIDE = 100


@click.command("top")
@click.option("--once", is_flag=True, help="Print one table, of all since the start, and end.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 3600),
    default=2.0,
    help="Seconds between two looks.",
)
@settings("data_dir")
def command(config: Config, once: bool, interval: float) -> None:
    """Show what functions do at the moment."""
    console = Console(highlight=False)
    if not once and not console.is_terminal:
        raise click.ClickException("this is no terminal: use --once")
    url = variables_of(config)["AWS_ENDPOINT_URL"]
    look = _look(url, config.metrics_token)
    if once:
        # Where nobody's terminal says how wide it is, nothing is cut off.
        shown = console if console.is_terminal else Console(highlight=False, width=200)
        shown.print(_screen(url, look, None, None, shown.width))
        return
    _watch(console, url, config.metrics_token, look, interval)


def _watch(console: Console, url: str, token: str, look: Any, interval: float) -> None:
    """Until interrupted. A platform that goes away is waited for."""
    history, pause = History(), threading.Event()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                most = max(console.height - _AROUND, 1)
                screen = _screen(url, look, history.take(look), most, console.width)
                live.update(screen, refresh=True)
                pause.wait(interval)
                look = _next_look(live, url, token, interval)
        except KeyboardInterrupt:
            return


def _next_look(live: Live, url: str, token: str, interval: float) -> Any:
    pause = threading.Event()
    while True:
        try:
            return _look(url, token)
        except click.ClickException as problem:
            live.update(Text(problem.message, style="red"), refresh=True)
            pause.wait(interval)


def _look(url: str, token: str) -> Any:
    """Raises ClickException, one line, where the platform refuses or is not there."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url + _PATH, headers=headers)  # noqa: S310 - the platform's own address
    return answer_to(request, _PATIENCE_S)


def _screen(
    url: str,
    look: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    most: int | None,
    width: int,
) -> RenderableType:
    found = rows(look, before)
    since = "since the start" if before is None else f"in the last {span_s(look, before):.0f} s"
    busy, idle = (sum(each[state] for each in look["functions"]) for state in ("busy", "idle"))
    head = f"Lambent at {url}, up {_duration(look['uptime_s'])}, core {look['core_memory_bytes'] / 1e6:.0f} MB"
    now = (
        f"{look['running']} running, {look['waiting']} waiting; environments: {busy} busy, {idle} idle, "
        f"{look['pooled']} pooled; calls, errors and times {since}"
    )
    left_out = Text(f"and {len(found) - most} more" if most and len(found) > most else "", "dim")
    lines = [
        Text(each, style, no_wrap=True, overflow="ellipsis")
        for each, style in ((head, "bold"), (now, "dim"))
    ]
    return Group(*lines, _table(found[:most], is_wide=width >= _WIDE), left_out)


def _table(found: list[Row], *, is_wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    # Of places only what tells functions apart is shown.
    has_accounts = len({row.account for row in found}) > 1
    has_regions = len({row.region for row in found}) > 1
    of = " of " if is_wide else "/"
    # Where there is too little room it is names that are cut.
    table.add_column("function")
    for name, short in _NUMBERS.items():
        table.add_column(name if is_wide else short, justify="right", no_wrap=True)
    for row in found:
        place = [row.account] * has_accounts + [row.region] * has_regions
        table.add_row(
            Text(" ".join([*place, row.name]), no_wrap=True, overflow="ellipsis"),
            f"{row.rate:.1f}",
            f"{row.calls:.0f}",
            Text(f"{row.errors:.0f}", "red" if row.errors else ""),
            Text(f"{row.throttles:.0f}", "yellow" if row.throttles else ""),
            _milliseconds(row.p50),
            _milliseconds(row.p99),
            str(row.running),
            f"{row.busy}{of}{row.busy + row.idle}",
            f"{row.peak_mib}{of}{row.memory_mib}" if row.memory_mib else "-",
        )
    return table


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    shown = [f"{count} {unit}" for count, unit in parts if count][:2]
    return " ".join(shown) or "0 s"
