#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""long.py - every variant of the sample servers under load, again and again: is each leak named, and nothing else?

Each run is one server under Seep with its driver for --seconds. `seep growth --json` looks every five seconds, when the load
ends, and when the recording has ended. A miss: at one of the last two looks a callsite that leaks is not called a leak, or another
one stands first. A false alarm: at any look something else is called a leak. The time to the verdict is that of the first look
from which on all that leaks is called so.

Writes a table to --out. What was wrong is told, and its recordings are kept. Exit codes: 0 all right,
1 a miss, a false alarm or a run that failed, 2 wrong usage.
"""
import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import served

LOOK_EVERY_S = 5

# leaks: (function, kind) of every callsite that leaks. In `server` {M} is a memcached's port.
Case = collections.namedtuple("Case", "title variant server driver leaks")


def pair(title, server, driver, leaks):
    return [Case(title, variant, server.replace("VARIANT", variant), driver, leaks if variant == "buggy" else [])
            for variant in ("buggy", "fixed")]


def page(path, rate, leaks=None):
    driver = f"playground_load --rate {rate} --endpoint {path}"
    if leaks:
        return pair(f"playground, {path}", "playground_VARIANT", driver, leaks)
    return [Case(f"playground, {path}", "steady", "playground_buggy", driver, [])]


CASES = [
    *pair("chat", "chat_VARIANT", "chat_load --clients 4 --rate 20",
          [("timer_start", "timerfd"), ("turn_log", "heap")]),
    *pair("chat, timer_create", "chat_posix_VARIANT", "chat_load --clients 4 --rate 8",
          [("timer_start", "posix timer"), ("turn_log", "heap")]),
    *pair("kvclient", "kvclient_VARIANT --memcached {M}", "kvclient_load --rate 60",
          [("get_start", "heap"), ("write_start", "heap"), ("late_timer_start", "timerfd")]),
    *pair("actor", "actor_VARIANT", "actor_load --rate 50", [("channel_wait", "heap")]),
    *pair("overlapped", "overlapped_VARIANT", "overlapped_load --connections 20 --resets 4",
          [("operation_new", "heap"), ("listener_ready", "socket")]),
    *page("/staticstring", 20, [("staticstring", "heap")]),
    *page("/fileprovider", 1, [("provider_open", "inotify"), ("provider_open", "inotify watch")]),
    *(case for path in ("/hello", "/bigstring", "/loh/131000", "/loh/200000", "/httpclient1", "/httpclient2",
                        "/array/20000", "/pooledarray/20000", "/spike/200000", "/scatter/200000")
      for case in page(path, 20)),
]
# A server that leaks inotify descriptors takes one a second, and a user has no more than so many (128 by default).
with open("/proc/sys/fs/inotify/max_user_instances", encoding="ascii") as limit:
    watching = threading.BoundedSemaphore(max(1, int(limit.read()) // 128))

# looks: [(seconds since the load began, what was called a leak)]; the last two are those at the end of the load and of the recording.
Outcome = collections.namedtuple("Outcome", "case number looks fault")


# ---- one run ----

def look(arguments, recording, folder, began, looks):
    report = served.growth(arguments.build, recording)
    seconds = time.monotonic() - began
    looks.append((seconds, served.leaks(report)))
    with open(os.path.join(folder, f"growth.{seconds:02.0f}s.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)


def run_in(arguments, case, folder, memcached_port, looks):
    recording = os.path.join(folder, "seep.db")
    servers = os.path.join(arguments.build, "tests", "servers")
    words = case.server.replace("{M}", memcached_port).split()
    with served.Server([os.path.join(servers, words[0]), *words[1:]], folder,
                       served.seep_environment(arguments.build, recording)) as server:
        driver = case.driver.split()
        port = server.port()
        began = time.monotonic()
        server.drive([os.path.join(servers, driver[0]), port, "--seconds", str(arguments.seconds), *driver[1:]])
        while True:
            next_s = (len(looks) + 1) * LOOK_EVERY_S
            if served.wait_until(began + next_s - time.monotonic(), lambda: not server.is_driven()):
                break
            if next_s < arguments.seconds:
                look(arguments, recording, folder, began, looks)
        server.wait_driven(1)
        look(arguments, recording, folder, began, looks)
        server.end()
        time.sleep(2)  # the recorder ends half a second after the last process
        look(arguments, recording, folder, began, looks)


def run(arguments, case, number, memcached_port):
    name = re.sub(r"[^a-z0-9]+", "-", f"{case.title}-{case.variant}")
    folder = os.path.join(arguments.scratch, f"{name}.{number}")
    os.makedirs(folder)
    looks, fault = [], None
    try:
        if "/fileprovider" in case.driver and case.leaks:
            with watching:
                run_in(arguments, case, folder, memcached_port, looks)
        else:
            run_in(arguments, case, folder, memcached_port, looks)
    except served.RunFailed as failure:
        fault = str(failure)
    outcome = Outcome(case, number, looks, fault)
    if faults_of(outcome):
        shutil.move(folder, os.path.join(arguments.keep, os.path.basename(folder)))
    else:
        shutil.rmtree(folder)
    return outcome


# ---- judging what was said ----

def is_miss(outcome):
    truth = set(outcome.case.leaks)
    return not outcome.fault and any(truth - set(found) or (truth and found[0] not in truth)
                                     for _, found in outcome.looks[-2:])


def alarms(outcome):
    return sorted({(name, int(seconds)) for seconds, found in outcome.looks for name in found
                   if name not in outcome.case.leaks}, key=lambda alarm: alarm[1])


def verdict_s(outcome):
    """Seconds of load until all that leaks is called so, to the end; None if it never is."""
    since = None
    for seconds, found in outcome.looks:
        if set(outcome.case.leaks) - set(found):
            since = None
        elif since is None:
            since = seconds
    return since


def faults_of(outcome):
    """Sentences."""
    sentences = [outcome.fault] if outcome.fault else []
    if is_miss(outcome):
        last = [", ".join(f"{function} ({kind})" for function, kind in found) or "nothing"
                for _, found in outcome.looks[-2:]]
        sentences.append(f"miss: called leaks were, when the load ended, {last[0]}; in the end, {last[1]}")
    return sentences + [f"false alarm: {function} ({kind}) after {seconds} s" for (function, kind), seconds in alarms(outcome)]


# ---- the table ----

def row(case, outcomes):
    times = [verdict_s(outcome) for outcome in outcomes if verdict_s(outcome) is not None]
    told = f"{statistics.median(times):.0f} s ({max(times):.0f} s)" if case.leaks and times else "–"
    return [case.title, case.variant, len(outcomes), sum(is_miss(outcome) for outcome in outcomes) if case.leaks else "–",
            sum(bool(alarms(outcome)) for outcome in outcomes), told]


def table(arguments, outcomes):
    buggy = [outcome for outcome in outcomes if outcome.case.leaks]
    lines = ["# The sample servers, again and again", "",
             f"{datetime.date.today()}, {served.machine()}. Command: `{arguments.command}`: {arguments.seconds} s of load a run, "
             f"{arguments.jobs} runs at a time. tests/verdicts/long.py says what is counted.", "",
             f"{len(buggy)} runs of servers that leak: {sum(map(is_miss, buggy))} misses. {len(outcomes)} runs in all: "
             f"{sum(bool(alarms(outcome)) for outcome in outcomes)} with a false alarm, "
             f"{sum(bool(outcome.fault) for outcome in outcomes)} failed.", "",
             "| server | variant | runs | misses | false alarms | until the verdict, median (most) |", "|---|---|---|---|---|---|"]
    for case in arguments.cases:
        cells = row(case, [outcome for outcome in outcomes if outcome.case is case])
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


# ---- the command ----

def parse_arguments():
    parser = argparse.ArgumentParser(description="Every variant of the sample servers under load, again and again.")
    parser.add_argument("--build", default="build", type=os.path.realpath)
    parser.add_argument("--runs", type=int, default=50, help="of each variant (50)")
    parser.add_argument("--seconds", type=int, default=60, help="of load (60)")
    parser.add_argument("--jobs", type=int, default=12 * os.cpu_count(), help="runs at a time (12 for each core)")
    parser.add_argument("--only", default="", metavar="REGEX", help="variants whose title and variant match")
    parser.add_argument("--out", default="tests/verdicts/long.md")
    parser.add_argument("--keep", type=os.path.realpath, help="where recordings stay of what was wrong (BUILD/verdicts-long)")
    parser.add_argument("--command", default="tests/verdicts/long.py", help="what the table says")
    arguments = parser.parse_args()
    arguments.keep = arguments.keep or os.path.join(arguments.build, "verdicts-long")
    arguments.cases = [case for case in CASES if re.search(arguments.only, f"{case.title} {case.variant}")]
    if min(arguments.runs, arguments.seconds, arguments.jobs, len(arguments.cases)) < 1:
        parser.error("runs, seconds and jobs are greater than 0, and something has to match")
    return arguments


def run_all(arguments):
    outcomes = []
    with served.Memcached() as memcached, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = [pool.submit(run, arguments, case, number, str(memcached.port))
                for number in range(1, arguments.runs + 1) for case in arguments.cases]
        for done in concurrent.futures.as_completed(runs):
            outcome = done.result()
            outcomes.append(outcome)
            for sentence in faults_of(outcome):
                print(f"{outcome.case.title}, {outcome.case.variant}, run {outcome.number}: {sentence}", flush=True)
    return outcomes


def main():
    arguments = parse_arguments()
    served.end_all_at_signals()
    shutil.rmtree(arguments.keep, ignore_errors=True)
    os.makedirs(arguments.keep)
    with tempfile.TemporaryDirectory(prefix="seep-verdicts-") as arguments.scratch:
        outcomes = run_all(arguments)
    text = table(arguments, outcomes)
    with open(arguments.out, "w", encoding="utf-8") as out:
        out.write(text)
    print(text)
    if any(map(faults_of, outcomes)):
        print(f"what was wrong is kept in {arguments.keep}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
