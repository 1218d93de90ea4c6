/* machine.c - what is to be known about the machine; see machine.h. */
#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void cpu_model(char *model, size_t size) {
    char line[256];
    snprintf(model, size, "unknown CPU");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        char *value = strstr(line, ": ");
        if (strncmp(line, "model name", 10) != 0 || !value) continue;
        value[strcspn(value, "\n")] = '\0';
        snprintf(model, size, "%s", value + 2);
        break;
    }
    fclose(file);
}

const char *machine_line(void) {
    static char line[640];
    char model[256];
    char date[32] = "";
    struct utsname system = {0};
    time_t now = time(NULL);
    struct tm local;
    if (line[0]) return line;
    cpu_model(model, sizeof model);
    if (localtime_r(&now, &local)) strftime(date, sizeof date, "%Y-%m-%d %H:%M", &local);
    uname(&system);
    /* What follows the numbers is its builder's, and tells nothing. */
    system.release[strspn(system.release, "0123456789.")] = '\0';
    snprintf(line, sizeof line, "%s, %ld CPUs, %s %.80s, %s %s, %s", model, sysconf(_SC_NPROCESSORS_ONLN),
             system.sysname, system.release,
#ifdef __clang__
             "clang", __clang_version__,
#else
             "gcc", __VERSION__,
#endif
             date);
    return line;
}

/* The fields of the first line of /proc/stat, in clock ticks. Guests' time is part of user and nice. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };

static int read_stat(unsigned long long field[FIELDS]) {
    FILE *file = fopen("/proc/stat", "r");
    if (!file) return 0;
    int got = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &field[USER], &field[NICE],
                     &field[SYSTEM], &field[IDLE], &field[IOWAIT], &field[IRQ], &field[SOFTIRQ],
                     &field[STEAL]);
    fclose(file);
    return got == FIELDS;
}

struct machine_use machine_use(void) {
    struct machine_use use = {0, 0};
    unsigned long long field[FIELDS];
    struct tms own;
    if (!read_stat(field) || times(&own) == (clock_t)-1) return use;
    double per_second = (double)sysconf(_SC_CLK_TCK);
    for (int i = 0; i < FIELDS; i++) use.offered += (double)field[i] / per_second;
    double idle = (double)(field[IDLE] + field[IOWAIT]) / per_second;
    double ours = (double)(own.tms_utime + own.tms_stime + own.tms_cutime + own.tms_cstime) / per_second;
    use.others = use.offered - idle - ours;
    return use;
}
