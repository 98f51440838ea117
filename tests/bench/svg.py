# SPDX-License-Identifier: MIT
"""svg.py - bar charts and line charts as SVG text: no scripts, text as text, readable on dark and on light ground.

Pure functions from figures to a string. Scales are explicit objects; values outside of a scale are moved to its end.
"""
import math
from xml.sax.saxutils import escape

WIDTH = 860
# Colours for light and for dark ground, by series; the first is Seep's own.
COLOURS = [
    ("#0b6bcb", "#58a6ff"), ("#59a5e8", "#a5d0ff"), ("#d1491b", "#ff8c61"), ("#8a5cc2", "#c297ff"),
    ("#2a8f5b", "#5fd08f"), ("#a8811a", "#e3b341"), ("#b83280", "#f778ba"), ("#6b7280", "#9ca3af"),
]


class LogScale:
    """Positions of values between least and greatest, in decades."""

    def __init__(self, least, greatest, start, end):
        if not 0 < least < greatest:
            raise ValueError("a logarithmic scale needs 0 < least < greatest")
        self.least, self.greatest, self.start, self.end = least, greatest, start, end

    def place(self, value):
        value = min(max(value, self.least), self.greatest)
        part = math.log(value / self.least) / math.log(self.greatest / self.least)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        decades = range(math.floor(math.log10(self.least)), math.ceil(math.log10(self.greatest)) + 1)
        steps = (1, 2, 5) if math.log10(self.greatest / self.least) < 3.5 else (1,)
        values = [step * 10.0 ** decade for decade in decades for step in steps]
        return [value for value in values if self.least * 0.999 <= value <= self.greatest * 1.001]


def tick_text(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def text(x, y, content, kind="label", anchor="start"):
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def _style():
    light = "".join(f".s{i}{{fill:{c[0]};stroke:{c[0]}}}" for i, c in enumerate(COLOURS))
    dark = "".join(f".s{i}{{fill:{c[1]};stroke:{c[1]}}}" for i, c in enumerate(COLOURS))
    return (
        "<style>"
        "text{font:12px system-ui,'DejaVu Sans',sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}"
        ".small{font-size:11px;fill:#59636e}.ground{fill:#ffffff}.grid{stroke:#d8dee4;stroke-width:1}"
        ".line{fill:none;stroke-width:2}rect[class^=s]{stroke:none}" + light +
        "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.ground{fill:#0d1117}"
        ".grid{stroke:#30363d}" + dark + "}</style>")


def _document(height, title, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" role="img">')
    ground = f'<rect class="ground" width="{WIDTH}" height="{height:.0f}" rx="6"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", _style(), ground, *parts, "</svg>"]) + "\n"


def _heading(title, subtitle):
    """Title and the lines under it, and where the rest may begin."""
    lines = [subtitle] if isinstance(subtitle, str) else subtitle
    parts = [text(16, 28, title, "title")]
    parts += [text(16, 47 + 16 * i, line, "small") for i, line in enumerate(lines)]
    return parts, 47 + 16 * len(lines)


def _legend(named, y, mark):
    """Names by number of their colour, in as many rows as they need; the height they took."""
    parts, x, top = [], 16, y
    for i, name in named:
        width = 30 + 6.9 * len(name)
        if x + width > WIDTH - 16:
            x, y = 16, y + 18
        parts.append(mark(x, y, i))
        parts.append(text(x + 16, y + 10, name))
        x += width
    return parts, y + 18 - top


def bar_chart(title, subtitle, groups, series, axis):
    """Horizontal bars on a logarithmic scale that begins at 1.

    groups: [(name, [bar, ...])], a bar for each name in `series`: (value, label), (None, label) where there is no
    figure and the label says why, or None to leave the bar out. A name that no group has a bar for is not in the legend,
    and the others keep their colours.
    """
    parts, y = _heading(title, subtitle)
    named = [(i, name) for i, name in enumerate(series) if any(bars[i] for _, bars in groups)]
    legend, height = _legend(named, y, lambda x, y, i: f'<rect class="s{i}" x="{x}" y="{y}" width="11" height="11"/>')
    parts += legend
    top = y + height + 22
    greatest = max([bar[0] for _, bars in groups for bar in bars if bar and bar[0]] + [10])
    scale = LogScale(1, greatest * 1.05, 150, WIDTH - 110)
    bars_y, y = [], top
    for name, bars in groups:
        shown = [(i, bar) for i, bar in enumerate(bars) if bar is not None]
        bars_y.append(text(140, y + 6.5 * len(shown) + 4, name, anchor="end"))
        for i, (value, label) in shown:
            width = 0 if value is None else max(scale.place(value) - scale.start, 1.5)
            if value is not None:
                bars_y.append(f'<rect class="s{i}" x="{scale.start}" y="{y + 1}" width="{width:.1f}" height="11"/>')
            bars_y.append(text(scale.start + width + 5, y + 10.5, label, "small"))
            y += 13
        y += 12
    for tick in scale.ticks():
        x = scale.place(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top - 6}" x2="{x:.1f}" y2="{y - 6}"/>')
        parts.append(text(x, top - 10, tick_text(tick) + "×", "small", "middle"))
    parts += bars_y
    parts.append(text(scale.start, y + 10, axis, "small"))
    return _document(y + 24, title, parts)


def line_chart(title, subtitle, series, x_axis, y_axis):
    """Lines on logarithmic scales; series: [(name, [(x, y), ...])]. The vertical one begins at 1, less is drawn as 1."""
    points = [point for _, line in series for point in line]
    if not points:
        raise ValueError("a chart needs a point")
    parts, y = _heading(title, subtitle)
    legend, height = _legend(list(enumerate(name for name, _ in series)), y, lambda x, y, i:
                             f'<line class="line s{i}" x1="{x}" y1="{y + 6}" x2="{x + 12}" y2="{y + 6}"/>')
    parts += legend
    top, bottom = y + height + 24, y + height + 264
    left, right = 64, WIDTH - 24
    xs = sorted({x for x, _ in points})
    across = LogScale(xs[0], max(xs[-1], xs[0] * 2), left, right)
    up = LogScale(1, max(max(y for _, y in points) * 1.1, 10), bottom, top)
    for tick in up.ticks():
        at = up.place(tick)
        parts.append(f'<line class="grid" x1="{left}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}"/>')
        parts.append(text(left - 8, at + 4, tick_text(tick), "small", "end"))
    for x in xs:
        parts.append(text(across.place(x), bottom + 18, tick_text(x), "small", "middle"))
    for i, (_, line) in enumerate(series):
        path = " ".join(f"{across.place(x):.1f},{up.place(y):.1f}" for x, y in line)
        parts.append(f'<polyline class="line s{i}" style="fill:none" points="{path}"/>')
        parts += [f'<circle class="s{i}" cx="{across.place(x):.1f}" cy="{up.place(y):.1f}" r="3"/>' for x, y in line]
    parts.append(text(left - 48, top - 12, y_axis, "small"))
    parts.append(text((left + right) / 2, bottom + 38, x_axis, "small", "middle"))
    return _document(bottom + 50, title, parts)
