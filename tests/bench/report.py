# SPDX-License-Identifier: MIT
"""report.py - a comparison as text: for the terminal, as Markdown, as groups of the bar chart. Pure but for `machine`."""
import os
import platform
import re
import subprocess

import figures

CHARTED = ["seep", "seep-sampled", "heaptrack", "jemalloc-every", "lsan-right", "tcmalloc", "memcheck", "dhat"]


def machine():
    """The machine's class, without its name: cores, architecture, kernel, glibc, compiler."""
    compiler = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=False).stdout.strip()
    kernel = re.match(r"[0-9]+\.[0-9]+", platform.release())
    return (f"{os.cpu_count()} cores, {platform.machine()}, Linux {kernel.group(0) if kernel else platform.release()}, "
            f"glibc {platform.libc_ver()[1]}, gcc {compiler}")


def cell(outcome):
    """The ratio of one workload under one tool, or why there is none."""
    ratio = outcome.ratio()
    if ratio:
        return figures.text_of_spread(ratio)
    return "failed" if outcome.why and outcome.results == [] and not _is_missing(outcome) else outcome.why or "–"


def _is_missing(outcome):
    return outcome.why == outcome.tool.missing()


def terminal_table(workload, outcomes):
    """One workload: a line for each tool."""
    lines = [f"{workload.title}",
             f"  {'tool':<32} {'CPU, times the base':<26} {'CPU s':>8} {'rate':>6} {'peak memory':>12} {'output':>9}"]
    for outcome in outcomes.values():
        cpu, rate = outcome.cpu_s(), outcome.relative_rate()
        lines.append(f"  {outcome.tool.title:<32} {cell(outcome):<26} {f'{cpu.median:.2f}' if cpu else '–':>8} "
                     f"{f'{rate.median:.2f}' if rate else '–':>6} {figures.text_of_bytes(outcome.peak_bytes()):>12} "
                     f"{figures.text_of_bytes(outcome.output_bytes()):>9}")
    return "\n".join(lines)


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def _matrix(comparison, workloads, tools, content):
    """A row for each tool, a column for each workload."""
    rows = [[tool.title, *(content(comparison.outcomes[workload.name][tool.name]) for workload in workloads)]
            for tool in tools]
    return rows


def markdown(comparison, workloads, tools, facts):
    """The whole report. facts: date, machine, command, versions (each a text), rounds, slow_rounds, limit_s."""
    head = ["", *(workload.title for workload in workloads)]
    lines = ["# What watching costs", "",
             f"{facts['date']}, {facts['machine']}. Command: `{facts['command']}`.", "",
             f"Versions: {facts['versions']}.", "",
             f"Medians of {facts['rounds']} interleaved rounds (least and greatest), {facts['slow_rounds']} for the slow "
             "tools, which do 15 % of the work (nginx: 25 %) beside a bare run of the same amount. "
             f"A run is cut off after {facts['limit_s']:.0f} s: `>` is what it had used by then. "
             "tests/bench/README.md says what is run and how it is counted.", "",
             "## CPU", "",
             "User and system time of the program and of every process that the tool adds, from the start to the last "
             "process's end, divided by that of the bare program for the same work.", ""]
    others = [tool for tool in tools if tool.name != "bare"]
    rows = [[*row, _mean(comparison, tool)] for row, tool in zip(_matrix(comparison, workloads, others, cell), others)]
    rows.append(["*bare, CPU s*", *(_bare_seconds(comparison.outcomes[workload.name]) for workload in workloads)])
    rows.append(["*allocations and frees*", *(figures.text_of_count(comparison.events.get(workload.name))
                                              for workload in workloads)])
    if any("seep" in comparison.outcomes[workload.name] for workload in workloads):
        rows.append(["*Seep's recorder alone, CPU s*", *(_helper_seconds(comparison.outcomes[workload.name].get("seep"))
                                                         for workload in workloads)])
    parts = [comparison.part_of_heaptrack(workload.name) for workload in workloads]
    if any(part is not None for part in parts):
        rows.append(["*Seep's added CPU, of heaptrack's*", *("–" if part is None else f"{part:.0%}" for part in parts)])
    lines += _table([*head, "geometric mean"], [row + [""] * (len(head) + 1 - len(row)) for row in rows])
    lines += _section("Throughput", "Work by second of elapsed time, divided by the base's.", comparison, workloads, tools,
                      _rate)
    lines += _section("Latency", "Milliseconds: the 99th percentile, for PostgreSQL the mean.", comparison, workloads, tools,
                      _latency, only_absolute=True)
    lines += _section("Peak memory", "Greatest sum of the proportional set sizes of all processes, sampled each 0.1 s in "
                      "a round whose times do not count. The slow tools' is that of their smaller work.", comparison,
                      workloads, tools, lambda outcome: figures.text_of_bytes(outcome.peak_bytes()))
    lines += _section("Output", "What the tool has written when all processes have ended.", comparison, workloads,
                      [tool for tool in tools if tool.name not in ("bare", "count", "jemalloc")],
                      lambda outcome: figures.text_of_bytes(outcome.output_bytes()))
    lines += _notes(comparison, workloads, tools)
    return "\n".join(lines).rstrip() + "\n"


