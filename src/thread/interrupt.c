/* interrupt.c - the first SIGINT cancels the root token, the second kills.
 *
 * SA_RESETHAND makes the kernel itself put the default action back before the handler runs, so there is no
 * instant in which a second Ctrl-C is lost. The handler rings the bell (an eventfd) that the service
 * thread watches. The bell is never closed, for a handler may be about to ring it on another thread; a
 * forked child, which shares it with its parent, gets another one.
 */
#include <base/os.h>
#include <plait/cancel.h>
#include <plait/interrupt.h>
#include <signal.h>
#include <string.h>
#include <thread/interrupt.h>
#include <thread/registry.h>
#include <thread/service.h>
#include <unistd.h>

static struct plait__mutex mutex; /* guards what follows */
static bool installed;
static struct sigaction before;
static struct plait__watch watch;

static int bell = -1; /* written under mutex, before the handler is installed; read by the handler */

struct plait__mutex *plait__interrupt_mutex(void) {
    return &mutex;
}

static void on_signal(int number) {
    (void)number;
    plait__os_bell_ring(plait__load(&bell));
}

/* On the service thread. */
static void rung(struct plait__watch *unused, int found) {
    (void)unused;
    (void)found;
    plait__os_bell_drain(plait__load(&bell));
    (void)plait_cancel(plait_token_root());
}

static plait_status install(void) {
    struct sigaction action, now;
    if (sigaction(SIGINT, NULL, &now) != 0) return PLAIT_ERRNO;
    if (!installed && now.sa_handler == SIG_IGN) return PLAIT_OK;
    plait_status status = plait__service_hang_bell(&watch, &bell, rung);
    if (status != PLAIT_OK) return status;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, installed ? NULL : &before) != 0) return PLAIT_ERRNO;
    installed = true;
    return PLAIT_OK;
}

plait_status plait_interrupt_install(void) {
    plait__thread_watch_forks();
    if (!plait__mutex_lock(&mutex)) return PLAIT_BROKEN;
    plait_status status = install();
    plait__mutex_unlock(&mutex);
    return status;
}

bool plait__interrupt_installed(void) {
    if (!plait__mutex_lock(&mutex)) return true;
    bool in_effect = installed;
    plait__mutex_unlock(&mutex);
    return in_effect;
}

static void uninstall(void) {
    if (installed) (void)sigaction(SIGINT, &before, NULL);
    installed = false;
}

void plait_interrupt_uninstall(void) {
    if (!plait__mutex_lock(&mutex)) return;
    uninstall();
    plait__mutex_unlock(&mutex);
}

plait_status plait_interrupt_main(void) {
    if (!plait__interrupt_installed()) return PLAIT_INVALID;
    return kill(getpid(), SIGINT) == 0 ? PLAIT_OK : PLAIT_ERRNO;
}

void plait__interrupt_after_fork(void) {
    uninstall();
    if (bell >= 0) close(bell);
    bell = -1;
}
