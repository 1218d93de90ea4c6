/* items.c - columns of arguments to another process, results and failures back; the format stands in items.h. */
#include <base/memory.h>
#include <process/items.h>
#include <process/wire_value.h>
#include <string.h>

/* ---- there ---- */

struct header {
    _Alignas(PLAIT__WIRE_ALIGNMENT) uint32_t count;
    uint32_t constants; /* bit i: parameter i has one value for all */
};

static struct header header_of(const struct plait__items *items) {
    struct header header = {.count = (uint32_t)items->count};
    for (uint32_t i = 0; i < items->task->count; i++)
        if (!items->columns[i].stride) header.constants |= 1u << i;
    return header;
}

/* How many values of this parameter go along. */
static size_t values_of(const struct header *header, uint32_t parameter) {
    return header->constants >> parameter & 1 ? 1 : header->count;
}

/* What a value takes at most, beside its place in the column. */
static size_t beside(plait_kind kind, const void *value) {
    if (kind == PLAIT_KIND_STRING) {
        const char *string = *(const char *const *)value;
        return string ? strlen(string) + 1 : 0;
    }
    size_t size = kind == PLAIT_KIND_BYTES ? ((const plait_bytes *)value)->size
                                           : sizeof(struct plait__travelled);
    return size + PLAIT__WIRE_ALIGNMENT;
}

/* What is there once, whatever the number of items; at most. */
static size_t size_of_constants(const struct plait__items *items) {
    size_t size = sizeof(struct header);
    for (uint32_t i = 0; i < items->task->count; i++) {
        const plait_parameter *parameter = &items->task->parameters[i];
        size += PLAIT__WIRE_ALIGNMENT;
        if (items->columns[i].stride) continue;
        size += parameter->size;
        if (!plait__wire_is_flat_kind(parameter->kind))
            size += beside(parameter->kind, items->columns[i].base);
    }
    return size;
}

/* What an item takes: in the columns, and beside them. */
static size_t size_of_values(const struct plait__items *items) {
    size_t size = 0;
    for (uint32_t i = 0; i < items->task->count; i++)
        if (items->columns[i].stride) size += items->task->parameters[i].size;
    return size;
}

static size_t size_beside(const struct plait__items *items, size_t item) {
    size_t size = 0;
    for (uint32_t i = 0; i < items->task->count; i++) {
        plait_kind kind = items->task->parameters[i].kind;
        if (items->columns[i].stride && !plait__wire_is_flat_kind(kind))
            size += beside(kind, plait__cell(&items->columns[i], item));
    }
    return size;
}

size_t plait__items_fit(const struct plait__items *items, size_t room) {
    size_t constants = size_of_constants(items), values = size_of_values(items), fit = 0, taken = 0;
    size_t count = items->count < UINT32_MAX ? items->count : UINT32_MAX;
    room = room > constants ? room - constants : 0;
    if (plait__wire_args_are_flat(items->task)) {
        fit = values ? room / values : count;
    } else {
        for (; fit < count; fit++) {
            size_t size = values + size_beside(items, items->from + fit);
            if (size > room - taken) break;
            taken += size;
        }
    }
    return fit < 1 ? 1 : fit < count ? fit : count;
}

/* `count` values of this size, so many bytes apart, one after the other. */
static void gather(char *to, const plait_column *column, size_t from, size_t count, size_t size) {
    const char *value = plait__cell(column, from);
    if (column->stride == size || count == 1)
        memcpy(to, value, count * size);
    else
        for (; count--; to += size, value += column->stride) memcpy(to, value, size);
}

/* Strings and so on of a column that stands at `to` (NULL: only counted). */
static plait_status put_beside(struct plait__wire_writer *writer, const plait_parameter *parameter,
                               const plait_column *column, size_t from, size_t count, char *to) {
    plait_status status = PLAIT_OK;
    for (size_t i = 0; i < count && status == PLAIT_OK; i++)
        status = plait__wire_put_value(writer, parameter->kind, parameter->name,
                                       plait__cell(column, from + i), to ? to + i * parameter->size : NULL);
    return status;
}

