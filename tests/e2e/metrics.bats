#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# metrics.bats - Prometheus scrapes a server that leaks, VictoriaMetrics is written to, `go tool pprof` asks: what they
# are told is what `seep top` says, and the rules and the dashboard of dashboards/ work with it.

bats_require_minimum_version 1.5.0

load ../lib/helpers

TOP=$(realpath "$BATS_TEST_DIRNAME/../..")
DASHBOARDS=$TOP/dashboards

metrics() { # COMMAND...
  "$PYTHON" "$TOP/tests/lib/metrics.py" "$@"
}

# What is started here lives until the end of the file; its pid goes to NAME.pid.
launch() { # NAME CMD...
  local name=$1
  shift
  env --default-signal=INT,QUIT "$@" >"$name.out" 2>"$name.err" 3>&- &
  echo $! >"$name.pid"
}

# A `seep serve` of FILES, whose address goes to NAME.url; the token is the file `token`.
launch_serve() { # NAME OPTIONS... FILES...
  launch "$1" "$SEEP" serve --token-file token "${@:2}"
  wait_until 20 grep -q '^http' "$1.out" || fail "seep serve: $(cat "$1.err")" || return 1
  sed 's,/?token.*,,' "$1.out" >"$1.url"
}

get() { # NAME PATH
  curl -sSg -H "Authorization: Bearer $(<token)" "$(<"$1.url")$2"
}

# The documented scrape configuration, with what differs here.
write_configuration() { # SERVE PORT_OF_VICTORIA
  sed -e 's,15s,1s,' -e "s,127.0.0.1:9464,${1#http://}," -e "s,/etc/seep/token,$PWD/token," -e 's,^# \(remote_write\),\1,' \
    -e "s,^#\(   - url: \).*,\1http://127.0.0.1:$2/api/v1/write," "$DASHBOARDS/prometheus/scrape.yml" >prometheus.yml
  cp "$DASHBOARDS/prometheus/rules.yml" .
}

setup_file() {
  local victoria prometheus
  cd "$BATS_FILE_TMPDIR" || return 1
  launch chat "$SEEP" run -o live.db -- "$SERVERS/chat_buggy"
  wait_until 10 test -s chat.out
  launch load "$SERVERS/chat_load" "$(<chat.out)" --seconds 100 --rate 50
  "$SEEP" run -o heap.db "$PROGRAMS/mt_stress" >out.txt
  "$SEEP" run -o handles.db "$PROGRAMS/handles_kinds" >out.txt
  # shellcheck disable=SC2016 # its shell's
  launch several "$SEEP" run -o several.db -- sh -c 'sleep 100 & a=$!; sleep 100 & b=$!; trap "kill $a $b" TERM; wait'
  wait_until 10 test -s several.db
  launch_serve serve live.db heap.db handles.db several.db
  victoria=$(free_port) prometheus=$(free_port)
  write_configuration "$(<serve.url)" "$victoria"
  launch victoria victoria-metrics -httpListenAddr "127.0.0.1:$victoria" -storageDataPath "$PWD/victoria" \
    -search.latencyOffset 0s -loggerLevel ERROR
  launch prometheus prometheus --config.file prometheus.yml --storage.tsdb.path "$PWD/prometheus" \
    --web.listen-address "127.0.0.1:$prometheus" --storage.remote.flush-deadline 1s --log.level error
  echo "http://127.0.0.1:$victoria" >victoria.url
  echo "http://127.0.0.1:$prometheus" >prometheus.url
  wait_until 20 curl -fsS "$(<prometheus.url)/-/ready"
}

