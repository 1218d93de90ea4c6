/* text.c - a text that grows while it is written. */
#include <base/memory.h>
#include <check/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Makes room for `more` bytes and the end. */
static bool grow(struct plait__text *text, size_t more) {
    if (text->failed) return false;
    if (text->length + more < text->room) return true;
    size_t room = 2 * (text->length + more) + 256;
    char *wider = plait__allocate_unset(room);
    if (!wider) {
        text->failed = true;
        return false;
    }
    if (text->length) memcpy(wider, text->at, text->length);
    wider[text->length] = 0;
    plait__release(text->at);
    text->at = wider;
    text->room = room;
    return true;
}

void plait__text_add(struct plait__text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && grow(text, (size_t)length)) {
        vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void plait__text_tab(struct plait__text *text, size_t column) {
    size_t start = text->length;
    while (start && text->at[start - 1] != '\n') start--;
    size_t at = text->length - start;
    int spaces = at < column ? (int)(column - at) : at ? 1 : 0;
    plait__text_add(text, "%*s", spaces, "");
}

void plait__text_number(struct plait__text *text, uint64_t number) {
    if (number >= 1000) {
        plait__text_number(text, number / 1000);
        plait__text_add(text, ",%03u", (unsigned)(number % 1000));
    } else {
        plait__text_add(text, "%u", (unsigned)number);
    }
}

char *plait__text_take(struct plait__text *text) {
    if (!text->failed) grow(text, 0);
    char *taken = text->at;
    if (text->failed) {
        plait__release(taken);
        taken = NULL;
    }
    *text = (struct plait__text){0};
    return taken;
}
