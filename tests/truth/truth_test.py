# SPDX-License-Identifier: MIT
"""truth_test.py - what the peers' reports are read as, and what is right."""
import os
import tempfile
import unittest

import truth

PROGRAM = "/srv/app"
HEAPTRACK = """reading file
MEMORY LEAKS
64.00K leaked over 200 calls from
calloc
  at ../include/rtld-malloc.h:44
  in /lib64/ld-linux-x86-64.so.2
__pthread_create_2_1
  at ./nptl/pthread_create.c:650
  in /lib/x86_64-linux-gnu/libc.so.6
work_start
  at app.c:28
  in /srv/app
main
  at app.c:90

4.10K leaked over 1 calls from
_IO_file_doallocate
  in /lib/x86_64-linux-gnu/libc.so.6

12B leaked over 400 calls from
small
  in /srv/app


total runtime: 5.14s.
"""
VALGRIND = """==7== FILE DESCRIPTORS: 6 open (3 std) at exit.
==7== Open file descriptor 10: /dev/null
==7==    <inherited from parent>
==7==\x20
==7== Open file descriptor 9:
==7==    at 0x4966BE7: epoll_create1 (syscall-template.S:120)
==7==    by 0x10A7F5: completion_open (app.c:20)
==7==\x20
==7== Open AF_INET socket 8: 127.0.0.1:1 <-> 127.0.0.1:2
==7==    at 0x4966BE7: accept4 (accept4.c:32)
==7==    by 0x10A7F5: connection_accept (app.c:30)
==7==\x20
==7== 4,080 bytes in 20 blocks are definitely lost in loss record 1 of 2
==7==    at 0x48465EF: calloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==7==    by 0x10A7D8: record_new (app.c:15)
==7==\x20
==7== 80 bytes in 20 blocks are still reachable in loss record 2 of 2
==7==    at 0x48465EF: malloc (in /usr/libexec/valgrind/vgpreload_memcheck-amd64-linux.so)
==7==    by 0x10A7D8: cache_put (app.c:99)
"""
SANITIZER = """
==7==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 4080 byte(s) in 20 object(s) allocated from:
    #0 0x7fecfac130aa in __interceptor_calloc ../src/libsanitizer/lsan/lsan_interceptors.cpp:90
    #1 0x55ad269e37d8 in record_new app.c:15
    #2 0x55ad269e37d8 in main app.c:24

SUMMARY: LeakSanitizer: 4080 byte(s) leaked in 20 allocation(s).
"""


class Reports(unittest.TestCase):
    def test_heaptrack_entries_of_many_calls_and_a_part_of_the_whole(self):
        self.assertEqual(list(truth.Heaptrack().findings_of(HEAPTRACK, PROGRAM)), [
            truth.Finding("heap", ["calloc", "__pthread_create_2_1", "work_start", "main"], "work_start")])

    def test_valgrind_lost_blocks_and_open_descriptors(self):
        self.assertEqual([(finding.kind, finding.site) for finding in truth.Valgrind().findings_of(VALGRIND)], [
            ("epoll", "completion_open"), ("socket", "connection_accept"), ("heap", "record_new")])

    def test_sanitizer_leaks(self):
        self.assertEqual(list(truth.LeakSanitizer().findings_of(SANITIZER)), [
            truth.Finding("heap", ["__interceptor_calloc", "record_new", "main"], "record_new")])


class Right(unittest.TestCase):
    fixture = truth.Fixture("a", "", "", [("record_new", "heap"), ("work_start", "thread")], [("beside", "heap")])

    def sort(self, kind, *stack):
        return truth.sort_findings(self.fixture, [truth.Finding(kind, list(stack), stack[-1])])

    def test_a_leak_anywhere_in_the_stack(self):
        self.assertEqual(self.sort("heap", "malloc", "record_new", "main"), ({("record_new", "heap")}, set()))

    def test_another_kind_or_function_is_false(self):
        self.assertEqual(self.sort("socket", "record_new"), (set(), {("record_new", "socket")}))
        self.assertEqual(self.sort("heap", "malloc", "main"), (set(), {("main", "heap")}))

    def test_what_is_beside_is_neither(self):
        self.assertEqual(self.sort("heap", "malloc", "beside"), (set(), set()))

    def test_a_block_lost_in_pthread_create_is_the_thread(self):
        self.assertEqual(self.sort("heap", "calloc", "pthread_create@@GLIBC_2.34", "work_start"), ({("work_start", "thread")}, set()))
        self.assertEqual(self.sort("heap", "calloc", "work_start"), (set(), {("work_start", "heap")}))

    def test_the_verdict_stands_from_when_on_all_leaks_are_named(self):
        all_named = set(self.fixture.leaks)
        self.assertEqual(truth.verdict_s(self.fixture, [(5, all_named), (10, set()), (15, all_named), (20, all_named)]), 15)
        self.assertIsNone(truth.verdict_s(self.fixture, [(5, all_named), (10, set())]))


if __name__ == "__main__":
    unittest.main()
