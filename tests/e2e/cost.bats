#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# cost.bats - Seep's own cost: which events are timed, and what is said of it.

# Runs alone: it times what it runs.
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

@test "every event is timed with the same probability, of descriptors as well" {
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" descriptors 100000
  check_timed seep.db
}

@test "every event is timed with the same probability, in threads too short for one" {
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" threads 5000 20
  check_timed seep.db
}

@test "events that are not sampled are timed like the others" {
  "$SEEP" run -o seep.db --sample 512k "$PROGRAMS/cost_events" pairs 2000000
  [[ $(sqlite3 seep.db "SELECT abs(256 * (acquisitions_timed + releases_timed) - 4e6) < 5 * sqrt(256 * 4e6) FROM hook_cost") == 1 ]]
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

@test "a busy program under --max-overhead ends sampled, and the recording says when, why and to what" {
  "$SEEP" run -o seep.db --max-overhead 2 "$PROGRAMS/cost_events" busy 5
  [[ $(sqlite3 seep.db "SELECT count(*) >= 2, min(interval), min(100.0 * hook_ns / cpu_ns) > 2, max(limit_percent)
    FROM adaptation") == "1|4096|1|2.0" ]]
  [[ $(sqlite3 seep.db "SELECT min(interval > interval_before) FROM adaptation") == 1 ]]
  [[ $(sqlite3 seep.db "SELECT count(*) FROM adaptation a JOIN mark m USING (time_ns) WHERE m.kind = 'sampling'") -ge 2 ]]
  "$SEEP" info seep.db >info.txt
  grep -E "^Limit on the hooks' cost: 2 % of CPU time; exact until [0-9:]{8}, since [0-9:]{8} sampled 1 in [0-9]+ KiB: hooks cost [0-9.]+ % before" info.txt
  grep -E 'sampling: hooks cost [0-9.]+ % of CPU time, the limit is 2 %: from here 1 heap block in 4 KiB is recorded' info.txt
  "$SEEP" info --json seep.db | "$PYTHON" -c '
import json, sys
info = json.load(sys.stdin)
assert info["max_overhead_percent"] == 2
assert info["adaptations"][0]["interval_before"] == 0 and info["adaptations"][-1]["interval"] > 4096'
}

@test "a mostly idle program under --max-overhead stays exact" {
  "$SEEP" run -o seep.db --max-overhead 2 "$PROGRAMS/cost_events" idle 3
  [[ $(sqlite3 seep.db "SELECT count(*) FROM adaptation") == 0 ]]
  "$SEEP" info seep.db | grep "^Limit on the hooks' cost: 2 % of CPU time; exact all the time"
}

@test "without a limit a busy program stays exact" {
  "$SEEP" run -o seep.db "$PROGRAMS/cost_events" busy 2
  [[ $(sqlite3 seep.db "SELECT count(*) FROM adaptation") == 0 ]]
  [[ $("$SEEP" info seep.db | grep -c '^Limit') == 0 ]]
}

@test "a limit that is none is refused" {
  for limit in 0 101 -3 5% x ''; do
    run "$SEEP" run --max-overhead "$limit" true
    [[ $status -eq 2 && $output == *"is no limit; give a percentage of the CPU time from 0.01 to 100"* ]]
  done
  run "$SEEP" run --sample 512k --max-overhead 2 true
  [[ $status -eq 2 && $output == *"exclude each other"* ]]
  SEEP_OPTIONS=max_overhead=lots:out=$PWD/seep.db env "LD_PRELOAD=$LIB" true 2>err.txt
  grep 'not an option with a good value, ignored; libseep(7) lists them: max_overhead' err.txt
}
