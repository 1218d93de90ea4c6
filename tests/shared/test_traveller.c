/* Handles that travel: what the receiver gets is the same memory, once; and whatever is wrong about a record is a status. */
#include "support/faults.h"
#include "support/kill.h"
#include "support/proc.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <plait.h>
#include <pthread.h>
#include <shared/shared.h>
#include <shared/traveller.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What two processes tell each other. */
struct talk {
    struct plait__travelled record;
    int step; /* atomic */
};

static void go_on(struct talk *talk, int step) {
    __atomic_store_n(&talk->step, step, __ATOMIC_RELEASE);
}

static void wait_for(struct talk *talk, int step) {
    while (__atomic_load_n(&talk->step, __ATOMIC_ACQUIRE) != step) usleep(100);
}

static struct plait__travelled record_of(const void *object) {
    struct plait__travelled record;
    ck_assert_ok(plait__traveller_pack(object, &record, NULL));
    return record;
}

/* ---- from one process to another ---- */

/* Made after the child has been forked, so that the child has nothing of it. */
static void receive(void *memory) {
    struct talk *talk = memory;
    void *object, *again;
    struct plait__words why;
    wait_for(talk, 1);
    if (plait__traveller_unpack(&talk->record, &object, &why) != PLAIT_OK) _exit(1);
    plait_shared *shared = object;
    if (plait_shared_size(shared) != 5000 || strcmp(plait_shared_address(shared), "hello") != 0) _exit(2);
    strcpy(plait_shared_address(shared), "and back");
    if (plait__traveller_unpack(&talk->record, &again, NULL) != PLAIT_OK || again != object) _exit(3);
    plait__traveller_drop(again);
    go_on(talk, 2);
    wait_for(talk, 3); /* the sender has let go of it: what was attached stays */
    if (strcmp(plait_shared_address(shared), "and back") != 0) _exit(4);
    plait__traveller_drop(object);
}

static void send_one(plait_shared *shared, void (*receiver)(void *)) {
    struct talk *talk = kill_memory(sizeof *talk);
    strcpy(plait_shared_address(shared), "hello");
    pid_t child = kill_start(receiver, talk);
    talk->record = record_of(shared);
    go_on(talk, 1);
    wait_for(talk, 2);
    ck_assert_str_eq(plait_shared_address(shared), "and back");
    plait_shared_free(shared);
    go_on(talk, 3);
    kill_join(child, 20);
}

TEST(the_receiver_sees_the_same_memory_and_keeps_it) {
    send_one(plait_shared_new(5000), receive);
}

TEST(so_it_is_with_a_name_also_with_one_that_is_gone) {
    plait_shared *shared = plait_shared_create(NULL, 5000);
    ck_assert_ok(plait_shared_unlink(plait_shared_name(shared)));
    send_one(shared, receive);
}

/* Sends on what it has got. */
static void pass_on(void *memory) {
    struct talk *talk = memory;
    void *object;
    wait_for(talk, 1);
    if (plait__traveller_unpack(&talk->record, &object, NULL) != PLAIT_OK) _exit(1);
    struct talk *next = kill_memory(sizeof *next);
    pid_t child = kill_start(receive, next);
    if (plait__traveller_pack(object, &next->record, NULL) != PLAIT_OK) _exit(2);
    if (next->record.process != (uint32_t)getpid()) _exit(3);
    go_on(next, 1);
    wait_for(next, 2);
    go_on(talk, 2);
    go_on(next, 3);
    wait_for(talk, 3);
    kill_join(child, 10);
    plait__traveller_drop(object);
}

TEST(what_has_come_can_be_sent_on) {
    send_one(plait_shared_new(5000), pass_on);
}

/* ---- what is wrong ---- */

static void ck_assert_lost(const struct plait__travelled *record, plait_status expected) {
    struct plait__words why = {""};
    void *object = &why;
    int before = proc_count_descriptors("self");
    ck_assert_status(plait__traveller_unpack(record, &object, &why), expected);
    ck_assert_ptr_null(object);
    ck_assert_str_ne(why.at, "");
    ck_assert_status(plait__traveller_unpack(record, &object, NULL), expected);
    ck_assert_int_eq(proc_count_descriptors("self"), before);
}

