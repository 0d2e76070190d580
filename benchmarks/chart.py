"""Charts as SVG, written by hand: bars that consist of parts, with their figures beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, MARGIN = 960, 24
NAMES_WIDTH, BARS_WIDTH, CELL_WIDTH = 120, 420, 62
TOP, LINE, BAR = 92, 40, 22
# Told apart by colour-blind people too (the palette of Okabe and Ito).
COLOURS = ("#999999", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#0072b2", "#d55e00")
# About so many marks on the axis.
MARKS = 5


def stacked(title: str, bars: Mapping[str, Mapping[str, float]]) -> str:
    """One bar for each entry, of parts side by side; their values and the sum stand in columns to the right.

    Args:
        bars: name of the bar -> name of the part -> value; all have the same parts.
    """
    names = list(next(iter(bars.values()), {}))
    colours = dict(zip(names, COLOURS, strict=False))
    longest = max((sum(values.values()) for values in bars.values()), default=0.0) or 1.0
    height = TOP + LINE * len(bars) + 48
    size = f'width="{WIDTH}" height="{height}"'
    look = 'font-family="system-ui, sans-serif" font-size="13"'
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height}" {look}>',
        f'<rect {size} fill="#ffffff"/>',
        _text(MARGIN, 34, title, size=17, weight="bold"),
        *_axis(longest, height),
        *_heads(names, colours),
    ]
    for number, (name, values) in enumerate(bars.items()):
        pieces += _bar(name, values, colours, BARS_WIDTH / longest, TOP + LINE * number)
    return "\n".join([*pieces, "</svg>", ""])


def _heads(names: Sequence[str], colours: Mapping[str, str]) -> list[str]:
    """The columns' names; a square of the part's colour stands above each."""
    pieces = []
    for column, name in enumerate((*names, "all")):
        right = _column(column)
        if name in colours:
            fill = colours[name]
            pieces.append(f'<rect x="{right - 12}" y="46" width="12" height="12" fill="{fill}"/>')
        pieces.append(_text(right, 76, name, anchor="end", size=12))
    return pieces


def _bar(
    name: str, values: Mapping[str, float], colours: Mapping[str, str], scale: float, top: float
) -> list[str]:
    middle = top + BAR / 2 + 5
    pieces = [_text(MARGIN, middle, name)]
    left = float(MARGIN + NAMES_WIDTH)
    for part, value in values.items():
        width = value * scale
        pieces.append(
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{colours[part]}">'
            f"<title>{escape(f'{name}, {part}: {value:.2f}')}</title></rect>"
        )
        left += width
    cells = [*values.values(), sum(values.values())]
    pieces += [
        _text(_column(column), middle, f"{value:.2f}", anchor="end")
        for column, value in enumerate(cells)
    ]
    return pieces


def _axis(longest: float, height: int) -> list[str]:
    pieces = []
    bottom = height - 34
    step = axis_step(longest)
    for number in range(int(longest / step) + 1):
        at = MARGIN + NAMES_WIDTH + number * step * BARS_WIDTH / longest
        pieces += [
            f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{bottom}" stroke="#dddddd"/>',
            _text(at, bottom + 18, f"{number * step:g}", anchor="middle", size=12),
        ]
    return pieces


def axis_step(longest: float) -> float:
    """1, 2 or 5 times a power of ten, so that there are about `MARKS` marks up to the longest bar."""
    step = 1e-6
    while True:
        for factor in (1, 2, 5):
            if longest / (step * factor) <= MARKS:
                return step * factor
        step *= 10


def _column(number: int) -> int:
    """The right edge of a column of figures."""
    return MARGIN + NAMES_WIDTH + BARS_WIDTH + CELL_WIDTH * (number + 1)


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'font-weight="{weight}" fill="#222222">{escape(text)}</text>'
    )
