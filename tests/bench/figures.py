# SPDX-License-Identifier: MIT
"""figures.py - the arithmetic of the comparison: medians, spreads, ratios of interleaved rounds, numbers as text.

Pure functions. A figure that could not be measured is None and never a number.
"""
import statistics
from collections import namedtuple

# Median, least and greatest; `is_bound` when some run was cut off, so that the true value is at least this.
Spread = namedtuple("Spread", "median least greatest is_bound", defaults=(False,))


def spread_of(values, is_bound=False):
    """Median and range of a non-empty list, None for an empty one."""
    if not values:
        return None
    return Spread(statistics.median(values), min(values), max(values), is_bound)


def ratios_of(costs, base_costs):
    """The ratio to the base run of the same round; rounds that one of the two lacks do not count."""
    return [cost / base for cost, base in zip(costs, base_costs) if cost is not None and base]


def added_part(ratio, other):
    """What one tool adds to the bare program as a part of what another adds; None when the other adds nothing."""
    return (ratio - 1) / (other - 1) if other > 1 else None


def geometric_mean(values):
    return statistics.geometric_mean(values) if values else None


def text_of_ratio(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def text_of_spread(spread):
    """As in `1.93 (1.90-1.95)`, or `> 86` for a lower bound."""
    if spread.is_bound:
        return "> " + text_of_ratio(spread.median)
    text = text_of_ratio(spread.median)
    if spread.least == spread.greatest:
        return text
    return f"{text} ({text_of_ratio(spread.least)}–{text_of_ratio(spread.greatest)})"


def text_of_bytes(size):
    if size is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            break
        size /= 1000
    else:
        unit = "GB"
    return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"


def text_of_count(count):
    if count is None:
        return "–"
    for unit in ("", " k"):
        if count < 1000:
            break
        count /= 1000
    else:
        unit = " M"
    return f"{count:.0f}{unit}" if count >= 100 or unit == "" else f"{count:.1f}{unit}"
