/* pool_parcel.c - puts arguments and results where there is room for them; see pool_parcel.h. */
#include <base/os_file.h>
#include <process/pool_parcel.h>
#include <string.h>

static struct plait__parcel *parcel_of(struct plait__pool_cell *cell, enum plait__way way) {
    return way == PLAIT__ARGUMENTS ? &cell->args : &cell->result;
}

static char *here(struct plait__pool_cell *cell, enum plait__way way) {
    return way == PLAIT__ARGUMENTS ? cell->args_here : cell->result_here;
}

static size_t room_here(enum plait__way way) {
    return way == PLAIT__ARGUMENTS ? PLAIT__CELL_ARGS : PLAIT__CELL_RESULT;
}

/* Into a file of just that size. */
static plait_status write_file(struct plait__parcel *parcel, size_t size,
                               const struct plait__parcel_source *source, struct plait__words *why) {
    int file = plait__os_file_new("plait parcel", size);
    void *memory = file < 0 ? NULL : plait__os_map(file, size, true);
    if (!memory) {
        plait__put_words(why, "there is not enough memory for a message of %zu bytes between processes",
                         size);
        if (file >= 0) plait__os_close(file);
        return PLAIT_NO_MEMORY;
    }
    plait_status status = source->write(source, memory, size, &size, why);
    plait__os_unmap(memory, size);
    if (status != PLAIT_OK)
        plait__os_close(file);
    else
        *parcel = (struct plait__parcel){size, PLAIT__IN_FILE, file};
    return status;
}

plait_status plait__parcel_write(struct plait__pool_memory *memory, uint32_t cell, enum plait__way way,
                                 const struct plait__parcel_source *source, struct plait__words *why) {
    struct plait__pool_cell *in = &memory->cells[cell];
    struct plait__parcel *parcel = parcel_of(in, way);
    size_t size = 0;
    *parcel = (struct plait__parcel){0, PLAIT__IN_CELL, -1};
    plait_status status = source->write(source, here(in, way), room_here(way), &size, why);
    if (status == PLAIT_OK && size > room_here(way)) {
        parcel->place = PLAIT__IN_ROOM;
        if (size <= PLAIT__ROOM)
            status = source->write(source, memory->rooms[cell][way], PLAIT__ROOM, &size, why);
        else
            return write_file(parcel, size, source, why);
    }
    parcel->size = size;
    return status;
}

static plait_status open_file(const struct plait__parcel *parcel, int32_t writer,
                              struct plait__parcel_view *view, struct plait__words *why) {
    int file = plait__os_file_of(writer, parcel->file, view->size);
    view->mapped = file < 0 ? NULL : plait__os_map(file, view->size, false);
    if (file >= 0) plait__os_close(file);
    view->wire = view->mapped;
    if (view->wire) return PLAIT_OK;
    plait__put_words(why, "a message of %zu bytes from process %d cannot be read", view->size, (int)writer);
    return PLAIT_INVALID;
}

/* The parcel is read once: whoever wrote it might write still, if it has gone wild. */
plait_status plait__parcel_open(struct plait__pool_memory *memory, uint32_t cell, enum plait__way way,
                                int32_t writer, struct plait__parcel_view *view, struct plait__words *why) {
    struct plait__pool_cell *in = &memory->cells[cell];
    struct plait__parcel parcel = *parcel_of(in, way);
    *view = (struct plait__parcel_view){here(in, way), parcel.size, NULL};
    if (parcel.place == PLAIT__IN_CELL && parcel.size <= room_here(way)) return PLAIT_OK;
    view->wire = memory->rooms[cell][way];
    if (parcel.place == PLAIT__IN_ROOM && parcel.size <= PLAIT__ROOM) return PLAIT_OK;
    if (parcel.place == PLAIT__IN_FILE && parcel.size) return open_file(&parcel, writer, view, why);
    plait__put_words(why, "a message from process %d makes no sense", (int)writer);
    return PLAIT_INVALID;
}

void plait__parcel_close(struct plait__parcel_view *view) {
    if (view->mapped) plait__os_unmap(view->mapped, view->size);
}
