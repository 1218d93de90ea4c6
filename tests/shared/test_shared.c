/* Shared memory: seen by all, by name or not; refused with a reason; and gone when whoever made it is. */
#include "names.h"
#include "support/faults.h"
#include "support/kill.h"
#include "support/proc.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <plait.h>
#include <pthread.h>
#include <sched.h>
#include <shared/tracker.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A name that no other test has. */
/* ---- using it ---- */

TEST(it_is_zero_and_of_its_size) {
    plait_shared *shared = plait_shared_new(10000);
    ck_assert_ptr_nonnull(shared);
    ck_assert_uint_eq(plait_shared_size(shared), 10000);
    ck_assert_ptr_null(plait_shared_name(shared));
    char *bytes = plait_shared_address(shared);
    ck_assert_uint_eq((uintptr_t)bytes % 4096, 0);
    for (int i = 0; i < 10000; i++) ck_assert_int_eq(bytes[i], 0);
    memset(bytes, 1, 10000);
    plait_shared_free(shared);
}

TEST(a_child_sees_what_its_parent_wrote_and_the_other_way_round) {
    plait_shared *shared = plait_shared_new(sizeof(long));
    long *number = plait_shared_address(shared);
    *number = 5;
    pid_t child = fork();
    if (child == 0) {
        *number *= 3;
        plait_shared_free(shared); /* its own mapping */
        _exit(0);
    }
    kill_join(child, 10);
    ck_assert_int_eq(*number, 15);
    plait_shared_free(shared);
}

TEST(a_name_leads_to_the_same_memory) {
    const char *name = name_of("same");
    plait_shared *shared = plait_shared_create(name, 100);
    ck_assert_ptr_nonnull(shared);
    ck_assert_str_eq(plait_shared_name(shared), name);
    *(int *)plait_shared_address(shared) = 42;
    plait_shared *same = plait_shared_attach(name);
    ck_assert_ptr_nonnull(same);
    ck_assert_ptr_ne(plait_shared_address(same), plait_shared_address(shared));
    ck_assert_uint_eq(plait_shared_size(same), 100);
    ck_assert_int_eq(*(int *)plait_shared_address(same), 42);
    ck_assert_ok(plait_shared_unlink(name));
    ck_assert(!has_file(name));
    ck_assert_ptr_null(plait_shared_attach(name));
    ck_assert_int_eq(plait_last_error(), PLAIT_MISSING);
    ck_assert_ptr_nonnull(strstr(plait_last_message(), name));
    *(int *)plait_shared_address(same) = 43; /* the memory is there for those who have it */
    ck_assert_int_eq(*(int *)plait_shared_address(shared), 43);
    plait_shared_free(shared);
    plait_shared_free(same);
}

TEST(a_made_up_name_is_nobody_elses) {
    plait_shared *one = plait_shared_create(NULL, 1), *other = plait_shared_create(NULL, 1);
    ck_assert_str_ne(plait_shared_name(one), plait_shared_name(other));
    ck_assert(has_file(plait_shared_name(one)));
    ck_assert_ok(plait_shared_unlink(plait_shared_name(one)));
    ck_assert_ok(plait_shared_unlink(plait_shared_name(other)));
    plait_shared_free(one);
    plait_shared_free(other);
}

TEST(a_name_stays_when_the_memory_is_let_go) {
    const char *name = name_of("stays");
    plait_shared *shared = plait_shared_create(name, 8);
    memcpy(plait_shared_address(shared), "written", 8);
    plait_shared_free(shared);
    shared = plait_shared_attach(name);
    ck_assert_str_eq(plait_shared_address(shared), "written");
    ck_assert_ok(plait_shared_unlink(name));
    plait_shared_free(shared);
}

TEST(a_free_name_can_be_used_again) {
    const char *name = name_of("again");
    for (int i = 0; i < 3; i++) {
        plait_shared *shared = plait_shared_create(name, 8);
        ck_assert_ptr_nonnull(shared);
        ck_assert_int_eq(*(char *)plait_shared_address(shared), 0);
        memset(plait_shared_address(shared), 1, 8);
        ck_assert_ok(plait_shared_unlink(name));
        plait_shared_free(shared);
    }
}

