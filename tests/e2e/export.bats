#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# export.bats - what `seep export` writes is what the tools that it is for read: the same figures, to the byte.

bats_require_minimum_version 1.5.0

load ../lib/helpers

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  "$SEEP" run -o heap.db "$PROGRAMS/mt_stress" >out.txt
  "$SEEP" run -o more.db "$PROGRAMS/mt_stress" >out.txt
  "$SEEP" run -o handles.db "$PROGRAMS/handles_kinds" >out.txt
  "$SEEP" run -o cxx.db "$PROGRAMS/sym_templates" >out.txt
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return 1
  export PPROF_TMPDIR=$BATS_FILE_TMPDIR
}

sum() { # TYPE FILE OPTIONS...
  "$SEEP" top --json --type "$@" | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["total"])'
}

@test "pprof -top on the export is seep top, to the byte, for each type" {
  local file type
  for file in heap handles cxx; do
    "$SEEP" export --pprof -o "$file.pb.gz" "$file.db"
    for type in "${TYPES[@]}"; do
      top -n 0 --type "$type" "$file.db" >seep.txt
      go tool pprof -top -sample_index="$type" "$file.pb.gz" >pprof.txt 2>err.txt
      diff seep.txt pprof.txt || fail "$file by $type differs: $(cat err.txt)"
    done
  done
  top --type alloc_space cxx.db >seep.txt
  go tool pprof -top -nodecount=10 -sample_index=alloc_space cxx.pb.gz 2>err.txt | diff seep.txt -
  top --cum -n 0 --type fds handles.db >seep.txt
  go tool pprof -top -cum -sample_index=fds handles.pb.gz 2>err.txt | diff seep.txt -
}

@test "pprof begins with the type that was asked for, a kind too, and the filters hold" {
  "$SEEP" export --pprof --type file --show-all -o one.pb.gz handles.db
  top -n 0 --type file --show-all handles.db | diff - <(go tool pprof -top one.pb.gz 2>err.txt)
  "$SEEP" export --pprof --focus exchange_make --hide '^work$' -o one.pb.gz heap.db
  go tool pprof -top -sample_index=alloc_objects one.pb.gz >pprof.txt 2>err.txt
  grep -q exchange_make pprof.txt
  run -1 grep -E 'kept_make| work$' pprof.txt
}

@test "pprof shows the difference to a base as seep top does, and compares two exports" {
  local type
  "$SEEP" export --pprof --base heap.db -o diff.pb.gz more.db
  "$SEEP" export --pprof -o a.pb.gz heap.db
  "$SEEP" export --pprof -o b.pb.gz more.db
  for type in alloc_space inuse_space inuse_objects alloc_objects; do
    top -n 0 --type "$type" --base heap.db more.db >seep.txt
    go tool pprof -top -sample_index="$type" diff.pb.gz 2>err.txt | diff seep.txt - || fail "by $type"
  done
  # the same callsites with the same changes, whoever subtracts
  "$SEEP" top -n 0 --type alloc_objects --base heap.db more.db | awk '/^ *-?[0-9]/ && $1 {print $1, $6}' | sort >seep.txt
  go tool pprof -top -sample_index=alloc_objects -diff_base a.pb.gz b.pb.gz 2>err.txt | awk '/^ *-?[0-9]/ && $1 {print $1, $6}' | sort >pprof.txt
  diff seep.txt pprof.txt
}

@test "pprof -traces and -list find stacks, kinds and source lines" {
  "$SEEP" export --pprof -o handles.pb.gz handles.db
  go tool pprof -traces -sample_index=fds handles.pb.gz >traces.txt 2>err.txt
  grep -A 2 'kind:  epoll' traces.txt | grep -q 'open_epoll$'
  go tool pprof -top -sample_index=fds -tagfocus kind=epoll handles.pb.gz 2>err.txt | grep -q ' 3 .* open_epoll$'
  (cd "$BATS_TEST_DIRNAME/../.." && go tool pprof -list '^open_epoll$' -sample_index=fds "$BATS_FILE_TMPDIR/handles.pb.gz") >list.txt 2>err.txt
  grep -qE '^ +3 +3 .*epoll_create' list.txt
}

@test "estimates are said to be some" {
  "$SEEP" run --sample 4k -o sampled.db "$PROGRAMS/mt_stress" >out.txt
  "$SEEP" export --pprof -o sampled.pb.gz sampled.db
  go tool pprof -top sampled.pb.gz >pprof.txt 2>err.txt
  grep -q '^Sampled: 1 in 4kB of heap bytes; heap figures are estimates$' pprof.txt
  [[ $(go tool pprof -raw sampled.pb.gz 2>err.txt) == *'figures:[estimated]'*'Period: 4096'* || $(go tool pprof -raw sampled.pb.gz 2>err.txt) == *'Period: 4096'*'figures:[estimated]'* ]]
  "$SEEP" export --json sampled.db | "$PYTHON" -c '
import json, sys
r = json.load(sys.stdin)
assert r["sampled"] and r["sampling"] and any(s["estimated"] for s in r["samples"])'
}

