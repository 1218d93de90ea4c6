/* Tasks found again: in this process, in another one that runs the same program, and in libraries. */
#include "support/test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <process/task_reference.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

PLAIT_TASK(int, add, (int, a), (int, b)) {
    return a + b;
}
PLAIT_TASK(int, subtract, (int, a), (int, b)) {
    return a - b;
}
PLAIT_TASK(int, a_task_whose_name_is_longer_than_the_place_that_people_are_shown, (int, a)) {
    return -a;
}

static struct plait__task_reference reference_of(const plait_task *task) {
    struct plait__task_reference reference;
    struct plait__words why = {""};
    ck_assert_msg(plait__task_refer(task, &reference, &why) == PLAIT_OK, "%s", why.at);
    return reference;
}

TEST(a_task_of_the_program_is_found) {
    struct plait__task_reference reference = reference_of(plait_task_of(add));
    ck_assert_str_eq(reference.task, "add");
    ck_assert_str_eq(reference.file, "the program");
    ck_assert_ptr_eq(plait__task_find(&reference, NULL), plait_task_of(add));
    reference = reference_of(plait_task_of(subtract));
    ck_assert_ptr_eq(plait__task_find(&reference, NULL), plait_task_of(subtract));
}

TEST(references_of_one_task_are_the_same_bytes) {
    struct plait__task_reference one, other;
    memset(&one, 1, sizeof one);
    memset(&other, 2, sizeof other);
    ck_assert_ok(plait__task_refer(plait_task_of(add), &one, NULL));
    ck_assert_ok(plait__task_refer(plait_task_of(add), &other, NULL));
    ck_assert_int_eq(memcmp(&one, &other, sizeof one), 0);
    ck_assert_ok(plait__task_refer(plait_task_of(subtract), &other, NULL));
    ck_assert_int_ne(memcmp(&one, &other, sizeof one), 0);
}

TEST(a_long_name_is_cut_for_people_only) {
    const plait_task *task = plait_task_of(a_task_whose_name_is_longer_than_the_place_that_people_are_shown);
    struct plait__task_reference reference = reference_of(task);
    ck_assert_uint_eq(strlen(reference.task), sizeof reference.task - 1);
    ck_assert_ptr_eq(plait__task_find(&reference, NULL), task);
}

TEST(a_descriptor_that_somebody_has_made_by_hand_is_refused) {
    plait_task *made = malloc(sizeof *made);
    *made = *plait_task_of(add);
    struct plait__task_reference reference;
    struct plait__words why = {""};
    ck_assert_status(plait__task_refer(made, &reference, &why), PLAIT_INVALID);
    ck_assert_str_eq(why.at,
                     "the task 'add' lies in no program or library: another process could not find it");
    ck_assert_status(plait__task_refer(made, &reference, NULL), PLAIT_INVALID);
    free(made);
}

TEST(a_task_of_another_version_is_refused) {
    static plait_task newer;
    newer = *plait_task_of(add);
    newer.version++;
    struct plait__task_reference reference;
    struct plait__words why = {""};
    ck_assert_status(plait__task_refer(&newer, &reference, &why), PLAIT_INVALID);
    ck_assert_str_eq(why.at, "the task was compiled for another version of plait");
}

/* ---- what does not fit ---- */

static plait_task changing; /* stands for a task in a module that has changed */

TEST(a_task_that_is_another_one_there_is_not_found) {
    changing = *plait_task_of(add);
    struct plait__task_reference reference = reference_of(&changing);
    struct plait__words why = {""};
    ck_assert_ptr_eq(plait__task_find(&reference, &why), &changing);

    changing.name = "plus";
    ck_assert_ptr_null(plait__task_find(&reference, &why));
    ck_assert_str_eq(why.at,
                     "the task 'add' of the program is not where it was: this process has another one there");
    changing.name = "add";
    changing.version++;
    ck_assert_ptr_null(plait__task_find(&reference, &why));
    changing = *plait_task_of(add);
    changing.args_size += 8;
    ck_assert_ptr_null(plait__task_find(&reference, &why));
    changing = *plait_task_of(add);
    changing.result_size = 8;
    ck_assert_ptr_null(plait__task_find(&reference, &why));
    plait_parameter parameters[] = {changing.parameters[0], changing.parameters[1]};
    changing = *plait_task_of(add);
    changing.parameters = parameters; /* on the stack: not in the module */
    ck_assert_ptr_null(plait__task_find(&reference, &why));
    static plait_parameter others[2];
    memcpy(others, parameters, sizeof others);
    changing.parameters = others;
    ck_assert_ptr_eq(plait__task_find(&reference, &why), &changing);
    others[1].kind = PLAIT_KIND_STRING;
    ck_assert_ptr_null(plait__task_find(&reference, &why));
}

TEST(pointers_in_a_descriptor_are_looked_at_before_they_are_followed) {
    changing = *plait_task_of(add);
    struct plait__task_reference reference = reference_of(&changing);
    changing.name = (const char *)8;
    ck_assert_ptr_null(plait__task_find(&reference, NULL));
    changing = *plait_task_of(add);
    changing.parameters = (const plait_parameter *)16;
    ck_assert_ptr_null(plait__task_find(&reference, NULL));
    changing = *plait_task_of(add);
    changing.count = UINT32_MAX;
    ck_assert_ptr_null(plait__task_find(&reference, NULL));
}

