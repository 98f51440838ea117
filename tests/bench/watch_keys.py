# SPDX-License-Identifier: MIT
"""How fast `seep top --watch` answers to keys, and what it takes, while a program of so many busy callsites is recorded.

usage: watch_keys.py --build DIRECTORY [--callsites 10000] [--rounds 8]

Prints, by key, the median and the longest time from the key to the first byte of the answer, in a terminal of 160x50; and the
part of a core that the view takes over 15 s without keys. Escape is told from the beginning of a longer sequence by a pause of
50 ms, which is in its time.
"""
import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import tempfile
import termios
import time

KEYS = ["j", "\x1b[6~", "f", "v", "g", "r", "c", "n", "/", "f", "1", "\x1b", "t", "\x1b"]


def write_program(path, count):
    """Each callsite replaces its block in each round; one in 1,000 keeps them."""
    with open(path, "w") as out:
        out.write("#include <stdlib.h>\n#include <unistd.h>\nstatic void *volatile kept;\nstatic void *slots[%d];\n" % count)
        for i in range(count):
            body = "kept = malloc(64);" if i % 1000 == 0 else "free(slots[%d]); slots[%d] = malloc(%d);" % (i, i, 16 + i % 200)
            out.write("__attribute__((noinline)) static void function_%d(void) { %s }\n" % (i, body))
        out.write("static void (*const all[])(void) = {%s};\n" % ",".join("function_%d" % i for i in range(count)))
        out.write("int main(void) { for (;;) { for (int i = 0; i < %d; i++) all[i](); usleep(200000); } }\n" % count)


def drain(terminal, seconds):
    until = time.time() + seconds
    while select.select([terminal], [], [], max(0, until - time.time()))[0]:
        os.read(terminal, 65536)


def open_view(seep, recording):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(seep, [seep, "top", "--watch", recording], dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8"))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    os.kill(pid, signal.SIGWINCH)
    return pid, terminal


def answer_ms(terminal, key):
    drain(terminal, 0.04)
    began = time.perf_counter()
    os.write(terminal, key.encode())
    if not select.select([terminal], [], [], 10)[0]:
        raise SystemExit("no answer to %r in 10 s" % key)
    took = 1000 * (time.perf_counter() - began)
    drain(terminal, 0.1)
    return took


def cpu_s(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(pid, terminal, rounds):
    drain(terminal, 8)
    times = {}
    for _ in range(rounds):
        for key in KEYS:
            times.setdefault(key, []).append(answer_ms(terminal, key))
    for key, all_of_it in times.items():
        print("%-10s median %5.1f ms, longest %5.1f ms" % (repr(key), statistics.median(all_of_it), max(all_of_it)))
    before = cpu_s(pid)
    drain(terminal, 15)
    print("without keys: %.1f %% of a core" % (100 * (cpu_s(pid) - before) / 15))
    os.write(terminal, b"q")
    os.waitpid(pid, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--callsites", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    with tempfile.TemporaryDirectory() as work:
        source, program, recording = (os.path.join(work, name) for name in ("many.c", "many", "many.db"))
        write_program(source, options.callsites)
        subprocess.check_call(["gcc", "-g", "-O1", "-fno-builtin", "-o", program, source])
        server = subprocess.Popen([program], env=dict(os.environ, LD_PRELOAD=build + "/libseep.so", SEEP_OPTIONS="out=" + recording))
        try:
            time.sleep(10)
            measure(*open_view(build + "/seep", recording), options.rounds)
        finally:
            server.kill()
            server.wait()
            time.sleep(2)  # its recorder ends


main()
