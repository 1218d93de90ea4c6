/* pool_worker.c - a worker of a pool of processes: what runs in its own process.
 *
 * It claims a cell, runs its task, writes the result, says so, and looks for the next (pool_memory.h). A second thread,
 * the listener, sleeps until the parent wants a task to stop, and cancels that task's token.
 *
 * The listener and the worker meet on `mutex`: `cell` and `token` are the task that runs, or NOTHING. The parent sets the
 * cell's `cancel`, then counts `listen` up and wakes. The worker looks at `cancel` after it has put the cell there, the
 * listener after each count; so one of the two sees it, and the token is there while it is cancelled.
 *
 * How a worker ends: it is told to (`leave`), it has run as many tasks as it may, or its parent is gone: then the server
 * kills it. A task that leaves it by pthread_exit has failed, and the process ends: another one takes its place. A task that
 * forks has two ends; the child's is nobody's, and it ends there.
 */
#include <base/memory.h>
#include <base/os_file.h>
#include <plait/raise.h>
#include <plait/thread.h>
#include <process/chunk.h>
#include <process/pool.h>
#include <process/wire.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <thread/task_frame.h>
#include <unistd.h>
#include <wait/shared.h>
#include <wait/token.h>

enum { MOST_FILES = 16 };
static const uint32_t NOTHING = UINT32_MAX; /* no cell */

/* A result in a file, until the parent has read it. */
struct kept {
    int file;
    uint32_t cell;
    uint64_t word;
};

static struct worker {
    struct plait__pool_memory *memory;
    struct plait__pool_slot *slot;
    uint32_t number, generation;
    int bell;
    uint32_t tasks_left;
    bool owes_ring;                             /* see pool_memory.h */
    const plait_task *tasks[PLAIT__POOL_TASKS]; /* those that were found */
    char *room;                                 /* for a copy of arguments */
    uint32_t kept_count;
    struct kept kept[MOST_FILES];
    struct plait__mutex mutex; /* guards the rest */
    uint32_t cell;
    plait_token *token;
} worker;

/* ---- results ---- */

static void pay_ring(void) {
    if (worker.owes_ring && plait__pool_must_ring(worker.memory)) plait__os_bell_ring(worker.bell);
    worker.owes_ring = false;
}

static bool is_read(const struct kept *kept) {
    return plait__load_acquire(&worker.memory->cells[kept->cell].word) != kept->word;
}

static void close_files(void) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < worker.kept_count; i++) {
        if (is_read(&worker.kept[i]))
            plait__os_close(worker.kept[i].file);
        else
            worker.kept[left++] = worker.kept[i];
    }
    worker.kept_count = left;
}

/* Until at most so many are left. */
static void wait_for_readers(uint32_t most) {
    uint32_t *taken = &worker.slot->taken, seen;
    while (true) {
        seen = plait__load_acquire(taken);
        close_files();
        if (worker.kept_count <= most) return;
        pay_ring();
        (void)plait__wait_shared(taken, seen, "result", worker.memory, PLAIT_FOREVER, false);
    }
}

static void keep_file(uint32_t number) {
    const struct plait__pool_cell *cell = &worker.memory->cells[number];
    if (cell->result.place != PLAIT__IN_FILE) return;
    uint64_t running = plait__load(&cell->word);
    worker.kept[worker.kept_count++] = (struct kept){
        cell->result.file, number,
        plait__cell_word(PLAIT__CELL_DONE, worker.number, plait__cell_ticket(running))};
}

static plait_status write_words(const struct plait__parcel_source *source, void *wire, size_t room,
                                size_t *size, struct plait__words *why) {
    (void)why;
    *size = source->size < room ? source->size : room; /* long ones are cut */
    if (!*size) return PLAIT_OK;
    memcpy(wire, source->data, *size);
    ((char *)wire)[*size - 1] = '\0';
    return PLAIT_OK;
}

static plait_status write_result(const struct plait__parcel_source *source, void *wire, size_t room,
                                 size_t *size, struct plait__words *why) {
    return plait__wire_write_result(source->task, source->data, wire, room, size, why);
}

static void write_failure(uint32_t cell, plait_status status, const char *words) {
    struct plait__pool_cell *in = &worker.memory->cells[cell];
    struct plait__words why;
    char *room = worker.memory->rooms[cell][PLAIT__RESULT_BACK];
    size_t size = words ? strlen(words) + 1 : 0;
    struct plait__parcel_source source = {write_words, NULL, words, size};
    in->status = status;
    in->result = (struct plait__parcel){0, PLAIT__IN_ROOM, -1};
    if (size) (void)write_words(&source, room, PLAIT__ROOM, &in->result.size, &why);
}

/* The cell is written: DONE. */
static void finish(uint32_t cell) {
    keep_file(cell);
    plait__pool_done(worker.memory, cell);
    if (plait__pool_push(worker.memory, cell)) worker.owes_ring = true;
}

/* ---- one task ---- */

static const plait_task *find_task(uint32_t number, struct plait__words *why) {
    if (number >= PLAIT__POOL_TASKS) return NULL;
    if (!worker.tasks[number]) worker.tasks[number] = plait__task_find(&worker.memory->tasks[number], why);
    return worker.tasks[number];
}

