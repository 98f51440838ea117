# SPDX-License-Identifier: MIT
"""long_test.py - what counts as a miss, a false alarm and the time to a verdict."""
import unittest

import long

LEAK, SECOND, OTHER = ("keep", "heap"), ("open", "socket"), ("main", "heap")
BUGGY = long.Case("a", "buggy", "", "", [LEAK, SECOND])
FIXED = long.Case("a", "fixed", "", "", [])


def outcome(case, *looks, fault=None):
    return long.Outcome(case, 1, [(5 * (i + 1), list(found)) for i, found in enumerate(looks)], fault)


class Judging(unittest.TestCase):
    def test_all_leaks_named_in_any_order_is_right(self):
        self.assertEqual(long.faults_of(outcome(BUGGY, [], [SECOND, LEAK], [LEAK, SECOND])), [])

    def test_one_leak_not_named_in_the_end_is_a_miss(self):
        self.assertTrue(long.is_miss(outcome(BUGGY, [LEAK, SECOND], [LEAK, SECOND], [LEAK])))
        self.assertTrue(long.is_miss(outcome(BUGGY, [LEAK, SECOND], [LEAK], [LEAK, SECOND])))
        self.assertTrue(long.is_miss(outcome(BUGGY, [], [])))

    def test_something_else_first_is_a_miss_and_a_false_alarm(self):
        wrong = outcome(BUGGY, [OTHER, LEAK, SECOND], [OTHER, LEAK, SECOND])
        self.assertTrue(long.is_miss(wrong))
        self.assertEqual(long.alarms(wrong), [(OTHER, 5), (OTHER, 10)])

    def test_a_leak_in_a_fixed_server_is_a_false_alarm_at_any_look(self):
        wrong = outcome(FIXED, [], [LEAK], [], [])
        self.assertFalse(long.is_miss(wrong))
        self.assertEqual(long.faults_of(wrong), ["false alarm: keep (heap) after 10 s"])

    def test_a_run_that_failed_is_a_fault_and_no_miss(self):
        wrong = outcome(BUGGY, [], fault="it did not start")
        self.assertFalse(long.is_miss(wrong))
        self.assertEqual(long.faults_of(wrong), ["it did not start"])

    def test_the_time_to_the_verdict_is_that_from_which_on_it_stands(self):
        self.assertEqual(long.verdict_s(outcome(BUGGY, [LEAK, SECOND], [LEAK], [LEAK, SECOND], [SECOND, LEAK])), 15)
        self.assertIsNone(long.verdict_s(outcome(BUGGY, [LEAK, SECOND], [LEAK])))


if __name__ == "__main__":
    unittest.main()
