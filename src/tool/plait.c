/* plait.c - the command `plait`: which of its commands is asked for. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tool/tool.h>

const char *tool_name = "plait";

static const char help[] =
    "Usage: plait COMMAND ...\n"
    "\n"
    "  plait check [OPTION]... PROGRAM [ARGUMENT]...    runs a program under many orders of its threads\n"
    "  plait replay TOKEN PROGRAM [ARGUMENT]...         runs it once more in the order that failed\n"
    "  plait --version\n"
    "\n"
    "plait check --help and plait replay --help tell more.\n";

static const struct {
    const char *name, *full;
    int (*run)(int argc, char **argv);
} commands[] = {{"check", "plait check", tool_check}, {"replay", "plait replay", tool_replay}};

int tool_refuse(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", tool_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return TOOL_REFUSED;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fputs(help, stderr);
        return TOOL_REFUSED;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        fputs(help, stdout);
        return 0;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("plait " PLAIT_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) != 0) continue;
        tool_name = commands[i].full;
        return commands[i].run(argc - 1, argv + 1);
    }
    return tool_refuse("there is no command %s; see plait --help", argv[1]);
}