TEST(it_is_what_shm_open_finds) {
    const char *name = name_of("posix");
    char path[80];
    (void)snprintf(path, sizeof path, "/%s", name);
    plait_shared *shared = plait_shared_create(name, 64);
    int descriptor = shm_open(path, O_RDWR, 0);
    ck_assert_int_ge(descriptor, 0);
    struct stat stat;
    ck_assert_int_eq(fstat(descriptor, &stat), 0);
    ck_assert_int_eq(stat.st_size, 64);
    ck_assert_int_eq(stat.st_mode & 0777, 0600);
    ck_assert_int_eq(pwrite(descriptor, "from outside", 13, 10), 13);
    ck_assert_str_eq((char *)plait_shared_address(shared) + 10, "from outside");
    close(descriptor);
    ck_assert_ok(plait_shared_unlink(name));
    plait_shared_free(shared);

    descriptor = shm_open(path, O_RDWR | O_CREAT, 0600); /* and the other way round */
    ck_assert_int_eq(ftruncate(descriptor, 5000), 0);
    shared = plait_shared_attach(name);
    ck_assert_uint_eq(plait_shared_size(shared), 5000);
    plait_shared_free(shared);
    ck_assert_int_eq(shm_unlink(path), 0);
    close(descriptor);
}

TEST(each_handle_is_let_go_by_itself) {
    int before = proc_count_descriptors("self");
    plait_shared *shared = plait_shared_new(1 << 20);
    char *bytes = plait_shared_address(shared);
    ck_assert_ptr_eq(plait_shared_keep(shared), shared);
    plait_shared_free(shared);
    bytes[0] = 1;
    plait_shared_free(shared);
    ck_assert_int_eq(proc_count_descriptors("self"), before);
    plait_shared_free(NULL);
    ck_assert_ptr_null(plait_shared_keep(NULL));
    ck_assert_ptr_null(plait_shared_address(NULL));
    ck_assert_uint_eq(plait_shared_size(NULL), 0);
    ck_assert_ptr_null(plait_shared_name(NULL));
}

TEST(nobody_can_take_the_ground_away_from_nameless_memory) {
    int next = dup(0); /* the number that its descriptor will have */
    close(next);
    plait_shared *shared = plait_shared_new(4096);
    ck_assert_int_ge(fcntl(next, F_GET_SEALS), 0);
    ck_assert_int_ne(ftruncate(next, 0), 0);
    *(volatile char *)plait_shared_address(shared) = 1;
    plait_shared_free(shared);
}

/* ---- what is refused ---- */

#define ck_assert_refused(call, status) \
    do { \
        ck_assert_ptr_null(call); \
        ck_assert_int_eq(plait_last_error(), (status)); \
        ck_assert_str_ne(plait_last_message(), ""); \
    } while (0)

TEST(what_is_no_name_is_refused) {
    char name[300];
    memset(name, 'x', 201);
    name[201] = '\0';
    const char *wrong[] = {"", ".", "..", "a/b", "/a", name};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_refused(plait_shared_create(wrong[i], 8), PLAIT_INVALID);
        ck_assert_refused(plait_shared_attach(wrong[i]), PLAIT_INVALID);
        ck_assert_status(plait_shared_unlink(wrong[i]), PLAIT_INVALID);
    }
    ck_assert_refused(plait_shared_attach(NULL), PLAIT_INVALID);
    ck_assert_status(plait_shared_unlink(NULL), PLAIT_INVALID);
    name[200] = '\0'; /* the longest that is one */
    plait_shared *shared = plait_shared_create(name, 1);
    ck_assert_ptr_nonnull(shared);
    ck_assert_ok(plait_shared_unlink(name));
    plait_shared_free(shared);
}

TEST(a_name_that_is_taken_is_refused_and_stays_what_it_was) {
    const char *name = name_of("taken");
    int before = proc_count_descriptors("self");
    plait_shared *shared = plait_shared_create(name, 8);
    memcpy(plait_shared_address(shared), "first", 6);
    for (int i = 0; i < 3; i++) {
        ck_assert_refused(plait_shared_create(name, 8), PLAIT_EXISTS);
        ck_assert_ptr_nonnull(strstr(plait_last_message(), name));
    }
    ck_assert_int_eq(proc_count_descriptors("self"), before + 1);
    plait_shared *same = plait_shared_attach(name);
    ck_assert_str_eq(plait_shared_address(same), "first");
    plait_shared_free(same);
    ck_assert_ok(plait_shared_unlink(name));
    ck_assert_status(plait_shared_unlink(name), PLAIT_MISSING);
    plait_shared_free(shared);
}

TEST(sizes_that_cannot_be_are_refused) {
    const char *name = name_of("size");
    ck_assert_refused(plait_shared_new(0), PLAIT_INVALID);
    ck_assert_refused(plait_shared_create(name, 0), PLAIT_INVALID);
    ck_assert_refused(plait_shared_new(SIZE_MAX), PLAIT_ERRNO);
    ck_assert_refused(plait_shared_new((size_t)1 << 60), PLAIT_NO_MEMORY);
}

