# SPDX-License-Identifier: MIT
"""tools.py - the table of what is compared: how each tool is put before a program, what it needs, and whether it is here.

A tool that is missing says why (`missing`) and is never replaced by something else.
"""
import functools
import os
import shutil
import subprocess

import session


@functools.lru_cache(maxsize=None)
def library(name):
    """The path of a shared library as the dynamic linker finds it, or None."""
    for command in ("ldconfig", "/sbin/ldconfig"):
        if shutil.which(command):
            listing = subprocess.run([command, "-p"], capture_output=True, text=True, check=False).stdout
            paths = [line.rpartition("=> ")[2] for line in listing.splitlines() if line.split()[:1] == [name]]
            return paths[0] if paths else None
    return None


def package_version(package):
    """The version of a Debian package, without epoch and revision; "" where dpkg does not know it."""
    if not shutil.which("dpkg-query"):
        return ""
    answer = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False)
    return answer.stdout.rpartition(":")[2].partition("-")[0] if answer.returncode == 0 else ""


class Tool:
    """A row of the comparison. `base` names the tool that its ratio is taken against."""

    base = "bare"
    is_slow = False  # runs a small amount of work, beside a bare run of the same amount
    is_peer = True  # a failure is a finding about the tool, and not an error of the comparison
    note = ""
    family = ""  # what its version is the version of, where that is not what stands before the comma of its title

    def __init__(self, name, title, build):
        self.name, self.title, self.build = name, title, build
        self._missing = ()

    def environment(self, _output):
        return []

    def command(self, _output):
        return []

    def probe(self):
        """Why the tool cannot be run here, or None."""

    def missing(self):
        """What `probe` says, asked once."""
        if self._missing == ():
            self._missing = self.probe()
        return self._missing

    def version(self):
        return ""


class Bare(Tool):
    is_peer = False


class Preload(Tool):
    """A library before the program."""

    library_name = ""
    package = ""

    def path(self):
        return library(self.library_name)

    def probe(self):
        return None if self.path() else f"{self.library_name} is not installed"

    def environment(self, output):
        return [f"LD_PRELOAD={self.path()}", *self.settings(output)]

    def settings(self, _output):
        return []

    def version(self):
        return package_version(self.package)


class Counting(Preload):
    is_peer = False

    def path(self):
        path = f"{self.build}/tests/bench/count_preload.so"
        return path if os.path.exists(path) else None

    def probe(self):
        return None if self.path() else "count_preload.so is not built"

    def settings(self, output):
        return [f"COUNT_OUT={output}/counts"]


class Seep(Preload):
    is_peer = False
    options = ""

    def path(self):
        return f"{self.build}/libseep.so"

    def settings(self, output):
        return [f"SEEP_OPTIONS=out={output}/seep.db:arena={output}/../memory/arena{self.options}"]

    def probe(self):
        """The library complains of options that it does not know."""
        if not os.path.exists(self.path()):
            return "libseep.so is not built"
        return "libseep.so has no such option" if "SEEP_OPTIONS" in session.output_under(self, ["/bin/true"]) else None


class SeepSampled(Seep):
    options = ":sample=524288"


class Heaptrack(Tool):
    note = "does not record forked children, so that its figure for PostgreSQL is that of the postmaster alone"

    def command(self, output):
        return ["heaptrack", "-o", f"{output}/heaptrack"]

    def probe(self):
        return None if shutil.which("heaptrack") else "heaptrack is not installed"

    def version(self):
        return package_version("heaptrack")


class Jemalloc(Preload):
    library_name, package = "libjemalloc.so.2", "libjemalloc2"
    note = "another allocator, without profiling: the base of jemalloc's rows"


class JemallocProfiled(Jemalloc):
    base = "jemalloc"
    note = "against jemalloc without profiling"
    sample = 19

    def settings(self, output):
        return [f"MALLOC_CONF=prof:true,lg_prof_sample:{self.sample},prof_final:true,prof_prefix:{output}/jeprof"]

    def probe(self):
        return super().probe() or (
            "this libjemalloc has no profiler" if "conf pair" in session.output_under(self, ["/bin/true"]) else None)


class JemallocEvery(JemallocProfiled):
    is_slow = True
    sample = 0


class Lsan(Preload):
    library_name, package = "liblsan.so.0", "liblsan0"
    note = "one caller's frame in code without frame pointers"
    options = ""

    def settings(self, output):
        return [f"LSAN_OPTIONS=exitcode=0:log_path={output}/lsan{self.options}"]


class LsanRightStacks(Lsan):
    is_slow = True
    note = "fast_unwind_on_malloc=0"
    options = ":fast_unwind_on_malloc=0"


class Tcmalloc(Preload):
    library_name, package = "libtcmalloc.so.4", "libgoogle-perftools4"
    is_slow = True

    def settings(self, output):
        return [f"HEAPPROFILE={output}/tcmalloc"]


class Valgrind(Tool):
    is_slow = True
    family = "Valgrind"
    options = ()

    def command(self, output):
        return ["valgrind", *(option.format(output=output) for option in self.options)]

    def probe(self):
        return None if shutil.which("valgrind") else "valgrind is not installed"

    def version(self):
        return package_version("valgrind")


class Memcheck(Valgrind):
    options = ("--tool=memcheck", "--leak-check=full", "--log-file={output}/memcheck.%p")


class Massif(Valgrind):
    options = ("--tool=massif", "--log-file={output}/log.%p", "--massif-out-file={output}/massif.%p")


class Dhat(Valgrind):
    options = ("--tool=dhat", "--log-file={output}/log.%p", "--dhat-out-file={output}/dhat.%p")


TOOLS = [
    ("bare", "bare", Bare),
    ("count", "a shim that only counts", Counting),
    ("seep", "Seep, every event", Seep),
    ("seep-sampled", "Seep, sampled 1 in 512 KiB", SeepSampled),
    ("heaptrack", "heaptrack", Heaptrack),
    ("jemalloc", "jemalloc, no profiler", Jemalloc),
    ("jemalloc-sampled", "jemalloc, sampled 1 in 512 KiB", JemallocProfiled),
    ("lsan", "LeakSanitizer, default", Lsan),
    ("jemalloc-every", "jemalloc, every allocation", JemallocEvery),
    ("lsan-right", "LeakSanitizer, right stacks", LsanRightStacks),
    ("tcmalloc", "tcmalloc heap profiler", Tcmalloc),
    ("memcheck", "Valgrind memcheck", Memcheck),
    ("massif", "Valgrind massif", Massif),
    ("dhat", "Valgrind DHAT", Dhat),
]
NAMES = [name for name, _, _ in TOOLS]
QUICK = ["bare", "count", "seep", "seep-sampled", "heaptrack"]


def chosen(names, build):
    """The tools of these names in the table's order, with the bases they need."""
    tools = {name: kind(name, title, build) for name, title, kind in TOOLS}
    wanted = set(names) | {tools[name].base for name in names}
    return [tools[name] for name in NAMES if name in wanted]
