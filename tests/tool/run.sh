#!/bin/sh
# The command `plait`: what it refuses, in which words and with which status; and what it hands to a program. The
# checking library is a stand-in here, which says what it was given.
#   run.sh SOURCE_ROOT C_COMPILER PLAIT
set -u
root=$1 cc=$2 plait=$(realpath "$3")
# shellcheck source=tests/support/tap.sh
. "$root/tests/support/tap.sh"
tap_wanted "tool" || { tap_end; exit; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# For a command that is itself built with the address sanitizer, where another library is loaded before it.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
unset LD_PRELOAD PLAIT_CHECK PLAIT_CHECK_LIBRARY

cat >plain.c <<'END'
int plait_stand_in(void);
int plait_stand_in(void) { return 0; }
END
cat >checking.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
int plait_stand_in(void);
int plait_stand_in(void) { return 1; }
void plait__check_failed_here(void);
__attribute__((noinline)) void plait__check_failed_here(void) { __asm__ volatile(""); }
__attribute__((constructor)) static void begin(void) {
    const char *settings = getenv("PLAIT_CHECK"), *preloaded = getenv("LD_PRELOAD");
    if (!settings) return;
    printf("settings <%s> preload <%s>\n", settings, preloaded);
    if (personality(0xffffffff) & ADDR_NO_RANDOMIZE) puts("addresses are fixed");
    fflush(stdout);
    plait__check_failed_here();
}
END
cat >program.c <<'END'
#include <stdio.h>
int plait_stand_in(void);
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("argument <%s>\n", argv[i]);
    return plait_stand_in() ? 41 : 40;
}
END
echo 'int plait_stand_in(void); int through(void); int through(void) { return plait_stand_in(); }' >through.c
echo 'int through(void); int main(void) { return through() ? 51 : 50; }' >indirect.c
echo 'int main(void) { return 0; }' >nothing.c
echo 'const char text[] = "PLAIT_NOT_OWNER"; int main(void) { return text[0] == 0; }' >inside.c

build() {
    mkdir -p checking "with space" bin empty &&
        "$cc" -shared -fPIC -Wl,-soname,libplait.so.0 plain.c -o libplait.so.0 &&
        "$cc" -g -shared -fPIC -Wl,-soname,libplait.so.0 checking.c -o checking/libplait.so.0 &&
        cp checking/libplait.so.0 "with space" &&
        "$cc" -g program.c ./libplait.so.0 -Wl,-rpath,"$work" -o program &&
        "$cc" -no-pie program.c ./libplait.so.0 -Wl,-rpath,"$work" -o fixed &&
        "$cc" -shared -fPIC through.c ./libplait.so.0 -Wl,-rpath,"$work" -o libthrough.so &&
        "$cc" indirect.c ./libthrough.so -Wl,-rpath,"$work" -Wl,--allow-shlib-undefined -o indirect &&
        "$cc" nothing.c -o nothing &&
        "$cc" inside.c -o inside &&
        "$cc" -static nothing.c -o static &&
        "$cc" -static inside.c -o static_inside &&
        printf '#!/bin/sh -e\nexit 0\n' >script && printf '#!' >stub && printf 'hello\n' >text && : >nil &&
        cp program forbidden && head -c 1000 program >damaged && head -c 40 program >torn &&
        printf '\177ELF\001\001\001 and so on, long enough for a head of a file, one would think' >other &&
        chmod +x script stub text nil damaged torn other && chmod -x forbidden &&
        cp program bin/in_path
}

# says NAME STATUS TEXT ARGUMENT...: `plait ARGUMENT...` ends with the status and says the text.
says() {
    what=$1 status=$2 text=$3
    shift 3
    PATH=${path:-$PATH} "$plait" "$@" >log 2>&1 </dev/null
    got=$?
    [ "$got" -eq "$status" ] && grep -qF -e "$text" log
    tap_result $? "tool: $what" log
}

build >log 2>&1
tap_result $? "tool: build" log
export PLAIT_CHECK_LIBRARY="$work/checking/libplait.so.0"

says "nothing asked" 2 "Usage: plait COMMAND"
says "--help" 0 "Usage: plait COMMAND" --help
says "--version" 0 "plait 0." --version
says "an unknown command" 2 "plait: there is no command chekc; see plait --help" chekc
says "check --help" 0 "Usage: plait check" check --help
says "replay --help" 0 "Usage: plait replay" replay -h

says "no program" 2 "plait check: no program is given" check
says "an empty name" 2 "no program is given" check ""
says "no program after --" 2 "no program is given" check --
says "an unknown option" 2 "there is no option --depths; see plait check --help" check --depths 3 ./program
says "an unknown letter" 2 "there is no option -x" check -x ./program
says "a value that is missing" 2 "--depth needs a value" check --depth
says "-n without a value" 2 "-n needs a value" check -n
says "-n that is no number" 2 "--schedules takes a whole number of at least 1, not 'many'" check -n many ./program
says "-n 0" 2 "not '0'" check -n 0 ./program
says "a bad strategy" 2 "--strategy takes auto, random, pct, delay or dfs, not 'best'" check --strategy best ./program
says "bad seconds" 2 "--seconds takes a number greater than 0, not '-1'" check --seconds -1 ./program
says "a bad injection" 2 "--inject takes some of timeouts,spurious,memory" check --inject all ./program
says "a setting in a setting" 2 "not '1;seed=2'" check --seed "1;seed=2" ./program