TEST(a_wrong_thing_is_not_attached) {
    const char *name = name_of("wrong");
    char path[300];
    (void)snprintf(path, sizeof path, "/dev/shm/%s", name);
    int before = proc_count_descriptors("self");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_refused(plait_shared_attach(name), PLAIT_INVALID);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_refused(plait_shared_attach(name), PLAIT_INVALID);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/etc/passwd", path), 0);
    ck_assert_refused(plait_shared_attach(name), PLAIT_INVALID);
    ck_assert_int_eq(unlink(path), 0);
    int descriptor = open(path, O_CREAT | O_RDWR, 0600); /* a file of no bytes */
    ck_assert_refused(plait_shared_attach(name), PLAIT_INVALID);
    close(descriptor);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(proc_count_descriptors("self"), before);
}

/* In a child: beyond the limit the system would end the process by SIGXFSZ. */
TEST(the_limit_for_files_is_a_status) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {4096, 4096};
        setrlimit(RLIMIT_FSIZE, &limit);
        bool told = !plait_shared_new(8192) && plait_last_error() == PLAIT_ERRNO && errno == EFBIG &&
                    !plait_shared_create(name_of("limit"), 8192) && plait_last_error() == PLAIT_ERRNO;
        plait_shared *shared = plait_shared_new(4096);
        _exit(told && shared ? 0 : 1);
    }
    kill_join(child, 10);
}

TEST(no_descriptor_is_a_status) {
    pid_t child = fork();
    if (child == 0) {
        const char *name = name_of("descriptor");
        bool made = plait_shared_create(name, 1);
        struct rlimit limit = {0, 0};
        setrlimit(RLIMIT_NOFILE, &limit);
        bool told = !plait_shared_new(8192) && plait_last_error() == PLAIT_ERRNO && errno == EMFILE &&
                    !plait_shared_create(NULL, 8192) && plait_last_error() == PLAIT_ERRNO &&
                    !plait_shared_attach(name) && plait_last_error() == PLAIT_ERRNO;
        _exit(made && told ? 0 : 1);
    }
    kill_join(child, 10);
}

/* A /dev/shm of one MiB, for this process alone. */
static bool has_small_shm(void) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=1m") == 0;
}

TEST(a_full_dev_shm_is_told_at_creation) {
    pid_t child = fork();
    if (child == 0) {
        if (!has_small_shm()) {
            (void)fprintf(stderr, "skipped: no file system may be mounted here\n");
            _exit(0);
        }
        plait_shared *most = plait_shared_create("most", 900 << 10);
        bool told = most && !plait_shared_create("more", 200 << 10) &&
                    plait_last_error() == PLAIT_NO_MEMORY && strstr(plait_last_message(), "full") &&
                    !has_file("more");
        told = told && !plait_shared_create("more", (size_t)1 << 60) && plait_last_error() == PLAIT_NO_MEMORY;
        memset(plait_shared_address(most), 1, 900 << 10); /* all of it is there: no SIGBUS */
        plait_shared_free(most);
        told = told && plait_shared_unlink("most") == PLAIT_OK;
        most = plait_shared_create("more", 200 << 10);
        _exit(told && most && plait_shared_unlink("more") == PLAIT_OK ? 0 : 1);
    }
    kill_join(child, 10);
}

TEST(no_process_for_the_tracker_is_a_status) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {0, 0};
        setrlimit(RLIMIT_NPROC, &limit);
        if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0) _exit(0); /* root has no limit */
        const char *name = name_of("process");
        bool told = !plait_shared_create(name, 1) && plait_last_error() == PLAIT_ERRNO && errno == EAGAIN;
        _exit(told && !has_file(name) && plait_shared_new(1) ? 0 : 1);
    }
    kill_join(child, 10);
}

static plait_status make_all(void) {
    plait_shared *shared = plait_shared_new(100);
    if (!shared) return plait_last_error();
    plait_shared_free(shared);
    shared = plait_shared_create(NULL, 100);
    if (!shared) return plait_last_error();
    plait_shared *same = plait_shared_attach(plait_shared_name(shared));
    plait_status status = same ? PLAIT_OK : plait_last_error();
    plait_shared_free(same);
    plait_status end = plait_shared_unlink(plait_shared_name(shared));
    plait_shared_free(shared);
    return status ? status : end;
}

TEST(lack_of_memory_leaves_nothing) {
    kill_nothing_left_begin();
    ck_assert_int_ge(fault_every(make_all), 3);
    kill_nothing_left("plait-");
}