static void send_and_rest(void *memory) {
    struct talk *talk = memory;
    plait_shared *shared = plait_shared_new(100);
    if (plait__traveller_pack(shared, &talk->record, NULL) != PLAIT_OK) _exit(1);
    go_on(talk, 1);
    for (;;) pause();
}

TEST(a_sender_that_has_ended_is_told) {
    struct talk *talk = kill_memory(sizeof *talk);
    pid_t child = kill_start(send_and_rest, talk);
    wait_for(talk, 1);
    kill_now(child);
    ck_assert_lost(&talk->record, PLAIT_MISSING);
}

TEST(what_the_sender_let_go_of_is_told_whatever_is_there_now) {
    plait_shared *shared = plait_shared_new(100);
    struct plait__travelled record = record_of(shared);
    plait_shared_free(shared);
    ck_assert_lost(&record, PLAIT_MISSING); /* nothing */
    plait_shared *other = plait_shared_new(100);
    ck_assert_int_eq(record_of(other).descriptor, record.descriptor);
    ck_assert_lost(&record, PLAIT_MISSING); /* other memory */
    plait_shared_free(other);
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(ends[0], record.descriptor);
    ck_assert_lost(&record, PLAIT_MISSING); /* a pipe */
}

TEST(a_record_that_makes_no_sense_is_refused) {
    plait_shared *shared = plait_shared_new(100);
    struct plait__travelled right = record_of(shared), wrong = right;
    for (uint32_t kind = 0; kind < 100; kind++) {
        wrong.kind = kind ? PLAIT__TRAVELS_END - 1 + kind : 0;
        ck_assert_lost(&wrong, PLAIT_INVALID);
    }
    wrong = right;
    wrong.process = 0;
    ck_assert_lost(&wrong, PLAIT_MISSING);
    wrong = right;
    wrong.descriptor = -1;
    ck_assert_lost(&wrong, PLAIT_MISSING);
    wrong = right;
    wrong.inode++;
    ck_assert_lost(&wrong, PLAIT_MISSING);
    wrong = right;
    wrong.device++;
    ck_assert_lost(&wrong, PLAIT_MISSING);
    plait_shared_free(shared);
}

TEST(what_is_no_handle_does_not_travel) {
    struct plait__travelled record;
    struct plait__words why = {""};
    struct plait__traveller nothing = {0};
    ck_assert_status(plait__traveller_pack(NULL, &record, &why), PLAIT_INVALID);
    ck_assert_str_ne(why.at, "");
    ck_assert_status(plait__traveller_pack(&nothing, &record, NULL), PLAIT_INVALID);
    nothing.kind = (const struct plait__traveller_kind *)(const void *)&record;
    ck_assert_status(plait__traveller_pack(&nothing, &record, NULL), PLAIT_INVALID);
}

TEST(no_descriptor_for_it_is_a_status) {
    struct talk *talk = kill_memory(sizeof *talk);
    plait_shared *shared = plait_shared_new(100);
    talk->record = record_of(shared);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {0, 0};
        struct plait__words why = {""};
        void *object;
        setrlimit(RLIMIT_NOFILE, &limit);
        plait_status status = plait__traveller_unpack(&talk->record, &object, &why);
        _exit(status == PLAIT_ERRNO && errno == EMFILE && why.at[0] ? 0 : 1);
    }
    kill_join(child, 10);
    plait_shared_free(shared);
}

static plait_status take_one(void) {
    plait_shared *shared = plait_shared_new(100);
    if (!shared) return plait_last_error();
    struct plait__travelled record;
    void *object = NULL;
    plait_status status = plait__traveller_pack(shared, &record, NULL);
    if (status == PLAIT_OK) status = plait__traveller_unpack(&record, &object, NULL);
    plait__traveller_drop(object);
    plait_shared_free(shared);
    return status;
}

TEST(lack_of_memory_is_a_status) {
    ck_assert_int_ge(fault_every(take_one), 3); /* the handles, and the place among those that are kept */
}

/* ---- what is kept ---- */

