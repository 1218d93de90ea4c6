#!/bin/sh
# Mistakes that must not compile. Each tests/compile_fail/*.c compiles as it is, and does not with -DMISTAKE=1,
# -DMISTAKE=2, ...: one for each "MISTAKE == n" in the file. The rest of that line, a comment, names the mistake.
#   run.sh SOURCE_ROOT C_COMPILER
set -u
root=$1 cc=$2
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile FILE MISTAKE
compile() {
    "$cc" -std=gnu11 -Wall -Wextra -Werror -fsyntax-only -DMISTAKE="$2" -I"$root/include" "$1" >"$work/log" 2>&1
}

for file in "$root"/tests/compile_fail/*.c; do
    base=compile_fail/$(basename "$file" .c)
    if tap_wanted "$base compiles without a mistake"; then
        compile "$file" 0
        tap_result $? "$base compiles without a mistake" "$work/log"
    fi
    n=1
    while grep -q "MISTAKE == $n " "$file"; do
        what=$(sed -n "s|.*MISTAKE == $n  */\\* *\\(.*[^ ]\\) *\\*/.*|\\1|p" "$file")
        if tap_wanted "$base refuses $what"; then
            ! compile "$file" "$n"
            tap_result $? "$base refuses $what"
        fi
        n=$((n + 1))
    done
done
tap_end
