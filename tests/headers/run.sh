#!/bin/sh
# Every public header compiles on its own, as strict C11 and as C++17, without a warning; and the C++17 programs beside
# this script compile and run.
#   run.sh SOURCE_ROOT C_COMPILER CXX_COMPILER LIBRARY_DIRECTORY
set -u
root=$1 cc=$2 cxx=$3 library=$4
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"

# alone NAME COMPILER FLAGS... FILE
alone() {
    name=$1
    shift
    tap_wanted "$name" || return 0
    # shellcheck disable=SC2086 # a list of words
    "$@" $warnings -fsyntax-only -I"$root/include" >"$work/log" 2>&1
    tap_result $? "$name" "$work/log"
}

# runs FILE
runs() {
    # shellcheck disable=SC2086 # a list of words
    "$cxx" -std=c++17 $warnings -I"$root/include" "$1" -o "$work/program" -L"$library" -Wl,-rpath,"$library" -lplait \
        -pthread && timeout 30 "$work/program"
}

cd "$root/include" || exit 1
for header in plait.h plait/*.h; do
    # Twice: a header guards itself.
    printf '#include <%s>\n#include <%s>\nextern int something;\n' "$header" "$header" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    alone "headers: $header as C11" "$cc" -std=c11 "$work/alone.c"
    alone "headers: $header as C++17" "$cxx" -std=c++17 "$work/alone.cpp"
done
for program in "$root"/tests/headers/*.cpp; do
    name="headers: $(basename "$program") works as C++17"
    tap_wanted "$name" || continue
    runs "$program" >"$work/log" 2>&1
    tap_result $? "$name" "$work/log"
done
tap_end