plait_status plait__items_write(const struct plait__items *items, void *wire, size_t room, size_t *size,
                                struct plait__words *why) {
    const plait_task *task = items->task;
    struct plait__wire_writer writer = {.wire = wire, .room = room, .task = task, .why = why};
    struct header header = header_of(items), *head = plait__wire_put(&writer, sizeof header);
    char *columns[PLAIT__ITEMS_COLUMNS] = {NULL};
    plait_status status = PLAIT_OK;
    if (head) *head = header;
    for (uint32_t i = 0; i < task->count; i++) {
        size_t values = values_of(&header, i), each = task->parameters[i].size;
        plait__wire_align(&writer);
        columns[i] = plait__wire_put(&writer, values * each);
        if (columns[i]) gather(columns[i], &items->columns[i], items->from, values, each);
    }
    for (uint32_t i = 0; i < task->count && status == PLAIT_OK; i++)
        if (!plait__wire_is_flat_kind(task->parameters[i].kind))
            status = put_beside(&writer, &task->parameters[i], &items->columns[i], items->from,
                                values_of(&header, i), columns[i]);
    return status ? status : plait__wire_finish(&writer, size);
}

/* Where the columns stand; false: they are not there. */
static bool take_columns(struct plait__wire_reader *reader, const plait_task *task,
                         const struct header *header, plait_column *columns) {
    for (uint32_t i = 0; i < task->count; i++) {
        size_t each = task->parameters[i].size, values = values_of(header, i);
        reader->at = plait__wire_aligned(reader->at);
        if (values > reader->size / each) return false;
        columns[i].base = plait__wire_take(reader, values * each);
        columns[i].stride = header->constants >> i & 1 ? 0 : each;
        if (!columns[i].base) return false;
    }
    return true;
}

/* Lets go of the shared objects among the first values of parameter i. */
static void drop(const plait_task *task, const plait_column *column, uint32_t i, size_t values) {
    if (task->parameters[i].kind != PLAIT_KIND_SHARED) return;
    for (size_t k = 0; k < values; k++) plait__traveller_drop(*(void *const *)plait__cell(column, k));
}

void plait__items_drop(const plait_task *task, const plait_column *columns, size_t count) {
    for (uint32_t i = 0; i < task->count; i++) drop(task, &columns[i], i, columns[i].stride ? count : 1);
}

void plait__items_keep(const struct plait__items *items) {
    struct header header = header_of(items);
    for (uint32_t i = 0; i < items->task->count; i++) {
        if (items->task->parameters[i].kind != PLAIT_KIND_SHARED) continue;
        for (size_t k = 0; k < values_of(&header, i); k++) {
            void *object = *(void *const *)plait__cell(&items->columns[i], items->from + k);
            if (object) (void)plait__traveller_keep(object);
        }
    }
}

void plait__items_let_go(const struct plait__items *items) {
    struct header header = header_of(items);
    for (uint32_t i = 0; i < items->task->count; i++) {
        plait_column column = {plait__cell(&items->columns[i], items->from), items->columns[i].stride};
        drop(items->task, &column, i, values_of(&header, i));
    }
}

/* What stands beside the columns; if it cannot be had, nothing is kept. */
static plait_status take_beside(struct plait__wire_reader *reader, const plait_task *task,
                                const struct header *header, const plait_column *columns,
                                struct plait__words *why) {
    for (uint32_t i = 0; i < task->count; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        size_t values = values_of(header, i), k = 0;
        if (plait__wire_is_flat_kind(parameter->kind)) continue;
        char *value = reader->wire + ((const char *)columns[i].base - reader->wire);
        plait_status status = PLAIT_OK;
        for (; k < values && status == PLAIT_OK; k++, value += parameter->size)
            status = plait__wire_take_value(reader, task, parameter->kind, value, why);
        if (status == PLAIT_OK) continue;
        drop(task, &columns[i], i, k - 1);
        while (i--) drop(task, &columns[i], i, values_of(header, i));
        return status;
    }
    return PLAIT_OK;
}

plait_status plait__items_read(const plait_task *task, void *wire, size_t size, plait_column *columns,
                               size_t *count, struct plait__words *why) {
    struct plait__wire_reader reader = {.wire = wire, .size = size};
    const struct header *head = plait__wire_take(&reader, sizeof *head);
    if (!head || task->count > PLAIT__ITEMS_COLUMNS) return plait__wire_damaged(task, "items", why);
    const struct header header = *head;
    if (!header.count || !take_columns(&reader, task, &header, columns))
        return plait__wire_damaged(task, "items", why);
    *count = header.count;
    return take_beside(&reader, task, &header, columns, why);
}

/* ---- and back ---- */

/* What follows is `size` bytes, padded so that the next entry is aligned. */
struct entry {
    _Alignas(PLAIT__WIRE_ALIGNMENT) uint64_t item;
    uint64_t size;
    plait_status status; /* PLAIT_OK: a result */
};

size_t plait__items_log_size(const struct plait__items_entry *entry) {
    return plait__wire_aligned(sizeof(struct entry) + entry->size);
}