says "a missing program" 2 "there is no program ./absent: No such file" check ./absent
says "a program that is not in PATH" 2 "there is no program absent in PATH" check absent
says "a program that is here" 2 "the one here is ./program" check program
says "a folder" 2 "./bin is a folder" check ./bin
says "a device" 2 "/dev/null is not a program" check /dev/null
says "a program that may not be executed" 2 "chmod +x ./forbidden" check ./forbidden
says "a script" 2 "./script is a script (#!/bin/sh -e)" check ./script
says "hardly a script" 2 "./stub is a script (#!)" check ./stub
says "a text" 2 "./text is neither a program nor a script" check ./text
says "an empty file" 2 "./nil is neither a program nor a script" check ./nil
says "a damaged program" 2 "plait check: ./damaged " check ./damaged
says "half a head" 2 "./torn is a program for another kind of machine, or damaged" check ./torn
says "another kind of machine" 2 "./other is a program for another kind of machine" check ./other
says "a program without plait" 2 "./nothing is not linked with plait (libplait.so.0)" check ./nothing
says "a program with plait inside" 2 "plait is linked statically into ./inside" check ./inside
says "a static program" 2 "./static is linked statically, so" check ./static
says "a static program with plait" 2 "./static_inside is linked statically, plait with it" check ./static_inside

PLAIT_CHECK_LIBRARY=$work/absent says "a library that is not there" 2 "PLAIT_CHECK_LIBRARY is $work/absent: No such" \
    check ./program
PLAIT_CHECK_LIBRARY="with space/libplait.so.0" says "a library with a space" 2 "with a space or a colon" check ./program

says "a program" 41 "settings <> preload <$PLAIT_CHECK_LIBRARY>" check ./program
says "a program that is no PIE" 41 "settings <>" check ./fixed
says "a program in PATH" 2 "no program in_path" check in_path
path="$work/bin:$PATH" says "a program that is in PATH" 41 "settings <>" check in_path
says "a program that uses plait through a library" 51 "settings <>" check ./indirect
says "its arguments" 41 "argument <-n>" check ./program -n 3
says "after --" 41 "argument <--help>" check -n 3 -- ./program --help
says "all settings" 41 "settings <schedules=5;seconds=1.5;strategy=dfs;depth=4;bound=3;inject=memory;steps=9;seed=7;inside=yes>" \
    check -n 5 --seconds 1.5 --strategy dfs --depth=4 --bound 3 --inject memory --steps 9 --seed 7 --inside ./program
LD_PRELOAD=$work/libthrough.so says "what is loaded already" 41 "preload <$PLAIT_CHECK_LIBRARY:$work/libthrough.so>" \
    check ./program

says "no token" 2 "plait replay: no token is given" replay
says "no program to replay" 2 "no program is given; see plait replay --help" replay p3-7F2K9-QX
says "an option of check" 2 "there is no option --depth" replay --depth p3 ./program
says "a token" 41 "settings <replay=p3-7F2K9-QX>" replay p3-7F2K9-QX ./program
says "a token with arguments" 41 "argument <--gdb>" replay p3-7F2K9-QX -- ./program --gdb
says "a token in a file" 41 "settings <replay=$work/text>" replay text ./program
path=$work/empty says "without gdb" 2 "gdb is not installed" replay p3 --gdb ./program

# Where the library is looked for: beside the command, as it is installed and as it is built.
unset PLAIT_CHECK_LIBRARY
mkdir -p prefix/bin && cp "$plait" prefix/bin/plait
plait=$work/prefix/bin/plait
says "no library" 2 "the checking library is missing: there is no ../lib/plait-check/libplait.so.0 beside $work/prefix/bin" \
    check ./program
for folder in check lib/x86_64-linux-gnu/plait-check lib64/plait-check lib/plait-check; do
    mkdir -p "prefix/$folder" && cp checking/libplait.so.0 "prefix/$folder"
    says "the library in $folder" 41 "preload <$work/prefix/$folder/libplait.so.0>" check ./program
done

# It stops where the run fails. Some machines do not let programs be debugged.
if command -v gdb >/dev/null && gdb -q -batch -ex run ./nothing 2>/dev/null | grep -q "exited normally"; then
    says "gdb" 0 "plait__check_failed_here ()" replay p3 --gdb ./program
fi
if setarch -R true 2>/dev/null; then
    says "fixed addresses" 41 "addresses are fixed" check ./program
fi
tap_end