/* Arguments that have more than their struct are read in a copy: the wire is changed in reading, and may be needed once
 * more, by another worker, if this one dies. */
static plait_status copy_args(struct plait__parcel_view *view) {
    if (view->mapped) return PLAIT_OK; /* a copy already */
    if (!worker.room) worker.room = plait__allocate_unset(PLAIT__ROOM);
    if (!worker.room) return PLAIT_NO_MEMORY;
    memcpy(worker.room, view->wire, view->size);
    view->wire = worker.room;
    return PLAIT_OK;
}

static void set_running(uint32_t cell, plait_token *token) {
    plait__mutex_lock(&worker.mutex);
    worker.cell = cell;
    worker.token = token;
    plait__mutex_unlock(&worker.mutex);
    if (cell != NOTHING && token && plait__load_seq(&worker.memory->cells[cell].cancel))
        (void)plait_cancel(token);
}

/* A task that runs, for what must be done if it ends its thread. */
struct running {
    uint32_t cell;
    struct plait__frame frame;
    plait_token *token, *before;
    const plait_task *task;
    void *args, *result;
};

static void end_process(void) {
    pay_ring();
    plait__store_release(&worker.slot->stage, PLAIT__WORKER_LEFT);
    plait__child_end(0);
}

static void left_early(void *argument) {
    const struct running *running = argument;
    if (worker.memory->cells[running->cell].kind == PLAIT__A_TASK) /* else it has been said */
        write_failure(running->cell, PLAIT_FAILED, "the task was left by pthread_exit");
    finish(running->cell);
    end_process();
}

static void call(struct running *running) {
    struct plait__self *self = plait__self();
    struct plait__pool_cell *cell = &worker.memory->cells[running->cell];
    self->shields = cell->flags & PLAIT__CELL_SHIELDED ? 1 : 0;
    set_running(running->cell, running->token);
    running->before = self->token;
    self->token = running->token;
    plait__frame_begin(&running->frame, running->task->name);
    pthread_cleanup_push(left_early, running);
    if (cell->kind == PLAIT__A_TASK)
        running->task->run(running->args, running->result);
    else
        plait__chunk_serve(worker.memory, running->cell, running->task, running->args);
    pthread_cleanup_pop(0);
    if (plait__generation() != worker.generation) _exit(0); /* the child of a fork in the task */
    set_running(NOTHING, NULL);
    self->shields = 0;
    if (self->token != running->token)
        plait_token_free(self->token); /* it has entered another, and not left it */
    self->token = running->before;
}

/* When the task is to be over, by its own deadline or the soft limit. */
static plait_deadline deadline_of(struct plait__pool_cell *cell) {
    const struct plait__pool_memory *memory = worker.memory;
    plait_deadline deadline = {cell->deadline};
    if (!memory->soft_ns && !memory->hard_ns) return deadline;
    int64_t now = plait__now();
    plait__store(&cell->begun, now);
    if (memory->soft_ns) deadline = plait_earlier(deadline, (plait_deadline){now + memory->soft_ns});
    return deadline;
}

static plait_status too_late(const struct plait__pool_cell *cell) {
    if (cell->deadline == INT64_MAX || !plait_passed((plait_deadline){cell->deadline})) return PLAIT_OK;
    if (cell->flags & PLAIT__CELL_TIMED) return PLAIT_TIMEOUT;
    return cell->flags & (PLAIT__CELL_POSTED | PLAIT__CELL_SHIELDED) ? PLAIT_OK : PLAIT_CANCELLED;
}

/* With its arguments read and a place for the result. */
static void run_in(uint32_t number, const plait_task *task, void *args, void *result) {
    struct plait__pool_cell *cell = &worker.memory->cells[number];
    struct running running = {.cell = number, .task = task, .args = args, .result = result};
    struct plait__words why;
    running.token = plait_token_new(plait_token_root(), deadline_of(cell));
    call(&running);
    plait_token_free(running.token);
    plait_status status = plait__frame_end(&running.frame);
    char *message = plait__frame_take(&running.frame);
    if (status == PLAIT_OK && cell->kind == PLAIT__A_TASK) {
        struct plait__parcel_source source = {write_result, task, result, 0};
        why.at[0] = '\0';
        status = plait__parcel_write(worker.memory, number, PLAIT__RESULT_BACK, &source, &why);
        if (status != PLAIT_OK) message = plait__copy_string(why.at);
    }
    cell->status = status;
    if (status != PLAIT_OK) write_failure(number, status, message);
    plait__release(message);
}

static void run_task(uint32_t number, const plait_task *task, struct plait__parcel_view *view) {
    _Alignas(16) char small[256];
    struct plait__words why = {""};
    void *args = view->wire, *result = small;
    plait_status status = PLAIT_OK;
    bool flat = plait__wire_is_flat(task);
    if (worker.memory->cells[number].kind == PLAIT__A_TASK) {
        if (!flat) status = copy_args(view);
        if (status == PLAIT_OK) status = plait__wire_read(task, view->wire, view->size, &args, &why);
        if (status == PLAIT_OK && task->result_size > sizeof small)
            result = plait__allocate_unset(task->result_size);
        if (!result) status = PLAIT_NO_MEMORY;
    }
    if (status == PLAIT_OK)
        run_in(number, task, args, result);
    else
        write_failure(number, status, why.at);
    if (status == PLAIT_OK && !flat && worker.memory->cells[number].kind == PLAIT__A_TASK)
        plait__wire_drop(task, args);
    if (result != small) plait__release(result);
}