bool plait__items_log(struct plait__items_log *log, const struct plait__items_entry *entry) {
    if (entry->size > log->room || plait__items_log_size(entry) > log->room - log->size) return false;
    struct entry *to = (struct entry *)(void *)(log->at + log->size);
    *to = (struct entry){.item = entry->item, .size = entry->size, .status = entry->status};
    if (entry->size) memcpy(to + 1, entry->data, entry->size);
    log->size += plait__items_log_size(entry);
    return true;
}

struct plait__items_entry plait__items_failure(size_t item, plait_status status, const char *words) {
    return (struct plait__items_entry){item, status, words, words ? strlen(words) + 1 : 0};
}

bool plait__items_result(const plait_task *task, size_t item, const void *result,
                         struct plait__items_entry *entry) {
    *entry = (struct plait__items_entry){.item = item, .data = result, .size = task->result_size};
    if (task->result_kind == PLAIT_KIND_STRING) {
        entry->data = *(const char *const *)result;
        entry->size = entry->data ? strlen(entry->data) + 1 : 0;
    } else if (task->result_kind == PLAIT_KIND_BYTES) {
        const plait_bytes *bytes = result;
        entry->data = bytes->data;
        entry->size = bytes->size;
    }
    return entry->data;
}

/* The next entry, and what it holds; NULL: there is none, or it is damaged (`at` is not the end then). */
static const char *next_entry(const struct plait__items_log *log, size_t *at, struct entry *entry) {
    size_t left = log->size - *at;
    if (left < sizeof *entry) return NULL;
    memcpy(entry, log->at + *at, sizeof *entry);
    if (entry->size > left - sizeof *entry) return NULL;
    const char *data = log->at + *at + sizeof *entry;
    *at += plait__wire_aligned(sizeof *entry + entry->size);
    return *at <= log->size ? data : NULL;
}

/* The item's failure. Words that do not end are none. */
static void tell_failure(struct plait__range *range, size_t item, const struct entry *entry,
                         const char *data) {
    bool words = entry->size && data[entry->size - 1] == '\0';
    size_t size = range->task->result_size;
    if (range->out) memset(range->out + item * size, 0, size);
    range->failed(range, item, entry->status > PLAIT_OK ? entry->status : PLAIT_FAILED,
                  words ? plait__copy_string(data) : NULL);
}

/* A copy for the caller of the map; NULL when memory is out. */
static void *give(const char *data, size_t size) {
    void *copy = plait__allocate_unset(size);
    if (copy && size) memcpy(copy, data, size);
    return copy ? plait__give_away(copy) : NULL;
}

/* A result that the array cannot hold; false: damaged. */
static bool tell_result(struct plait__range *range, size_t item, const struct entry *entry,
                        const char *data) {
    const plait_task *task = range->task;
    char *to = range->out ? range->out + item * task->result_size : NULL;
    bool is_string = task->result_kind == PLAIT_KIND_STRING;
    if (is_string && (!entry->size || data[entry->size - 1])) return false;
    if (!to) return true;
    if (!is_string && task->result_kind != PLAIT_KIND_BYTES) {
        if (entry->size != task->result_size) return false;
        memcpy(to, data, entry->size);
        return true;
    }
    const void *copy = give(data, entry->size);
    if (!copy)
        range->failed(range, item, PLAIT_NO_MEMORY, NULL);
    else if (is_string)
        memcpy(to, &copy, sizeof copy);
    else
        *(plait_bytes *)(void *)to = (plait_bytes){copy, entry->size};
    return true;
}

plait_status plait__items_take(struct plait__range *range, size_t first, size_t count, const char *results,
                               const struct plait__items_log *log, size_t *good) {
    size_t size = range->task->result_size, at = 0, least = 0;
    bool flat = plait__wire_is_flat_kind(range->task->result_kind);
    struct entry entry;
    const char *data;
    *good = count;
    if (range->out && size && flat && results) memcpy(range->out + first * size, results, count * size);
    if (range->out && size && !(flat && results)) memset(range->out + first * size, 0, count * size);
    while ((data = next_entry(log, &at, &entry)) != NULL) {
        if (entry.item >= count) return PLAIT_OK;
        bool sound = entry.item >= least;
        least = entry.item + 1;
        if (sound && entry.status != PLAIT_OK)
            tell_failure(range, first + entry.item, &entry, data);
        else if (!sound || !tell_result(range, first + entry.item, &entry, data))
            break;
    }
    if (at == log->size && !data) return PLAIT_OK;
    *good = least ? least - 1 : 0;
    return PLAIT_INVALID;
}
