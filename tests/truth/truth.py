#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""truth.py - the same servers, each with leaks that are known or with none, given to Seep and to what Debian has.

Each fixture runs under each tool with the same driver for --seconds and is then ended by SIGTERM. What it leaks is written down
here: (function, kind) for each callsite. A tool's findings are what it calls a leak:

  Seep           what `seep growth` calls a leak when the load ends, by the function and kind it names and nothing else of the
                 stack; a leak that it names wrongly at any look before is a false finding as well
  heaptrack      what heaptrack_print lists as leaked, of at least ten calls and 1 % of all that it calls leaked
  Valgrind       memcheck's blocks that are definitely, indirectly or possibly lost, and descriptors that are open at the end
                 (--track-fds=yes) and that the server did not inherit
  LeakSanitizer  its direct and indirect leaks, with whole stacks (fast_unwind_on_malloc=0)

A peer's finding is right if a function that leaks stands anywhere in its stack and the kind agrees; a thread's descriptor block,
lost in pthread_create(), counts as the thread. What is right is counted once for each leaking callsite, what is false
once for each function of the program (or of the library) that it names.

Precision: right findings among all. Recall: leaking callsites that were found. Time to the verdict, from the start of the load:
for Seep the first look (every 2.5 s) from which on all leaks of the fixture are named; a peer's report exists after the end.

Exit codes: 0 measured, 1 a run failed, 2 wrong usage.
"""
import argparse
import collections
import concurrent.futures
import datetime
import glob
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import served

LOOK_EVERY_S = 2.5

# leaks: (function, kind) of each callsite that leaks. beside: what grows with these, which is right to report and need not be.
Fixture = collections.namedtuple("Fixture", "title server driver leaks beside")


def small(title, name, leaks, beside=()):
    return Fixture(title, f"truth/{name}", "truth/lines_load --rate 40", leaks, list(beside))


def incident(name, server, driver, leaks, beside=()):
    return Fixture(f"incident: {name}", f"servers/{server}", f"servers/{driver}", leaks, list(beside))


# A user has no more than 128 inotify descriptors: a watcher a second, and no two of these at a time.
PAGES = "hello bigstring loh/131000 loh/200000 httpclient1 httpclient2 array/20000 pooledarray/20000 fileprovider".split()
WATCHING = incident("playground", "playground_buggy",
                    "playground_load --rate 13" + "".join(f" --endpoint /{page}" for page in PAGES + 4 * ["staticstring"]),
                    [("staticstring", "heap"), ("provider_open", "inotify")], [("provider_open", "inotify watch")])
FIXTURES = [
    incident("kvclient", "kvclient_buggy --memcached {M}", "kvclient_load --rate 60",
             [("get_start", "heap"), ("write_start", "heap"), ("late_timer_start", "timerfd")]),
    incident("overlapped", "overlapped_buggy", "overlapped_load --connections 20 --resets 4",
             [("operation_new", "heap"), ("listener_ready", "socket")]),
    WATCHING,
    incident("chat", "chat_buggy", "chat_load --clients 4 --rate 20",
             [("timer_start", "timerfd"), ("turn_log", "heap")], [("log_keep", "heap")]),
    incident("actor", "actor_buggy", "actor_load --rate 50", [("channel_wait", "heap")]),
    small("leak on an error path", "leak_error_path", [("record_new", "heap")]),
    small("CLOSE_WAIT", "leak_close_wait", [("connection_accept", "socket")]),
    small("eventfd and epoll pair", "leak_event_pair", [("completion_open", "eventfd"), ("completion_open", "epoll")]),
    small("realloc growth", "leak_realloc", [("history_append", "heap")]),
    small("thread never joined", "leak_thread", [("work_start", "thread")], [("work_start", "heap")]),
    small("bait: bounded LRU", "bait_lru", []),
    small("bait: warm-up", "bait_warm_up", []),
    small("bait: fragmentation", "bait_fragmentation", []),
]

# stack: names of functions, innermost first. site: the one that is counted if the finding is false.
Finding = collections.namedtuple("Finding", "kind stack site")
# right: leaks of the fixture. false: (site, kind). seconds: to the verdict, None if there is none. fault: a sentence.
Outcome = collections.namedtuple("Outcome", "fixture tool right false seconds fault", defaults=[None])


# ---- tools: how each runs a server, and what it finds ----

class Peer:
    """A tool that reports at the end."""
    def words(self, folder):
        return []

    def environment(self, folder):
        return {}

    def finding(self, kind, frames):
        """frames: (function, is the program's or its library's own)."""
        stack = [name for name, _ in frames]
        site = next((name for name, is_own in frames if is_own), stack[0] if stack else "unknown")
        return Finding(kind, stack, site)


class Heaptrack(Peer):
    name, package = "heaptrack", "heaptrack"
    units = {"B": 1, "K": 1e3, "M": 1e6, "G": 1e9}

    def words(self, folder):
        return ["heaptrack", "-o", os.path.join(folder, "heaptrack")]

    def findings(self, folder, program):
        printed = subprocess.run(["heaptrack_print", "-f", *glob.glob(os.path.join(folder, "heaptrack.*")), "-l", "1", "-p", "0", "-a",
                                  "0", "-T", "0", "-m", "0", "-n", "1000"], capture_output=True, text=True, check=False)
        if printed.returncode != 0:
            raise served.RunFailed(f"heaptrack_print ended with {printed.returncode}: {printed.stderr.strip()}")
        return self.findings_of(printed.stdout, program)

    def findings_of(self, report, program):
        entries = re.findall(r"^([0-9.]+)([BKMG]) leaked over ([0-9]+) calls from:?\n((?:.+\n)*)",
                             report.partition("MEMORY LEAKS")[2], re.MULTILINE)
        total = sum(float(size) * self.units[unit] for size, unit, _, _ in entries)
        for size, unit, calls, text in entries:
            if int(calls) >= 10 and float(size) * self.units[unit] >= total / 100:
                yield self.finding("heap", self._frames(text, program))

    @staticmethod
    def _frames(text, program):
        """A function's line, then "at FILE" and "in MODULE", of which the latter is left out when the next one has the same."""
        frames, waiting = [], []
        for line in (line.strip() for line in text.splitlines()):
            if line.startswith("in "):
                frames += [(name, line[3:] == program) for name in waiting]
                waiting = []
            elif not line.startswith("at "):
                waiting.append(line)
        return frames + [(name, False) for name in waiting]


