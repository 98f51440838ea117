# SPDX-License-Identifier: MIT
"""served.py - runs a server with its load driver, under Seep or another tool, and reads what `seep growth` says of it.

A server prints its port as its first line and ends with 0 at SIGTERM (tests/servers/common.h); a driver is told that port
and ends with 0 when the server behaved. What goes wrong is a RunFailed with a sentence. Nothing that was started outlives
its Server, also after a failure; nor this program, where end_all_at_signals() was called.
"""
import json
import os
import platform
import re
import signal
import socket
import subprocess
import time

START_LIMIT_S = 30
END_LIMIT_S = 60


started = []


def start(*words, **how):
    started.append(subprocess.Popen(*words, **how))
    return started[-1]


def end_all_at_signals():
    """SIGTERM and SIGINT end what runs, and then this program."""
    def end(number, _):
        for process in started:
            if process.returncode is None:
                process.kill()
        os._exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


class RunFailed(Exception):
    """A run that tells nothing; the text says what happened, to what."""


def wait_until(limit_s, is_true):
    until = time.monotonic() + limit_s
    while not is_true():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Server:
    """
    A server in `folder`: what it prints is server.out and server.err there. As a context it ends with its block. `tool` are the
    words of a command that runs it: the server is that process or its child.
    """

    def __init__(self, words, folder, environment=None, tool=()):
        self.name, self._program = os.path.basename(words[0]), os.path.realpath(words[0])
        self.out, self.err = os.path.join(folder, "server.out"), os.path.join(folder, "server.err")
        self._folder, self._driver = folder, None
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            try:
                self.process = start([*tool, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                                env={**os.environ, **(environment or {})})
            except OSError as failure:
                raise RunFailed(f"{self.name} cannot be run: {failure}") from None

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        for process in (self._driver, self.process):
            if process and process.poll() is None:
                if process is self.process:
                    self._signal(signal.SIGKILL)
                process.kill()
                process.wait()

    def _signal(self, number):
        """To the server itself."""
        for name in (*text_of(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split(), str(self.process.pid)):
            try:
                if os.readlink(f"/proc/{name}/exe") == self._program or name == str(self.process.pid):
                    os.kill(int(name), number)
                    return
            except OSError:
                continue

    def port(self):
        """Waits until it has said its port."""
        def told():
            return re.search(r"^[0-9]+$", text_of(self.out), re.MULTILINE)
        wait_until(START_LIMIT_S, lambda: told() or self.process.poll() is not None)
        if not told() or self.process.poll() is not None:
            raise RunFailed(f"{self.name} did not start: {text_of(self.err).strip()}")
        return told().group(0)

    def drive(self, words):
        """Starts the load driver."""
        with open(os.path.join(self._folder, "driver.out"), "wb") as out:
            self._driver = start(words, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def is_driven(self):
        return self._driver.poll() is None

    def wait_driven(self, limit_s):
        """Waits for the driver's end, which has to be 0, with the server still there."""
        try:
            code = self._driver.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"the driver of {self.name} did not end in {limit_s} s") from None
        if code != 0:
            said = text_of(os.path.join(self._folder, "driver.out")).strip().splitlines()[-1:]
            raise RunFailed(f"the driver of {self.name} ended with {code}: {' '.join(said)}")
        if self.process.poll() is not None:
            raise RunFailed(f"{self.name} ended under load with {self.process.returncode}")

    def end(self):
        """SIGTERM, and waits for the end, which has to be 0."""
        self._signal(signal.SIGTERM)
        try:
            code = self.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"{self.name} did not end {END_LIMIT_S} s after SIGTERM") from None
        if code != 0:
            raise RunFailed(f"{self.name} ended with {code}: {text_of(self.err).strip()[-300:]}")


class Memcached:
    """A real memcached on a port of its own, as a context."""

    def __enter__(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self._process = start(["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "1", "-u", "nobody"], stdin=subprocess.DEVNULL)
        if not wait_until(START_LIMIT_S, self._listens):
            self.__exit__()
            raise RunFailed(f"memcached does not listen on port {self.port}")
        return self

    def __exit__(self, *failure):
        self._process.kill()
        self._process.wait()

    def _listens(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


def seep_environment(build, recording):
    return {"LD_PRELOAD": os.path.join(build, "libseep.so"), "SEEP_OPTIONS": f"out={recording}"}


def growth(build, recording):
    """What `seep growth --json` says; None while there is nothing to judge."""
    ran = subprocess.run([os.path.join(build, "seep"), "growth", "--json", recording], capture_output=True, text=True,
                         check=False)
    if ran.returncode == 3:
        return None
    if ran.returncode != 0:
        raise RunFailed(f"seep growth ended with {ran.returncode}: {ran.stderr.strip()}")
    return json.loads(ran.stdout)


def leaks(report):
    """What it calls a leak, in its order: (function, kind)."""
    groups = report["groups"] if report else []
    return [(group["function"], group["kind"]) for group in groups if group["verdict"] == "leak"]


def machine():
    """The machine's class, without its name."""
    kernel = re.match(r"[0-9]+\.[0-9]+", platform.release())
    return f"{os.cpu_count()} cores, {platform.machine()}, Linux {kernel.group(0)}, glibc {platform.libc_ver()[1]}"
