# SPDX-License-Identifier: MIT
"""session.py - runs a program under a tool and tells what that cost: CPU of every process, peak memory, output.

The driver makes itself the subreaper of all it starts, so that a process nobody waits for (Seep's recorder, heaptrack's
interpreter) is handed to it in the end, and wait4() tells the CPU of each: nothing a tool does stays uncounted. Load
generators are started by `load` and do not count. Every run is bounded by time; what it started has ended when it
returns, also after a failure.
"""
import ctypes
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import namedtuple

# cpu_s: user and system time of all processes. cpu_helpers_s: the part of processes that are not the program's own
# children. peak_bytes: greatest sum of proportional set sizes, None when not sampled. work: what cpu_s is divided by to be
# comparable (1 for a fixed amount). figures: {"requests/s": ...}. is_cut: stopped at its time limit.
Result = namedtuple("Result", "cpu_s cpu_helpers_s peak_bytes output_bytes work figures is_cut")

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_S = 0.1
END_LIMIT_S = 60


class RunFailed(Exception):
    """A run that gives no figure; the text says what happened, to what."""


def become_subreaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot become the parent of orphaned processes")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _children_by_parent():
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as stat:
                    parent = int(stat.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(name))
    return children


def descendants(pid, without=()):
    """All processes below `pid`, nearest first, but for those in `without` and what is below them."""
    children, found = _children_by_parent(), [pid]
    for parent in found:
        found += [child for child in children.get(parent, []) if child not in without]
    return found[1:]


