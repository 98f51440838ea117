#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # the helpers set pid, code and started
# servers.bats - real servers do not notice: each runs its load bare and under Seep, with the same answers, exit codes,
# descriptors, children and threads, and its recording shows stacks in its own code.

load ../lib/helpers

redis_idle() { # PORT: the clients of the load are gone
  redis-cli -p "$1" info clients | grep -q '^connected_clients:1[^0-9]*$'
}

redis_saved() { # PORT
  redis-cli -p "$1" info persistence | tr -d '\r' | grep -qx 'rdb_bgsave_in_progress:0'
}

redis_session() { # FILE DIRECTORY
  local port
  port=$(free_port)
  start_under "$1" redis redis-server --port "$port" --save '' --dir "$PWD" --dbfilename "$2.rdb"
  wait_until 10 listens "$port"
  timeout 60 redis-benchmark -p "$port" -n 5000 -c 10 -q -t set,get,lpush,lpop,incr,mset >benchmark.out
  timeout 60 redis-benchmark -p "$port" -n 20000 -c 10 -P 16 -r 1000 -q -t set,hset >benchmark.out
  redis-cli -p "$port" <<<$'FLUSHALL\nSET a 1\nINCR a\nRPUSH l x y z\nLRANGE l 0 -1\nDBSIZE\nHSET h f v\nHGETALL h\nBGSAVE' >"$2/answers"
  wait_until 10 redis_saved "$port"
  redis-cli -p "$port" info persistence | grep rdb_last_bgsave_status >>"$2/answers"
  wait_until 10 redis_idle "$port"
  view_of "$pid" >"$2/view"
  stop "$pid"
  echo "$code" >"$2/code"
}

@test "redis-server: benchmark, pipelined benchmark and a BGSAVE fork" {
  compare_sessions redis_session redis-server
  [[ $(query seep.db 'SELECT count(*) FROM process WHERE parent_id IS NOT NULL') -ge 1 ]]
}

nginx_session() { # FILE DIRECTORY
  local port master worker
  port=$(free_port)
  mkdir -p "site-$2"
  chmod 755 . "site-$2"
  head -c 5000 /dev/zero | tr '\0' 'n' >"site-$2/page"
  cat >"nginx-$2.conf" <<CONF
worker_processes 2;
pid $PWD/nginx-$2.pid;
error_log $PWD/nginx-$2.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path $PWD/site-$2; proxy_temp_path $PWD/site-$2; fastcgi_temp_path $PWD/site-$2;
  uwsgi_temp_path $PWD/site-$2; scgi_temp_path $PWD/site-$2;
  server {
    listen 127.0.0.1:$port;
    location / { root $PWD/site-$2; }
    location /hello { return 200 "hello"; }
  }
}
CONF
  under "$1" nginx -c "$PWD/nginx-$2.conf" -e "$PWD/nginx-$2.log" # becomes a daemon
  echo "started: $?" >"$2/code"
  wait_until 10 listens "$port"
  master=$(<"nginx-$2.pid")
  started+=("$master")
  wrk -t 1 -c 10 -d 1 "http://127.0.0.1:$port/hello" | grep -c 'Non-2xx' >"$2/answers" || true
  worker=$(pgrep -P "$master" | head -n 1)
  nginx -c "$PWD/nginx-$2.conf" -e "$PWD/nginx-$2.log" -s reload
  wait_until 10 gone "$worker"
  wrk -t 1 -c 10 -d 1 "http://127.0.0.1:$port/hello" | grep -c 'Non-2xx' >>"$2/answers" || true
  "$PYTHON" -c "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:$port/hello').read())" >>"$2/answers"
  wait_until 10 eval "(( $(pgrep -cP "$master") == 2 ))"
  sleep 0.2
  view_of "$master" | sed 's/nginx-[a-z]*//' >"$2/view-master"
  view_of "$(pgrep -P "$master" | head -n 1)" | sed 's/nginx-[a-z]*//' >"$2/view-worker"
  nginx -c "$PWD/nginx-$2.conf" -e "$PWD/nginx-$2.log" -s quit
  wait_until 10 gone "$master"
  grep -cE '\[(warn|error|crit|alert|emerg)\]' "nginx-$2.log" >"$2/complaints" || true
}

@test "nginx: a daemon with master and workers, wrk, reload" {
  compare_sessions nginx_session nginx
  # master and two generations of two workers
  [[ $(query seep.db 'SELECT count(*) FROM process WHERE parent_id IS NOT NULL') -ge 5 ]]
}

