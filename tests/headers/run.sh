#!/bin/sh
# Every public header compiles on its own, as strict C11 and as C++17, without a warning.
#   run.sh SOURCE_ROOT C_COMPILER CXX_COMPILER
set -u
root=$1 cc=$2 cxx=$3
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"

# compile NAME COMPILER FLAGS... FILE
compile() {
    name=$1
    shift
    tap_wanted "$name" || return 0
    # shellcheck disable=SC2086
    "$@" $warnings -fsyntax-only -I"$root/include" >"$work/log" 2>&1
    tap_result $? "$name" "$work/log"
}

cd "$root/include" || exit 1
for header in plait.h plait/*.h; do
    # Twice: a header guards itself.
    printf '#include <%s>\n#include <%s>\n' "$header" "$header" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    compile "headers $header as C11" "$cc" -std=c11 "$work/alone.c"
    compile "headers $header as C++17" "$cxx" -std=c++17 "$work/alone.cpp"
done
for program in "$root"/tests/headers/*.cpp; do
    [ -e "$program" ] || continue
    compile "headers $(basename "$program") as C++17" "$cxx" -std=c++17 "$program"
done
tap_end
