#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py - the command line of the benchmarks: `compare`, `micro` and `scale`; tests/bench/README.md is the manual.

Exit codes: 0 measured, 1 a run of the bare program or of Seep failed, 2 wrong usage.
"""
import argparse
import datetime
import os
import shutil
import signal
import sys
import tempfile

import compare
import micro
import report
import session
import svg
import tools
import workloads


def names_of(known):
    def parse(argument):
        names = argument.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known are {', '.join(known)}")
        return names
    return parse


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="bench.py", description="What Seep and others cost.")
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"), help="the build directory (BUILD)")
    commands = parser.add_subparsers(dest="command", required=True)
    full = commands.add_parser("compare", help="real programs under Seep and under other tools")
    full.add_argument("--workloads", type=names_of(workloads.NAMES), default=workloads.NAMES, metavar="A,B")
    full.add_argument("--tools", type=names_of(tools.NAMES), default=tools.NAMES, metavar="A,B")
    full.add_argument("--quick", action="store_true", help="few rounds, the tools " + ", ".join(tools.QUICK))
    full.add_argument("--rounds", type=int, default=None, help="counted rounds (3)")
    full.add_argument("--slow-rounds", type=int, default=1, help="counted rounds of the slow tools (1)")
    full.add_argument("--amount", type=float, default=1.0, help="work of a run, in parts of the full work (1)")
    full.add_argument("--limit", type=float, default=60, help="seconds until a run is cut off (60)")
    full.add_argument("--minutes", type=float, default=30, help="minutes after which no further round begins (30)")
    full.add_argument("--out", help="directory for results.md and results.svg")
    micro.add_arguments(commands)
    arguments = parser.parse_args(argv)
    if arguments.command == "compare":
        if arguments.quick and arguments.tools == tools.NAMES:
            arguments.tools = tools.QUICK
        arguments.rounds = arguments.rounds or (2 if arguments.quick else 3)
        if arguments.rounds < 1 or arguments.slow_rounds < 1 or arguments.amount <= 0 or arguments.limit <= 0:
            parser.error("rounds, amount and limit are greater than 0")
    return arguments


def versions_of(chosen):
    named = {}
    for tool in chosen:
        if tool.version() and not tool.missing():
            named[tool.family or tool.title.partition(",")[0]] = tool.version()
    return ", ".join(f"{title} {version}" for title, version in named.items()) or "none known"


def command_text(arguments):
    """The command for the report, without where it was built."""
    if os.environ.get("BENCH_COMMAND"):
        return os.environ["BENCH_COMMAND"]
    shown = list(arguments)
    while "--build" in shown:
        del shown[shown.index("--build"):shown.index("--build") + 2]
    return " ".join(["tests/bench/bench.py", *shown])


def compare_all(arguments, argv):
    chosen_tools = tools.chosen(arguments.tools, arguments.build)
    scratch = tempfile.mkdtemp(prefix="seep-bench-")
    os.chmod(scratch, 0o755)
    session.become_subreaper()
    try:
        comparison = compare.Comparison(scratch, arguments)
        chosen_workloads = workloads.chosen(arguments.workloads, scratch, arguments.build)
        for workload in chosen_workloads:
            comparison.measure(workload, chosen_tools)
            print(report.terminal_table(workload, comparison.outcomes[workload.name]), flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if arguments.out:
        facts = {"date": datetime.date.today().isoformat(), "machine": report.machine(), "command": command_text(argv),
                 "versions": versions_of(chosen_tools), "rounds": arguments.rounds,
                 "slow_rounds": arguments.slow_rounds, "limit_s": arguments.limit}
        write_results(arguments.out, comparison, chosen_workloads, chosen_tools, facts)
    for error in comparison.errors:
        print(f"bench: failed: {error}", file=sys.stderr)
    return 1 if comparison.errors else 0


def write_results(directory, comparison, chosen_workloads, chosen_tools, facts):
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "results.md"), "w", encoding="utf-8") as file:
        file.write(report.markdown(comparison, chosen_workloads, chosen_tools, facts))
    groups, series = report.chart_groups(comparison, chosen_workloads, chosen_tools)
    subtitle = ["CPU time of all processes for the same work, in multiples of the bare program's; logarithmic",
                f"{facts['date']}, {facts['machine']}"]
    with open(os.path.join(directory, "results.svg"), "w", encoding="utf-8") as file:
        file.write(svg.bar_chart("What watching every allocation costs", subtitle, groups, series,
                                 "shorter is better; 1× is the bare program"))


def main(argv):
    arguments = parse_arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what runs is ended first
    arguments.build = os.path.realpath(arguments.build)
    if arguments.command == "compare":
        return compare_all(arguments, argv)
    return micro.main(arguments, command_text(argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
