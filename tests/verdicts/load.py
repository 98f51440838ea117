# SPDX-License-Identifier: MIT
"""load.py PROTOCOL PORT --seconds N [--rate R] ... - a bounded load for record.sh's servers.

PROTOCOL is line (patterns), redis, memcached or http. Requests are --ask's words, chosen by their weights, "set:9,get:1";
%k in an http path is the key. Keys are random of --keys, the low ones more often with --zipf, or new each time where
--keys is 0. The rate is constant, or changes by --wave SECONDS (a day), --ramp RATE (from --rate to that), --pause
SECONDS (so long on, so long off). --connections are kept; of these --churn a second are closed and opened again; --hold
more a second are opened and kept. Prints the counts of what it did; exits with 1 when an answer is missing or wrong.
"""
import argparse, math, random, socket, sys, time

TICK = 0.02


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")

    def close(self):
        self.stream.close()
        self.socket.close()

    def line(self):
        line = self.stream.readline()
        if not line.endswith(b"\n"):
            raise EOFError("the server closed the connection")
        return line


# Each protocol: the request's bytes for a word and a key, and how its answer is read.

def line_request(word, key, value):
    return b"%s %d\n" % (word.encode(), key)


def line_answer(connection, word):
    if connection.line() != b"ok\n":
        raise ValueError("not ok")


def redis_request(word, key, value):
    name = b"key:%d" % key
    arguments = {
        "set": [b"SET", name, value], "get": [b"GET", name], "expiring": [b"SET", name, value, b"EX", b"15"],
        "push": [b"LPUSH", b"list:%d" % (key % 20), value], "trim": [b"LTRIM", b"list:%d" % (key % 20), b"0", b"99"],
    }[word]
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%s\r\n" % (len(a), a) for a in arguments)


def redis_answer(connection, word):
    line = connection.line()
    if line.startswith(b"-"):
        raise ValueError(line)
    if line.startswith(b"$") and int(line[1:]) >= 0:
        connection.stream.read(int(line[1:]) + 2)


def memcached_request(word, key, value):
    if word == "get":
        return b"get key%d\r\n" % key
    return b"set key%d 0 0 %d\r\n%s\r\n" % (key, len(value), value)


def memcached_answer(connection, word):
    last = b"END\r\n" if word == "get" else b"STORED\r\n"
    while (line := connection.line()) != last:
        if word == "set" or line.startswith((b"ERROR", b"SERVER_ERROR", b"CLIENT_ERROR")):
            raise ValueError(line)


def http_request(word, key, value):
    return b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % word.replace("%k", str(key)).encode()


def http_answer(connection, word):
    status, size = connection.line(), 0
    if b" 200 " not in status:
        raise ValueError(status)
    while (line := connection.line()) != b"\r\n":
        name, _, text = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(text)
    if len(connection.stream.read(size)) != size:
        raise EOFError("the body is cut")


PROTOCOLS = {name: (globals()[name + "_request"], globals()[name + "_answer"])
             for name in ("line", "redis", "memcached", "http")}


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--rate", type=float, default=100)
    parser.add_argument("--ask", default="hello")
    parser.add_argument("--keys", type=int, default=0)
    parser.add_argument("--zipf", action="store_true")
    parser.add_argument("--value", default="100", help="bytes, or LEAST..MOST")
    parser.add_argument("--connections", type=int, default=8)
    for name in ("churn", "hold", "wave", "ramp", "pause"):
        parser.add_argument("--" + name, type=float, default=0)
    return parser.parse_args()


class Load:
    def __init__(self, options):
        self.options, self.counts, self.newest, self.turn = options, {}, 0, 0
        self.request, self.answer = PROTOCOLS[options.protocol]
        self.connections = [Connection(options.port) for _ in range(options.connections)]
        self.held = []
        words = [word.partition(":") for word in options.ask.split(",")]
        self.words = [word for word, _, _ in words]
        self.weights = [float(weight or 1) for _, _, weight in words]
        sizes = [int(size) for size in options.value.split("..")]
        self.sizes = (sizes[0], sizes[-1])

    def rate(self, at):
        """A second, after so many seconds."""
        options = self.options
        if options.pause and int(at / options.pause) % 2:
            return 0
        if options.wave:
            return options.rate * (1 - 0.9 * math.cos(2 * math.pi * at / options.wave))
        if options.ramp:
            return options.rate + (options.ramp - options.rate) * at / options.seconds
        return options.rate

    def key(self):
        if not self.options.keys:
            self.newest += 1
            return self.newest
        if self.options.zipf:
            return int(self.options.keys ** random.random())
        return random.randrange(self.options.keys)

    def ask(self, count):
        """So many requests, one at a time on each connection."""
        while count > 0:
            asked = []
            for _ in range(min(count, len(self.connections))):
                self.turn = (self.turn + 1) % len(self.connections)
                word = random.choices(self.words, self.weights)[0]
                request = self.request(word, self.key(), b"v" * random.randint(*self.sizes))
                asked.append((self.turn, word, request))
                self.send(self.turn, request)
            for place, word, request in asked:
                self.hear(place, word, request)
                self.counts[word] = self.counts.get(word, 0) + 1
            count -= len(asked)

    def send(self, place, request):
        try:
            self.connections[place].socket.sendall(request)
        except ConnectionError:
            pass  # it will be heard

    def hear(self, place, word, request):
        try:
            self.answer(self.connections[place], word)
        except (EOFError, ConnectionError):
            if self.options.protocol != "http":
                raise
            self.reopen(place)  # an HTTP server may end a connection between requests
            self.send(place, request)
            self.answer(self.connections[place], word)

    def reopen(self, place):
        self.connections[place].close()
        self.connections[place] = Connection(self.options.port)

    def reconnect(self, count):
        for _ in range(count):
            self.reopen(random.randrange(len(self.connections)))

    def run(self):
        start, options, due = time.monotonic(), self.options, {"ask": 0.0, "churn": 0.0, "hold": 0.0}
        before = 0.0
        while (now := time.monotonic() - start) < options.seconds:
            step = min(now - before, 0.5)  # what is late by more is not caught up
            due["ask"] += self.rate(now) * step
            due["churn"] += options.churn * step
            due["hold"] += options.hold * step
            before = now
            whole = {name: int(value) for name, value in due.items()}
            due = {name: due[name] - whole[name] for name in due}
            self.ask(whole["ask"])
            self.reconnect(whole["churn"])
            self.held += [Connection(options.port) for _ in range(whole["hold"])]
            time.sleep(max(0.0, TICK - (time.monotonic() - start - now)))
        for word, count in self.counts.items():
            print(word, count)


try:
    Load(read_arguments()).run()
except (OSError, EOFError, ValueError) as error:
    sys.exit(f"load.py: {error}")
