# SPDX-License-Identifier: MIT
"""workloads.py - the table of what is run: real servers under their own load generators, real programs, and two of ours.

A workload is prepared once for each amount of work, and then run again and again: `run(run, amount)` starts it under
the tool of `run` and leaves its own figures there. The amount is 1 for the full work; servers listen on loopback only.
"""
import os
import random
import re
import shutil
import signal
import subprocess

from session import RunFailed, free_port

SETPRIV = ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups")


def program(name):
    """The path of a program that may lie outside of PATH, or None."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin")


def number_after(pattern, output, what):
    """The number that `pattern` finds in a load generator's output, or a failure that says what it printed."""
    found = re.search(pattern, output, re.MULTILINE)
    if not found:
        raise RunFailed(f"{what} printed no figure: {output.strip()[-200:]}")
    return float(found.group(1))


class Workload:
    stop_signal = signal.SIGTERM
    slow_amount = 0.15

    def __init__(self, name, title, work, build):
        self.name, self.title, self.work, self.build = name, title, os.path.join(work, name), build

    def needs(self):
        return []

    def missing(self):
        absent = [name for name in self.needs() if not program(name)]
        return f"{', '.join(absent)} not installed" if absent else None

    def prepare(self, amount):
        """Makes what runs of this amount need."""

    def path(self, name):
        os.makedirs(self.work, mode=0o755, exist_ok=True)
        return os.path.join(self.work, name)


class Redis(Workload):
    pipeline, requests = 1, 300_000

    def needs(self):
        return ["redis-server", "redis-benchmark"]

    def run(self, run, amount):
        port = free_port()
        run.start([program("redis-server"), "--port", str(port), "--save", "", "--bind", "127.0.0.1"])
        run.wait_for_port(port)
        output = run.load([program("redis-benchmark"), "-p", str(port), "-t", "set", "-r", "10000", "--csv",
                           "-n", str(int(self.requests * amount)), "-P", str(self.pipeline)])
        if not run.is_cut:
            fields = r'^"SET"' + r',"([0-9.]+)"'
            run.figures["requests/s"] = number_after(fields, output, "redis-benchmark")
            run.figures["p99 ms"] = number_after(r'^"SET"(?:,"[0-9.]+"){5},"([0-9.]+)"', output, "redis-benchmark")


class RedisPipelined(Redis):
    pipeline, requests = 16, 3_000_000


