/* page.c - fetches one web page.
 *
 * libcurl does not wait here: it says which sockets it wants watched and when it wants to be called, and
 * plait_select waits for these, for the end of our patience, and (as every wait) for Ctrl-C. So a page
 * that never answers, or a user who has seen enough, ends the fetch at once, whatever libcurl is at.
 */
#include "page.h"

#include <curl/curl.h>
#include <poll.h>

enum { SOCKETS = 15 }; /* with the deadline sixteen cases: plait_select then allocates nothing */

/* What libcurl wants for one page. */
struct transfer {
    CURLM *multi;
    CURL *easy;
    size_t sockets;
    plait_case cases[1 + SOCKETS]; /* the first: when to call libcurl or to give up; then its sockets */
    plait_deadline call;           /* when libcurl wants to be called even if no socket is ready */
    size_t bytes;
    char error[CURL_ERROR_SIZE];
};

/* ---- what libcurl calls ---- */

static int poll_events(int curl_events) {
    return ((curl_events & CURL_POLL_IN) ? POLLIN : 0) | ((curl_events & CURL_POLL_OUT) ? POLLOUT : 0);
}

static int socket_wanted(CURL *easy, curl_socket_t socket, int events, void *context, void *unused) {
    struct transfer *transfer = context;
    (void)easy;
    (void)unused;
    size_t place = 1;
    while (place <= transfer->sockets && transfer->cases[place].descriptor != socket) place++;
    if (events == CURL_POLL_REMOVE) {
        if (place <= transfer->sockets) transfer->cases[place] = transfer->cases[transfer->sockets--];
        return 0;
    }
    if (place > SOCKETS) return -1;
    if (place > transfer->sockets) transfer->sockets = place;
    transfer->cases[place] = plait_case_descriptor(socket, poll_events(events));
    return 0;
}

static int call_wanted(CURLM *multi, long milliseconds, void *context) {
    struct transfer *transfer = context;
    (void)multi;
    transfer->call = milliseconds < 0 ? PLAIT_FOREVER : plait_after((double)milliseconds / 1000);
    return 0;
}

/* The page itself is only counted. Taking less than was offered makes libcurl stop. */
static size_t bytes_came(char *bytes, size_t size, size_t count, void *context) {
    struct transfer *transfer = context;
    (void)bytes;
    transfer->bytes += size * count;
    return transfer->bytes > PAGE_LARGEST ? 0 : size * count;
}

/* ---- the fetch ---- */

static bool begin(struct transfer *transfer, const struct page *page) {
    transfer->call = PLAIT_NOW;
    transfer->multi = curl_multi_init();
    transfer->easy = curl_easy_init();
    if (!transfer->multi || !transfer->easy) return false;
    curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(transfer->multi, CURLMOPT_SOCKETDATA, transfer);
    curl_multi_setopt(transfer->multi, CURLMOPT_TIMERFUNCTION, call_wanted);
    curl_multi_setopt(transfer->multi, CURLMOPT_TIMERDATA, transfer);

    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_URL, page->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "plait-demo/" PLAIT_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, bytes_came);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    if (page->direct) curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return curl_multi_add_handle(transfer->multi, easy) == CURLM_OK;
}

static void end(struct transfer *transfer) {
    if (transfer->multi && transfer->easy) curl_multi_remove_handle(transfer->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_multi_cleanup(transfer->multi);
}

/* Waits for the next thing that libcurl wants to know, and tells it. */
static plait_status step(struct transfer *transfer, plait_deadline patience, int *running) {
    size_t which;
    transfer->cases[0] = plait_case_deadline(plait_earlier(transfer->call, patience));
    plait_status status = plait_select(transfer->cases, 1 + transfer->sockets, &which);
    if (status != PLAIT_OK) return status;
    if (plait_passed(patience)) return PLAIT_TIMEOUT;

    curl_socket_t socket = CURL_SOCKET_TIMEOUT;
    int events = 0;
    if (which == 0) {
        transfer->call = PLAIT_FOREVER;
    } else {
        const plait_case *ready = &transfer->cases[which];
        socket = ready->descriptor;
        if (ready->found & POLLIN) events |= CURL_CSELECT_IN;
        if (ready->found & POLLOUT) events |= CURL_CSELECT_OUT;
        if (ready->found & (POLLERR | POLLHUP | POLLNVAL)) events |= CURL_CSELECT_ERR;
    }
    return curl_multi_socket_action(transfer->multi, socket, events, running) == CURLM_OK ? PLAIT_OK
                                                                                          : PLAIT_FAILED;
}

/* Whether libcurl got the page; raises what it says if not. */
static bool arrived(struct transfer *transfer) {
    int left;
    const CURLMsg *message = curl_multi_info_read(transfer->multi, &left);
    CURLcode code = message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_RECV_ERROR;
    if (code == CURLE_OK) return true;
    if (plait_cancelled()) /* perhaps why: whoever served it may have been told to stop, too */
        plait_raise(PLAIT_CANCELLED, NULL);
    else if (transfer->bytes > PAGE_LARGEST)
        plait_raise(PLAIT_FAILED, "larger than %d bytes", PAGE_LARGEST);
    else
        plait_raise(PLAIT_FAILED, "%s", transfer->error[0] ? transfer->error : curl_easy_strerror(code));
    return false;
}

static bool fetch(struct transfer *transfer, const struct page *page) {
    plait_deadline patience = plait_after(page->patience);
    if (!begin(transfer, page)) {
        plait_raise(PLAIT_FAILED, "libcurl could not begin");
        return false;
    }
    int running = 1;
    while (running) {
        plait_status status = step(transfer, patience, &running);
        if (status == PLAIT_TIMEOUT)
            plait_raise(status, "no answer within %.1f s", page->patience);
        else if (status != PLAIT_OK)
            plait_raise(status, "%s", plait_status_text(status));
        if (status != PLAIT_OK) return false;
    }
    return arrived(transfer);
}

PLAIT_TASK_DEFINE(size_t, fetch_page, (struct page *, page)) {
    struct transfer transfer = {.bytes = 0};
    double start = plait_monotonic();
    bool good = fetch(&transfer, page);
    page->seconds = plait_monotonic() - start;
    end(&transfer);
    return good ? transfer.bytes : 0;
}
