#!/bin/sh
# Mistakes that must not compile. Each tests/compile_fail/*.c compiles as it is, and does not with -DMISTAKE=1,
# -DMISTAKE=2, ...: one for each "MISTAKE == n" in the file. The rest of that line, a comment, names the mistake; it stands
# in the next line or two.
#   run.sh SOURCE_ROOT C_COMPILER
set -u
root=$1 cc=$2
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile FILE MISTAKE: what the compiler says goes to $work/log.
compile() {
    "$cc" -std=gnu11 -Wall -Wextra -Werror -DMISTAKE="$2" -I"$root/include" -c -o /dev/null "$1" \
        >"$work/log" 2>&1
}

# refuses FILE MISTAKE: it does not compile, and for no other reason: the compiler speaks of the lines of the mistake.
refuses() {
    compile "$1" 0 || return 1
    ! compile "$1" "$2" || return 1
    line=$(grep -n "MISTAKE == $2 " "$1" | cut -d: -f1)
    grep -q -e "$1:$((line + 1)):" -e "$1:$((line + 2)):" "$work/log"
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
            refuses "$file" "$n"
            tap_result $? "$base refuses $what" "$work/log"
        fi
        n=$((n + 1))
    done
done
tap_end
