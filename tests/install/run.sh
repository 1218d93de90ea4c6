#!/bin/sh
# Installs the library, and nothing else, into a prefix of its own from a build of its own; then builds a small program
# outside the tree with what pkg-config says, and looks at what the shared library shows the world.
#   run.sh SOURCE_ROOT C_COMPILER CXX_COMPILER MESON PKG_CONFIG
set -u
root=$1 cc=$2 cxx=$3 meson=$4 pkg_config=$5
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
tap_wanted "install" || { tap_end; exit; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
library=$prefix/lib/libplait.so
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
unset DESTDIR

# check NAME COMMAND...
check() {
    name="install: $1"
    shift
    "$@" >"$work/log" 2>&1
    tap_result $? "$name" "$work/log"
}

install_library() {
    CC=$cc $meson setup "$work/build" "$root" --prefix "$prefix" --libdir lib -Dexamples=false -Dtests=false \
        -Doptimization=0 -Ddebug=false &&
        $meson install -C "$work/build" &&
        cd "$work" && cp "$root/tests/install/"*.c . && cp program.c program.cpp
}

# The pkg-config answers are lists of words.
# shellcheck disable=SC2046
shared_program() {
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror program.c -o shared $($pkg_config --cflags --libs plait) &&
        LD_LIBRARY_PATH=$prefix/lib ./shared
}
# shellcheck disable=SC2046
cxx_program() {
    "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror program.cpp -o cxx $($pkg_config --cflags --libs plait) &&
        LD_LIBRARY_PATH=$prefix/lib ./cxx
}
# shellcheck disable=SC2046
static_program() {
    "$cc" -std=c11 -static program.c -o static $($pkg_config --static --cflags --libs plait) && ./static
}

# shellcheck disable=SC2046
checked_program() {
    "$cc" -std=gnu11 -Wall -Wextra -Werror checked.c -o checked $($pkg_config --cflags --libs plait-check) &&
        LD_LIBRARY_PATH=$prefix/lib ./checked
}
# Linked with the plain library; the command finds the checking one beside itself.
# shellcheck disable=SC2046
checked_by_command() {
    "$cc" -std=gnu11 checked.c -o plain $($pkg_config --cflags --libs plait) &&
        LD_LIBRARY_PATH=$prefix/lib "$prefix/bin/plait" check -n 50 ./plain
}

says() {
    readelf -d "$library" >dynamic && cat dynamic && grep -q "$1" dynamic
}

# Only what is marked public may be seen; nothing but libc may be needed.
only_plait_names() {
    nm -D --defined-only --format=posix "$library" >names && ! grep -v '^plait_' names
}
only_libc() {
    readelf -d "$library" | grep NEEDED >needed && ! grep -v -e 'libc\.so' -e 'ld-linux' -e 'libm\.so' needed
}
every_header() {
    diff -r -x meson.build "$root/include" "$prefix/include"
}

check "meson install" install_library
check "every public header and nothing else" every_header
check "a C11 program with the shared library" shared_program
check "a C++17 program with the shared library" cxx_program
check "a C11 program linked statically" static_program
check "a test with the checking library" checked_program
check "a program under plait check" checked_by_command
check "the soname is libplait.so.0" says 'SONAME.*\[libplait\.so\.0\]'
check "it cannot be unloaded" says 'NODELETE'
check "it shows only plait_ names" only_plait_names
check "it needs libc alone" only_libc
tap_end