teardown_file() {
  local file
  for file in "$BATS_FILE_TMPDIR"/*.pid; do
    kill "$(<"$file")" 2>/dev/null || true
  done
  for file in "$BATS_FILE_TMPDIR"/*.pid; do
    wait_until 10 gone "$(<"$file")" || kill -KILL "$(<"$file")"
  done
}

setup() {
  cd "$BATS_FILE_TMPDIR" || return 1
  export PPROF_TMPDIR=$BATS_FILE_TMPDIR
}

has_data() { # URL QUERY
  curl -sS "$1/api/v1/query" --data-urlencode "query=$2" | grep -q '"value"'
}

@test "the rules and the scrape configuration pass promtool, and each alert fires where it has to" {
  promtool check rules rules.yml
  promtool test rules "$DASHBOARDS/prometheus/rules_test.yml"
  promtool check config prometheus.yml
  # every alert has a test in which it fires, and one in which it does not
  local tests=$DASHBOARDS/prometheus/rules_test.yml alert
  while read -r alert; do
    grep -A 1 "alertname: $alert$" "$tests" | grep -q exp_alerts || fail "$alert is not tested"
    grep -A 1 "alertname: $alert$" "$tests" | grep -qv 'exp_alerts\|alertname\|^--' || fail "$alert is not tested not to fire"
  done < <(sed -n 's/^ *- alert: //p' rules.yml)
}

@test "pprof over HTTP is seep top, to the byte, for each type" {
  local type index file
  for index in 1 2; do
    file=$( ((index == 1)) && echo heap.db || echo handles.db)
    for type in "${TYPES[@]}"; do
      top -n 0 --type "$type" "$file" >seep.txt
      go tool pprof -top -sample_index="$type" "$(<serve.url)/debug/pprof/heap?token=$(<token)&recording=$index" >pprof.txt 2>err.txt
      diff seep.txt pprof.txt || fail "$file by $type differs: $(cat err.txt)"
    done
  done
  top --type alloc_space heap.db >seep.txt
  go tool pprof -top -nodecount=10 "$(<serve.url)/debug/pprof/allocs?token=$(<token)&recording=1&gc=1" 2>err.txt | diff seep.txt -
  top --type alloc_space --since 1s heap.db >seep.txt
  go tool pprof -top -nodecount=10 "$(<serve.url)/debug/pprof/allocs?token=$(<token)&recording=1&seconds=1" 2>err.txt | diff seep.txt -
  get serve /debug/pprof/ | grep -q 'href="allocs"'
}

@test "mistakes in a question for a profile are told with a sentence, and nobody is answered without the token" {
  local question
  for question in seconds=x seconds=0 debug=1 recording=x type=bytes focus='a{9}' since=never nonsense=1 seconds=5\&since=9m; do
    [[ $(get serve "/debug/pprof/heap?$question") == '{"error"'* ]] || fail "$question is taken"
    [[ $(curl -s -o answer -w '%{http_code}' -H "Authorization: Bearer $(<token)" -g "$(<serve.url)/debug/pprof/heap?$question") == 400 ]]
  done
  [[ $(curl -s -o answer -w '%{http_code}' "$(<serve.url)/debug/pprof/heap?recording=7&token=$(<token)") == 404 ]]
  [[ $(curl -s -o answer -w '%{http_code}' "$(<serve.url)/metrics") == 401 ]]
  [[ $(curl -s -o answer -w '%{http_code}' "$(<serve.url)/debug/pprof/heap") == 401 ]]
  run -2 "$SEEP" serve --metrics-callsites -1 heap.db
  [[ $output == *"takes a number from 0 to 1000, not '-1'"* ]]
}

@test "the metrics are as Prometheus wants them, and their sums are true, whatever the cap" {
  get serve /metrics >before.txt
  promtool check metrics <before.txt
  promtool check metrics <"$TOP/tests/golden/metrics.txt"
  metrics sums before.txt
  [[ $(grep -c '^seep_process_info{recording="several.db"' before.txt) == 3 ]]
  grep -q '^seep_processes{recording="several.db",program="sh"} 3$' before.txt
  run -1 grep '^seep_process_info{recording="heap.db"' before.txt # it has ended
  metrics names "$DASHBOARDS"/{grafana/seep.json,prometheus/rules.yml,prometheus/rules_test.yml,README.md} <before.txt
  launch_serve few --metrics-callsites 2 live.db handles.db
  get few /metrics >few.txt
  metrics sums few.txt
  [[ $(grep -c '^seep_callsite_info{recording="live.db".*callsite="c1:' few.txt) == 2 ]]
  sleep 1.5
  get few /metrics >later.txt
  metrics sums later.txt
  metrics grown few.txt later.txt
  launch_serve none --metrics-callsites 0 live.db
  get none /metrics >none.txt
  metrics sums none.txt
  run -1 grep -q 'callsite="c1:' none.txt
}

@test "two files of one name have labels of their own; one that is gone says so, and another in its place is counted anew" {
  mkdir -p other
  cp heap.db gone.db
  cp handles.db other/heap.db
  launch_serve names heap.db other/heap.db gone.db gone.db
  rm gone.db
  get names /metrics >names.txt
  promtool check metrics <names.txt
  metrics sums names.txt
  [[ $(grep -c '^seep_recording_readable' names.txt) == 4 ]]
  grep -qF 'seep_recording_readable{recording="heap.db"} 1' names.txt
  grep -qF 'seep_recording_readable{recording="other/heap.db"} 1' names.txt
  grep -qF 'seep_recording_readable{recording="gone.db"} 0' names.txt
  [[ $(grep '^seep_live_bytes' names.txt | grep -c gone) == 0 ]]
  # heap.db has more than handles.db
  cp handles.db heap.db.new
  mv heap.db heap.db.kept
  mv heap.db.new heap.db
  get names /metrics >names.txt
  mv heap.db.kept heap.db
  metrics sums names.txt
  [[ $(metrics value names.txt seep_acquired_bytes_total recording=heap.db kind=heap) == \
    $("$SEEP" top --json --type alloc_space handles.db | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["total"])') ]]
}

@test "Prometheus scrapes, judges, and every query of the dashboard has an answer" {
  metrics dashboard "$DASHBOARDS/grafana/seep.json"
  wait_until 60 has_data "$(<prometheus.url)" 'ALERTS{alertname="SeepCallsiteLeaks",function="timer_start"}' ||
    fail "no alert: $(curl -s "$(<prometheus.url)/api/v1/targets"; cat prometheus.err)"
  metrics ask "$(<prometheus.url)" "$DASHBOARDS/grafana/seep.json"
  # what the recording rules have made of it
  has_data "$(<prometheus.url)" 'pid:seep_process_open_fds:ratio > 0'
  has_data "$(<prometheus.url)" 'recording:seep_live_bytes:sum{recording="live.db"} > 0'
  has_data "$(<prometheus.url)" 'pid:seep_process_hook_cpu:ratio_rate5m > 0'
}

# What each callsite held at that second, as both databases have it.
have_the_same() { # SECOND
  local database query='seep_callsite_live_objects{recording="live.db",callsite!="other"}'
  for database in prometheus victoria; do
    curl -sS "$(<$database.url)/api/v1/query" --data-urlencode "query=$query" -d "time=$1" | "$PYTHON" -c '
import json, sys
for row in sorted((sorted(r["metric"].items()), r["value"][1]) for r in json.load(sys.stdin)["data"]["result"]): print(row)' >$database.txt
  done
  [[ -s prometheus.txt ]] && cmp prometheus.txt victoria.txt
}

@test "VictoriaMetrics has what Prometheus has, and answers the dashboard" {
  wait_until 30 has_data "$(<victoria.url)" 'seep_callsite_verdict{verdict="leak"} == 1' || fail "nothing arrived: $(cat victoria.err)"
  wait_until 20 have_the_same "$(date +%s)" || fail "$(diff prometheus.txt victoria.txt)"
  metrics ask "$(<victoria.url)" "$DASHBOARDS/grafana/seep.json"
}

total() { # TYPE [FUNCTION]: of all, or flat of that one
  "$SEEP" top -n 0 --json --type "$1" live.db | "$PYTHON" -c '
import json, sys
top, function = json.load(sys.stdin), sys.argv[1]
print(sum(n["flat"] for n in top["nodes"] if n["name"].split(" ")[0] == function) if function else top["total"])' "${2-}"
}

value() { # METRIC LABELS...
  metrics value metrics.txt "$@" recording=live.db
}

callsite_of() { # FUNCTION
  sed -n "s/^seep_callsite_info{.*callsite=\"\([^\"]*\)\".*function=\"$1\".*/\1/p" metrics.txt
}

