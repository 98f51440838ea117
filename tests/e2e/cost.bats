#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# cost.bats - Seep's own cost: which events are timed, and what is said of it.

load ../lib/helpers

# Estimated events beside counted ones: five standard errors apart at most (each timed event stands for 256).
check_timed() { # FILE
  sqlite3 "$1" "SELECT 256 * (acquisitions_timed + releases_timed), (SELECT sum(acquired_count + released_count) FROM total)
    FROM hook_cost" >timed.txt
  "$PYTHON" -c '
timed, events = map(int, open("timed.txt").read().split("|"))
error = (256 * events) ** .5
print("timed stand for", timed, "of", events, "events: off by %.1f standard errors" % ((timed - events) / error))
assert abs(timed - events) < 5 * error'
}

@test "every event is timed with the same probability, in one long thread" {
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" pairs 2000000
  check_timed seep.db
  # and of a workload that alternates, as many acquisitions as releases
  [[ $(sqlite3 seep.db "SELECT abs(acquisitions_timed - releases_timed) < 5 * sqrt(acquisitions_timed + releases_timed)
    FROM hook_cost") == 1 ]]
}

@test "every event is timed with the same probability, in threads too short for one" {
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" threads 5000 20
  check_timed seep.db
}

@test "the cost of the hooks is in info, its JSON and the views" {
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" busy 2
  "$SEEP" info seep.db >info.txt
  grep -E 'Hooks: [0-9]+ events, [0-9]+ ns each, [0-9.]+m?s in all \(true to [0-9]+ %\): [0-9.]+ % of its CPU time' info.txt
  grep -E 'Stacks: [0-9]+ taken, [0-9.]+ new frames each, [0-9]+ unwind rules computed' info.txt
  "$SEEP" info --json seep.db | "$PYTHON" -c '
import json, sys
hooks = json.load(sys.stdin)["processes"][0]["hooks"]
print(hooks)
assert 2 < hooks["ns_per_event"] < 2000
assert 5 < hooks["percent_of_cpu"] <= 110
assert hooks["acquisition_ns"] + hooks["release_ns"] == hooks["ns"]
assert hooks["error_ns"] < hooks["ns"] / 5
assert hooks["captures"] and hooks["dropped_events"] == 0'
  [[ $(sqlite3 seep.db "SELECT count(*) > 0 AND min(percent) > 0 FROM hook_cost_series WHERE percent IS NOT NULL") == 1 ]]
}

@test "a program that forbids itself the time-stamp counter runs on, and is not timed from there" {
  [[ $(uname -m) == x86_64 ]] || skip "another architecture"
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" without-counter 100000
  [[ $(sqlite3 seep.db "SELECT sum(acquired_count) >= 100000 FROM total") == 1 ]]
  # but for those before main()
  [[ $(sqlite3 seep.db "SELECT coalesce(sum(acquisitions_timed + releases_timed), 0) < 20 FROM hook_cost") == 1 ]]
}
