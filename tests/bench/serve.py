#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""serve.py - what `seep serve` takes: CPU time of its process, in percent of a core, while it serves a running server of many
busy callsites: to nobody; to a page with its charts only; to a whole page, with its table of callsites. The page is played
here: an event stream, and at each tick what the page then asks for.
"""
import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

LOOKERS = ("nobody", "charts", "page")


def cpu_s(pid):
    """Of all its threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


class Page:
    """What a browser would ask."""

    def __init__(self, address, token):
        self.host, self.token = urllib.parse.urlsplit(address).netloc, token
        self.connection = http.client.HTTPConnection(self.host, timeout=30)
        self.bytes = self.asked = 0
        self.judged = None

    def ask(self, path, connection=None):
        connection = connection or self.connection
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}", "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(f"serve.py: {path}: {answer.status}: {answer.read()[:300]}")
        return answer

    def get(self, path):
        answer = self.ask(path)
        body = answer.read()
        self.bytes += len(body)
        self.asked += 1
        return body if answer.getheader("Content-Encoding") else json.loads(body)

    def ticks(self, seconds):
        stream = self.ask("/api/events", http.client.HTTPConnection(self.host, timeout=30))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            line = stream.readline().decode()
            if line.startswith("data:") and "newest_s" in line:
                yield json.loads(line[5:])["recordings"][0]

    def look_on(self, seconds, with_callsites):
        self.get("/api/recordings")
        series = self.get("/api/series?points=600")
        last = series["start_s"] + (series["count"] - 1) * series["step_s"]
        if with_callsites:
            self.get("/api/callsites")
        for tick in self.ticks(seconds):
            series = self.get(f"/api/series?points=600&since={last}")
            if series["count"]:
                last = series["start_s"] + (series["count"] - 1) * series["step_s"]
            if with_callsites and tick["judged_version"] != self.judged:
                self.judged = tick["judged_version"]
                self.get("/api/callsites")


def serve(build, recording):
    process = subprocess.Popen([f"{build}/seep-serve", recording], stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    found = re.fullmatch(r"(http://.*)/\?token=(.*)", url)
    if not found:
        sys.exit(f"serve.py: seep serve printed {url!r}")
    return process, found[1], found[2]


def measure(build, recording, looker, seconds):
    """Percent of a core, bytes a second, resident MB."""
    process, address, token = serve(build, recording)
    page = Page(address, token)
    if looker != "nobody":
        page.look_on(2, looker == "page")  # it is opened
    before_s, since = cpu_s(process.pid), time.monotonic()
    opened_bytes = page.bytes
    if looker == "nobody":
        time.sleep(seconds)
    else:
        page.look_on(seconds, looker == "page")
    lasted = time.monotonic() - since
    percent = 100 * (cpu_s(process.pid) - before_s) / lasted
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        resident = int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024
    process.send_signal(signal.SIGTERM)
    process.wait()
    return percent, (page.bytes - opened_bytes) / lasted / 1000, resident


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--callsites", type=int, default=2048, help="busy ones; a power of two")
    parser.add_argument("--seconds", type=int, default=60, help="for each measurement")
    options = parser.parse_args()
    build = os.path.realpath(options.build)
    with tempfile.TemporaryDirectory() as directory:
        recording = f"{directory}/steady.db"
        lasts = len(LOOKERS) * (options.seconds + 10) + 20
        environment = dict(os.environ, LD_PRELOAD=f"{build}/libseep.so", SEEP_OPTIONS=f"out={recording}")
        server = subprocess.Popen([f"{build}/tests/bench/steady_sites", str(options.callsites), str(lasts)], env=environment)
        try:
            time.sleep(10)  # there is something to judge
            print(f"{options.callsites} callsites that change each second, {options.seconds} s each")
            print(f"{'who looks on':<14}{'% of a core':>12}{'kB/s':>9}{'resident MB':>13}")
            for looker in LOOKERS:
                percent, rate, resident = measure(build, recording, looker, options.seconds)
                print(f"{looker:<14}{percent:>12.2f}{rate:>9.1f}{resident:>13.1f}", flush=True)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