memcached_session() { # FILE DIRECTORY
  local port
  port=$(free_port)
  start_under "$1" memcached memcached -l 127.0.0.1 -p "$port" -U 0 -t 2 -u nobody
  wait_until 10 listens "$port"
  "$PYTHON" - "$port" >"$2/answers" <<'CLIENT'
import socket, sys
stream = socket.create_connection(("127.0.0.1", int(sys.argv[1]))).makefile("rwb")
def ask(line, data=b"", until=b""):
    stream.write(line + b"\r\n" + data); stream.flush()
    answer = [stream.readline()]
    while until and answer[-1] != until:
        answer.append(stream.readline())
    return answer
stored = sum(ask(b"set key%d 0 0 100" % i, b"x" * 100 + b"\r\n") == [b"STORED\r\n"] for i in range(3000))
found = sum(len(ask(b"get key%d" % i, until=b"END\r\n")) == 3 for i in range(0, 6000, 2))
print(stored, found, [line for line in ask(b"stats", until=b"END\r\n") if b" curr_items " in line or b" total_items" in line])
CLIENT
  sleep 0.2
  view_of "$pid" >"$2/view"
  stop "$pid"
  echo "$code" >"$2/code"
}

@test "memcached: threads, privileges given up" {
  compare_sessions memcached_session memcached
}

postgres_home() {
  echo "/tmp/seep-$(basename "$BATS_RUN_TMPDIR")"
}

teardown_file() {
  rm -rf "$(postgres_home)"
}

postgres_session() { # FILE DIRECTORY
  local port data=$home/data-$2
  port=$(free_port)
  cp -a "$home/fresh" "$data"
  # the user's own wrapper is not recorded: Seep begins in the server
  # shellcheck disable=SC2046 # two words
  start postgres "${as_postgres[@]}" env $([[ $1 == bare ]] || seep_env "$1") \
    "$bin/postgres" -D "$data" -p "$port" -k "$home" -c listen_addresses=127.0.0.1 -c fsync=off
  wait_until 20 "${as_postgres[@]}" "$bin/pg_isready" -h "$home" -p "$port"
  "${as_postgres[@]}" "$bin/pgbench" -h "$home" -p "$port" -i -s 1 postgres >pgbench.out 2>&1
  "${as_postgres[@]}" "$bin/pgbench" -h "$home" -p "$port" -c 2 -j 1 -t 100 postgres 2>&1 | grep 'actually processed' >"$2/answers"
  "${as_postgres[@]}" "$bin/psql" -h "$home" -p "$port" -At -c 'SELECT count(*) FROM pgbench_history' \
    -c 'SELECT sum(bbalance) = (SELECT sum(delta) FROM pgbench_history) FROM pgbench_branches' postgres >>"$2/answers"
  sleep 0.2
  view_of "$pid" | sed "s,$data,," >"$2/view"
  stop "$pid" INT
  echo "$code" >"$2/code"
  # pg_isready may ask before the server answers: that is the load of the machine, not a complaint
  grep -v 'the database system is starting up' postgres.err | grep -cE 'WARNING|ERROR|FATAL|PANIC|unrecognized|untracked' >"$2/complaints" || true
}

@test "PostgreSQL: a process a connection, pgbench" {
  bin=$(postgres_programs)
 
  # the user postgres may not be able to enter the directories of this test, or of the build
  home=$(postgres_home)
  install -d -m 755 "$home"
  mkdir "$home/bin"
  cp "$LIB" "$SEEP" "$home/bin"
  LIB=$home/bin/libseep.so
  install -d -m 700 "$home/fresh"
  [[ $(id -u) != 0 ]] || chown -R postgres "$home"
  cd "$home"
  "${as_postgres[@]}" "$bin/initdb" -D "$home/fresh" -A trust -U postgres --no-sync >initdb.out
  mkdir bare seep
  postgres_session bare bare
  postgres_session "$PWD/seep.db" seep
  diff -r bare seep
  check_healthy "$home/seep.db"
  check_shows_code_of "$home/seep.db" "$bin/postgres"
}

python_session() { # FILE DIRECTORY
  local port
  port=$(free_port)
  mkdir -p site
  head -c 20000 /dev/zero | tr '\0' 'p' >site/page
  start_under "$1" python "$PYTHON" -m http.server --bind 127.0.0.1 --directory site "$port"
  wait_until 10 listens "$port"
  for _ in {1..30}; do
    "$PYTHON" -c "import urllib.request; print(len(urllib.request.urlopen('http://127.0.0.1:$port/page').read()))"
  done >"$2/answers"
  sleep 0.2
  view_of "$pid" | sed 's,/python\.[a-z]*,,' >"$2/view"
  stop "$pid" INT
  echo "$code" >"$2/code"
}

@test "python3 -m http.server: threads, interrupted by SIGINT" {
  compare_sessions python_session "$PYTHON"
}