def _proportional_bytes(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            return next((int(line.split()[1]) * 1024 for line in rollup if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def _size_of_tree(directory):
    return sum(os.lstat(os.path.join(base, name)).st_size for base, _, names in os.walk(directory) for name in names)


def _last_line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            lines = [line.strip() for line in log if line.strip()]
    except OSError:
        return ""
    return lines[-1] if lines else "it said nothing"


def output_under(tool, argv):
    """What a short program and the tool print, run once."""
    with tempfile.TemporaryDirectory(prefix="seep-bench-") as directory:
        run = Run(tool, directory, limit_s=10)
        try:
            run.run(argv)
            run.result()
        except RunFailed as failure:
            return str(failure)
        finally:
            run.abandon()
        with open(run.log, encoding="utf-8", errors="replace") as log:
            return log.read()


class Run:
    """One run in an empty directory. What the tool writes goes to `output` in it, what it shares in memory to `memory`."""

    def __init__(self, tool, directory, limit_s, sample_memory=False):
        self.tool, self.directory, self.limit_s = tool, directory, limit_s
        self.output = os.path.join(directory, "output")
        self.log = os.path.join(directory, "log")
        self.work, self.figures = 1, {}
        self._deadline = time.monotonic() + limit_s
        self._started, self._program, self._load = None, None, None
        self._cpu_s, self._cpu_own_s, self._code = 0.0, 0.0, None
        self._is_cut, self._peak_bytes = False, None
        self._sampler = threading.Thread(target=self._sample, daemon=True) if sample_memory else None
        self._over = threading.Event()
        for path in (directory, self.output):
            os.makedirs(path, exist_ok=True)
            os.chmod(path, 0o777)  # servers that give up root write here too
        self._memory = tempfile.mkdtemp(prefix="seep-bench-", dir="/dev/shm" if os.path.isdir("/dev/shm") else directory)
        os.chmod(self._memory, 0o777)
        os.symlink(self._memory, os.path.join(directory, "memory"))

    # ---- what workloads call ----

    def start(self, argv, environment=(), become=()):
        """Starts ARGV under the tool, after the words in `become`: a command that changes user or limits and execs."""
        words = [*become, "env", *environment, *self.tool.environment(self.output), *self.tool.command(self.output),
                 *argv]
        self._program = os.path.realpath(shutil.which(argv[0]) or argv[0])
        with open(self.log, "ab") as log:
            self._started = subprocess.Popen(words, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                                             stderr=log)
        if self._sampler:
            self._sampler.start()

    def run(self, argv, environment=()):
        """A program that ends by itself, with 0."""
        self.start(argv, environment)
        while self._code is None and time.monotonic() < self._deadline:
            if not self._reap():
                time.sleep(0.002)
        if self._code is None:
            self._is_cut = True
            self._kill_all()
        elif self._code != 0:
            raise RunFailed(f"{os.path.basename(argv[0])} {self._how_it_ended()}: {_last_line(self.log)}")

    def wait_for_port(self, port):
        while True:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return
            self.check_alive()
            if time.monotonic() > self._deadline:
                raise RunFailed(f"no server on port {port} after {self.limit_s:.0f} s: {_last_line(self.log)}")
            time.sleep(0.02)

    def wait_until(self, argv):
        """Waits until ARGV ends with 0: a server that listens may not answer yet."""
        while subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode != 0:
            self.check_alive()
            if time.monotonic() > self._deadline:
                raise RunFailed(f"no answer after {self.limit_s:.0f} s: {_last_line(self.log)}")
            time.sleep(0.05)

    def check_alive(self):
        self._reap_ended()
        if self._code is not None:
            raise RunFailed(f"{os.path.basename(self._program)} {self._how_it_ended()}: {_last_line(self.log)}")

    def load(self, argv):
        """Runs a load generator, which does not count; its output. Its failure is the run's; when time is up the run is cut."""
        process = subprocess.Popen(argv, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace")
        self._load = process.pid
        try:
            output, _ = process.communicate(timeout=max(self._deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self._is_cut = True
            return ""
        finally:
            self._load = None
        self.check_alive()
        if process.returncode != 0:
            last = output.strip().splitlines()[-1:] or [""]
            raise RunFailed(f"{shlex.join(argv[:1])} ended with {process.returncode}: {last[0]}")
        return output

    @property
    def is_cut(self):
        return self._is_cut

    # ---- what the driver calls ----

    def result(self, stop_signal=signal.SIGTERM):
        """Ends what still runs, waits for everything, and tells the cost."""
        if self._code is None:
            self._signal_server(stop_signal)
        deadline = time.monotonic() + END_LIMIT_S
        while self._reap_ended():
            if time.monotonic() > deadline:
                self._kill_all()
                raise RunFailed(f"{os.path.basename(self._program)} did not end in {END_LIMIT_S} s")
            time.sleep(0.005)
        self._clear()
        if not self._is_cut and self._code < 0 and -self._code not in (signal.SIGTERM, signal.SIGINT):
            name = os.path.basename(self._program)
            raise RunFailed(f"{name} {self._how_it_ended()} at its end: {_last_line(self.log)}")
        return Result(self._cpu_s, self._cpu_s - self._cpu_own_s, self._peak_bytes, _size_of_tree(self.output),
                      self.work, self.figures, self._is_cut)

    def abandon(self):
        """Ends everything at once, after a failure."""
        self._kill_all()
        self._clear()

    # ---- processes ----

    def _reap(self, flags=os.WNOHANG):
        """Waits for a child; its pid, 0 when none has ended, None when there is none, and so no process of this run."""
        try:
            pid, status, usage = os.wait4(-1, flags)
        except ChildProcessError:
            return None
        if pid:
            self._cpu_s += usage.ru_utime + usage.ru_stime
        if self._started and pid == self._started.pid:
            self._code = self._started.returncode = os.waitstatus_to_exitcode(status)
            self._cpu_own_s = usage.ru_utime + usage.ru_stime
        return pid

    def _reap_ended(self):
        """Reaps what has ended; whether there is still a child."""
        while (pid := self._reap()):
            pass
        return pid is not None

    def _signal_server(self, stop_signal):
        """To the program itself, which below heaptrack's script is not what was started."""
        pids = [self._started.pid, *descendants(self._started.pid)]
        server = next((pid for pid in pids if self._runs_program(pid)), self._started.pid)
        os.kill(server, stop_signal)

    def _runs_program(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/exe") == self._program
        except OSError:
            return False

    def _kill_all(self):
        deadline = time.monotonic() + END_LIMIT_S
        while self._reap_ended() and time.monotonic() < deadline:
            for pid in descendants(os.getpid()):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)

    def _how_it_ended(self):
        return f"was ended by {signal.Signals(-self._code).name}" if self._code < 0 else f"ended with {self._code}"

    # ---- memory ----

    def _sample(self):
        peak = 0
        while not self._over.wait(SAMPLE_S):
            pids = descendants(os.getpid(), without=[self._load])
            peak = max(peak, sum(map(_proportional_bytes, pids)))
            self._peak_bytes = peak or None

    def _clear(self):
        shutil.rmtree(self._memory, ignore_errors=True)
        self._over.set()
        if self._sampler and self._sampler.is_alive():
            self._sampler.join()
