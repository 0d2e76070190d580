"""The tables on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.rounds import Row
    from benchmarks.verdict import Check

FLOOR, OURS = "floor", "lambent python"


def align(lines: Sequence[Sequence[str]]) -> str:
    """Columns side by side: the first to the left, figures to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    shown = []
    for line in lines:
        first, *rest = (
            cell.ljust(width) if not index else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        shown.append("  ".join([first, *rest]).rstrip())
    return "\n".join(shown)


def warm(row: Row) -> str:
    """Latencies in microseconds, CPU in microseconds per request, ratios of medians within each round."""
    head = [row.title, "p50", "p99", "p99.9", "req/s", "CPU", "functions", "client"]
    lines = [[*head, "p50/floor", "CPU/floor", "p50/ours"]]
    for name in row.contestants():
        figures = ("requests_per_s", "control_cpu_us", "functions_cpu_us", "client_cpu_us")
        lines.append(
            [
                name,
                *(number(row.percentile_us(name, share)) for share in (0.5, 0.99, 0.999)),
                *(number(row.median(name, figure)) for figure in figures),
                ratio(row.ratio(name, FLOOR, "p50_us")),
                ratio(row.ratio(name, FLOOR, "control_cpu_us")),
                ratio(row.ratio(name, OURS, "p50_us")),
            ]
        )
    return align(lines) + footnotes(row)


def starts(row: Row) -> str:
    """Milliseconds over all starts of all rounds."""
    lines = [[row.title, "p50", "p99", "p99.9", "starts", "init", "create", "p50/ours"]]
    for name in row.contestants():
        percentiles = (row.percentile_us(name, share) for share in (0.5, 0.99, 0.999))
        first = next((each for each in row.contestants() if each.startswith("lambent")), OURS)
        ours = OURS if OURS in row.contestants() else first
        lines.append(
            [
                name,
                *(milliseconds(value) for value in percentiles),
                str(int(sum(row.figures(name, "requests")))),
                number(row.median(name, "init_ms")),
                number(row.median(name, "create_ms")),
                ratio(row.ratio(name, ours, "p50_us")),
            ]
        )
    return align(lines) + footnotes(row)


def events(row: Row) -> str:
    """Events a second, latencies and CPU in microseconds; what was left when no more were sent."""
    head = [row.title, "accept/s", "drain/s", "left", "events", "p50", "p99", "CPU", "functions"]
    figures = ("requests_per_s", "drain_per_s", "backlog", "requests", "p50_us", "p99_us")
    lines = [[*head, "client"]]
    for name in row.contestants():
        cpu = ("control_cpu_us", "functions_cpu_us", "client_cpu_us")
        lines.append([name, *(number(row.median(name, each)) for each in (*figures, *cpu))])
    return align(lines) + footnotes(row)


def parts(title: str, bars: Mapping[str, Mapping[str, float]]) -> str:
    """Milliseconds of each part of each bar, and of all."""
    names = list(next(iter(bars.values()), {}))
    lines = [[title, *names, "all ms"]]
    for name, values in bars.items():
        shown = [values[part] for part in names]
        lines.append([name, *(f"{value:.2f}" for value in (*shown, sum(shown)))])
    return align(lines)


def density(row: Row) -> str:
    """Proportional set size of one environment in MB, and how many a gigabyte holds."""
    lines = [[row.title, "MB each", "per GB", "per GB/plain"]]
    for name in row.contestants():
        each = row.median(name, "each_mb")
        lines.append(
            [
                name,
                "-" if each is None else f"{each:.2f}",
                number(row.median(name, "per_gb")),
                ratio(row.ratio(name, "plain python", "per_gb")),
            ]
        )
    return align(lines) + footnotes(row)


def memory(server: str, parts: Mapping[str, tuple[int, float]]) -> str:
    """Proportional set size of each part, in MB."""
    lines = [[f"idle memory of {server}", "processes", "PSS MB"]]
    lines += [[part, str(count), f"{mb:.1f}"] for part, (count, mb) in sorted(parts.items())]
    whole = (sum(count for count, _ in parts.values()), sum(mb for _, mb in parts.values()))
    lines.append(["all", str(whole[0]), f"{whole[1]:.1f}"])
    return align(lines)


def checks(found: Sequence[Check]) -> str:
    lines = [["target", "promised", "measured", ""]]
    lines += [[check.what, check.promised, check.measured, check.word] for check in found]
    return align(lines)


def footnotes(row: Row) -> str:
    notes = [f"  {name} left: {reason}" for name, reason in row.broken.items()]
    quiet, tried = len(row.quiet), len(row.rounds)
    notes.append(
        f"  {quiet} quiet rounds of {tried}{'' if row.is_judged else ': NOT JUDGED'}; "
        f"the hypervisor kept back {row.stolen:.2f} cores"
    )
    return "\n" + "\n".join(notes)


def number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def milliseconds(value_us: float | None) -> str:
    return "-" if value_us is None else f"{value_us / 1e3:.2f}"


def ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}x"
