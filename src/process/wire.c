/* wire.c - writes and reads what goes between processes; the format stands in wire.h. */
#include <base/atomic.h>
#include <base/memory.h>
#include <process/wire.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where shared objects and bytes lie. */
static size_t aligned(size_t at) {
    return (at + PLAIT__WIRE_ALIGNMENT - 1) & ~(size_t)(PLAIT__WIRE_ALIGNMENT - 1);
}

void plait__put_words(struct plait__words *words, const char *format, ...) {
    if (!words) return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words->at, sizeof words->at, format, arguments);
    va_end(arguments);
}

/* ---- what may travel ---- */

plait_status plait__wire_allows(const plait_task *task, struct plait__words *why) {
    for (uint32_t i = 0; i < task->count; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        if (parameter->kind != PLAIT_KIND_POINTER) continue;
        plait__put_words(why,
                         "parameter '%.40s' of '%.64s' is a pointer, which means nothing in another process",
                         parameter->name, task->name);
        return PLAIT_INVALID;
    }
    if (task->result_kind == PLAIT_KIND_POINTER || task->result_kind == PLAIT_KIND_SHARED) {
        plait__put_words(why, "the result of '%.64s' is a pointer, which means nothing in another process",
                         task->name);
        return PLAIT_INVALID;
    }
    return PLAIT_OK;
}

static bool is_flat(plait_kind kind) {
    const unsigned others = 1u << PLAIT_KIND_STRING | 1u << PLAIT_KIND_BYTES | 1u << PLAIT_KIND_SHARED;
    return !(others >> kind & 1);
}

static bool args_are_flat(const plait_task *task) {
    for (uint32_t i = 0; i < task->count; i++)
        if (!is_flat(task->parameters[i].kind)) return false;
    return true;
}

bool plait__wire_is_flat(const plait_task *task) {
    return is_flat(task->result_kind) && args_are_flat(task);
}

/* ---- writing ---- */

struct writer {
    char *wire;
    size_t room, at; /* `at` may be beyond `room`: only counted then */
    const plait_task *task;
    struct plait__words *why;
};

/* The place for what comes next; NULL: there is no room, or nothing has that size (`at` is SIZE_MAX then). */
static void *put(struct writer *writer, size_t size) {
    size_t begin = writer->at;
    writer->at = size > PTRDIFF_MAX || begin > PTRDIFF_MAX ? SIZE_MAX : begin + size;
    return writer->at <= writer->room ? writer->wire + begin : NULL;
}

static void align(struct writer *writer) {
    if (writer->at <= PTRDIFF_MAX) writer->at = aligned(writer->at);
}

/* Returns what stands in the struct. */
static const char *write_string(struct writer *writer, const char *string) {
    if (!string) return NULL;
    size_t size = strlen(string) + 1;
    char *to = put(writer, size);
    if (to) memcpy(to, string, size - 1), to[size - 1] = '\0';
    return (const char *)size;
}

static plait_status write_bytes(struct writer *writer, const char *name, plait_bytes *bytes) {
    if (!bytes->data && bytes->size) {
        plait__put_words(writer->why, "%.40s of '%.64s' has a size, but no data", name, writer->task->name);
        return PLAIT_INVALID;
    }
    align(writer);
    void *to = put(writer, bytes->size);
    if (to && bytes->size) memcpy(to, bytes->data, bytes->size);
    bytes->data = (const void *)(uintptr_t)(bytes->data != NULL);
    return PLAIT_OK;
}

/* One value that is not flat; `to` is its place in the struct on the wire, or NULL. */
static plait_status write_value(struct writer *writer, plait_kind kind, const char *name, const void *value,
                                void *to) {
    plait_status status = PLAIT_OK;
    if (kind == PLAIT_KIND_STRING) {
        const char *string = write_string(writer, *(const char *const *)value);
        if (to) memcpy(to, &string, sizeof string);
    } else if (kind == PLAIT_KIND_BYTES) {
        plait_bytes bytes = *(const plait_bytes *)value;
        status = write_bytes(writer, name, &bytes);
        if (to) memcpy(to, &bytes, sizeof bytes);
    } else if (*(const void *const *)value) {
        plait__put_words(writer->why, "%.40s of '%.64s' cannot travel", name, writer->task->name);
        status = PLAIT_INVALID;
    }
    return status;
}

/* All has been written, or only counted. */
static plait_status finish(const struct writer *writer, size_t *size) {
    *size = writer->at;
    if (writer->at <= PTRDIFF_MAX) return PLAIT_OK;
    plait__put_words(writer->why, "what '%.64s' is to be sent is larger than any memory", writer->task->name);
    return PLAIT_INVALID;
}

/* The struct itself, as it is. */
static char *put_struct(struct writer *writer, const void *from, size_t size) {
    char *to = put(writer, size);
    if (to && from) memcpy(to, from, size);
    return to;
}

/* The common case: nothing but the struct. */
static plait_status write_flat(const plait_task *task, const void *args, void *wire, size_t room,
                               size_t *size) {
    *size = task->args_size;
    if (room >= task->args_size && args)
        memcpy(wire, args, task->args_size);
    else if (room >= task->args_size)
        memset(wire, 0, task->args_size);
    return PLAIT_OK;
}

