#!/bin/sh
# The harness tells what failed: runs a program of failing tests and looks at what was said about each.
#   run.sh SOURCE_ROOT SUBJECT SUBJECT_OF_KILLS
set -u
root=$1 subject=$2 killed=$3
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
tap_wanted "harness" || { tap_end; exit; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset PLAIT_TEST_MATCH PLAIT_STRESS_SECONDS

"$subject" >"$work/said" 2>/dev/null
status=$?

# says NAME TEXT: the test failed, and one of the lines after its result holds the text.
says() {
    awk -v test="$1" -v text="$2" '
        /^(not )?ok / { inside = $1 == "not" && $5 == test; next }
        inside && index($0, text) { found = 1 }
        END { exit !found }' "$work/said"
    tap_result $? "harness: $1 is told: $2" "$work/said"
}

[ "$status" -eq 1 ]
tap_result $? "harness: the exit status is 1"
! grep -q '^not ok [0-9]* - passes' "$work/said" && [ "$(grep -c '^ok [0-9]* - passes' "$work/said")" -eq 4 ]
tap_result $? "harness: what passes is said to pass" "$work/said"
says fails_a_check "Assertion '1 == 2' failed"
says fails_a_check "subject.c:"
says gets_another_status "is PLAIT_OK, expected PLAIT_TIMEOUT"
says hangs "timeout expired"
says crashes "signal 11"
says exits "Early exit with return value 3"
says dies_of_an_interrupt_as_any_program "signal 2"
says fault_leaks "allocation 2 failing: 1 blocks leaked"
says fault_crashes "allocation 1 failing: killed by signal 11"
says fault_never_works_again "afterwards, with memory, the scenario returned PLAIT_NO_MEMORY"
says fault_reports_another_error "allocation 1 failing: the scenario returned PLAIT_INVALID"
says fault_without_allocations "the scenario allocates nothing"

"$subject" passes >"$work/said" 2>/dev/null && [ "$(grep -c '^ok' "$work/said")" -eq 1 ]
tap_result $? "harness: one test by its name" "$work/said"
PLAIT_TEST_MATCH=two_faults "$subject" >"$work/said" 2>/dev/null && [ "$(grep -c '^ok' "$work/said")" -eq 1 ]
tap_result $? "harness: tests by a part of the name" "$work/said"
! "$subject" no_such_test >"$work/said" 2>/dev/null
tap_result $? "harness: a name that nobody has is a failure" "$work/said"

# What takes too long takes ten seconds otherwise.
PLAIT_TEST_TIMEOUT_SCALE=0.3 "$killed" >"$work/said" 2>"$work/aside"
! grep -q '^not ok [0-9]* - passes' "$work/said" && [ "$(grep -c '^ok [0-9]* - passes' "$work/said")" -eq 2 ]
tap_result $? "harness: what cannot be killed halfway passes" "$work/said"
if grep -q '# SKIP killing' "$work/aside"; then
    tap_end
    exit
fi
says kill_finds_what_is_half_changed "does not hold: book->left == book->right; the victim was killed after instruction"
says kill_at_random_finds_it_too "does not hold: book->left == book->right; the victim was killed at random"
says kill_finds_a_survivor_that_hangs "signal 6"
grep -q 'the check hangs; the victim was killed after instruction' "$work/aside"
tap_result $? "harness: a check that hangs is told with the victim's last instruction" "$work/aside"
says kill_tells_a_victim_that_crashes "the victim met signal 11"
says kill_finds_a_process_that_is_left "a process is left"
says kill_finds_a_name_that_is_left "left in /dev/shm: plait-left-"
tap_end
