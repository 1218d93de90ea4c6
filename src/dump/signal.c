/* signal.c - a signal that asks for a dump.
 *
 * The handler rings a bell that the service thread watches; that thread makes the dump, so nothing unsafe happens
 * in the handler. As the interrupt's, the bell is never closed but in a forked child, which gets another one.
 */
#include <base/memory.h>
#include <base/os.h>
#include <dump/room.h>
#include <dump/words.h>
#include <errno.h>
#include <plait/dump.h>
#include <signal.h>
#include <string.h>
#include <thread/registry.h>
#include <thread/service.h>
#include <unistd.h>

static struct plait__mutex mutex; /* guards what follows */
static int installed;             /* the signal; 0: none */
static struct sigaction before;
static struct plait__watch watch;

static int bell = -1; /* written under mutex, before the handler is installed; read by the handler */

struct plait__mutex *plait__dump_signal_mutex(void) {
    return &mutex;
}

static void on_signal(int number) {
    (void)number;
    plait__os_bell_ring(plait__load(&bell));
}

/* On the service thread. */
static void rung(struct plait__watch *unused, int found) {
    static const char short_of_memory[] = "plait: no memory for a dump\n";
    struct plait__text text = {0};
    (void)unused;
    (void)found;
    plait__os_bell_drain(plait__load(&bell));
    if (plait__say_dump(&text) == PLAIT_OK)
        plait__write_to_stderr(text.at, text.length);
    else
        plait__write_to_stderr(short_of_memory, sizeof short_of_memory - 1);
    plait__release(text.at);
}

static void uninstall(void) {
    if (installed) (void)sigaction(installed, &before, NULL);
    installed = 0;
}

static plait_status install(int number) {
    struct sigaction action;
    if (number == installed) return PLAIT_OK;
    plait_status status = plait__service_hang_bell(&watch, &bell, rung);
    if (status != PLAIT_OK) return status;
    uninstall();
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, &action, &before) != 0) return PLAIT_ERRNO;
    installed = number;
    return PLAIT_OK;
}

/* One that comes from outside, and can be caught. */
static bool is_good(int number) {
    static const int bad[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    struct sigaction unused;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (number == bad[i]) return false;
    return number > 0 && sigaction(number, NULL, &unused) == 0;
}

plait_status plait_dump_on_signal(int number) {
    if (number && !is_good(number)) return PLAIT_INVALID;
    (void)plait_thread_main(); /* if that is who calls, it is known from now on */
    plait__dump_watch_forks();
    if (!plait__mutex_lock(&mutex)) return PLAIT_BROKEN;
    plait_status status = PLAIT_OK;
    if (number)
        status = install(number);
    else
        uninstall();
    plait__mutex_unlock(&mutex);
    return status;
}

void plait__dump_signal_after_fork(void) {
    uninstall();
    if (bell >= 0) close(bell);
    bell = -1;
}
