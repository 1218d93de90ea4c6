# shellcheck shell=sh
# Sourced by the test scripts: results in TAP, one line each, and the choice of tests by name (see test.h).

tap_count=0
tap_failed=0

# tap_wanted NAME: is this test asked for?
tap_wanted() {
    case "$1" in
    *"${PLAIT_TEST_MATCH:-}"*) return 0 ;;
    esac
    return 1
}

# tap_result STATUS NAME [FILE]: a test ended with this status; FILE holds what it said.
tap_result() {
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
        if [ -n "${3:-}" ]; then
            sed 's/^/# /' "$3"
        fi
    fi
}

# tap_end: the plan, and the exit status of the script.
tap_end() {
    if [ "$tap_count" -eq 0 ]; then
        echo "1..0 # SKIP no test of this name here"
    else
        echo "1..$tap_count"
    fi
    [ "$tap_failed" -eq 0 ]
}
