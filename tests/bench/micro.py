# SPDX-License-Identifier: MIT
"""micro.py - nanoseconds that a shim adds to a malloc and free pair: by pattern (`micro`), and against live blocks, depth,
threads and callsites (`scale`), with the scaling of churn's throughput from one thread to two.

The program is micro.c, run bare and under each shim in turn, `rounds` times; the least figure of each counts, since
whatever disturbs a run only makes it longer. What a shim adds is its figure less the bare one.
"""
import datetime
import os
import re
import shutil
import sys
import tempfile
from collections import namedtuple

import figures
import report
import session
import svg
import tools

DEPTHS = ["5", "10", "20", "40"]
PATTERNS = [("steady", DEPTHS), ("tree", DEPTHS), ("request", DEPTHS), ("live", ["1000", "1000000"]),
            ("threads", ["1", "2"]), ("sites", ["1000"])]
SHIMS = ["count", "seep", "seep-sampled"]

# A chart of `scale`: lines are (pattern, tool, legend); the file is scale-NAME.svg.
Axis = namedtuple("Axis", "name title numbers lines x_axis")
SCALE_DEPTHS = ["5", "10", "20", "50", "100", "200"]


def every_shim(pattern):
    return [(pattern, "seep", "Seep, every event"), (pattern, "seep-sampled", "Seep, sampled"),
            (pattern, "heaptrack", "heaptrack"), (pattern, "count", "a shim that only counts")]


AXES = [
    Axis("live", "Cost against live blocks", ["1000", "10000", "100000", "1000000", "10000000"], every_shim("live"),
         "live blocks of 64 bytes, replaced at random"),
    Axis("depth", "Cost against the depth of the stack", SCALE_DEPTHS,
         [("steady", "seep", "the same callsite again"), ("tree", "seep", "walking a tree of calls"),
          ("request", "seep", "requests of changing depth"), ("request", "seep-sampled", "requests, sampled"),
          ("request", "heaptrack", "requests, heaptrack")], "frames"),
    Axis("threads", "Cost against threads", ["1", "2", "4", "8"], every_shim("threads"),
         "threads (CPU time of a pair)"),
    Axis("sites", "Cost against callsites", ["10", "100", "1000", "10000", "100000"], every_shim("sites"),
         "different stacks of 18 frames, in random order"),
]

CHURN_SHARES = ["0", "50"]


def add_arguments(commands):
    for name, says in (("micro", "what a shim adds to a pair of malloc and free, by pattern"),
                       ("scale", "what it adds against live blocks, depth, threads and callsites")):
        command = commands.add_parser(name, help=says)
        command.add_argument("--tools", default=",".join(SHIMS), metavar="A,B", help="shims (" + ",".join(SHIMS) + ")")
        command.add_argument("--rounds", type=int, default=3, help="interleaved rounds (3)")
        command.add_argument("--limit", type=float, default=120, help="seconds until a run is cut off (120)")
        command.add_argument("--out", help=f"directory for {name}.md" + (" and its charts" if name == "scale" else ""))


def parse(output):
    """{(pattern, number): ns} of what micro printed among what the tool printed."""
    found = re.findall(r"^([a-z]+) ([0-9]+) ([0-9.]+)$", output, re.MULTILINE)
    if not found:
        raise session.RunFailed(f"micro printed no figure: {output.strip()[-200:]}")
    return {(pattern, number): float(ns) for pattern, number, ns in found}


class Bench:
    """Runs our own programs under the chosen shims; figures by tool's name."""

    def __init__(self, arguments, work):
        self.arguments, self.work = arguments, work
        chosen = tools.chosen(["bare", *arguments.tools.split(",")], arguments.build)
        self.missing = {tool.title: tool.missing() for tool in chosen if tool.missing()}
        self.tools = [tool for tool in chosen if not tool.missing()]

    def program(self, name):
        return os.path.join(self.arguments.build, "tests/bench", name)

    def output_of(self, tool, argv):
        directory = os.path.join(self.work, "run")
        run = session.Run(tool, directory, self.arguments.limit)
        try:
            run.run(argv)
            run.result()
            if run.is_cut:
                raise session.RunFailed(f"{' '.join(argv[1:])} under {tool.title}: more than {self.arguments.limit:.0f} s")
            with open(run.log, encoding="utf-8", errors="replace") as log:
                return log.read()
        finally:
            run.abandon()
            shutil.rmtree(directory, ignore_errors=True)

    def least_ns(self, pattern, numbers):
        """{tool: {number: ns}}, the least of all rounds."""
        least = {tool.name: {} for tool in self.tools}
        for _ in range(self.arguments.rounds):
            for tool in self.tools:
                figures_now = parse(self.output_of(tool, [self.program("micro"), pattern, *numbers]))
                for number in numbers:
                    ns = figures_now[pattern, number]
                    least[tool.name][number] = min(ns, least[tool.name].get(number, ns))
        return least

    def added_ns(self, pattern, numbers):
        """{tool: {number: ns}} for all tools but bare."""
        least = self.least_ns(pattern, numbers)
        bare = least.pop("bare")
        return bare, {name: {number: max(ns - bare[number], 0.0) for number, ns in of_tool.items()}
                      for name, of_tool in least.items()}

    def churn_scaling(self, share):
        """Throughput under each shim divided by bare, with one thread and with two: {tool: (Spread, Spread)}."""
        rates = {(tool.name, threads): [] for tool in self.tools for threads in "12"}
        for _ in range(2 * self.arguments.rounds + 1):
            for threads in "12":
                for tool in self.tools:
                    output = self.output_of(tool, [self.program("churn"), threads, "3000", share])
                    found = re.search(r"([0-9]+) blocks/s", output)
                    if not found:
                        raise session.RunFailed(f"churn printed no figure: {output.strip()[-200:]}")
                    rates[tool.name, threads].append(float(found.group(1)))
        return {tool.name: tuple(figures.spread_of(figures.ratios_of(rates[tool.name, threads], rates["bare", threads]))
                                 for threads in "12") for tool in self.tools if tool.name != "bare"}


