#!/bin/sh
# What `./dev lint` looks at. Every check runs; the exit status is 1 if any found something.
# shellcheck disable=SC2317 # the functions are called by check()
#   run.sh BUILD_DIRECTORY (set up with clang; gives clang-tidy the compiler's arguments)
set -u
build=$1
found=0

# check WHAT COMMAND...: runs the command and shows what it said if it failed.
check() {
    what=$1
    shift
    if said=$("$@" 2>&1); then
        echo "    $what: clean"
    else
        found=1
        printf '%s\n' "$said" "    $what: see above"
    fi
}

c_files() {
    find include src tests examples bench -name '*.[ch]' -o -name '*.cpp' | sort
}

format() {
    # shellcheck disable=SC2046 # names without spaces
    clang-format --dry-run -Werror $(c_files)
}

tidy() {
    run-clang-tidy -quiet -p "$build" "^$PWD/(src|tests|examples|bench)/" 2>/dev/null |
        sed "s/$(printf '\033')\\[[0-9;]*m//g" >"$build/tidy.log"
    ! grep -E -A 4 '(warning|error):' "$build/tidy.log"
}

# cppcheck 2.10 cannot follow the macro of typed tasks and gives up on files that use it: clang-tidy looks at those.
cpp_check() {
    cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,performance,portability \
        --suppress=internalAstError --suppress=unknownMacro --suppress=missingIncludeSystem \
        --suppress=cppcheckError \
        --suppress=sizeofVoid:include/plait/task_cxx.h --suppress=passedByValue:include/plait/hold.h \
        -D__GNUC__=12 -D__linux__=1 -Iinclude -Isrc -Itests src tests examples bench
}

scripts() {
    find . -name build -prune -o -name .git -prune -o -name '*.sh' -exec shellcheck -x dev .ci/run {} +
}

# Code without comments, each line after its file's name and number.
code() {
    for file in "$@"; do
        gcc -fpreprocessed -dD -E -w "$file" |
            awk -v file="$file" '/^# [0-9]/ { line = $2 - 1; next } { line++; print file ":" line ": " $0 }'
    done
}

# forbid PATTERN [EXCEPT]: in the code of the library, but for the files named by the pattern EXCEPT.
forbid() {
    # shellcheck disable=SC2046 # names without spaces
    ! code $(find include src -name '*.[ch]' | grep -v -E "${2:-^$}" | sort) | grep -E "$1"
}

long_files() {
    find include src tests examples bench dev -type f -exec wc -l {} + | awk '$1 > 500 && $2 != "total" { print; bad = 1 }
        END { exit bad }'
}

unfinished() {
    ! grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' include src tests examples bench dev ./*.md --exclude-dir=lint
}

sleepers='\b(futex|FUTEX_[A-Z]+|pthread_(mutex|cond|rwlock|barrier|spin)_[a-z]+|sem_[a-z]+|(clock_)?nanosleep)\b'
sleepers="$sleepers|\\b(u?sleep|p?poll|p?select|epoll_p?wait|sigwait(info)?|sigtimedwait|pause|usleep)\\("

check "formatting" format
check "scripts" scripts
# src/check stands behind these doors: it is what they lead to in the checking library.
check "every sleep is in src/base or src/wait" forbid "$sleepers" '^src/(base|wait|check)/'
check "every atomic builtin is in src/base" forbid '\b__atomic_|\b__sync_|\b_Atomic\b|stdatomic' '^src/(base|check)/'
check "every allocation is in src/base/memory.c" \
    forbid '\b(malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|free|strn?dup|v?asprintf)\(' \
    '^src/(base/memory\.c|check/(foreign|heap|state)\.c)'
check "every clock is read in src/base" forbid '\b(clock_gettime|gettimeofday|time)\(' '^src/base/'
check "no fences" forbid 'atomic_(thread|signal)_fence|__sync_synchronize'
check "platforms are told apart in src/base alone" forbid '# *(if|elif).*(__linux__|__APPLE__|__unix__|_WIN32)' \
    '^src/base/'
check "no file over 500 lines" long_files
check "nothing left unfinished" unfinished
check "cppcheck" cpp_check
check "clang-tidy" tidy
exit "$found"