def _bare_seconds(outcomes):
    cpu = outcomes["bare"].cpu_s() if "bare" in outcomes else None
    return f"{cpu.median:.2f}" if cpu else "–"


def _mean(comparison, tool):
    mean = comparison.mean_ratio(tool.name)
    return "–" if mean is None else figures.text_of_ratio(mean)


def _helper_seconds(outcome):
    spread = outcome and figures.spread_of([result.cpu_helpers_s for result in outcome.results])
    return f"{spread.median:.2f}" if spread else "–"


def _rate(outcome):
    rate = outcome.relative_rate()
    return f"{rate.median:.2f}" if rate else "–"


def _latency(outcome):
    spread = outcome.figure("p99 ms") or outcome.figure("mean ms")
    return f"{spread.median:.3g}" if spread else "–"


def _section(title, says, comparison, workloads, tools, content, only_absolute=False):
    """A section with those workloads and tools that have such a figure."""
    tools = [tool for tool in tools if not (only_absolute and tool.is_slow)]
    outcomes = comparison.outcomes
    workloads = [workload for workload in workloads
                 if any(content(outcomes[workload.name][tool.name]) != "–" for tool in tools)]
    if not workloads:
        return []
    rows = _matrix(comparison, workloads, tools, content)
    rows = [row for row in rows if any(field != "–" for field in row[1:])]
    return [f"## {title}", "", says, "", *_table(["", *(workload.title for workload in workloads)], rows)]


def _notes(comparison, workloads, tools):
    lines = [f"- {tool.title}: {tool.note}." for tool in tools if tool.note]
    missing = {tool.name: tool.missing() for tool in tools}
    lines += [f"- {tool.title}: {missing[tool.name]}." for tool in tools if missing[tool.name]]
    for workload in workloads:
        for outcome in comparison.outcomes[workload.name].values():
            if outcome.why and outcome.why != missing[outcome.tool.name]:
                lines.append(f"- {workload.title} under {outcome.tool.title}: {outcome.why.rstrip('.')}.")
    return ["## Notes", "", *lines, ""] if lines else []


def chart_groups(comparison, workloads, tools):
    """Groups and series for svg.bar_chart: a group a workload, a bar for each of CHARTED that was run."""
    by_name = {tool.name: tool for tool in tools if not tool.missing()}
    series = [by_name[name].title if name in by_name else name for name in CHARTED]
    groups = [(workload.title, [_bar(comparison.outcomes[workload.name].get(name)) if name in by_name else None
                                for name in CHARTED]) for workload in workloads]
    return groups, series


def _bar(outcome):
    ratio = outcome.ratio()
    if not ratio:
        return (None, "failed")
    return (ratio.median, ("> " if ratio.is_bound else "") + figures.text_of_ratio(ratio.median))