class Valgrind(Peer):
    name, package = "Valgrind", "valgrind"
    opened_by = {"epoll_create1": "epoll", "epoll_create": "epoll", "eventfd": "eventfd", "timerfd_create": "timerfd",
                 "inotify_init1": "inotify", "inotify_init": "inotify", "accept": "socket", "accept4": "socket", "socket": "socket"}

    def words(self, folder):
        return ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible", "--track-fds=yes",
                "--num-callers=40", f"--log-file={folder}/valgrind"]

    def findings(self, folder, program):
        return self.findings_of(served.text_of(os.path.join(folder, "valgrind")))

    def findings_of(self, report):
        text = re.sub(r"^==[0-9]+== ?", "", report, flags=re.MULTILINE)
        for block in text.split("\n\n"):
            head, _, rest = block.strip().partition("\n")
            names = re.findall(r"^ *(?:at|by) 0x[0-9A-F]+: ([^ @]+)", rest, re.MULTILINE)
            frames = [(name, i > 0) for i, name in enumerate(names)]  # the first is the allocator or the system call
            if re.search(r"(definitely|indirectly|possibly) lost in loss record", head):
                yield self.finding("heap", frames)
            elif head.startswith("Open ") and frames:
                yield self.finding(self.opened_by.get(frames[0][0], "descriptor"), frames)


class LeakSanitizer(Peer):
    name, package = "LeakSanitizer", "liblsan0"

    def environment(self, folder):
        return {"LD_PRELOAD": "liblsan.so.0", "LSAN_OPTIONS": f"exitcode=0:log_path={folder}/lsan:fast_unwind_on_malloc=0"}

    def findings(self, folder, program):
        return self.findings_of("".join(served.text_of(path) for path in glob.glob(os.path.join(folder, "lsan.*"))))

    def findings_of(self, report):
        for block in re.findall(r"^(?:Direct|Indirect) leak of .*\n((?: +#.*\n)+)", report, re.MULTILINE):
            yield self.finding("heap", [(name, i > 0) for i, name in
                                        enumerate(re.findall(r"#[0-9]+ 0x[0-9a-f]+ in ([^ ]+)", block))])


