#!/bin/sh
# The hooks cost nothing: every file of the library is compiled twice, as always and without any hook, with the bare
# atomic builtins instead of the hooked names (base/hooks.h, base/atomic.h). The machine code must be the same, instruction
# by instruction, and call nothing of the checker.
# And the checking library reads no time but the clock that it decides.
#   run.sh SOURCE_ROOT C_COMPILER CHECKING_LIBRARY SOURCES...
set -u
root=$1 cc=$2 library=$3
shift 3
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hooks='plait__check_(point|swapped|section|misuse|signals|unheard|begins|step|spot)'

# code FLAGS... FILE: its disassembly, or what the compiler said
code() {
    "$cc" -std=gnu11 -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden -ftls-model=initial-exec \
        -I"$root/include" -I"$root/src" -c -o "$work/object" "$@" 2>&1 &&
        objdump -dr --no-show-raw-insn "$work/object"
}

name="hooks: the checking library does not read the CPU's counter"
if tap_wanted "$name"; then
    objdump -d "$library" >"$work/checking" && ! grep rdtsc "$work/checking" >"$work/difference"
    tap_result $? "$name" "$work/difference"
fi

for source in "$@"; do
    name="hooks: src/${source##*/src/} is the same code without hooks"
    tap_wanted "$name" || continue
    : >"$work/difference"
    code "$source" >"$work/hooked" && code -DPLAIT__RAW_ATOMICS "$source" >"$work/bare" &&
        diff "$work/bare" "$work/hooked" >"$work/difference" 2>&1 &&
        ! grep -E "$hooks" "$work/hooked" >"$work/difference"
    tap_result $? "$name" "$work/difference"
done
tap_end