TEST(offsets_outside_of_the_module_are_not_followed) {
    struct plait__task_reference good = reference_of(plait_task_of(add)), bad = good;
    static const uint64_t offsets[] = {0, 1, 8, UINT64_MAX, UINT64_MAX - 7, INT64_MAX, 1u << 30};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        bad.offset = offsets[i];
        ck_assert_ptr_null(plait__task_find(&bad, NULL));
    }
    for (uint64_t by = 1; by < 64; by++) {
        bad.offset = good.offset + by;
        ck_assert_ptr_null(plait__task_find(&bad, NULL));
    }
}

/* ---- libraries ---- */

static const plait_task *task_in(void *library) {
    const plait_task *task = dlsym(library, "plait__task_triple");
    ck_assert_ptr_nonnull(task);
    return task;
}

TEST(a_task_of_a_library_is_found_while_it_is_loaded) {
    void *library = dlopen(PLUGIN, RTLD_NOW);
    ck_assert_msg(library != NULL, "%s", dlerror());
    struct plait__task_reference reference = reference_of(task_in(library));
    ck_assert_str_eq(reference.task, "triple");
    ck_assert_str_eq(reference.file, "plugin.so");
    const plait_task *found = plait__task_find(&reference, NULL);
    ck_assert_ptr_eq(found, task_in(library));
    int result = 0;
    found->run(PLAIT__ARGS_OF(add, 14, 0), &result); /* the same shape of arguments */
    ck_assert_int_eq(result, 42);

    ck_assert_int_eq(dlclose(library), 0);
    struct plait__words why = {""};
    ck_assert_ptr_null(plait__task_find(&reference, &why));
    ck_assert_str_eq(why.at, "the task 'triple' of plugin.so is not loaded in this process");
}

TEST(a_library_is_known_by_its_build_or_by_its_path) {
    void *library = dlopen(PLUGIN, RTLD_NOW);
    ck_assert_ptr_nonnull(library);
    struct plait__task_reference reference = reference_of(task_in(library)), other = reference;
    if (reference.build) {
        other.module ^= 1; /* the same file at another path */
        ck_assert_ptr_eq(plait__task_find(&other, NULL), task_in(library));
        other = reference;
        other.build ^= 1; /* another file at the same path */
        struct plait__words why = {""};
        ck_assert_ptr_null(plait__task_find(&other, &why));
        ck_assert_str_eq(why.at,
                         "the task 'triple' of plugin.so is not loaded in this process, which has another "
                         "build of the file");
    }
    other = reference;
    other.module ^= 1;
    other.build = 0;
    ck_assert_ptr_null(plait__task_find(&other, NULL));
    dlclose(library);
}

/* ---- another process ----
 *
 * The program runs itself again, which finds the task at other addresses: before main, so that nothing of the harness is
 * in the way. */

struct answer {
    int found, result;
    const void *at;
    struct plait__words why;
};

__attribute__((constructor)) static void find_what_is_asked_for(void) {
    const char *pipes = getenv("PLAIT_TEST_FIND");
    if (!pipes) return;
    struct plait__task_reference reference;
    struct answer answer = {0};
    if (read(atoi(pipes), &reference, sizeof reference) != (ssize_t)sizeof reference) _exit(1);
    const plait_task *task = plait__task_find(&reference, &answer.why);
    answer.found = task != NULL;
    answer.at = task;
    if (task) task->run(PLAIT__ARGS_OF(add, 40, 2), &answer.result);
    _exit(write(atoi(strchr(pipes, ',') + 1), &answer, sizeof answer) != (ssize_t)sizeof answer);
}

extern char **environ;

static struct answer found_elsewhere(const struct plait__task_reference *reference) {
    int there[2], back[2];
    ck_assert(pipe(there) == 0 && pipe(back) == 0);
    char pipes[32];
    (void)snprintf(pipes, sizeof pipes, "%d,%d", there[0], back[1]);
    setenv("PLAIT_TEST_FIND", pipes, 1);
    pid_t pid;
    char self[] = "/proc/self/exe";
    ck_assert_int_eq(posix_spawn(&pid, self, NULL, NULL, (char *[]){self, NULL}, environ), 0);
    unsetenv("PLAIT_TEST_FIND");
    ck_assert_int_eq(write(there[1], reference, sizeof *reference), sizeof *reference);
    struct answer answer = {0};
    ck_assert_int_eq(read(back[0], &answer, sizeof answer), sizeof answer);
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    for (int i = 0; i < 2; i++) close(there[i]), close(back[i]);
    return answer;
}

TEST(another_process_of_the_program_finds_the_task_wherever_it_lies) {
    struct plait__task_reference reference = reference_of(plait_task_of(add));
    for (int i = 0; i < 4; i++) {
        struct answer answer = found_elsewhere(&reference);
        ck_assert_msg(answer.found, "%s", answer.why.at);
        ck_assert_int_eq(answer.result, 42);
    }
    reference = reference_of(plait_task_of(subtract));
    ck_assert_int_eq(found_elsewhere(&reference).result, 38);
}

TEST(a_library_that_another_process_has_not_loaded_is_told_by_name) {
    void *library = dlopen(PLUGIN, RTLD_NOW);
    ck_assert_ptr_nonnull(library);
    struct plait__task_reference reference = reference_of(task_in(library));
    struct answer answer = found_elsewhere(&reference);
    ck_assert(!answer.found);
    ck_assert_str_eq(answer.why.at, "the task 'triple' of plugin.so is not loaded in this process");
    dlclose(library);
}
