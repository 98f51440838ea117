#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# exact.bats - the counts are exact: held against the program's own, against Valgrind's and against heaptrack's.

load ../lib/helpers

# ---- the program's own count ----

# A block that one thread frees is what the next one gets, whichever that is: the hardest case for a recorder of frees.
ONE_ARENA=GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0

@test "eight threads, blocks freed and moved by others, forks: exact to the last block" {
  under seep.db env "$ONE_ARENA" "$PROGRAMS/mt_stress" >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  [[ $(trust seep.db overwritten_blocks) == 0 ]]
}

@test "SIGKILL at random moments loses no completed call" {
  "$BATS_TEST_DIRNAME/../faults/kill.sh" 12
}

# ---- against Valgrind ----
#
# Deterministic single-threaded programs, without address randomisation, in environments of the same names and lengths
# (Python copies its environment into blocks). Who counts what:
#
#   call                              Seep                        Valgrind
#   realloc of a block                1 acquired and 1 released   1 alloc and 1 free
#   realloc(NULL), calloc, new        1 acquired                  1 alloc
#   ld.so's own, before it can find   not seen                    not seen
#   malloc (its minimal allocator)
#   the C library's caches at exit    not freed                   not freed: --run-libc-freeres=no
#
# so the figures are equal, to the call and to the byte, but for what a program makes of its addresses: what the tests of
# python3 and cc1 take out is said there.

# An environment of our own, for both tools.
plainly() { # CMD...
  env -i PATH=/usr/bin:/bin HOME=/nonexistent PYTHONMALLOC=malloc PYTHONHASHSEED=0 setarch -R "$@"
}