plait_status plait__wire_write(const plait_task *task, const void *args, void *wire, size_t room,
                               size_t *size, struct plait__words *why) {
    if (!args || args_are_flat(task)) return write_flat(task, args, wire, room, size);
    struct writer writer = {.wire = wire, .room = room, .task = task, .why = why};
    char *to = put_struct(&writer, args, task->args_size);
    plait_status status = PLAIT_OK;
    for (uint32_t i = 0; i < task->count && status == PLAIT_OK; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        if (!is_flat(parameter->kind))
            status = write_value(&writer, parameter->kind, parameter->name,
                                 (const char *)args + parameter->offset, to ? to + parameter->offset : NULL);
    }
    return status ? status : finish(&writer, size);
}

plait_status plait__wire_write_result(const plait_task *task, const void *result, void *wire, size_t room,
                                      size_t *size, struct plait__words *why) {
    struct writer writer = {.wire = wire, .room = room, .task = task, .why = why};
    char *to = put_struct(&writer, result, task->result_size);
    plait_status status = PLAIT_OK;
    if (!is_flat(task->result_kind))
        status = write_value(&writer, task->result_kind, "the result", result, to);
    return status ? status : finish(&writer, size);
}

/* ---- reading ---- */

struct reader {
    char *wire;
    size_t size, at;
};

/* What comes next; NULL: it is not there. */
static void *take(struct reader *reader, size_t size) {
    if (reader->at > reader->size || size > reader->size - reader->at) return NULL;
    reader->at += size;
    return reader->wire + reader->at - size;
}

static bool read_string(struct reader *reader, const char **string) {
    size_t size = (size_t)*string;
    if (!size) return true;
    *string = take(reader, size);
    return *string && !(*string)[size - 1];
}

static bool read_bytes(struct reader *reader, plait_bytes *bytes) {
    if (!bytes->data) return !bytes->size;
    reader->at = aligned(reader->at);
    bytes->data = take(reader, bytes->size);
    return bytes->data != NULL;
}

/* Makes one value in the struct that is not flat what it was. */
static bool read_value(struct reader *reader, plait_kind kind, void *value) {
    if (kind == PLAIT_KIND_STRING) return read_string(reader, value);
    if (kind == PLAIT_KIND_BYTES) return read_bytes(reader, value);
    return true;
}

static plait_status damaged(const plait_task *task, const char *what, struct plait__words *why) {
    plait__put_words(why, "the %s of '%.64s' arrived damaged", what, task->name);
    return PLAIT_INVALID;
}

plait_status plait__wire_read(const plait_task *task, void *wire, size_t size, void **args,
                              struct plait__words *why) {
    struct reader reader = {.wire = wire, .size = size};
    if (!take(&reader, task->args_size)) return damaged(task, "arguments", why);
    for (uint32_t i = 0; i < task->count; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        if (is_flat(parameter->kind)) continue;
        if (!read_value(&reader, parameter->kind, reader.wire + parameter->offset))
            return damaged(task, "arguments", why);
    }
    *args = wire;
    return PLAIT_OK;
}

/* A copy of what a result points at; false: memory is out. */
static bool copy_of(const void *data, size_t size, void **block) {
    *block = data ? plait__allocate_unset(size) : NULL;
    if (*block && size) memcpy(*block, data, size);
    return *block || !data;
}

static plait_status read_string_result(const plait_task *task, struct reader *reader, const char **result,
                                       void **block, struct plait__words *why) {
    const char *string;
    memcpy(&string, reader->wire, sizeof string);
    size_t size = (size_t)string;
    if (!read_string(reader, &string)) return damaged(task, "result", why);
    if (!copy_of(string, size, block)) return PLAIT_NO_MEMORY;
    *result = *block;
    return PLAIT_OK;
}

static plait_status read_bytes_result(const plait_task *task, struct reader *reader, plait_bytes *result,
                                      void **block, struct plait__words *why) {
    plait_bytes bytes;
    memcpy(&bytes, reader->wire, sizeof bytes);
    if (!read_bytes(reader, &bytes)) return damaged(task, "result", why);
    if (!copy_of(bytes.data, bytes.size, block)) return PLAIT_NO_MEMORY;
    *result = (plait_bytes){*block, bytes.size};
    return PLAIT_OK;
}

plait_status plait__wire_read_result(const plait_task *task, const void *wire, size_t size, void *result,
                                     void **block, struct plait__words *why) {
    struct reader reader = {.wire = (char *)wire, .size = size};
    *block = NULL;
    if (!take(&reader, task->result_size)) return damaged(task, "result", why);
    if (task->result_kind == PLAIT_KIND_STRING) return read_string_result(task, &reader, result, block, why);
    if (task->result_kind == PLAIT_KIND_BYTES) return read_bytes_result(task, &reader, result, block, why);
    memcpy(result, wire, task->result_size);
    return PLAIT_OK;
}

/* ---- shared objects on their way ---- */

void plait__wire_keep(const plait_task *task, const void *args) {
    (void)task, (void)args;
}

void plait__wire_drop(const plait_task *task, const void *args) {
    (void)task, (void)args;
}