static void run_cell(uint32_t number) {
    struct plait__pool_cell *cell = &worker.memory->cells[number];
    struct plait__words why = {""};
    struct plait__parcel_view view;
    const plait_task *task = find_task(cell->task, &why);
    plait_status status = task ? too_late(cell) : PLAIT_INVALID;
    if (status == PLAIT_OK)
        status = plait__parcel_open(worker.memory, number, PLAIT__ARGUMENTS, worker.memory->owner, &view,
                                    &why);
    if (status != PLAIT_OK) {
        write_failure(number, status, why.at[0] ? why.at : NULL);
    } else {
        run_task(number, task, &view);
        plait__parcel_close(&view);
    }
    finish(number);
}

/* ---- its life ---- */

static void *listen(void *nothing) {
    uint32_t *word = &worker.slot->listen;
    (void)nothing;
    while (true) {
        uint32_t seen = plait__load_acquire(word);
        plait__mutex_lock(&worker.mutex);
        if (worker.cell != NOTHING && worker.token &&
            plait__load_seq(&worker.memory->cells[worker.cell].cancel))
            (void)plait_cancel(worker.token);
        plait__mutex_unlock(&worker.mutex);
        (void)plait__wait_shared(word, seen, "process pool", worker.slot, PLAIT_FOREVER, false);
    }
    return NULL;
}

/* False: it has raised, and says so. */
static bool initialize(void) {
    struct plait__pool_memory *memory = worker.memory;
    struct plait__words why = {""};
    struct plait__frame frame;
    void *args = NULL;
    if (!memory->initializer) return true;
    const plait_task *task = find_task(memory->initializer - 1, &why);
    char *wire = plait__allocate_unset(PLAIT__ROOM);
    plait_status status = task && wire ? PLAIT_OK : PLAIT_INVALID;
    if (status == PLAIT_OK) memcpy(wire, memory->initializer_args, memory->initializer_size);
    if (status == PLAIT_OK) status = plait__wire_read(task, wire, memory->initializer_size, &args, &why);
    if (status == PLAIT_OK) { /* the wire stays: an initializer may keep its strings */
        plait__frame_begin(&frame, task->name);
        task->run(args, NULL);
        status = plait__frame_end(&frame);
        char *message = plait__frame_take(&frame);
        plait__put_words(&why, "%s", plait__failure_words(status, message));
        plait__release(message);
    }
    if (status == PLAIT_OK) return true;
    (void)snprintf(worker.slot->words, sizeof worker.slot->words, "%s", why.at);
    plait__store_release(&worker.slot->stage, PLAIT__WORKER_FAILED);
    return false;
}

static bool begin(const struct plait__worker_start *start, const int *descriptors) {
    worker.memory = plait__os_map(descriptors[0], sizeof *worker.memory, true);
    if (!worker.memory) return false;
    plait__os_close(descriptors[0]);
    worker.bell = descriptors[1];
    worker.number = start->number;
    worker.generation = plait__generation();
    worker.slot = &worker.memory->slots[start->number];
    plait__store(&worker.slot->pid, (int32_t)getpid());
    worker.tasks_left = start->tasks ? start->tasks : UINT32_MAX;
    worker.cell = NOTHING;
    if (!initialize()) return false;
    plait_thread *listener = plait_thread_new(&(plait_thread_options){.name = "listener", .daemon = true},
                                              listen, NULL);
    if (!listener) return false;
    plait_thread_free(listener);
    plait__store_release(&worker.slot->stage, PLAIT__WORKER_READY);
    return true;
}

void plait__pool_worker_main(const void *data, size_t size, const int *descriptors, size_t count) {
    uint32_t cell, leave = 0;
    if (size != sizeof(struct plait__worker_start) || count != 2 || !begin(data, descriptors)) return;
    plait__os_bell_ring(worker.bell); /* the keeper sees that it is READY */
    while (worker.tasks_left && (leave = plait__load_seq(&worker.slot->leave)) != PLAIT__LEAVE_NOW) {
        if (plait__pool_find(worker.memory, worker.number, &cell)) {
            pay_ring();
            run_cell(cell);
            if (worker.tasks_left != UINT32_MAX) worker.tasks_left--;
            if (worker.kept_count) wait_for_readers(MOST_FILES - 1);
        } else if (leave) {
            break;
        } else if (!plait__pool_linger(worker.memory, worker.number)) {
            pay_ring();
            plait__pool_rest(worker.memory, worker.number);
        }
    }
    plait__pool_leave(worker.memory, worker.number);
    pay_ring();
    wait_for_readers(0);
    plait__store_release(&worker.slot->stage, PLAIT__WORKER_LEFT);
}
