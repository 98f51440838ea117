#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# page.bats - the page of `seep serve`: its view logic passes its own tests, what is built in comes from these sources, and
# the lock file names no registry.

bats_require_minimum_version 1.5.0
load ../lib/helpers

PAGE=$(realpath "$BATS_TEST_DIRNAME/../../dashboards/page")

@test "the page's view logic passes its tests" {
  run node --test "$PAGE"/test/*.test.js
  [[ $status -eq 0 ]] || fail "$output"
  [[ $output == *'# fail 0'* && $output == *'# skipped 0'* ]] || fail "$output"
}

@test "the built page comes from its sources, byte for byte" {
  make -s -C "$PAGE/../.." page PAGE_OUT="$BATS_TEST_TMPDIR/dist"
  diff -r "$PAGE/dist" "$BATS_TEST_TMPDIR/dist"
}

@test "a page whose script would end its own element is not built" {
  cp -r "$PAGE"/{src,page.css,index.html,build.mjs,package.json} "$BATS_TEST_TMPDIR"
  ln -s "$PAGE/node_modules" "$BATS_TEST_TMPDIR/node_modules"
  echo 'document.title = "<!-- ";' >>"$BATS_TEST_TMPDIR/src/main.js"
  run node "$BATS_TEST_TMPDIR/build.mjs" --outdir="$BATS_TEST_TMPDIR/dist"
  [[ $status -ne 0 && $output == *'could not stand inline'* ]] || fail "$output"
}

# Whom a package's author would like to be paid by is no address that npm goes to.
@test "packages have exact versions, and the lock file names no registry" {
  ! grep -E '"resolved"|"https?:.*\.tgz' "$PAGE/package-lock.json" || fail "an address in package-lock.json"
  ! grep -E '": "[\^~]' "$PAGE/package.json" || fail "a range of versions in package.json"
}
