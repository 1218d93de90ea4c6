/* check.c - `plait check` and `plait replay`: from options to a program that runs under control.
 *
 * The command itself checks nothing: it has the dynamic linker put the checking library into the program
 * (LD_PRELOAD), gives it the settings (PLAIT_CHECK, see settings.h), and becomes the program. The library takes
 * over before main, and ends with the exit statuses that the help names.
 */
#include <check/settings.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <tool/tool.h>
#include <unistd.h>

static const char help_of_check[] =
    "Usage: plait check [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
    "Runs a program that is linked with plait under many orders of its threads, until one fails.\n"
    "\n"
    "  -n, --schedules N    at most so many runs (10,000)\n"
    "      --seconds S      at most so long (no limit)\n"
    "      --strategy NAME  auto, random, pct, delay or dfs (auto); dfs tries all orders within the bound\n"
    "      --depth D        of pct: how many events must come in one order for the failure (3)\n"
    "      --bound B        of delay and dfs: how many delays or preemptions (2)\n"
    "      --inject LIST    what else may happen: some of timeouts,spurious,memory, or nothing\n"
    "                       (timeouts,spurious)\n"
    "      --steps N        points in one run before it counts as endless (10,000,000)\n"
    "      --seed N         the same seed gives the same orders (1)\n"
    "      --inside         switch in the middle of plait's own operations, too: for tests of plait\n"
    "\n"
    "The program is looked for as a shell does. It must be dynamically linked with libplait.so.0, and need "
    "not be\n"
    "rebuilt. It is started anew for each run: let it be short. What it prints is not shown (`plait replay` "
    "does\n"
    "that); a file at its standard input is read from the beginning in each run, and of anything else "
    "nothing.\n"
    "\n"
    "Exit status: 0, all runs passed; 1, one failed, and the report says how, with a token for `plait "
    "replay`;\n"
    "2, the program could not be checked, or something in it is not under control.\n"
    "\n"
    "PLAIT_CHECK_LIBRARY in the environment names the checking library, if it is not where it was "
    "installed.\n";

static const char help_of_replay[] =
    "Usage: plait replay TOKEN [--gdb] [--] PROGRAM [ARGUMENT]...\n"
    "Runs a program once more in the order that failed. The token is from the report of `plait check`, of "
    "the same\n"
    "program with the same arguments and input, and what the program prints is shown.\n"
    "\n"
    "      --gdb    in the debugger, which stops where the run fails; look about with `bt`, `info threads`,\n"
    "               `thread apply all bt`\n"
    "\n"
    "Exit status: 1, it failed; 0, it passed; 2, it cannot be replayed: the token is none, or the program "
    "cannot be\n"
    "checked. With --gdb that of gdb.\n";

struct order {
    char settings[TOOL_PATH];
    size_t length; /* of the settings */
    bool gdb;
    char program[TOOL_PATH];
    char **words; /* the program's name as it was given, and its arguments */
};

/* --- Settings --- */

/* Adds a setting; false if it means nothing. */
static bool add_setting(struct order *order, const char *key, const char *value) {
    size_t room = sizeof order->settings - order->length;
    char *at = order->settings + order->length;
    int length = snprintf(at, room, "%s%s=%s", order->length ? ";" : "", key, value);
    if (length < 0 || (size_t)length >= room) return false;
    plait_check_options options = {0};
    if (!plait__settings_read(at + (order->length > 0), &options)) return false;
    order->length += (size_t)length;
    return true;
}

