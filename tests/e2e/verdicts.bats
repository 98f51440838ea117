#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# verdicts.bats - the labelled series of real servers are judged right, and files that are none are refused.

load ../lib/helpers

judge_series="$BUILD/tests/verdicts/judge_series"
series=$BATS_TEST_DIRNAME/../verdicts

@test "no labelled leak is missed and nothing else is called one, but for those that are known" {
  "$judge_series" --known "$series/known.txt" "$series"/*.series >out.txt || fail "$(<out.txt)"
  grep -q '^leaks missed [0-9]* of [1-9]' out.txt
}

@test "what is known to be misjudged is still among the series" {
  local file site
  while IFS=: read -r file site; do
    [[ -z $file || $file == '#'* ]] || grep -qxF "site ${site##* is }${site% is *}" "$series/$file" ||
      fail "$file has no such callsite:$site"
  done <"$series/known.txt"
}

@test "what is misjudged is a fault only where the list does not have it" {
  sed 's/^site leak /site no-leak /' "$series/overlapped_buggy.series" >alarm.series
  code=0
  "$judge_series" alarm.series >out.txt || code=$?
  [[ $code == 1 ]]
  sed -n 's/^\(alarm.series: .* is no-leak\), judged.*/\1/p' out.txt >known.txt
  [[ -s known.txt ]]
  "$judge_series" --known known.txt alarm.series >out.txt
  sed -i 1d known.txt
  code=0
  "$judge_series" --known known.txt alarm.series >out.txt || code=$?
  [[ $code == 1 ]]
  code=0
  "$judge_series" --known absent.txt alarm.series >out.txt 2>err.txt || code=$?
  [[ $code == 2 && -s err.txt ]]
}

@test "a leak that is labelled as none is a false alarm, and the reverse is a miss" {
  sed 's/^site leak /site no-leak /' "$series/overlapped_buggy.series" >alarm.series
  sed 's/^site no-leak /site leak /' "$series/overlapped_fixed.series" >miss.series
  code=0
  "$judge_series" alarm.series >out.txt || code=$?
  [[ $code == 1 ]]
  grep -q 'false alarms at the end 3,' out.txt
  code=0
  "$judge_series" miss.series >out.txt || code=$?
  [[ $code == 1 ]]
  grep -q 'leaks missed 4 of 4' out.txt
}

@test "a file that is no series file, or is cut, is refused with its line" {
  echo "nonsense" >no.series
  head -n 12 "$series/chat_buggy.series" >cut.series
  sed '0,/^live_objects/s/^live_objects .*/live_objects 1 2 3/' "$series/chat_buggy.series" >short.series
  : >empty.series
  for file in no cut short empty absent; do
    code=0
    "$judge_series" "$file.series" >out.txt 2>err.txt || code=$?
    [[ $code == 2 ]] || fail "$file: exit code $code"
    grep -q "$file.series" err.txt
  done
}

@test "a recording is exported, and what is exported can be judged" {
  start_under good.db good "$SERVERS/chat_fixed"
  wait_until 10 test -s good.out
  "$SERVERS/chat_load" "$(<good.out)" --seconds 4 --rate 50 --clients 4 >/dev/null
  stop "$pid"
  wait_finished good.db
  "$judge_series" --export --set held-out --source "a test" --label 'turn_log=level' good.db >good.series
  grep -qE '^event write_calls ' good.series
  grep -qE '^site level heap turn_log < write_turn' good.series
  "$judge_series" -v good.series >out.txt
  grep -q 'turn_log .* is level, judged' out.txt
  code=0
  "$judge_series" --export absent.db >out.txt 2>err.txt || code=$?
  [[ $code == 2 && -s err.txt && ! -s out.txt ]]
}

@test "the server of patterns answers each of its verbs, and its load fails where an answer is wrong" {
  local load=$series/load.py port
  start patterns "$SERVERS/patterns" --each 10 --most 20 --threads 4
  wait_until 10 test -s patterns.out
  port=$(<patterns.out)
  "$PYTHON" "$load" line "$port" --seconds 2 --rate 300 --churn 5 --hold 2 --keys 500 \
    --ask hello,forget,fail,session,abandon,spill,thread,map,append,remember,cache,table,job,log,retire >counts.txt
  [[ $(wc -l <counts.txt) == 15 ]]
  code=0
  "$PYTHON" "$load" line "$port" --seconds 2 --ask nonsense >counts.txt 2>err.txt || code=$?
  [[ $code == 1 && -s err.txt ]]
  stop "$pid"
  [[ $code == 0 ]]
}
