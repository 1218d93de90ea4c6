#!/bin/sh
# Builds cxx.cpp, without a warning, against the static library, whose inner names it uses, and runs it. Its output is
# TAP.
#   cxx.sh SOURCE_ROOT STATIC_LIBRARY CXX_COMPILER
set -u
root=$1 library=$2 cxx=$3
name="process-cxx cxx"
case "$name" in
*"${PLAIT_TEST_MATCH:-}"*) ;;
*)
    echo "1..0 # SKIP no test of this name here"
    exit 0
    ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I"$root/include" -I"$root/src" \
    "$root/tests/process/cxx.cpp" -o "$work/cxx" "$library" -pthread >"$work/log" 2>&1; then
    "$work/cxx"
else
    echo "1..1"
    echo "not ok 1 - cxx compiles"
    sed 's/^/# /' "$work/log"
    exit 1
fi
