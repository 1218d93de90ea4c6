/* The CPU quota of cgroups, and how often memory ran out in one, on hierarchies made for the test. */
#include "support/test.h"

#include <base/os.h>
#include <base/os_file.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/plait-cgroup-XXXXXX";
static char membership[64];

/* The path of something below the root. */
static const char *below(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(below(name), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_hierarchy(const char *own) {
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(mkdir(below("a"), 0700), 0);
    ck_assert_int_eq(mkdir(below("a/b"), 0700), 0);
    ck_assert_int_eq(mkdir(below("cpu"), 0700), 0);
    write_file("membership", own);
    snprintf(membership, sizeof membership, "%s/membership", root);
}

static int quota(void) {
    return plait__os_cpus_quota_in(root, membership);
}

static void remove_hierarchy(void) {
    static const char *const files[] = {
        "a/b/cpu.max",           "a/cpu.max",  "cpu.max",          "cpu/cpu.cfs_quota_us",
        "cpu/cpu.cfs_period_us", "membership", "a/b/memory.events"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(below(files[i]));
    rmdir(below("a/b"));
    rmdir(below("a"));
    rmdir(below("cpu"));
    ck_assert_int_eq(rmdir(root), 0);
}

TEST(without_files_there_is_no_limit) {
    make_hierarchy("0::/a/b\n");
    ck_assert_int_eq(quota(), INT_MAX);
    ck_assert_int_eq(plait__os_cpus_quota_in("/nowhere/at/all", "/nowhere/either"), INT_MAX);
    remove_hierarchy();
}

TEST(the_own_group_counts_and_max_is_no_limit) {
    make_hierarchy("0::/a/b\n");
    write_file("a/b/cpu.max", "max 100000\n");
    ck_assert_int_eq(quota(), INT_MAX);
    write_file("a/b/cpu.max", "300000 100000\n");
    ck_assert_int_eq(quota(), 3);
    remove_hierarchy();
}

TEST(a_part_of_a_cpu_counts_as_a_whole_one) {
    make_hierarchy("0::/a\n");
    write_file("a/cpu.max", "150000 100000\n");
    ck_assert_int_eq(quota(), 2);
    write_file("a/cpu.max", "1000 100000\n");
    ck_assert_int_eq(quota(), 1);
    remove_hierarchy();
}

TEST(of_all_groups_above_the_least_counts) {
    make_hierarchy("12:pids:/elsewhere\n0::/a/b\n");
    write_file("a/b/cpu.max", "800000 100000\n");
    write_file("a/cpu.max", "200000 100000\n");
    write_file("cpu.max", "400000 100000\n");
    ck_assert_int_eq(quota(), 2);
    write_file("a/cpu.max", "max 100000\n");
    ck_assert_int_eq(quota(), 4);
    remove_hierarchy();
}

TEST(version_one_has_two_files) {
    make_hierarchy("4:cpu,cpuacct:/\n");
    write_file("cpu/cpu.cfs_quota_us", "-1\n");
    write_file("cpu/cpu.cfs_period_us", "100000\n");
    ck_assert_int_eq(quota(), INT_MAX);
    write_file("cpu/cpu.cfs_quota_us", "250000\n");
    ck_assert_int_eq(quota(), 3);
    remove_hierarchy();
}

TEST(nonsense_is_no_limit) {
    make_hierarchy("0::/a\n");
    write_file("a/cpu.max", "plenty\n");
    ck_assert_int_eq(quota(), INT_MAX);
    write_file("a/cpu.max", "100000 0\n");
    ck_assert_int_eq(quota(), INT_MAX);
    remove_hierarchy();
}

TEST(kills_for_lack_of_memory_are_counted) {
    make_hierarchy("1:name=x:/elsewhere\n0::/a/b\n");
    uint64_t everywhere = plait__os_oom_kills_in(root, membership); /* without the file the machine's count */
    write_file("a/b/memory.events", "low 0\nhigh 3\nmax 7\noom 5\noom_kill 4\noom_group_kill 1\n");
    ck_assert_uint_eq(plait__os_oom_kills_in(root, membership), 4);
    unlink(below("a/b/memory.events"));
    ck_assert_uint_eq(plait__os_oom_kills_in(root, membership), everywhere);
    remove_hierarchy();
}
