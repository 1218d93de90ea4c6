/* wire.c - writes and reads what goes between processes; the format stands in wire.h. */
#include <base/memory.h>
#include <process/wire_value.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

bool plait__wire_args_are_flat(const plait_task *task) {
    for (uint32_t i = 0; i < task->count; i++)
        if (!plait__wire_is_flat_kind(task->parameters[i].kind)) return false;
    return true;
}

bool plait__wire_is_flat(const plait_task *task) {
    return plait__wire_is_flat_kind(task->result_kind) && plait__wire_args_are_flat(task);
}

/* ---- writing ---- */

void *plait__wire_put(struct plait__wire_writer *writer, size_t size) {
    size_t begin = writer->at;
    writer->at = size > PTRDIFF_MAX || begin > PTRDIFF_MAX ? SIZE_MAX : begin + size;
    return writer->at <= writer->room ? writer->wire + begin : NULL;
}

void plait__wire_align(struct plait__wire_writer *writer) {
    if (writer->at <= PTRDIFF_MAX) writer->at = plait__wire_aligned(writer->at);
}

/* Returns what stands in the struct. */
static const char *write_string(struct plait__wire_writer *writer, const char *string) {
    if (!string) return NULL;
    size_t size = strlen(string) + 1;
    char *to = plait__wire_put(writer, size);
    if (to) memcpy(to, string, size - 1), to[size - 1] = '\0';
    return (const char *)size;
}

static plait_status write_bytes(struct plait__wire_writer *writer, const char *name, plait_bytes *bytes) {
    if (!bytes->data && bytes->size) {
        plait__put_words(writer->why, "%.40s of '%.64s' has a size, but no data", name, writer->task->name);
        return PLAIT_INVALID;
    }
    plait__wire_align(writer);
    void *to = plait__wire_put(writer, bytes->size);
    if (to && bytes->size) memcpy(to, bytes->data, bytes->size);
    bytes->data = (const void *)(uintptr_t)(bytes->data != NULL);
    return PLAIT_OK;
}

static plait_status write_shared(struct plait__wire_writer *writer, const void *object) {
    struct plait__travelled record;
    plait_status status = plait__traveller_pack(object, &record, writer->why);
    plait__wire_align(writer);
    void *to = plait__wire_put(writer, sizeof record);
    if (to && status == PLAIT_OK) memcpy(to, &record, sizeof record);
    return status;
}

plait_status plait__wire_put_value(struct plait__wire_writer *writer, plait_kind kind, const char *name,
                                   const void *value, void *to) {
    plait_status status = PLAIT_OK;
    if (kind == PLAIT_KIND_STRING) {
        const char *string = write_string(writer, *(const char *const *)value);
        if (to) memcpy(to, &string, sizeof string);
    } else if (kind == PLAIT_KIND_BYTES) {
        plait_bytes bytes = *(const plait_bytes *)value;
        status = write_bytes(writer, name, &bytes);
        if (to) memcpy(to, &bytes, sizeof bytes);
    } else {
        const void *object = *(const void *const *)value;
        if (object) status = write_shared(writer, object);
        if (to) memcpy(to, &(uintptr_t){object != NULL}, sizeof object);
    }
    return status;
}

plait_status plait__wire_finish(const struct plait__wire_writer *writer, size_t *size) {
    *size = writer->at;
    if (writer->at <= PTRDIFF_MAX) return PLAIT_OK;
    plait__put_words(writer->why, "what '%.64s' is to be sent is larger than any memory", writer->task->name);
    return PLAIT_INVALID;
}

/* The struct itself, as it is. */
static char *put_struct(struct plait__wire_writer *writer, const void *from, size_t size) {
    char *to = plait__wire_put(writer, size);
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
    if (!args || plait__wire_args_are_flat(task)) return write_flat(task, args, wire, room, size);
    struct plait__wire_writer writer = {.wire = wire, .room = room, .task = task, .why = why};
    char *to = put_struct(&writer, args, task->args_size);
    plait_status status = PLAIT_OK;
    for (uint32_t i = 0; i < task->count && status == PLAIT_OK; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        if (!plait__wire_is_flat_kind(parameter->kind))
            status = plait__wire_put_value(&writer, parameter->kind, parameter->name,
                                           (const char *)args + parameter->offset,
                                           to ? to + parameter->offset : NULL);
    }
    return status ? status : plait__wire_finish(&writer, size);
}

plait_status plait__wire_write_result(const plait_task *task, const void *result, void *wire, size_t room,
                                      size_t *size, struct plait__words *why) {
    struct plait__wire_writer writer = {.wire = wire, .room = room, .task = task, .why = why};
    char *to = put_struct(&writer, result, task->result_size);
    plait_status status = PLAIT_OK;
    if (!plait__wire_is_flat_kind(task->result_kind))
        status = plait__wire_put_value(&writer, task->result_kind, "the result", result, to);
    return status ? status : plait__wire_finish(&writer, size);
}

/* ---- reading ---- */