TEST(not_more_is_kept_than_so_many) {
    int before = proc_count_descriptors("self");
    for (int i = 0; i < 200; i++) {
        plait_shared *shared = plait_shared_new(100);
        struct plait__travelled record = record_of(shared);
        void *object;
        ck_assert_ok(plait__traveller_unpack(&record, &object, NULL));
        plait__traveller_drop(object);
        plait_shared_free(shared);
    }
    ck_assert_int_le(proc_count_descriptors("self"), before + 64);
    ck_assert_int_ge(proc_count_descriptors("self"), before + 60);
}

static long mapped_kib(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;
    ck_assert_int_eq(fscanf(file, "%ld", &pages), 1);
    (void)fclose(file);
    return pages * 4;
}

TEST(nor_more_bytes_but_the_newest_is) {
    long before = mapped_kib();
    void *object, *again;
    struct plait__travelled record;
    plait_shared *shared = NULL;
    for (int i = 0; i < 10; i++) {
        plait_shared_free(shared);
        shared = plait_shared_new((size_t)100 << 20);
        record = record_of(shared);
        ck_assert_ok(plait__traveller_unpack(&record, &object, NULL));
        plait__traveller_drop(object);
    }
    ck_assert_int_lt(mapped_kib() - before, 300 << 10); /* the sender's and the receiver's */
    ck_assert_ok(plait__traveller_unpack(&record, &again, NULL));
    ck_assert_ptr_eq(again, object);
    plait__traveller_drop(again);
    plait_shared_free(shared);
}

TEST(what_is_used_is_not_forgotten) {
    enum { MANY = 100 };
    plait_shared *shared[MANY];
    void *objects[MANY], *again;
    struct plait__travelled records[MANY];
    for (int i = 0; i < MANY; i++) {
        shared[i] = plait_shared_new(100);
        records[i] = record_of(shared[i]);
        ck_assert_ok(plait__traveller_unpack(&records[i], &objects[i], NULL));
        *(int *)plait_shared_address(objects[i]) = i;
    }
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(*(int *)plait_shared_address(shared[i]), i);
        ck_assert_ok(plait__traveller_unpack(&records[i], &again, NULL));
        ck_assert_ptr_eq(again, objects[i]);
        plait__traveller_drop(again);
        plait__traveller_drop(objects[i]);
        plait_shared_free(shared[i]);
    }
}

/* ---- threads and forks ---- */

static struct plait__travelled shared_records[8];

static void *unpack_all(void *unused) {
    (void)unused;
    long bad = 0;
    for (unsigned i = 0; stress_goes_on(); i++) {
        void *object;
        int number = (int)(i * 7 % 8);
        if (plait__traveller_unpack(&shared_records[number], &object, NULL) != PLAIT_OK) return (void *)1;
        bad += *(int *)plait_shared_address(object) != number;
        plait__traveller_drop(object);
    }
    return (void *)bad;
}

/* (In the child of a fork the thread sanitizer tells of the threads that nobody will join.) */
#if defined(__SANITIZE_THREAD__)
enum { FORKS = 0 };
#else
enum { FORKS = 50 };
#endif

/* Four of them are so large that they drive each other out. */
TEST(threads_take_the_same_at_once) {
    pthread_t threads[8];
    plait_shared *shared[8];
    for (int i = 0; i < 8; i++) {
        shared[i] = plait_shared_new(i < 4 ? 100 : (size_t)40 << 20);
        *(int *)plait_shared_address(shared[i]) = i;
        shared_records[i] = record_of(shared[i]);
    }
    int count = stress_threads(4) < 8 ? stress_threads(4) : 8;
    for (int i = 0; i < count; i++) pthread_create(&threads[i], NULL, unpack_all, NULL);
    for (int i = 0; i < FORKS; i++) { /* a child of a fork in the middle of it can take them, too */
        pid_t child = fork();
        if (child == 0) {
            void *object;
            plait_status status = plait__traveller_unpack(&shared_records[i % 8], &object, NULL);
            _exit(status == PLAIT_OK && *(int *)plait_shared_address(object) == i % 8 ? 0 : 1);
        }
        kill_join(child, 20);
    }
    for (int i = 0; i < count; i++) {
        void *bad;
        pthread_join(threads[i], &bad);
        ck_assert_ptr_null(bad);
    }
    for (int i = 0; i < 8; i++) plait_shared_free(shared[i]);
}