class Seep:
    name, package = "Seep", None


PEERS = [Heaptrack(), Valgrind(), LeakSanitizer()]
TOOLS = [Seep(), *PEERS]


# ---- what is right ----

def is_of(leak, finding):
    function, kind = leak
    if function not in finding.stack:
        return False
    return finding.kind == kind or (kind == "thread" and any("pthread_create" in name for name in finding.stack))


def sort_findings(fixture, findings):
    """(leaks that were found, what is false: (site, kind))."""
    right, false = set(), set()
    for finding in findings:
        leaks = {leak for leak in [*fixture.leaks, *fixture.beside] if is_of(leak, finding)}
        right |= leaks & set(fixture.leaks)
        if not leaks:
            false.add((finding.site, finding.kind))
    return right, false


def verdict_s(fixture, looks):
    """looks: [(seconds, {(function, kind)})]. From when on all that leaks is called so, to the end; None: it never is."""
    since = None
    for seconds, found in looks:
        if set(fixture.leaks) - found:
            since = None
        elif since is None:
            since = seconds
    return since


# ---- runs ----

class Runner:
    def __init__(self, arguments, scratch, memcached_port):
        self._build, self._seconds, self._scratch = arguments.build, arguments.seconds, scratch
        self._memcached_port, self._count = str(memcached_port), 0

    def run(self, fixture, tool):
        folder = tempfile.mkdtemp(dir=self._scratch)
        try:
            return (self._run_seep if isinstance(tool, Seep) else self._run_peer)(fixture, tool, folder)
        except served.RunFailed as failure:
            return Outcome(fixture, tool, set(), set(), None, str(failure))

    def _words(self, fixture):
        program, *rest = fixture.server.replace("{M}", self._memcached_port).split()
        return [os.path.join(self._build, "tests", program), *rest]

    def _drive(self, server, fixture):
        program, *rest = fixture.driver.split()
        port = server.port()
        server.drive([os.path.join(self._build, "tests", program), port, "--seconds", str(self._seconds), *rest])
        return time.monotonic()

    def _run_peer(self, fixture, tool, folder):
        words = self._words(fixture)
        with served.Server(words, folder, tool.environment(folder), tool.words(folder)) as server:
            began = self._drive(server, fixture)
            server.wait_driven(self._seconds + 30)
            server.end()
        right, false = sort_findings(fixture, tool.findings(folder, words[0]))
        return Outcome(fixture, tool, right, false, time.monotonic() - began)

    def _run_seep(self, fixture, tool, folder):
        recording, looks = os.path.join(folder, "seep.db"), []
        with served.Server(self._words(fixture), folder, served.seep_environment(self._build, recording)) as server:
            began = self._drive(server, fixture)
            is_over = False
            while not is_over:
                next_s = (len(looks) + 1) * LOOK_EVERY_S
                is_over = served.wait_until(began + next_s - time.monotonic(), lambda: not server.is_driven())
                looks.append((time.monotonic() - began, set(served.leaks(served.growth(self._build, recording)))))
            server.wait_driven(1)
            server.end()
        known = {*fixture.leaks, *fixture.beside}
        false = {leak for _, found in looks for leak in found if leak not in known}
        return Outcome(fixture, tool, set(fixture.leaks) & looks[-1][1], false, verdict_s(fixture, looks))


def run_all(arguments):
    def run_each(runs):
        return [runner.run(fixture, tool) for fixture, tool in runs]

    together = [[(fixture, tool)] for fixture in arguments.fixtures if fixture is not WATCHING for tool in TOOLS]
    one_by_one = [[(WATCHING, tool) for tool in TOOLS]] if WATCHING in arguments.fixtures else []
    with tempfile.TemporaryDirectory(prefix="seep-truth-") as scratch, served.Memcached() as memcached, \
            concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runner = Runner(arguments, scratch, memcached.port)
        return [outcome for outcomes in pool.map(run_each, one_by_one + together) for outcome in outcomes]


