# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # the variables are for those who read this in
# common.bash - what the test files and the scripts that run servers share: waiting, ports, and reading a recording.

wait_until() { # SECONDS CMD...
  local until=$((SECONDS + $1 + 1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || return 1
    sleep 0.05
  done
}

gone() { # PID: no longer runs (or waits to be reaped)
  [[ ! -e /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

listens() { # PORT
  (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The distribution's Python, whatever else a developer has in PATH.
PYTHON=$(PATH=/usr/bin:/bin:$PATH command -v python3)

free_port() {
  "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

query() { # FILE SQL
  sqlite3 -readonly -cmd ".timeout 5000" -separator " " "$1" "$2"
}

is_finished() { # FILE
  [[ $(query "$1" "SELECT value FROM meta WHERE key = 'state'") == ended ]]
}

# ---- PostgreSQL, which does not run as root ----

# The words before a command that is to run as its user.
as_postgres=()
(($(id -u) != 0)) || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)

# Where its programs are: Debian keeps most of them out of PATH.
postgres_programs() {
  dirname "$(command -v /usr/lib/postgresql/*/bin/postgres postgres | head -n 1)"
}
