#!/bin/sh
# `plait check` and `plait replay` with the real checking library, found where the build left it.
#   real.sh SOURCE_ROOT PLAIT TWO_LOCKS LETTERS STOP_FLAG
set -u
root=$1 plait=$(realpath "$2") program=$(realpath "$3") letters=$(realpath "$4") stop_flag=$(realpath "$5")
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
tap_wanted "tool" || { tap_end; exit; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset LD_PRELOAD PLAIT_CHECK PLAIT_CHECK_LIBRARY

# says NAME STATUS TEXT ARGUMENT...: `plait ARGUMENT...` ends with the status and says the text; it reads $input.
input=/dev/null
says() {
    what=$1 status=$2 text=$3
    shift 3
    "$plait" "$@" >log 2>&1 <"$input"
    got=$?
    [ "$got" -eq "$status" ] && grep -qF -e "$text" log
    tap_result $? "tool: $what" log
}

# reported TEXT...: all this is in what the last command said.
reported() {
    for text in "$@"; do
        grep -qF -e "$text" log || { echo "missing: $text" >>log && return 1; }
    done
}

says "a deadlock is found" 1 "DEADLOCK after " check "$program"
token=$(sed -n 's/.*replay: plait replay \([^ ]*\) .*/\1/p' log)
reported "T1 east" "T2 west" "two_locks.c:8 plait_lock_acquire(left)" "two_locks.c:9 plait_lock_acquire(right)  <- blocks" \
    "Circle: T1 east waits for lock right, held by T2 west, which waits for lock left, held by T1 east." \
    "Waits: T0 main for the end of T1 east, two_locks.c:27." "Flip: two_locks.c:"
tap_result $? "tool: its report says who waits for whom, and where" log
for run in 1 2 3 4 5 6 7 8 9 10; do
    says "it is replayed, $run" 1 "DEADLOCK, replayed" replay "$token" "$program"
done
reported "Circle: T1 east waits for lock right, held by T2 west"
tap_result $? "tool: the report of the replay" log
says "a token of nothing" 2 "This is no token" replay nonsense "$program"
says "the corrected twin passes" 0 "PASSED 500 schedules" check -n 500 "$program" right
says "all its orders pass" 0 " orders within bound 1 pass" check --strategy dfs --bound 1 "$program" right
says "the token where it passes" 0 "The schedule of the token passes" replay "$token" "$program" right

says "a crash in the C library" 1 "CRASH (Segmentation fault) after " check "$letters"
token=$(sed -n 's/.*replay: plait replay \([^ ]*\) .*/\1/p' log)
reported "T1 count" "letters.c:14  <- fails"
tap_result $? "tool: is told at the line that called it" log
[ ${#token} -le 24 ]
tap_result $? "tool: the token is short: $token"
mkfifo silent && exec 8<>silent && input=silent
says "what is no file reads as nothing, in the replay, too" 1 "it reads nothing" replay "$token" "$letters"
echo hello >some_file && input=./some_file
says "a file is read" 1 "it reads hello" replay "$token" "$letters"
says "each run reads it anew" 0 "PASSED 50 schedules" check -n 50 --inject nothing "$letters"
says "a flag that the checker was not told of" 1 "LOST WAKE-UP after " check "$stop_flag"
reported "stop_flag.c:21 plait_condition_notify_all(more): nobody waits" "stop_flag.c:12 plait_condition_wait(more)"
tap_result $? "tool: its report shows the wake-up before the wait" log
says "an exit status is found" 1 "BAD EXIT STATUS 3 after " check "$letters" 3
reported "T1 count" "the program ended with status 3; \`plait replay\` shows what it prints"
tap_result $? "tool: its report has the threads' names" log
tap_end
