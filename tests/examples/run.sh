#!/bin/sh
# Runs one example without arguments: it must end with status 0 and, where tests/examples/NAME.expected exists, print
# exactly that.
#   run.sh SOURCE_ROOT NAME PROGRAM
set -u
root=$1 name=$2 program=$3
case "examples $name" in
*"${PLAIT_TEST_MATCH:-}"*) ;;
*) exit 77 ;;
esac
said=$(mktemp)
trap 'rm -f "$said"' EXIT

"$program" >"$said" </dev/null
status=$?
cat "$said"
if [ "$status" -ne 0 ]; then
    echo "exit status $status"
    exit 1
fi
expected=$root/tests/examples/$name.expected
[ ! -e "$expected" ] || diff "$expected" "$said"