@test "collapsed stacks and JSON add up to what seep top says" {
  local type
  for type in inuse_space alloc_objects; do
    [[ $("$SEEP" export --collapsed --type $type heap.db | awk '{s += $NF} END {print s}') == $(sum $type heap.db) ]]
    [[ $("$SEEP" export --json heap.db | "$PYTHON" -c "
import json, sys
r = json.load(sys.stdin)
for s in r['samples']:
    for frame in s['stack']:
        assert r['frames'][frame]['function']
print(sum(s['values'].get('$type', 0) for s in r['samples']))") == $(sum $type heap.db) ]]
  done
  "$SEEP" export --collapsed --base heap.db more.db | grep -qE '^__clone3;start_thread;.* [0-9]+ [0-9]+$'
}

@test "heaptrack_print finds the bytes still held, by stack" {
  "$SEEP" export --heaptrack -o heap.heaptrack heap.db
  heaptrack_print --disable-builtin-suppressions -F flames.txt --flamegraph-cost-type leaked heap.heaptrack >heaptrack.txt
  [[ $(awk '{s += $NF} END {print s}' flames.txt) == $(sum inuse_space heap.db) ]]
  [[ $(grep kept_make flames.txt | awk '{s += $NF} END {print s}') == $("$SEEP" top -n 0 --json heap.db |
    "$PYTHON" -c 'import json, sys; print(next(n["flat"] for n in json.load(sys.stdin)["nodes"] if n["name"] == "kept_make"))') ]]
  grep -q "^calls to allocation functions: $(sum inuse_objects heap.db) " heaptrack.txt
  grep -qE 'at .*mt_stress.c:[0-9]+$' heaptrack.txt
}

@test "a spreadsheet, a speedscope file and a flame graph have the figures of seep top" {
  local type
  "$SEEP" export --csv -o all.csv handles.db
  "$SEEP" export --speedscope -o all.json handles.db
  for type in fds timers alloc_space; do
    "$PYTHON" - $type "$(sum $type handles.db)" <<'END'
import csv, json, sys
kind, total = sys.argv[1], int(sys.argv[2])
rows = list(csv.DictReader(open("all.csv", newline="")))
assert sum(int(row[kind]) for row in rows) == total, kind
assert all(row["function"] == row["stack"].split(";")[-1] for row in rows)
file = json.load(open("all.json"))
profile = [p for p in file["profiles"] if p["name"] == kind][0]
assert sum(profile["weights"]) == profile["endValue"] == total
assert len(profile["samples"]) == len(profile["weights"])
frames = file["shared"]["frames"]
assert {frames[s[-1]]["name"] for s in profile["samples"]} == {r["function"] for r in rows if r[kind] != "0"}
END
  done
  "$SEEP" export --svg --type fds -o fds.svg handles.db
  "$PYTHON" - "$(sum fds handles.db)" <<'END'
import sys, xml.etree.ElementTree as tree
svg = tree.parse("fds.svg").getroot()
name = "{http://www.w3.org/2000/svg}"
titles = [title.text for title in svg.iter(name + "title")]
assert any(t.startswith("open_epoll: 3, ") for t in titles), titles
outermost = [t for t in titles if t.startswith("_start: ") or t.startswith("[")]
assert sum(int(t.split(": ")[1].split(",")[0]) for t in outermost) == int(sys.argv[1]), outermost
for rect in list(svg.iter(name + "rect"))[1:]:
    assert 9.99 <= float(rect.get("x")) and float(rect.get("x")) + float(rect.get("width")) <= 1190.01
END
  "$SEEP" export --svg --base heap.db more.db | "$PYTHON" -c 'import sys, xml.dom.minidom as m; m.parse(sys.stdin.buffer)'
}

@test "a copy is one finished file with the same figures, of a recording that goes on too" {
  "$SEEP" export --sqlite -o copy.db heap.db
  diff <("$SEEP" top -n 0 --json heap.db | grep -v '"recording"') <("$SEEP" top -n 0 --json copy.db | grep -v '"recording"')
  "$SEEP" export --sqlite heap.db | cmp - copy.db
  [[ $(stat -c %a copy.db) == 600 ]]
  start_under live.db sleeper sleep 60
  wait_until 10 bash -c "'$SEEP' top live.db | grep -q ^File:"
  "$SEEP" export --sqlite -o copy.db live.db
  "$SEEP" top copy.db >top.txt
  grep -q "copy.db is complete$" top.txt
  [[ ! -e copy.db-wal ]]
  [[ $(query copy.db 'PRAGMA integrity_check') == ok ]]
  is_finished copy.db
  # shellcheck disable=SC2154 # start_under sets it
  "$SEEP" export --sqlite --pid "$pid" | cmp -n 16 - copy.db
  run -2 "$SEEP" export --sqlite --type fds -o other.db heap.db
  [[ $output == *"copies the whole recording"* && ! -e other.db ]]
  [[ -z $(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'seep-export.*' -newer heap.db) ]]
  stop "$pid"
}

@test "mistakes are told in one sentence, and the recording is never overwritten" {
  run -2 "$SEEP" export heap.db
  [[ $output == *"which format? Say one of --pprof, "* ]]
  run -2 "$SEEP" export --pprof --collapsed heap.db
  [[ $output == *"one format at a time"* ]]
  run -2 "$SEEP" export --pprof --limit 5 heap.db
  run -2 "$SEEP" top --pprof heap.db
  run -2 "$SEEP" export --heaptrack --type fds heap.db
  [[ $output == *"heap blocks that are held, and no fds"* ]]
  run -2 script -qec "$SEEP export --pprof heap.db" /dev/null
  [[ $output == *"binary file, and standard output is a terminal; name a file with -o"* ]]
  cp heap.db copy.db
  run -2 "$SEEP" export --json -o ./copy.db copy.db
  [[ $output == *"is the recording itself"* ]]
  cmp heap.db copy.db
  run -3 "$SEEP" export --json -o none/such heap.db
  run -3 "$SEEP" export --json -o /dev/full heap.db
  [[ -c /dev/full ]]
  run -3 "$SEEP" export --pprof -o x.pb.gz missing.db
  [[ ! -e x.pb.gz ]]
}