static const struct known {
    const char *name, *takes;
    char letter;
} known[] = {
    {"schedules", "a whole number of at least 1", 'n'},
    {"seconds", "a number greater than 0", 's'},
    {"strategy", "auto, random, pct, delay or dfs", 't'},
    {"depth", "a whole number of at least 1", 'd'},
    {"bound", "a whole number of at least 1", 'b'},
    {"inject", "some of timeouts,spurious,memory, or nothing", 'i'},
    {"steps", "a whole number of at least 1", 'p'},
    {"seed", "a whole number of at least 1", 'e'},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static int take_setting(struct order *order, int letter, const char *value) {
    const struct known *option = known;
    while (option->letter != letter) option++;
    /* A semicolon would begin another setting. */
    if (!strchr(value, ';') && add_setting(order, option->name, value)) return 0;
    return tool_refuse("--%s takes %s, not '%s'", option->name, option->takes, value);
}

/* What getopt did not understand: it stands before those that were not read yet, or among several letters. */
static int refuse_option(int problem, char **argv) {
    const char *word = argv[optind - 1];
    if (problem == ':') return tool_refuse("%s needs a value; see %s --help", word, tool_name);
    if (optopt && strncmp(word, "--", 2) != 0)
        return tool_refuse("there is no option -%c; see %s --help", optopt, tool_name);
    return tool_refuse("there is no option %s; see %s --help", word, tool_name);
}

/* --- Starting the program --- */

/* LD_PRELOAD: the library in front of what is there already. */
static int preload(const char *library, char *value, size_t room) {
    const char *others = getenv("LD_PRELOAD");
    int length = snprintf(value, room, "%s%s%s", library, others && *others ? ":" : "", others ? others : "");
    return length < 0 || (size_t)length >= room ? tool_refuse("LD_PRELOAD is too long") : 0;
}

static int become_program(struct order *order, const char *preloaded) {
    if (setenv("LD_PRELOAD", preloaded, 1) || setenv("PLAIT_CHECK", order->settings, 1))
        return tool_refuse("%s", strerror(errno));
    execv(order->program, order->words);
    return tool_refuse("%s cannot be started: %s", order->program, strerror(errno));
}

/* The environment is the program's, not gdb's, and not that of a shell in between. Each run is a child of the program:
 * gdb goes with the first. */
static int become_gdb(struct order *order, const char *preloaded) {
    static char preload_it[2 * TOOL_PATH + 64], settings[TOOL_PATH + 64];
    snprintf(preload_it, sizeof preload_it, "set environment LD_PRELOAD %s", preloaded);
    snprintf(settings, sizeof settings, "set environment PLAIT_CHECK %s", order->settings);
    const char *const commands[] = {
        "set startup-with-shell off",
        preload_it,
        settings,
        "set follow-fork-mode child",
        "set breakpoint pending on",
        "set print thread-events off",
        "break plait__check_failed_here",
        "run",
        "backtrace",
    };
    enum { COMMANDS = sizeof commands / sizeof commands[0] };
    size_t count = 1;
    while (order->words[count]) count++;
    const char *words[2 + 2 * COMMANDS + 2 + count], **at = words;
    *at++ = "gdb";
    *at++ = "-q";
    for (size_t i = 0; i < COMMANDS; i++) {
        *at++ = "-ex";
        *at++ = commands[i];
    }
    *at++ = "--args";
    *at++ = order->program;
    memcpy(at, order->words + 1, count * sizeof *at); /* with the NULL */
    execvp("gdb", (char **)(uintptr_t)words);
    if (errno == ENOENT) return tool_refuse("gdb is not installed; apt install gdb");
    return tool_refuse("gdb cannot be started: %s", strerror(errno));
}

/* A program may depend on its addresses without knowing it; so they are the same in each run, if the system allows. */
static void fix_addresses(void) {
    int now = personality(0xffffffff);
    if (now != -1) (void)personality((unsigned long)now | ADDR_NO_RANDOMIZE);
}

static int start(struct order *order, char **words) {
    static char library[TOOL_PATH], preloaded[2 * TOOL_PATH];
    if (!words[0] || !words[0][0]) return tool_refuse("no program is given; see %s --help", tool_name);
    order->words = words;
    int refused = tool_find_program(words[0], order->program);
    if (!refused) refused = tool_find_library(library);
    if (!refused) refused = preload(library, preloaded, sizeof preloaded);
    if (refused) return refused;
    fix_addresses();
    return order->gdb ? become_gdb(order, preloaded) : become_program(order, preloaded);
}

/* --- The commands --- */

int tool_check(int argc, char **argv) {
    static struct order order;
    struct option options[KNOWN + 3] = {{"inside", no_argument, NULL, 'I'}, {"help", no_argument, NULL, 'h'}};
    for (size_t i = 0; i < KNOWN; i++)
        options[2 + i] = (struct option){known[i].name, required_argument, NULL, known[i].letter};
    int letter, refused = 0;
    while (!refused && (letter = getopt_long(argc, argv, "+:n:h", options, NULL)) != -1) {
        switch (letter) {
        case 'h':
            fputs(help_of_check, stdout);
            return 0;
        case 'I':
            refused = add_setting(&order, "inside", "yes") ? 0 : TOOL_REFUSED;
            break;
        case ':':
        case '?':
            refused = refuse_option(letter, argv);
            break;
        default:
            refused = take_setting(&order, letter, optarg);
        }
    }
    return refused ? refused : start(&order, argv + optind);
}

/* The name of a file is made whole, for the program to find it wherever it goes. */
static int take_token(struct order *order, const char *token) {
    char full[PATH_MAX];
    if (!token || !*token) return tool_refuse("the token is empty");
    if (!access(token, R_OK) && realpath(token, full)) token = full;
    return add_setting(order, "replay", token) ? 0 : tool_refuse("the token is too long");
}

int tool_replay(int argc, char **argv) {
    static struct order order;
    static const struct option options[] = {
        {"gdb", no_argument, NULL, 'g'}, {"help", no_argument, NULL, 'h'}, {0}};
    const char *token = NULL;
    for (bool more = true; more;) {
        int letter = getopt_long(argc, argv, "+:h", options, NULL);
        switch (letter) {
        case 'h':
            fputs(help_of_replay, stdout);
            return 0;
        case 'g':
            order.gdb = true;
            break;
        case -1:
            more = !token && argv[optind];
            if (more) token = argv[optind++];
            break;
        default:
            return refuse_option(letter, argv);
        }
    }
    if (!token) return tool_refuse("no token is given; see %s --help", tool_name);
    int refused = take_token(&order, token);
    return refused ? refused : start(&order, argv + optind);
}