# ---- the report ----

def part(count, whole):
    return f"{count / whole:.2f} ({count} of {whole})" if whole else "–"


def times(outcomes):
    seconds = [outcome.seconds for outcome in outcomes if outcome.fixture.leaks and outcome.seconds and outcome.right]
    return f"{statistics.median(seconds):.0f} s ({max(seconds):.0f} s)" if seconds else "–"


def summary_row(tool, outcomes):
    right = sum(len(outcome.right) for outcome in outcomes)
    false = sum(len(outcome.false) for outcome in outcomes)
    leaks = sum(len(outcome.fixture.leaks) for outcome in outcomes)
    return [tool.name, part(right, right + false), part(right, leaks), times(outcomes)]


def cell(outcome):
    if outcome.fault:
        return "failed"
    texts = [f"{len(outcome.right)} of {len(outcome.fixture.leaks)}"] if outcome.fixture.leaks else []
    texts += ["false: " + ", ".join(sorted({f"`{site}`" for site, _ in outcome.false}))] if outcome.false else []
    return "; ".join(texts) or "nothing"


def rows(head, lines):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(line) + " |" for line in lines), ""]


def versions():
    found = [(tool.name, subprocess.run(["dpkg-query", "-W", "-f", "${Version}", tool.package], capture_output=True, text=True,
                                        check=False).stdout) for tool in PEERS]
    return ", ".join(f"{name} {re.sub(r'^[0-9]+:|[-+].*', '', version)}" for name, version in found if version)


def markdown(arguments, outcomes):
    of = {(outcome.fixture.title, outcome.tool.name): outcome for outcome in outcomes}
    return "\n".join([
        "# A benchmark of truth", "",
        f"{datetime.date.today()}, {served.machine()}. Command: `make truth`: {len(arguments.fixtures)} servers, each under each tool "
        f"with the same driver for {arguments.seconds} s, then ended by SIGTERM. {versions()}. The head of tests/truth/truth.py says "
        "what counts as a finding of each, and what as right.", "",
        *rows(["", "precision", "recall", "time to the verdict, median (most)"],
              [summary_row(tool, [outcome for outcome in outcomes if outcome.tool is tool]) for tool in TOOLS]),
        "Seep's verdict comes while the server runs; the others report after its end, so that their time is that of the run. What a "
        "server still points to is not lost for Valgrind and LeakSanitizer; for heaptrack all that lives at the end is leaked, a cache "
        "as well. What a server releases on its way out none of the three reports.", "",
        "Leaking callsites found, and what else was called a leak:", "",
        *rows(["", *(tool.name for tool in TOOLS)],
              [[fixture.title, *(cell(of[fixture.title, tool.name]) for tool in TOOLS)] for fixture in arguments.fixtures])])


def parse_arguments():
    parser = argparse.ArgumentParser(description="Labelled leaks and baits, given to Seep and to its peers.")
    parser.add_argument("--build", default="build", type=os.path.realpath)
    parser.add_argument("--seconds", type=int, default=60, help="of load (60)")
    parser.add_argument("--jobs", type=int, default=5 * os.cpu_count(), help="runs at a time (5 for each core)")
    parser.add_argument("--only", default="", metavar="REGEX", help="fixtures whose title matches")
    parser.add_argument("--out", default=os.path.join(HERE, "results.md"))
    arguments = parser.parse_args()
    arguments.fixtures = [fixture for fixture in FIXTURES if re.search(arguments.only, fixture.title)]
    if min(arguments.seconds, arguments.jobs, len(arguments.fixtures)) < 1:
        parser.error("seconds and jobs are greater than 0, and something has to match")
    return arguments


def main():
    arguments = parse_arguments()
    served.end_all_at_signals()
    outcomes = run_all(arguments)
    text = markdown(arguments, outcomes)
    with open(arguments.out, "w", encoding="utf-8") as out:
        out.write(text)
    print(text)
    faults = [f"{outcome.fixture.title}, {outcome.tool.name}: {outcome.fault}" for outcome in outcomes if outcome.fault]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
