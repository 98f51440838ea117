#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What private memory Seep adds: to blocks of one size, as a share of their bytes; to a process, to a thread; and what is left
# of it when all is freed. Bare program and Seep in turn; each figure is of one run, as memory does not vary like time.
# usage: tests/bench/memory.sh [MEGABYTES]     (BUILD names the build)
set -eu
megabytes=${1:-200}
quiet=30
build=$(cd "${BUILD:-build}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
program=$build/tests/programs/memory_use

measure() { # bare|seep ARGUMENTS...: into $work/bare or $work/seep
  local how=$1
  shift
  if [ "$how" = bare ]; then
    "$program" "$@" >"$work/bare"
  else
    rm -f "$work"/memory*.db*
    LD_PRELOAD=$build/libseep.so SEEP_OPTIONS=out=$work/memory.db "$program" "$@" >"$work/seep"
  fi
}

value() { # bare|seep NAME
  sed -n "s/^$2 //p" "$work/$1"
}

added() { # NAME: bytes more than bare
  echo $(($(value seep "$1") - $(value bare "$1")))
}

echo "| live blocks | live | bare, RssAnon | Seep, RssAnon | added to live | left when freed | at most $quiet s later |"
echo "|---|---|---|---|---|---|---|"
for size in 24 48 64 256 4096 65536; do
  measure bare blocks "$size" "$megabytes" 0
  measure seep blocks "$size" "$megabytes" "$quiet"
  growth=$(($(added filled) - $(added start)))
  awk -v size="$size" -v live="$(value bare live)" -v bare="$(value bare filled)" -v seep="$(value seep filled)" \
    -v growth="$growth" -v freed="$(added freed)" -v later="$(added later)" \
    'BEGIN { printf "| %d B | %.0f MB | %.1f MB | %.1f MB | %.1f %% | %.1f MB | %.1f MB |\n", size, live / 1e6, bare / 1e6,
      seep / 1e6, 100 * growth / live, freed / 1e6, later / 1e6 }'
done
measure bare threads 1000
measure seep threads 1000
echo
echo "fixed: $(($(added start) / 1024)) KiB of private memory"
echo "per thread: $((($(added threads) - $(added start)) / 1000)) bytes (1000 idle threads that allocated once)"
