# SPDX-License-Identifier: MIT
"""attack.py URL PID ATTACK... - does to `seep serve` what strangers may do, while good clients use it.

Two clients with the token go on during the attack: one reads the event stream, one asks for something ten times a second
over connections that it makes anew. The attack says what must come of it; then the clients must not have failed, the
stream not have been silent, no answer have been late, and the server not have grown. Prints what was seen; exit code 1
and a sentence if something is wrong.
"""
import concurrent.futures
import http.client
import os
import random
import re
import socket
import sys
import threading
import time

ATTACKS = {}
LATE_S = 2.5
SILENT_S = 4
GROWN_BYTES = int(os.environ.get("SEEP_TEST_GROWN_MB", 24)) << 20


class Wrong(Exception):
    """What must not be."""


def attack(function):
    ATTACKS[function.__name__] = function
    return function


class Server:
    def __init__(self, url):
        found = re.fullmatch(r"http://([^:/]+):(\d+)/\?token=(\S+)", url)
        self.host, self.port, self.token = found[1], int(found[2]), found[3]

    def connect(self, limit_s=20):
        return socket.create_connection((self.host, self.port), timeout=limit_s)

    def raw(self, data, limit_s=20):
        """Sends bytes, returns all that comes back until the server closes; None: it closed while they were sent."""
        with self.connect(limit_s) as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                return None
            return read_all(connection)

    def request(self, method="GET", path="/api/version", host="127.0.0.1", token=True, headers=(), body=b""):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        if token:
            lines.append(f"Authorization: Bearer {self.token}")
        lines += headers
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body

    def status(self, **how):
        """The status of a whole request's answer; 0: none came."""
        return status_of(self.raw(self.request(**how)))


def read_all(connection):
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except (ConnectionResetError, TimeoutError):
        pass
    return b"".join(parts)


def status_of(answer):
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer or b"")
    return int(found[1]) if found else 0


def expect(what, found, *expected):
    if found not in expected:
        raise Wrong(f"{what}: {found}, not {' or '.join(map(str, expected))}")


# ---- the good clients ----