class Memcached(Workload):
    """memcached sets its limit of descriptors, and Valgrind lets it have exactly the one that is left beside its own 12."""

    operations = 250_000
    descriptors = 1024

    def needs(self):
        return ["memcached", "memcaslap", "prlimit"]

    def run(self, run, amount):
        port = free_port()
        as_user = ["-u", "nobody"] if os.getuid() == 0 else []
        run.start([program("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-t", "2", "-c",
                   str(self.descriptors - 12), *as_user],
                  become=["prlimit", f"--nofile={self.descriptors}:{self.descriptors}"])
        run.wait_for_port(port)
        output = run.load([program("memcaslap"), "-s", f"127.0.0.1:{port}", "-T", "1", "-c", "16", "-X", "100",
                           "-x", str(int(self.operations * amount))])
        if not run.is_cut:
            run.figures["requests/s"] = number_after(r"TPS: ([0-9.]+)", output, "memcaslap")


class Nginx(Workload):
    """wrk works for a time, not for a number of requests: the cost is taken by request."""

    seconds = 4
    slow_amount = 0.25

    def needs(self):
        return ["nginx", "wrk"]

    def run(self, run, amount):
        port, log = free_port(), os.path.join(run.directory, "nginx.error")
        site, configuration = os.path.join(run.directory, "site"), os.path.join(run.directory, "nginx.conf")
        os.makedirs(site, exist_ok=True)
        with open(os.path.join(site, "page"), "w", encoding="ascii") as page:
            page.write("n" * 5000)
        with open(configuration, "w", encoding="ascii") as file:
            paths = "".join(f"{kind}_temp_path {site}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            file.write(f"daemon off; master_process off; pid {run.directory}/nginx.pid; error_log {log};\n"
                       "events { worker_connections 512; }\n"
                       f"http {{ access_log off; {paths} server {{ listen 127.0.0.1:{port}; root {site}; }} }}\n")
        run.start([program("nginx"), "-c", configuration, "-e", log])
        run.wait_for_port(port)
        output = run.load([program("wrk"), "-t", "1", "-c", "32", "-d", f"{max(1, round(self.seconds * amount))}s",
                           "--latency", f"http://127.0.0.1:{port}/page"])
        if not run.is_cut:
            if "Non-2xx" in output or "Socket errors" in output:
                raise RunFailed("wrk met errors: " + output.strip().splitlines()[-1])
            run.work = number_after(r"([0-9]+) requests in", output, "wrk")
            run.figures["requests/s"] = number_after(r"Requests/sec: +([0-9.]+)", output, "wrk")
            run.figures["p99 ms"] = self._latency_ms(output)

    @staticmethod
    def _latency_ms(output):
        found = re.search(r"^ +99% +([0-9.]+)(us|ms|s)$", output, re.MULTILINE)
        if not found:
            raise RunFailed("wrk printed no latency")
        return float(found.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[found.group(2)]


class Pgbench(Workload):
    """PostgreSQL as its own user when the comparison runs as root, which it refuses to be."""

    stop_signal = signal.SIGINT
    transactions = 50_000

    def needs(self):
        return ["pgbench"] + (["setpriv"] if os.getuid() == 0 else [])

    def missing(self):
        absent = super().missing()
        return absent or (None if self._bin() else "the PostgreSQL server is not installed")

    @staticmethod
    def _bin():
        path = program("postgres") or next(iter(sorted(
            f"/usr/lib/postgresql/{version}/bin/postgres" for version in
            (os.listdir("/usr/lib/postgresql") if os.path.isdir("/usr/lib/postgresql") else []))), None)
        return os.path.dirname(os.path.realpath(path)) if path and os.path.exists(path) else None

    @staticmethod
    def _become():
        return SETPRIV if os.getuid() == 0 else ()

    def _server(self, port):
        return [f"{self._bin()}/postgres", "-D", self.path("data"), "-p", str(port), "-k", "", "-c",
                "listen_addresses=127.0.0.1", "-c", "fsync=off"]

    def prepare(self, amount):
        if os.path.exists(self.path("data")):
            return
        os.chmod(self.work, 0o777)
        self._do([f"{self._bin()}/initdb", "-A", "trust", "-U", "postgres", "-D", self.path("data")])
        port = free_port()
        settings = f"-p {port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [f"{self._bin()}/pg_ctl", "-D", self.path("data"), "-l", self.path("log"), "-w"]
        self._do([*control, "-o", settings, "start"])
        try:
            self._do([program("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-i", "-q", "-s", "5",
                      "postgres"])
        finally:
            self._do([*control, "-m", "fast", "stop"])

    def _do(self, argv):
        done = subprocess.run([*self._become(), *argv], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        if done.returncode != 0:
            last = done.stdout.strip().splitlines()[-1:] or [""]
            raise RunFailed(f"{os.path.basename(argv[0])} ended with {done.returncode}: {last[0]}")

    def run(self, run, amount):
        port = free_port()
        run.start(self._server(port), become=self._become())
        run.wait_until([f"{self._bin()}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)])
        clients = 4
        output = run.load([program("pgbench"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-S", "-n", "-c",
                           str(clients), "-j", "1", "-t", str(int(self.transactions * amount) // clients), "postgres"])
        if not run.is_cut:
            run.figures["requests/s"] = number_after(r"tps = ([0-9.]+)", output, "pgbench")
            run.figures["mean ms"] = number_after(r"latency average = ([0-9.]+) ms", output, "pgbench")


class PythonJson(Workload):
    rounds = 400
    source = ("import json, sys\n"
              "d = {'k%d' % i: [i, str(i), {'x': i}] for i in range(2000)}\n"
              "for _ in range(int(sys.argv[1])):\n"
              "    assert len(json.loads(json.dumps(d))) == 2000\n")

    def needs(self):
        return ["/usr/bin/python3"]

    def run(self, run, amount):
        run.run(["/usr/bin/python3", "-c", self.source, str(max(1, round(self.rounds * amount)))],
                environment=["PYTHONMALLOC=malloc"])


class Sqlite(Workload):
    rows = 200_000

    def needs(self):
        return ["sqlite3"]

    def prepare(self, amount):
        rows, numbers = int(self.rows * amount), random.Random(1)
        with open(self.path(f"{amount}.sql"), "w", encoding="ascii") as script:
            script.write("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price INTEGER, maker INTEGER);\nBEGIN;\n")
            for i in range(rows):
                script.write(f"INSERT INTO item VALUES({i}, 'item {numbers.randrange(rows)}', {numbers.randrange(10000)}, "
                             f"{numbers.randrange(500)});\n")
            script.write("COMMIT;\nCREATE INDEX item_maker ON item(maker, price);\n")
            for i in range(max(1, rows // 60)):
                script.write(f"SELECT count(*), max(price), avg(length(name)) FROM item WHERE maker = {i % 500};\n")
            script.write("SELECT maker, group_concat(name) FROM item GROUP BY maker;\n"
                         "SELECT a.id FROM item a JOIN item b ON b.maker = a.maker AND b.price = a.price "
                         "WHERE a.id < b.id ORDER BY a.name LIMIT 100;\n")

    def run(self, run, amount):
        run.run([program("sqlite3"), "-bail", ":memory:", f".read {self.path(f'{amount}.sql')}"])


class Cc1(Workload):
    """The C compiler proper, at -O2, on a generated file of some 6,000 lines."""

    functions = 200

    def needs(self):
        return ["gcc"]

    def prepare(self, amount):
        with open(self.path(f"{amount}.c"), "w", encoding="ascii") as source:
            source.write("struct record { struct record *next; long key; int kind; char name[24]; double weight; };\n")
            for i in range(max(2, int(self.functions * amount))):
                source.write(self._function(i))

    @staticmethod
    def _function(i):
        call = f"sum += find_{i - 1}(r, key + {i % 7}, depth - 1);" if i else "sum += key;"
        cases = "".join(f"\t\tcase {k}: sum += r->name[{(i * k) % 24}] * {i + k}; r->weight *= {k}.5; break;\n"
                        for k in range(8))
        return (f"static const int table_{i}[] = {{{', '.join(str((i * k) % 251) for k in range(32))}}};\n"
                f"long find_{i}(struct record *r, long key, int depth)\n{{\n\tlong sum = 0;\n\n"
                f"\tfor (int n = 0; r != 0 && n < {10 + i % 50}; r = r->next, n++) {{\n"
                f"\t\tswitch ((r->kind ^ n) & 7) {{\n{cases}\t\t}}\n"
                f"\t\tif (r->key == key && depth > 0) {{\n\t\t\t{call}\n\t\t}}\n"
                f"\t\tsum ^= table_{i}[(sum + n) & 31] + (long)r->weight;\n\t}}\n\treturn sum;\n}}\n")

    def run(self, run, amount):
        answer = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True, text=True, check=True)
        run.run([answer.stdout.strip(), "-quiet", "-O2", self.path(f"{amount}.c"), "-o", os.path.join(run.directory, "out.s")])


class Pairs(Workload):
    millions = 10

    def run(self, run, amount):
        run.run([f"{self.build}/tests/bench/pairs", str(self.millions * amount)])


class Churn(Workload):
    thousands = 6000

    def run(self, run, amount):
        run.run([f"{self.build}/tests/bench/churn", "2", str(self.thousands * amount)])
        if not run.is_cut:
            with open(run.log, encoding="ascii", errors="replace") as log:
                run.figures["blocks/s"] = number_after(r"([0-9]+) blocks/s", log.read(), "churn")


WORKLOADS = [
    ("redis", "redis SET", Redis),
    ("redis-pipelined", "redis SET, -P 16", RedisPipelined),
    ("memcached", "memcached", Memcached),
    ("nginx", "nginx, wrk", Nginx),
    ("pgbench", "pgbench -S", Pgbench),
    ("python", "python3 json", PythonJson),
    ("sqlite", "sqlite3 script", Sqlite),
    ("cc1", "gcc's cc1 -O2", Cc1),
    ("pairs", "pairs, 10 million", Pairs),
    ("churn", "churn, 2 threads", Churn),
]
NAMES = [name for name, _, _ in WORKLOADS]


def chosen(names, work, build):
    return [kind(name, title, work, build) for name, title, kind in WORKLOADS if name in names]