void *plait__wire_take(struct plait__wire_reader *reader, size_t size) {
    if (reader->at > reader->size || size > reader->size - reader->at) return NULL;
    reader->at += size;
    return reader->wire + reader->at - size;
}

static bool read_string(struct plait__wire_reader *reader, const char **string) {
    size_t size = (size_t)*string;
    if (!size) return true;
    *string = plait__wire_take(reader, size);
    return *string && !(*string)[size - 1];
}

static bool read_bytes(struct plait__wire_reader *reader, plait_bytes *bytes) {
    if (!bytes->data) return !bytes->size;
    reader->at = plait__wire_aligned(reader->at);
    bytes->data = plait__wire_take(reader, bytes->size);
    return bytes->data != NULL;
}

plait_status plait__wire_damaged(const plait_task *task, const char *what, struct plait__words *why) {
    plait__put_words(why, "the %s of '%.64s' arrived damaged", what, task->name);
    return PLAIT_INVALID;
}

static plait_status read_shared(struct plait__wire_reader *reader, const plait_task *task, void **object,
                                struct plait__words *why) {
    if (!*object) return PLAIT_OK;
    *object = NULL;
    reader->at = plait__wire_aligned(reader->at);
    const struct plait__travelled *record = plait__wire_take(reader, sizeof *record);
    return record ? plait__traveller_unpack(record, object, why)
                  : plait__wire_damaged(task, "arguments", why);
}

plait_status plait__wire_take_value(struct plait__wire_reader *reader, const plait_task *task,
                                    plait_kind kind, void *value, struct plait__words *why) {
    if (kind == PLAIT_KIND_SHARED) return read_shared(reader, task, value, why);
    bool good = kind == PLAIT_KIND_STRING ? read_string(reader, value) : read_bytes(reader, value);
    return good ? PLAIT_OK : plait__wire_damaged(task, "arguments", why);
}

/* The shared objects among the first parameters. */
static void drop(const plait_task *task, const void *args, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (task->parameters[i].kind == PLAIT_KIND_SHARED)
            plait__traveller_drop(*(void *const *)((const char *)args + task->parameters[i].offset));
}

plait_status plait__wire_read(const plait_task *task, void *wire, size_t size, void **args,
                              struct plait__words *why) {
    struct plait__wire_reader reader = {.wire = wire, .size = size};
    if (!plait__wire_take(&reader, task->args_size)) return plait__wire_damaged(task, "arguments", why);
    for (uint32_t i = 0; i < task->count; i++) {
        const plait_parameter *parameter = &task->parameters[i];
        if (plait__wire_is_flat_kind(parameter->kind)) continue;
        plait_status status = plait__wire_take_value(&reader, task, parameter->kind,
                                                     reader.wire + parameter->offset, why);
        if (status == PLAIT_OK) continue;
        drop(task, wire, i);
        return status;
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

static plait_status read_string_result(const plait_task *task, struct plait__wire_reader *reader,
                                       const char **result, void **block, struct plait__words *why) {
    const char *string;
    memcpy(&string, reader->wire, sizeof string);
    size_t size = (size_t)string;
    if (!read_string(reader, &string)) return plait__wire_damaged(task, "result", why);
    if (!copy_of(string, size, block)) return PLAIT_NO_MEMORY;
    *result = *block;
    return PLAIT_OK;
}

static plait_status read_bytes_result(const plait_task *task, struct plait__wire_reader *reader,
                                      plait_bytes *result, void **block, struct plait__words *why) {
    plait_bytes bytes;
    memcpy(&bytes, reader->wire, sizeof bytes);
    if (!read_bytes(reader, &bytes)) return plait__wire_damaged(task, "result", why);
    if (!copy_of(bytes.data, bytes.size, block)) return PLAIT_NO_MEMORY;
    *result = (plait_bytes){*block, bytes.size};
    return PLAIT_OK;
}

plait_status plait__wire_read_result(const plait_task *task, const void *wire, size_t size, void *result,
                                     void **block, struct plait__words *why) {
    struct plait__wire_reader reader = {.wire = (char *)wire, .size = size};
    *block = NULL;
    if (!plait__wire_take(&reader, task->result_size)) return plait__wire_damaged(task, "result", why);
    if (task->result_kind == PLAIT_KIND_STRING) return read_string_result(task, &reader, result, block, why);
    if (task->result_kind == PLAIT_KIND_BYTES) return read_bytes_result(task, &reader, result, block, why);
    if (task->result_size) memcpy(result, wire, task->result_size);
    return PLAIT_OK;
}

/* ---- shared objects on their way ---- */

void plait__wire_keep(const plait_task *task, const void *args) {
    for (uint32_t i = 0; args && i < task->count; i++) {
        if (task->parameters[i].kind != PLAIT_KIND_SHARED) continue;
        void *object = *(void *const *)((const char *)args + task->parameters[i].offset);
        if (object) (void)plait__traveller_keep(object);
    }
}

void plait__wire_drop(const plait_task *task, const void *args) {
    if (args) drop(task, args, task->count);
}
