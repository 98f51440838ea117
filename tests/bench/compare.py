# SPDX-License-Identifier: MIT
"""compare.py - measures workloads under tools, in interleaved rounds: bare, tool, tool, ..., bare, tool, tool, ...

The first round warms up and samples memory; its times do not count. Slow tools run a small amount of work beside a bare
program with the same amount, and sample memory in their counted rounds. A run that fails or is cut off at its time
limit is not repeated.
"""
import os
import shutil
import sys
import time

import figures
from session import Run, RunFailed


class Outcome:
    """What one tool gave for one workload: the Results of its first rounds, or why there is none."""

    def __init__(self, tool):
        self.tool, self.results, self.warm_up, self.why = tool, [], None, None
        self.base = None  # the Outcome that ratios are taken against

    def costs(self):
        return [result.cpu_s / result.work for result in self.results]

    def is_cut(self):
        return any(result.is_cut for result in self.results)

    def ratio(self):
        """CPU against the base, as a Spread; None when one of the two has no figure."""
        if self.base is None or self.base.is_cut():
            return None
        return figures.spread_of(figures.ratios_of(self.costs(), self.base.costs()), self.is_cut())

    def cpu_s(self):
        return figures.spread_of([result.cpu_s for result in self.results])

    def figure(self, name):
        return figures.spread_of([result.figures[name] for result in self.results if name in result.figures])

    def relative_rate(self):
        """Work by second of elapsed time against the base, median of the rounds' ratios."""
        for name in ("requests/s", "blocks/s"):
            if self.base and self.figure(name) and self.base.figure(name):
                own, base = ([result.figures.get(name) for result in outcome.results] for outcome in (self, self.base))
                return figures.spread_of(figures.ratios_of(own, base))
        return None

    def peak_bytes(self):
        peaks = [result.peak_bytes for result in [self.warm_up, *self.results] if result and result.peak_bytes]
        return max(peaks) if peaks else None

    def output_bytes(self):
        sizes = figures.spread_of([result.output_bytes for result in self.results])
        return sizes and sizes.median


class Comparison:
    """All outcomes: by workload's name and tool's name. `errors` are failures of Seep or of the comparison itself."""

    def __init__(self, work, options, say=lambda line: print(line, file=sys.stderr, flush=True)):
        self.work, self.options, self.say = work, options, say
        self.outcomes, self.errors, self.events = {}, [], {}
        self.deadline = time.monotonic() + options.minutes * 60

    def measure(self, workload, tools):
        outcomes = self.outcomes[workload.name] = {tool.name: Outcome(tool) for tool in tools}
        why = workload.missing()
        if why:
            self._fail_all(workload, outcomes, why)
            return
        fast = [tool for tool in tools if not tool.is_slow]
        slow = [tool for tool in tools if tool.is_slow]
        try:
            self._measure_group(workload, fast, outcomes, 1.0 * self.options.amount, self.options.rounds, warm_up=True)
            if slow:
                amount = workload.slow_amount * self.options.amount
                bases = [tool for tool in fast if tool.name in {"bare"} | {tool.base for tool in slow}]
                small = {tool.name: Outcome(tool) for tool in bases}
                small.update({tool.name: outcomes[tool.name] for tool in slow})
                self._measure_group(workload, bases + slow, small, amount, self.options.slow_rounds, warm_up=False)
        except RunFailed as failure:
            self._fail_all(workload, outcomes, str(failure))

    def _fail_all(self, workload, outcomes, why):
        self._error(workload.name, why)
        for outcome in outcomes.values():
            outcome.why = outcome.why or why

    def _measure_group(self, workload, tools, outcomes, amount, rounds, warm_up):
        workload.prepare(amount)
        for tool in tools:
            outcomes[tool.name].why = tool.missing()
            outcomes[tool.name].base = outcomes.get(tool.base)
        for number in range(0 if warm_up else 1, rounds + 1):
            if number > 1 and time.monotonic() > self.deadline:
                self.say(f"bench: {workload.name}: time is up, {number - 1} of {rounds} rounds")
                break
            for tool in tools:
                self._round(workload, outcomes[tool.name], amount, number, is_sampled=number == 0 or not warm_up)

    def _round(self, workload, outcome, amount, number, is_sampled):
        result = None
        if outcome.why is None and not outcome.is_cut():
            try:
                result = self._run(workload, outcome.tool, amount, is_sampled)
            except RunFailed as failure:
                outcome.why = str(failure)
                outcome.results = []
                if outcome.tool.is_peer:
                    self.say(f"bench: {workload.name} under {outcome.tool.title}: {failure}")
                else:
                    self._error(f"{workload.name} under {outcome.tool.title}", str(failure))
        if number == 0:
            outcome.warm_up = result
        # what is cut off counts as a bound at once, and is not run again
        if result and (number > 0 or result.is_cut):
            outcome.results.append(result)

    def _run(self, workload, tool, amount, is_sampled):
        directory = os.path.join(self.work, f"run-{workload.name}")
        run = Run(tool, directory, self.options.limit, is_sampled)
        try:
            workload.run(run, amount)
            result = run.result(workload.stop_signal)
            self._count_events(workload, tool, run)
            return result
        except BaseException:
            run.abandon()
            raise
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _count_events(self, workload, tool, run):
        """The counting shim tells how many allocations and frees the full work has."""
        path = os.path.join(run.output, "counts")
        if tool.name == "count" and os.path.exists(path):
            with open(path, encoding="ascii") as counts:
                self.events[workload.name] = sum(int(field) for line in counts for field in line.split()[1:])

    def _error(self, where, why):
        self.errors.append(f"{where}: {why}")
        self.say(f"bench: {where}: {why}")

    # ---- summaries over everything ----

    def ratio(self, workload, tool):
        outcome = self.outcomes.get(workload, {}).get(tool)
        return outcome.ratio() if outcome else None

    def part_of_heaptrack(self, workload):
        """Seep's added CPU as a part of heaptrack's."""
        seep, heaptrack = self.ratio(workload, "seep"), self.ratio(workload, "heaptrack")
        return figures.added_part(seep.median, heaptrack.median) if seep and heaptrack else None

    def mean_ratio(self, tool):
        """Geometric mean over the workloads; None unless each of them has a figure that is not a bound."""
        ratios = [self.ratio(workload, tool) for workload in self.outcomes]
        return figures.geometric_mean([ratio.median for ratio in ratios]) if all(
            ratio and not ratio.is_bound for ratio in ratios) else None