# Each program is to see both tools' variables, at equal lengths: fills the arrays for_valgrind and for_seep.
make_environments_alike() {
  local preload pad
  cp "$LIB" "$SEEP" .
  mapfile -t for_seep < <(plainly valgrind -q --leak-check=no env | grep -E '^(LD_LIBRARY_PATH|PWD|GLIBC[A-Z]*_FORCE_NEW)=')
  preload=$(plainly valgrind -q --leak-check=no env | sed -n 's/^LD_PRELOAD=//p')
  for_seep+=("SEEP_OPTIONS=out=$PWD/seep.db:arena=$PWD/arena")
  printf -v pad '%*s' $((${#preload} - ${#PWD} - ${#LIB_NAME})) ''
  for_seep+=("LD_PRELOAD=$PWD$LIB_NAME${pad// /:}")
  for_valgrind=("SEEP_OPTIONS=out=$PWD/seep.db:arena=$PWD/arena" "SEEP_ARENA=$PWD/arena")
}
LIB_NAME=/libseep.so

# acquired released acquired_bytes blocks_at_exit bytes_at_exit, by memcheck; OUT gets what the program prints
valgrind_totals() { # OUT CMD...
  local out=$1
  shift
  plainly env "${for_valgrind[@]}" valgrind --log-file=valgrind.txt --trace-malloc=yes --leak-check=no \
    --run-libc-freeres=no --run-cxx-freeres=no "$@" >"$out"
  tail -n 20 valgrind.txt | sed 's/,//g' | awk '/in use at exit/ { held = $6; blocks = $9 }
    /total heap usage/ { print $5, $7, $9, blocks, held }'
}

# the same, recorded by Seep
seep_totals() { # OUT CMD...
  local out=$1
  shift
  rm -f seep.db
  plainly env "${for_seep[@]}" "$@" >"$out"
  check_healthy seep.db
  query seep.db "SELECT sum(acquired_count), sum(released_count), sum(acquired_bytes), sum(live_count), sum(live_bytes)
    FROM callsite WHERE kind = 'heap' AND process_id = (SELECT max(id) FROM process)"
}

# acquired released acquired_bytes blocks_at_exit bytes_at_exit less the given blocks and bytes
less() { # TOTALS BLOCKS BYTES HELD_BLOCKS HELD_BYTES
  awk -v blocks="$2" -v bytes="$3" -v held="$4" -v held_bytes="$5" \
    '{ print $1 - blocks, $2 - (blocks - held), $3 - bytes, $4 - held, $5 - held_bytes }' <<<"$1"
}

check_equal() { # BY_SEEP BY_VALGRIND
  diff valgrind.out seep.out
  [[ -n $2 && $1 == "$2" ]] || fail "acquired, released, bytes, blocks held, bytes held: Seep $1; Valgrind $2"
}

@test "sqlite3 on a script: as many calls, bytes and blocks held as memcheck counts" {
  cat >script.sql <<'SQL'
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
  INSERT INTO t SELECT i, printf('row %d', i * 7919 % 1000), i / 3.0 FROM n;
CREATE INDEX tb ON t(b);
SELECT b, count(*), group_concat(a) FROM t GROUP BY b ORDER BY 2 DESC, 1 LIMIT 5;
UPDATE t SET b = upper(b) || a WHERE a % 3 = 0;
SELECT avg(length(b)) FROM t;
SQL
  make_environments_alike
  local program=(sqlite3 -batch -init /dev/null :memory: '.read script.sql') by_valgrind
  by_valgrind=$(valgrind_totals valgrind.out "${program[@]}")
  check_equal "$(seep_totals seep.out "${program[@]}")" "$by_valgrind"
}

@test "python3 with PYTHONMALLOC=malloc: as many calls, bytes and blocks held as memcheck counts" {
  mkdir code # Python lists the directory of its script: there must be nothing of ours
  cat >code/script.py <<'SCRIPT'
import json
data = {"k%d" % i: [i, str(i), {"x": i / 3}] for i in range(300)}
for _ in range(3):
    data = json.loads(json.dumps(data))
print(len(data))
SCRIPT
  make_environments_alike
  local program=("$PYTHON" -S -s -B code/script.py) by_valgrind by_seep more
  by_valgrind=$(valgrind_totals valgrind.out "${program[@]}")
  by_seep=$(seep_totals seep.out "${program[@]}")
  # an address as a Python integer has 28 bytes below 2^30, where Valgrind keeps all of them, and 32 above
  more=$(($(cut -d' ' -f3 <<<"$by_seep") - $(cut -d' ' -f3 <<<"$by_valgrind")))
  ((more % 4 == 0 && more >= 0 && more < 4 * 200))
  check_equal "$(less "$by_seep" 0 "$more" 0 0)" "$by_valgrind"
}

@test "gcc's cc1: as many calls, bytes and blocks held as memcheck counts" {
  cat >unit.c <<'C'
#include <stddef.h>
struct node { struct node *next; int value; };
static int sum(const struct node *n) { int s = 0; for (; n; n = n->next) s += n->value; return s; }
int use(int count) { struct node nodes[16]; for (int i = 0; i < 16; i++) { nodes[i].next = i ? &nodes[i - 1] : NULL; nodes[i].value = i * count; } return sum(&nodes[15]); }
C
  make_environments_alike
  local program by_valgrind by_seep large small size="SELECT coalesce(sum(acquired_count), 0) FROM callsite
    WHERE kind = 'heap' AND live_count = acquired_count AND acquired_bytes = acquired_count *"
  program=("$(gcc -print-prog-name=cc1)" -quiet -O1 unit.c -o)
  by_valgrind=$(valgrind_totals valgrind.out "${program[@]}" memc.s)
  by_seep=$(seep_totals seep.out "${program[@]}" seep.s)
  diff memc.s seep.s
  # the page table of its garbage collector: a block for each 16 MiB, and one for each 4 GiB, in which it has a page
  large=$(grep -c 'calloc(4096,8)' valgrind.txt) small=$(grep -c 'calloc(1,2064)' valgrind.txt)
  by_valgrind=$(less "$by_valgrind" $((large + small)) $((large * 32768 + small * 2064)) $((large + small)) $((large * 32768 + small * 2064)))
  large=$(query seep.db "$size 32768") small=$(query seep.db "$size 2064")
  by_seep=$(less "$by_seep" $((large + small)) $((large * 32768 + small * 2064)) $((large + small)) $((large * 32768 + small * 2064)))
  check_equal "$by_seep" "$by_valgrind"
}

# heaptrack records a realloc's free after the call: another thread that got the address in between is then lost.
@test "the same stress under heaptrack (its error is printed, not judged)" {
  env "$ONE_ARENA" heaptrack -o heaptrack "$PROGRAMS/mt_stress" >out.txt 2>&1
  heaptrack_print -f heaptrack.* >heaptrack.txt 2>/dev/null
  grep -q '^total memory leaked' heaptrack.txt
  under seep.db env "$ONE_ARENA" "$PROGRAMS/mt_stress" >out.txt
  check_healthy seep.db
  check_expectations seep.db out.txt
  {
    echo "# held at the end, by the program: $(awk '/^live/ && / (kept|survivor)_make / { held[$3] = $6 }
      END { print held["kept_make"] + held["survivor_make"] }' out.txt) bytes, and what the C library keeps"
    echo "# by Seep: $(query seep.db "SELECT sum(live_bytes) FROM callsite WHERE kind = 'heap' AND process_id = (SELECT id
      FROM process WHERE parent_id IS NULL ORDER BY id DESC LIMIT 1)") bytes; by heaptrack: $(sed -n 's/^total memory leaked: //p' heaptrack.txt)"
  } >&3
}
