/* text.c - a text that grows. */
#include <base/memory.h>
#include <base/text.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

/* Room for so much more, and the zero at the end. */
static bool make_room(struct plait__text *text, size_t more) {
    if (text->failed) return false;
    size_t room = text->room ? text->room : FIRST_ROOM;
    while (room <= text->length + more) room *= 2;
    if (room == text->room) return true;
    char *larger = plait__allocate_unset(room);
    if (larger && text->length) memcpy(larger, text->at, text->length + 1);
    plait__release(text->at);
    *text = (struct plait__text){larger, larger ? text->length : 0, larger ? room : 0, !larger};
    return larger != NULL;
}

void plait__say(struct plait__text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && make_room(text, (size_t)length)) {
        (void)vsnprintf(text->at + text->length, text->room - text->length, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void plait__say_plainly(struct plait__text *text, const char *words, size_t most) {
    size_t length = strnlen(words, most);
    if (!make_room(text, length)) return;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)words[i];
        text->at[text->length++] = c < ' ' || c == 127 ? '?' : words[i];
    }
    text->at[text->length] = '\0';
}

void plait__say_tab(struct plait__text *text, size_t column) {
    size_t start = text->length;
    while (start && text->at[start - 1] != '\n') start--;
    size_t at = text->length - start;
    int spaces = at < column ? (int)(column - at) : at ? 1 : 0;
    plait__say(text, "%*s", spaces, "");
}

void plait__say_number(struct plait__text *text, uint64_t number) {
    if (number >= 1000) {
        plait__say_number(text, number / 1000);
        plait__say(text, ",%03u", (unsigned)(number % 1000));
    } else {
        plait__say(text, "%u", (unsigned)number);
    }
}

char *plait__text_take(struct plait__text *text) {
    plait__say(text, "%s", ""); /* a text of nothing is one, too */
    char *taken = text->at;
    if (text->failed) {
        plait__release(taken);
        taken = NULL;
    }
    *text = (struct plait__text){0};
    return taken;
}