class Clients:
    def __init__(self, server):
        self.server = server
        self.failures, self.slowest_s, self.asked = [], 0.0, 0
        self.events, self.longest_silence_s = 0, 0.0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.ask), threading.Thread(target=self.listen)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        while not self.stop.wait(0.1):
            began = time.monotonic()
            try:
                status, body = self.answer()
                while status == 503: # others with the token ask too much: this is said, and to be tried again
                    time.sleep(0.1)
                    status, body = self.answer()
                if status != 200 or b"seep_version" not in body:
                    self.failures.append(f"{status} {body[:200]}")
            except OSError as error:
                self.failures.append(repr(error))
            self.asked += 1
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    def answer(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=10)
        connection.request("GET", "/api/version", headers={"Authorization": f"Bearer {self.server.token}"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def listen(self):
        try:
            connection = self.server.connect(SILENT_S + 1)
            connection.sendall(self.server.request(path="/api/events"))
            last = time.monotonic()
            while not self.stop.is_set():
                part = connection.recv(65536)
                if not part:
                    raise OSError("the event stream was closed")
                self.events += part.count(b"event: tick")
                self.longest_silence_s = max(self.longest_silence_s, time.monotonic() - last)
                last = time.monotonic()
            connection.close()
        except OSError as error:
            self.failures.append(f"event stream: {error!r}")

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def check(self):
        print(f"clients: {self.asked} answers, the slowest after {self.slowest_s:.2f} s; {self.events} events, "
              f"the longest silence {self.longest_silence_s:.2f} s")
        if self.failures:
            raise Wrong(f"{len(self.failures)} failures of good clients, the first: {self.failures[0]}")
        if self.slowest_s > LATE_S:
            raise Wrong(f"an answer took {self.slowest_s:.2f} s")
        if self.longest_silence_s > SILENT_S:
            raise Wrong(f"the event stream was silent for {self.longest_silence_s:.2f} s")
        if not self.asked or not self.events:
            raise Wrong("the good clients saw nothing")


# ---- the attacks ----


@attack
def tokens(server):
    wrong = server.token[:-1] + ("0" if server.token[-1] != "0" else "1")
    for value in ("", wrong, server.token + "0", server.token[:-1], server.token.upper() + "X", "x" * 5000):
        expect(f"Bearer {value:.20}", server.status(token=False, headers=[f"Authorization: Bearer {value}"]), 401)
        expect(f"cookie {value:.20}", server.status(token=False, headers=[f"Cookie: seep-{server.port}={value}"]), 401)
        expect(f"query {value:.20}", server.status(token=False, path=f"/?token={value}"), 401)
    for path in ("/", "/page.js", "/page.css", "/api/version", "/api/events", "/api/recordings", "/metrics",
                 "/debug/pprof/heap", "/nothing"):
        answer = server.raw(server.request(token=False, path=path))
        expect(f"{path} without token", status_of(answer), 401)
        if b'{"error": "the token is missing or wrong' not in answer or len(answer) > 1000:
            raise Wrong(f"{path} without token tells more than that: {answer}")
    expect("POST without token", server.status(token=False, method="POST"), 401)


@attack
def hosts(server):
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "169.254.169.254", "[::2]",
                 "localhost.", "localhost@evil.example", ""):
        expect(f"Host {host}", server.status(host=host), 421, 400)
    expect("no Host", status_of(server.raw(f"GET / HTTP/1.1\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode())), 400)
    expect("HTTP/1.0", status_of(server.raw(f"GET / HTTP/1.0\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode())), 400)
    expect("two hosts", server.status(headers=["Host: evil.example"]), 400)
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", f"127.0.0.1:{server.port}", "[::1]:5"):
        expect(f"Host {host}", server.status(host=host), 200)


@attack
def origins(server):
    for header in ("Origin: http://evil.example", "Origin: null", f"Origin: http://127.0.0.1:{server.port + 1}",
                   "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"):
        expect(header, server.status(headers=[header]), 403)
        expect(f"{header}, events", server.status(path="/api/events", headers=[header]), 403)
    answer = server.raw(server.request(method="OPTIONS", headers=["Origin: http://evil.example",
                                                                  "Access-Control-Request-Method: GET"]))
    expect("preflight", status_of(answer), 403)
    if b"access-control-allow" in answer.lower():
        raise Wrong(f"another origin is allowed something: {answer}")
    answer = server.raw(server.request())
    expect("own", status_of(answer), 200)
    for header in (b"content-security-policy: default-src 'none'", b"cross-origin-resource-policy: same-origin",
                   b"x-content-type-options: nosniff", b"referrer-policy: no-referrer", b"cache-control: no-store"):
        if header not in answer.lower():
            raise Wrong(f"an answer lacks {header}: {answer}")


@attack
def traversal(server):
    for path in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd",
                 "//etc/passwd", "/page.js/../../../etc/passwd", "/page.js%00", "/page.js%00.css", "/./page.js",
                 "/%c0%ae%c0%ae/etc/passwd", "/..\\..\\etc\\passwd", "/%252e%252e/etc/passwd", "/page.js/", "/PAGE.JS",
                 "/?file=/etc/passwd", "/api/recordings?recording=/etc/passwd", "/api/flame?base=../../etc/passwd",
                 "file:///etc/passwd", "/api/callsite?id=../../etc/passwd", "/api/export?format=pprof&output=/tmp/x"):
        answer = server.raw(server.request(path=path))
        if b"root:" in answer:
            raise Wrong(f"{path} gives a file: {answer[-300:]}")
        if not path.startswith("/?"):
            expect(path, status_of(answer), 400, 404)


@attack
def methods(server):
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 3000):
        expect(f"{method:.20}", server.status(method=method), 405, 400)
    expect("a body", server.status(headers=["Content-Length: 3"], body=b"abc"), 413)
    expect("a body that never comes", server.status(headers=["Content-Length: 99999999999"]), 413)
    expect("chunks", server.status(headers=["Transfer-Encoding: chunked"], body=b"3\r\nabc\r\n0\r\n\r\n"), 413)
    expect("POST", server.status(method="POST", headers=["Content-Length: 99999999999"], body=b"x" * 100000), 405, 0)
    head = server.raw(server.request(method="HEAD"))
    expect("HEAD", status_of(head), 200)
    if not head.endswith(b"\r\n\r\n"):
        raise Wrong(f"HEAD has a body: {head}")


@attack
def huge(server):
    big = "x" * (1 << 20)
    refused = (0, 400, 401, 404, 413, 414, 431)
    expect("an address of 1 MB", server.status(path="/" + big), *refused)
    expect("an address of 9 kB", server.status(path="/" + "x" * 9000), 414)
    expect("a query of 9 kB", server.status(path="/api/version?a=" + "x" * 9000), 414)
    expect("an address of 8 kB", server.status(path="/" + "x" * 8000), 404)
    expect("1,000 parameters", server.status(path="/api/version?" + "a=1&" * 1000), *refused)
    expect("a header of 1 MB", server.status(headers=["X: " + big]), *refused)
    expect("a header's name of 1 MB", server.status(headers=[big + ": 1"]), *refused)
    expect("100,000 headers", server.status(headers=["X: 1"] * 100000), *refused)
    expect("a token of 1 MB", server.status(token=False, headers=["Authorization: Bearer " + big]), *refused)
    expect("cookies of 8 kB", server.status(headers=["Cookie: " + "a=b; " * 100 + "c=" + "d" * 7500]), 200)
    expect("a method of 1 MB", server.status(method=big), *refused)


MALFORMED = [
    b"\r\n" * 1000, b"\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1 \r\n\r\n",
    b"GET / / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"/ GET HTTP/1.1\r\n\r\n", b" \r\n\r\n", b"\0" * 4096,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET http://127.0.0.1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon here\r\n\r\n", b"GET / HTTP/1.1\r\n: empty name\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost:\0127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n", b"GET / HTTP/1.1\rHost: 127.0.0.1\r\r",
    b"GET /?" + b"%" * 3000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /?" + b"&" * 3000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /?" + b"=" * 3000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
]


@attack
def malformed(server):
    """Each as it is, and cut off, at the same time; whatever comes back within 2 s, nothing is given away."""
    def send(data):
        with server.connect() as connection:
            connection.settimeout(2)
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = read_all(connection)
        if answer and not 400 <= status_of(answer) <= 505:
            return f"{data[:60]} is answered {answer[:200]}"
        return None

    sent = [part for data in MALFORMED for part in (data, data[:len(data) // 2])]
    with concurrent.futures.ThreadPoolExecutor(len(sent)) as pool:
        for wrong in pool.map(send, sent):
            if wrong:
                raise Wrong(wrong)


@attack
def splits(server):
    """What is huge or malformed, for five seconds, in parts of any size at any time, and given up at any time."""
    choose, big, count = random.Random(1), "x" * 40000, 0
    inputs = MALFORMED + [
        server.request(path="/" + big), server.request(headers=["X: " + big]), server.request(headers=["X: 1"] * 5000),
        server.request(path="/api/version?" + "a=1&" * 5000), server.request(headers=["Cookie: " + "a=b; " * 4000]),
        server.request(path="/" + "y" * 15000, headers=["X: " + "z" * 20000]),
        server.request(headers=["Transfer-Encoding: chunked", "Content-Length: 4"], body=b"zz\r\n")]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        rest = choose.choice(inputs)
        with server.connect() as connection:
            connection.settimeout(0.05)
            try:
                while rest:
                    size = choose.choice((1, 7, 100, 1000, 4096, 16384, 32768, len(rest)))
                    connection.sendall(rest[:size])
                    rest = rest[size:]
                    if choose.random() < 0.3:
                        time.sleep(choose.random() * 0.003)
                if choose.random() < 0.5:
                    connection.shutdown(socket.SHUT_WR)
                connection.recv(100)
            except OSError:
                pass
        count += 1
    print(f"{count} requests were sent in parts")


@attack
def queries(server):
    """Parameters that are none, with the token: an answer, and soon."""
    values = ("", "-1", "1e999", "99999999999999999999", "nan", "%", "a{9999}", "((((a+)+)+)+)+$", "(a*)*\\1", "[", "\\",
              "'; DROP TABLE sample; --", "../../etc/passwd", "--output=/tmp/x", "@0", "+30s", "x" * 300, "\t")
    paths = ("/api/recordings", "/api/series", "/api/callsites", "/api/callsite", "/api/flame", "/api/export",
             "/debug/pprof/heap", "/debug/pprof/allocs", "/metrics")
    names = ("recording", "since", "until", "points", "process", "type", "focus", "base", "id", "format")
    for path in paths:
        for name in names:
            for value in values:
                escaped = "".join(f"%{byte:02x}" for byte in value.encode())
                began = time.monotonic()
                status = server.status(path=f"{path}?{name}={escaped}")
                if status not in (200, 400, 404, 503):
                    raise Wrong(f"{path}?{name}={value} is answered {status}")
                if time.monotonic() - began > LATE_S:
                    raise Wrong(f"{path}?{name}={value} took {time.monotonic() - began:.1f} s")


@attack
def pipelining(server):
    """Requests without end on one connection are over with the first that is refused."""
    answer = server.raw(server.request(token=False).replace(b"Connection: close\r\n", b"") * 500)
    expect("500 requests", status_of(answer), 0, 401)
    if answer and answer.count(b"HTTP/1.1 401") != 1:
        raise Wrong(f"there are {answer.count(b'HTTP/1.1 401')} answers")


@attack
def slowloris(server):
    """Three ways to be slow; all are put out after 10 s, however alive they look."""
    starts = [b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
              f"GET /api/version HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\nX-".encode()]
    slow = []
    for number in range(45):
        connection = server.connect()
        connection.sendall(starts[number % 3])
        connection.setblocking(False)
        slow.append(connection)
    began = time.monotonic()
    while slow and time.monotonic() - began < 16:
        slow = [connection for connection in slow if drip(connection)]
        time.sleep(0.5)
    seconds = time.monotonic() - began
    print(f"slow clients: {len(slow)} left after {seconds:.1f} s")
    if slow:
        raise Wrong(f"{len(slow)} of 45 slow clients are still there after {seconds:.1f} s")
    if seconds < 8:
        raise Wrong(f"they were put out after {seconds:.1f} s already")


def drip(connection):
    """A byte more; false: the server has closed."""
    try:
        if connection.recv(4096) == b"":
            return False
    except BlockingIOError:
        pass
    except OSError:
        return False
    try:
        connection.send(b"x")
    except OSError:
        return False
    return True


@attack
def thousand(server):
    """1,000 connections that are held open and say nothing, as fast as they can be made, for three seconds."""
    held = []
    until = time.monotonic() + 3
    while len(held) < 1000:
        held.append(server.connect())
    print(f"1,000 connections were made in {time.monotonic() - until + 3:.1f} s")
    while time.monotonic() < until:
        time.sleep(0.1)
    for connection in held:
        connection.close()


@attack
def flood(server):
    """Connections that are made and given up at once, by RST."""
    until, count = time.monotonic() + 2, 0
    while time.monotonic() < until:
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if count % 2:
            connection.sendall(server.request(token=count % 4 == 1))
        connection.close()
        count += 1
    print(f"{count} connections were given up")


@attack
def streams(server):
    """As many event streams as there may be, none of which reads; one more is refused; places come free again."""
    time.sleep(2.5) # those of an earlier attack's clients are gone
    held = []
    for number in range(15): # one is the good client's
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(server.request(path="/api/events"))
        if b" 200 " not in connection.recv(16):
            raise Wrong(f"stream {number + 2} is refused")
        held.append(connection)
    answer = server.raw(server.request(path="/api/events"))
    expect("a stream too many", status_of(answer), 503)
    if b"Retry-After:" not in answer:
        raise Wrong("503 without Retry-After")
    time.sleep(1.5)
    for connection in held:
        connection.close()
    until = time.monotonic() + 5
    while True:
        connection = server.connect()
        connection.sendall(server.request(path="/api/events"))
        answer = connection.recv(16)
        connection.close()
        if b" 200 " in answer:
            return
        if time.monotonic() > until:
            raise Wrong("5 s after they have gone, no stream's place is free")
        time.sleep(0.2)


@attack
def crowd_of_friends(server):
    """More requests at once than may wait: each is answered, 200 or 503."""
    waiting = []
    for _ in range(60):
        connection = server.connect()
        connection.sendall(server.request())
        waiting.append(connection)
    for connection in waiting:
        expect("a request among 60", status_of(read_all(connection)), 200, 503)
        connection.close()


# ---- the server's own figures ----


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run_attack(name, server):
    began = time.monotonic()
    try:
        ATTACKS[name](server)
    except (Wrong, OSError) as wrong:
        raise Wrong(f"{name}: {wrong}") from wrong
    print(f"{name}: refused in {time.monotonic() - began:.1f} s")


def main():
    server, pid = Server(sys.argv[1]), int(sys.argv[2])
    clients = Clients(server)
    try:
        time.sleep(1.2) # both are at work
        before = resident_bytes(pid)
        for name in sys.argv[3:]:
            run_attack(name, server)
        time.sleep(1.2) # and still are
        grown = resident_bytes(pid) - before
    finally:
        clients.end()
    clients.check()
    print(f"the server grew by {grown >> 10} kB; it has {len(os.listdir(f'/proc/{pid}/fd'))} descriptors")
    if grown > GROWN_BYTES:
        raise Wrong(f"the server grew by {grown >> 10} kB")
    if len(os.listdir(f"/proc/{pid}/fd")) > 90:
        raise Wrong("the server has more than 90 descriptors")


try:
    main()
except Wrong as wrong:
    print(wrong)
    sys.exit(1)
