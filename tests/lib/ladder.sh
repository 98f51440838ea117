#!/bin/bash
# SPDX-License-Identifier: MIT
# ladder.sh - who may know whom (ARCHITECTURE.md): prints every #include that goes up or sideways, and every file that uses
# a library which is another folder's: SQLite (store), ELF and DWARF (symbols), libmicrohttpd (http), libpq (push), ncurses
# (watch).
set -u

cd "$(dirname "$0")/../.." || exit 1
faults=0

# The rung of each folder: an include must go to a lower rung, or stay in its folder.
declare -A rung=(
  [preload]=0 [analyzer/base]=1 [analyzer/store]=2 [analyzer/symbols]=2 [analyzer/arena]=2
  [analyzer/analysis]=3 [analyzer/render]=4 [analyzer/record]=5 [analyzer/http]=5 [analyzer/commands]=6
  [analyzer/serve]=7 [analyzer/push]=7 [analyzer/watch]=7 [analyzer]=8
)

complain() {
  echo "ladder: $*" >&2
  faults=$((faults + 1))
}

check_include() { # FILE INCLUDED
  local from to
  from=$(dirname "$1")
  to=$(dirname "$(realpath -m --relative-to=. "$from/$2")")
  [[ $to == "$from" || $2 == *_sql.h || $2 == empty_image.h ]] && return
  if [[ -z ${rung[$from]:-} || -z ${rung[$to]:-} ]]; then
    complain "$1 includes $2: $from or $to has no rung in tests/lib/ladder.sh"
  elif [[ $from == preload ]]; then
    complain "$1 includes $2: preload knows the C library only"
  elif ((rung[$to] >= rung[$from])); then
    complain "$1 includes $2: $from must not know $to"
  fi
}

while IFS=: read -r file included; do
  check_include "$file" "$included"
done < <(grep -rHoP '^#\s*include "\K[^"]+' preload analyzer --include="*.[ch]")

# Whatever library WHAT is, files of FOLDER alone may say REGEX.
only_in() { # FOLDER WHAT REGEX
  local file
  while read -r file; do
    [[ $file == "$1"/* ]] || complain "$file $2: only $1 does"
  done < <(grep -rlE "$3" preload analyzer --include='*.[ch]')
}
only_in analyzer/store 'says sqlite3_' '\bsqlite3_|sqlite3\.h'
only_in analyzer/http 'says MHD_' '\bMHD_|microhttpd\.h'
only_in analyzer/push 'says PQ' '\bPQ[a-z]+[A-Za-z]*\(|libpq-fe\.h'
only_in analyzer/watch 'includes ncurses' '#\s*include <(n?curses|term|ncursesw/.*)\.h>'

# Every recorded program starts seep, which is not to load a web server for that.
while read -r file; do
  complain "$file includes a header of analyzer/http: only analyzer/serve does"
done < <(grep -rlE '#\s*include "(\.\./)?http/' analyzer --include='*.[ch]' | grep -v '^analyzer/serve/')

# The shim computes unwind rules from the mapped .eh_frame itself: it needs link.h and elf.h for that, but no library.
while read -r file; do
  complain "$file includes ELF or DWARF headers: only analyzer/symbols does"
done < <(grep -rlE '#\s*include <(elfutils/|libelf|gelf|dwarf|libdw|elf\.h)' analyzer --include='*.[ch]' | grep -v '^analyzer/symbols/')

if grep -rnE '#\s*include <(elfutils/|libelf|gelf|libdw|sqlite3|libunwind)' preload --include='*.[ch]' | grep -v 'libunwind\.h'; then
  complain "preload includes a library's header: it knows libc only"
fi

((faults == 0))