def titles(bench):
    return {tool.name: tool.title for tool in bench.tools}


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def place_and_time():
    return f"{datetime.date.today().isoformat()}, {report.machine()}"


def heading(title, command, bench):
    lines = [f"# {title}", "", f"{place_and_time()}. Command: `{command}`. Least of {bench.arguments.rounds} interleaved "
             "rounds.", ""]
    lines += [f"{name}: {why}." for name, why in bench.missing.items()]
    return lines + ([""] if bench.missing else [])


def micro_report(bench, command):
    """What each shim adds, one column a pattern; the first row is the pair itself, bare."""
    columns, rows = [], {tool.name: ["bare pair" if tool.name == "bare" else tool.title] for tool in bench.tools}
    for pattern, numbers in PATTERNS:
        bare, added = bench.added_ns(pattern, numbers)
        columns.append(f"{pattern} {' / '.join(svg.tick_text(int(number)) for number in numbers)}")
        for name, of_tool in {"bare": bare, **added}.items():
            rows[name].append(" / ".join(f"{of_tool[number]:.0f}" for number in numbers))
    return "\n".join(heading("Nanoseconds added to a malloc and free pair", command, bench)
                     + table(["", *columns], rows.values()))


def scale_report(bench, command):
    """The Markdown, and {file name: SVG}."""
    lines, charts = heading("Cost against size", command, bench), {}
    subtitle = [f"nanoseconds of CPU added to a malloc and free pair; {place_and_time()}"]
    for axis in AXES:
        added, series = {}, []
        for pattern in dict.fromkeys(pattern for pattern, _, _ in axis.lines):
            added[pattern] = bench.added_ns(pattern, axis.numbers)[1]
        for pattern, tool, legend in axis.lines:
            if tool in added[pattern]:
                series.append((legend, [(int(number), ns) for number, ns in added[pattern][tool].items()]))
        chart = svg.line_chart(axis.title, subtitle, series, axis.x_axis, "ns added to a pair")
        charts[f"scale-{axis.name}.svg"] = chart
        lines += [f"## {axis.title}", "", f"![{axis.title}](scale-{axis.name}.svg)", "",
                  *table([f"ns added; {axis.x_axis}", *(svg.tick_text(int(number)) for number in axis.numbers)],
                         [[legend, *(f"{ns:.1f}" for _, ns in line)] for legend, line in series])]
    return "\n".join(lines + scaling_lines(bench)), charts


def scaling_lines(bench):
    rows = []
    for share in CHURN_SHARES:
        for name, (one, two) in bench.churn_scaling(share).items():
            rows.append([titles(bench)[name], f"{share} %", figures.text_of_spread(one), figures.text_of_spread(two),
                         f"{100 * (two.median - one.median):+.0f}"])
    return ["## From one thread to two", "",
            "Blocks by second of elapsed time that churn makes under a shim, divided by bare: medians of "
            f"{2 * bench.arguments.rounds + 1} interleaved rounds (least and greatest). Below zero, the second thread "
            "costs more than the first.", "",
            *table(["", "freed by another thread", "one thread", "two threads", "points"], rows)]


def write(directory, name, content):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write(content.rstrip() + "\n")


def main(arguments, command):
    unknown = [name for name in arguments.tools.split(",") if name not in tools.NAMES]
    if unknown or arguments.rounds < 1 or arguments.limit <= 0:
        why = f"unknown tools: {', '.join(unknown)}" if unknown else "rounds and limit are greater than 0"
        print(f"bench: {why}", file=sys.stderr)
        return 2
    session.become_subreaper()
    with tempfile.TemporaryDirectory(prefix="seep-bench-") as work:
        bench = Bench(arguments, work)
        try:
            if arguments.command == "micro":
                text, charts = micro_report(bench, command), {}
            else:
                text, charts = scale_report(bench, command)
        except session.RunFailed as failure:
            print(f"bench: failed: {failure}", file=sys.stderr)
            return 1
    print(text)
    if arguments.out:
        write(arguments.out, f"{arguments.command}.md", text)
        for name, content in charts.items():
            write(arguments.out, name, content)
    return 0
