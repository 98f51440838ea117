#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid and started
# export_speedscope.bats - speedscope itself, as its npm package has it, opens in a browser what `seep export` writes for it, and
# shows the figures of seep top; so it does with the files for pprof and flamegraph.pl, which it reads as well.

bats_require_minimum_version 1.5.0

load ../lib/helpers

setup_file() {
  cd "$BATS_FILE_TMPDIR" || return 1
  "$SEEP" run -o cxx.db "$PROGRAMS/sym_templates" >out.txt
  "$SEEP" run -o handles.db "$PROGRAMS/handles_kinds" >out.txt
}

setup() {
  local release=$BATS_TEST_DIRNAME/../../dashboards/page/node_modules/speedscope/dist/release port
  cd "$BATS_FILE_TMPDIR" || return 1
  port=$(free_port)
  start web "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$release" "$port"
  wait_until 10 listens "$port"
  address=http://127.0.0.1:$port/
}

# Opens FILE in speedscope, and compares each row of its sandwich view with seep top: what a function has itself, and, of
# a function that is one row there (lines are rows of their own), what it has in all.
speedscope_shows() { # FILE TYPE RECORDING
  "$SEEP" top --json -n 0 --type "$2" "$3" >top.json
  {
    cat <<STEPS
const file = "$1", type = "$2", top = $(<top.json);
STEPS
    cat <<'STEPS'
const shown = (value) => (!type.endsWith("space") ? String(value) : value < 1024 ? `${value} B` : `${(value / 1024).toFixed(2)} KB`);
await page.locator("input[type=file]").first().setInputFiles(file);
await page.locator("canvas").first().waitFor();
await page.keyboard.press("3");
await page.getByText("Symbol Name").waitFor();
const text = (await page.locator("body").innerText()).replaceAll("\n\t", "\t");
const rows = new Map();
for (const [, total, self, name] of text.matchAll(/^(\S+(?: K?B)?) \([^)]*\)\s+(\S+(?: K?B)?) \([^)]*\)\s+(.+)$/gm))
	rows.set(name, [...(rows.get(name) ?? []), { total, self }]);
assert.deepEqual([...rows.keys()].sort(), top.nodes.map((node) => node.name).sort());
for (const { name, flat, cum } of top.nodes) {
	const its = rows.get(name);
	if (its.length > 1) continue;
	assert.deepEqual(its[0], { total: shown(cum), self: shown(flat) }, name);
}
// what a graphics driver says of its speed
complaints.splice(0, complaints.length, ...complaints.filter((one) => !one.includes("GL Driver Message")));
STEPS
  } | node "$BATS_TEST_DIRNAME/../lib/browser.mjs" "$address"
}

@test "speedscope opens the speedscope export and shows the functions and figures of seep top" {
  "$SEEP" export --speedscope -o cxx.speedscope.json cxx.db
  speedscope_shows cxx.speedscope.json inuse_space cxx.db
}

@test "speedscope opens the exports for pprof and flamegraph.pl, too" {
  "$SEEP" export --pprof -o cxx.pb.gz cxx.db
  speedscope_shows cxx.pb.gz inuse_space cxx.db
  "$SEEP" export --collapsed --type fds -o handles.txt handles.db
  speedscope_shows handles.txt fds handles.db
}
