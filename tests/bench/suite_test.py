#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""suite_test.py - checks the benchmarks themselves: arithmetic, charts, and that what fails gives an error and no number.

Prints TAP, one line a test, for tests/e2e/bench.bats. Runs programs of a few milliseconds only.
"""
import os
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from types import SimpleNamespace

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import bench  # noqa: E402
import compare  # noqa: E402
import figures  # noqa: E402
import micro  # noqa: E402
import report  # noqa: E402
import session  # noqa: E402
import svg  # noqa: E402
import tools  # noqa: E402
import workloads  # noqa: E402

OPTIONS = SimpleNamespace(rounds=2, slow_rounds=1, amount=1.0, limit=10, minutes=1)


class Script(workloads.Workload):
    """A workload that is a shell command; `$TOOL` names the tool."""

    def __init__(self, command, work):
        super().__init__("script", "a script", work, "build")
        self.command = command

    def run(self, run, amount):
        run.run(["sh", "-c", self.command], environment=[f"TOOL={run.tool.name}", f"AMOUNT={amount}"])


class Named(tools.Bare):
    """A tool that changes nothing."""

    is_peer = True


class Absent(Named):
    def probe(self):
        return "frobnicator is not installed"


class Slow(Named):
    is_slow = True


def measured(command, *kinds, options=OPTIONS):
    """A comparison of one script under tools of these kinds, bare first; with what was said."""
    said = []
    chosen = [tools.Bare("bare", "bare", "build")]
    chosen += [kind(f"tool{i}", f"tool {i}", "build") for i, kind in enumerate(kinds)]
    with tempfile.TemporaryDirectory() as work:
        comparison = compare.Comparison(work, options, said.append)
        workload = Script(command, work)
        comparison.measure(workload, chosen)
    return comparison, workload, chosen, said


def markdown_of(comparison, workload, chosen):
    facts = {"date": "2026-01-01", "machine": "a machine", "command": "c", "versions": "v", "rounds": 2, "slow_rounds": 1,
             "limit_s": 10}
    return report.markdown(comparison, [workload], chosen, facts)


class Figures(unittest.TestCase):
    def test_a_spread_is_median_and_range_and_nothing_gives_none(self):
        self.assertEqual(figures.spread_of([3, 1, 2]), (2, 1, 3, False))
        self.assertIsNone(figures.spread_of([]))

    def test_ratios_are_taken_within_a_round_and_skip_what_is_missing(self):
        self.assertEqual(figures.ratios_of([2, None, 9], [1, 2, 3]), [2, 3])
        self.assertEqual(figures.ratios_of([8], [2, 4]), [4])
        self.assertEqual(figures.ratios_of([2, 4], [0, 2]), [2])

    def test_the_added_part_compares_what_is_added_and_not_the_whole(self):
        self.assertAlmostEqual(figures.added_part(2.0, 11.0), 0.1)
        self.assertIsNone(figures.added_part(2.0, 1.0))

    def test_a_bound_is_marked_and_never_printed_as_a_figure(self):
        self.assertEqual(figures.text_of_spread(figures.spread_of([86.2], True)), "> 86.2")
        self.assertEqual(figures.text_of_spread(figures.spread_of([1.9, 1.93, 1.95])), "1.93 (1.90–1.95)")

    def test_sizes_and_counts_have_units(self):
        self.assertEqual([figures.text_of_bytes(n) for n in (None, 0, 999, 1500, 25e6, 9.1e9)],
                         ["–", "0 B", "999 B", "1.5 kB", "25 MB", "9.1 GB"])
        self.assertEqual([figures.text_of_count(n) for n in (None, 12, 1500, 20e6)], ["–", "12", "1.5 k", "20.0 M"])


class Charts(unittest.TestCase):
    def test_a_logarithmic_scale_keeps_ratios_and_moves_what_is_outside_to_its_ends(self):
        scale = svg.LogScale(1, 100, 0, 200)
        self.assertAlmostEqual(scale.place(10), 100)
        self.assertEqual((scale.place(0.5), scale.place(1000)), (0, 200))
        self.assertEqual(scale.ticks(), [1, 2, 5, 10, 20, 50, 100])
        self.assertRaises(ValueError, svg.LogScale, 0, 1, 0, 1)

    def test_a_bar_chart_is_well_formed_with_bars_in_proportion_and_text_for_what_has_none(self):
        groups = [("a < b", [(10.0, "10"), (100.0, "100"), (None, "failed"), None])]
        root = xml.fromstring(svg.bar_chart("T & C", ["one", "two"], groups, ["x", "y", "z", "w"], "axis"))
        name = "{http://www.w3.org/2000/svg}"
        bars = [float(bar.get("width")) for bar in root.iter(name + "rect") if bar.get("x") == "150"]
        self.assertEqual(len(bars), 2)
        self.assertAlmostEqual(bars[1] / bars[0], 2, places=1)
        texts = [element.text for element in root.iter(name + "text")]
        self.assertTrue({"a < b", "T & C", "failed", "z"} <= set(texts))
        self.assertNotIn("w", texts)
        self.assertEqual([element.tag for element in root.iter() if element.tag.endswith("script")], [])

    def test_a_line_chart_draws_each_point_once(self):
        chart = svg.line_chart("T", "s", [("a", [(1, 10), (10, 100)]), ("b", [(1, 0)])], "x", "y")
        points = list(xml.fromstring(chart).iter("{http://www.w3.org/2000/svg}circle"))
        heights = [float(point.get("cy")) for point in points]
        self.assertEqual(len(points), 3)
        self.assertAlmostEqual(heights[2] - heights[0], heights[0] - heights[1], places=0)
        self.assertRaises(ValueError, svg.line_chart, "T", "s", [("a", [])], "x", "y")


class Runs(unittest.TestCase):
    def test_cpu_of_a_process_that_nobody_waits_for_is_counted(self):
        comparison, _, _, _ = measured('spin() { i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; }; '
                                       '[ $TOOL = bare ] || (setsid sh -c "sleep 0.05; '
                                       'i=0; while [ \\$i -lt 300000 ]; do i=\\$((i+1)); done" >/dev/null 2>&1 &); spin', Named)
        self.assertGreater(comparison.ratio("script", "tool0").least, 2)
        result = comparison.outcomes["script"]["tool0"].results[0]
        self.assertGreater(result.cpu_helpers_s, result.cpu_s / 2)

    def test_every_round_runs_all_tools_in_turn_after_one_that_warms_up(self):
        comparison, _, _, _ = measured("true", Named, Named)
        self.assertEqual([len(outcome.results) for outcome in comparison.outcomes["script"].values()], [2, 2, 2])
        self.assertTrue(all(outcome.warm_up for outcome in comparison.outcomes["script"].values()))

    def test_a_slow_tool_is_compared_with_a_bare_run_of_the_same_amount(self):
        comparison, _, _, _ = measured('[ $AMOUNT = 1.0 ] && [ $TOOL != bare ] && exit 9; i=0; '
                                       'while [ $i -lt 50000 ]; do i=$((i+1)); done', Slow)
        self.assertEqual(comparison.errors, [])
        self.assertLess(comparison.ratio("script", "tool0").median, 3)

    def test_a_missing_tool_gives_a_row_that_says_so(self):
        comparison, workload, chosen, _ = measured("true", Absent)
        self.assertIsNone(comparison.ratio("script", "tool0"))
        self.assertIn("| tool 0 | frobnicator is not installed | – |", markdown_of(comparison, workload, chosen))
        self.assertEqual(comparison.errors, [])

    def test_a_program_that_dies_bare_is_an_error_and_no_number(self):
        comparison, workload, chosen, said = measured("echo out of luck; kill -SEGV $$", Named)
        self.assertEqual(len(comparison.errors), 1)
        self.assertIn("sh was ended by SIGSEGV: out of luck", said[0])
        self.assertIsNone(comparison.ratio("script", "tool0"))
        self.assertIn("| tool 0 | failed | – |", markdown_of(comparison, workload, chosen))

    def test_a_tool_that_dies_is_a_finding_about_the_tool(self):
        comparison, workload, chosen, said = measured("[ $TOOL = bare ] || exit 7", Named)
        self.assertEqual(comparison.errors, [])
        self.assertIn("sh ended with 7", said[0])
        self.assertIn("a script under tool 0: sh ended with 7", markdown_of(comparison, workload, chosen))

    def test_a_run_that_takes_too_long_is_cut_off_and_gives_a_bound(self):
        options = SimpleNamespace(**{**vars(OPTIONS), "limit": 0.5})
        started = time.monotonic()
        comparison, _, _, _ = measured("i=0; while [ $TOOL != bare ] || [ $i -lt 20000 ]; do i=$((i+1)); done", Named,
                                       options=options)
        self.assertTrue(comparison.ratio("script", "tool0").is_bound)
        self.assertEqual(len(comparison.outcomes["script"]["tool0"].results), 1)
        self.assertLess(time.monotonic() - started, 5)

    def test_a_missing_program_is_an_error(self):
        class NeedsMuch(Script):
            def needs(self):
                return ["no-such-program"]
        said = []
        comparison = compare.Comparison("/nonexistent", OPTIONS, said.append)
        comparison.measure(NeedsMuch("true", "/nonexistent"), [tools.Bare("bare", "bare", "build")])
        self.assertEqual(comparison.errors, ["script: no-such-program not installed"])

    def test_a_server_that_never_listens_is_an_error_and_leaves_no_process(self):
        with tempfile.TemporaryDirectory() as directory:
            run = session.Run(tools.Bare("bare", "bare", "build"), directory, 0.3)
            run.start(["sleep", "1000"])
            with self.assertRaisesRegex(session.RunFailed, "no server on port"):
                run.wait_for_port(session.free_port())
            run.abandon()
        self.assertEqual(session.descendants(os.getpid()), [])

    def test_a_server_that_never_answers_is_an_error(self):
        with tempfile.TemporaryDirectory() as directory:
            run = session.Run(tools.Bare("bare", "bare", "build"), directory, 0.3)
            run.start(["sleep", "1000"])
            with self.assertRaisesRegex(session.RunFailed, "no answer after"):
                run.wait_until(["false"])
            run.abandon()

    def test_a_server_that_dies_at_its_end_is_an_error(self):
        with tempfile.TemporaryDirectory() as directory:
            run = session.Run(tools.Bare("bare", "bare", "build"), directory, 10)
            run.start(["sh", "-c", 'trap "kill -ABRT $$" TERM; echo > ready; while :; do sleep 0.02; done'])
            run.wait_until(["test", "-e", f"{directory}/ready"])
            with self.assertRaisesRegex(session.RunFailed, "sh was ended by SIGABRT at its end"):
                run.result()

    def test_a_load_generator_without_a_figure_is_an_error(self):
        with self.assertRaisesRegex(session.RunFailed, "wrk printed no figure: nonsense"):
            workloads.number_after(r"([0-9]+) requests", "nonsense", "wrk")


class Micro(unittest.TestCase):
    def test_the_lines_of_the_program_are_read_and_others_refused(self):
        self.assertEqual(micro.parse("steady 5 12.5\n"), {("steady", "5"): 12.5})
        self.assertRaises(session.RunFailed, micro.parse, "steady 5\n")
        self.assertRaises(session.RunFailed, micro.parse, "")


class Commands(unittest.TestCase):
    def test_a_report_names_its_command_without_the_build_directory(self):
        self.assertEqual(bench.command_text(["--build", "/some/where", "compare", "--rounds", "2"]),
                         "tests/bench/bench.py compare --rounds 2")

    def test_bases_come_with_the_tools_that_are_compared_with_them(self):
        self.assertEqual([tool.name for tool in tools.chosen(["jemalloc-every", "seep"], "build")],
                         ["bare", "seep", "jemalloc", "jemalloc-every"])


class TapResult(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)
        self.stream.writeln(f"ok {self.testsRun} {test.id().split('.', 1)[1]}")


if __name__ == "__main__":
    session.become_subreaper()
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout, resultclass=TapResult, verbosity=0))
