/* program.c - is this a program that the checking library can be put into?
 *
 * The dynamic linker puts it in the place of libplait.so.0, which has the same soname. So the program must be
 * dynamic, of this machine's kind, ask for libplait.so.0 itself or through a library of its own, and not be
 * one that the system protects from such a thing. In any other the checker would control nothing: better to say so
 * at once than to run it as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <tool/elf_file.h>
#include <tool/tool.h>
#include <unistd.h>

static const char soname[] = "libplait.so.0";

/* --- Where it is --- */

static bool is_file(const char *path) {
    struct stat about;
    return !stat(path, &about) && S_ISREG(about.st_mode);
}

/* A name without a slash is looked up in PATH, as a shell does. */
static int look_up(const char *name, char *path) {
    if (strlen(name) >= TOOL_PATH) return tool_refuse("the program's name is too long");
    if (strchr(name, '/')) {
        snprintf(path, TOOL_PATH, "%s", name);
        return 0;
    }
    for (const char *at = getenv("PATH"); at;) {
        size_t length = strcspn(at, ":");
        int needed = snprintf(path, TOOL_PATH, "%.*s%s%s", (int)length, at, length ? "/" : "./", name);
        if (needed < TOOL_PATH && is_file(path) && !access(path, X_OK)) return 0;
        at = at[length] ? at + length + 1 : NULL;
    }
    if (is_file(name)) return tool_refuse("there is no program %s in PATH; the one here is ./%s", name, name);
    return tool_refuse("there is no program %s in PATH", name);
}

static int look_at_file(const char *path) {
    struct stat about;
    if (stat(path, &about)) return tool_refuse("there is no program %s: %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode)) return tool_refuse("%s is a folder", path);
    if (!S_ISREG(about.st_mode)) return tool_refuse("%s is not a program", path);
    if (access(path, X_OK)) return tool_refuse("%s may not be executed; chmod +x %s", path, path);
    bool other_user = about.st_mode & S_ISUID && about.st_uid != geteuid();
    bool other_group = about.st_mode & S_ISGID && about.st_gid != getegid();
    if (!other_user && !other_group && getxattr(path, "security.capability", NULL, 0) <= 0) return 0;
    return tool_refuse(
        "%s has rights of its own (set-user-ID, set-group-ID or capabilities), and the system lets no "
        "other library into it.\nCheck a copy: cp %s copy; plait check ./copy",
        path, path);
}

/* --- What it is --- */

static int refuse_other_file(const struct elf_file *file, const char *path) {
    if (file->size < 2 || memcmp(file->at, "#!", 2) != 0)
        return tool_refuse("%s is neither a program nor a script", path);
    const char *end = memchr(file->at, '\n', file->size);
    int length = end && end - file->at < 200 ? (int)(end - file->at) : 2;
    return tool_refuse(
        "%s is a script (%.*s).\nGive the program that it starts, which must be linked with plait.", path,
        length, file->at);
}

static const char link_it[] = "Link it with the shared library: cc ... $(pkg-config --cflags --libs plait)";

/* A text that is in every program which plait was linked into. */
static bool has_plait_inside(const struct elf_file *file) {
    return elf_contains(file, "PLAIT_NOT_OWNER");
}

static int refuse_static(const struct elf_file *file, const char *path) {
    return tool_refuse("%s is linked statically%s, so no other plait can be put into it.\n%s", path,
                       has_plait_inside(file) ? ", plait with it" : "", link_it);
}

static int refuse_without_plait(const struct elf_file *file, const char *path) {
    if (has_plait_inside(file))
        return tool_refuse("plait is linked statically into %s, so no other can be put in its place.\n%s",
                           path, link_it);
    return tool_refuse("%s is not linked with plait (%s), so there is nothing in it to control.\n%s", path,
                       soname, link_it);
}

static bool asks_for_plait(const struct elf_file *file) {
    const char *needed;
    for (size_t i = 0; (needed = elf_needed(file, i)); i++)
        if (!strcmp(needed, soname)) return true;
    return false;
}

static bool says_plait(FILE *answer) {
    char line[TOOL_PATH];
    bool found = false;
    while (fgets(line, sizeof line, answer))
        if (strstr(line, soname)) found = true;
    return found;
}

/* glibc's dynamic linker tells what it would load instead of starting the program: that is how ldd does it. */
static bool would_load_plait(const char *path) {
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) || posix_spawn_file_actions_init(&actions)) return false;
    char folders[2 * TOOL_PATH] = "LD_LIBRARY_PATH=", trace[] = "LD_TRACE_LOADED_OBJECTS=1";
    const char *own = getenv("LD_LIBRARY_PATH");
    if (own) snprintf(folders, sizeof folders, "LD_LIBRARY_PATH=%s", own);
    char *words[] = {(char *)(uintptr_t)path, NULL}, *environment[] = {trace, folders, NULL};
    pid_t process;
    bool started = !posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) &&
                   !posix_spawn(&process, path, &actions, NULL, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *answer = fdopen(ends[0], "r");
    bool found = answer && says_plait(answer);
    if (answer) fclose(answer);
    while (started && waitpid(process, NULL, 0) < 0 && errno == EINTR) {}
    return found;
}

static bool has_glibc(const struct elf_file *file) {
    const char *linker = elf_interpreter(file);
    return linker && (strstr(linker, "/ld-linux") || strstr(linker, "/ld64"));
}

static int look_inside(const struct elf_file *file, const char *path) {
    switch (elf_kind_of(file)) {
    case ELF_NONE:
        return refuse_other_file(file, path);
    case ELF_OTHER:
        return tool_refuse("%s is a program for another kind of machine, or damaged", path);
    case ELF_STATIC:
        return refuse_static(file, path);
    case ELF_DYNAMIC:
        break;
    }
    if (asks_for_plait(file) || (has_glibc(file) && would_load_plait(path))) return 0;
    return refuse_without_plait(file, path);
}

int tool_find_program(const char *name, char *path) {
    int refused = look_up(name, path);
    if (!refused) refused = look_at_file(path);
    if (refused) return refused;
    struct elf_file file;
    if (!elf_open(&file, path)) return tool_refuse("%s cannot be read: %s", path, strerror(errno));
    refused = look_inside(&file, path);
    elf_close(&file);
    return refused;
}