# Lines of figures, each of which is one and the same, and no small one.
all_equal() {
  awk '{for (i = 2; i <= NF; i++) if ($i != $1) exit 1} $1 < 100 || NF < 2 {exit 1}'
}

figures_of_both() {
  get serve /metrics >metrics.txt
  echo "$(total inuse_space) $(value seep_live_bytes kind=heap) $(value seep_process_live_bytes kind=heap)"
  echo "$(total inuse_objects) $(value seep_live_objects kind=heap)"
  echo "$(total alloc_space) $(value seep_acquired_bytes_total kind=heap)"
  echo "$(total alloc_objects) $(value seep_acquired_objects_total kind=heap)"
  echo "$(total timerfd) $(value seep_live_objects kind=timerfd) $(value seep_callsite_live_objects kind=timerfd)"
  echo "$(total timers timer_start) $(value seep_callsite_live_objects "callsite=$(callsite_of timer_start)")"
  echo "$(total inuse_space turn_log) $(value seep_callsite_live_bytes "callsite=$(callsite_of turn_log)")"
}

@test "what the metrics say of a server is what seep top says" {
  kill "$(<load.pid)"
  # the recorder has its own second
  local found
  for _ in {1..20}; do
    found=$(figures_of_both)
    all_equal <<<"$found" && break
    sleep 0.5
  done
  all_equal <<<"$found" || fail "top, metrics: $found"
}
