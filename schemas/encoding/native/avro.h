/* Avro as an ordinary writer spells it; 0 (or NOT_OURS) for whatever else, and for what goes beyond the end. */
#ifndef CSDL_AVRO_H
#define CSDL_AVRO_H

#include "text.h"

typedef struct {
    const uint8_t *at, *end;
} span;

static int take_long(span *b, int64_t *value) {
    uint64_t raw = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (b->at == b->end) return 0;
        uint8_t c = *b->at++;
        if (shift == 63 && c > 1) return 0;
        raw |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            if (c == 0 && shift) return 0; /* spelt longer than it need be */
            *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
            return 1;
        }
    }
    return 0;
}

static inline int take_int(span *b, int32_t *value) {
    int64_t wide;
    if (!take_long(b, &wide) || wide < INT32_MIN || wide > INT32_MAX) return 0;
    *value = (int32_t)wide;
    return 1;
}

static inline int take_text(span *b, const uint8_t **text, int64_t *bytes) {
    if (b->at < b->end && *b->at < 0x80) { /* nearly all are short */
        if (*b->at & 1) return 0;
        *bytes = *b->at++ >> 1;
    } else if (!take_long(b, bytes)) {
        return 0;
    }
    if (*bytes < 0 || *bytes > b->end - b->at) return 0;
    *text = b->at;
    b->at += *bytes;
    return 1;
}

/* The next block of an array: its items (0 ends the array) and, where its size is said, its end. */
static int take_block(span *b, int64_t *items, const uint8_t **ends) {
    *ends = NULL;
    if (!take_long(b, items)) return 0;
    if (*items < 0) {
        int64_t size;
        if (*items == INT64_MIN || !take_long(b, &size) || size < 0 || size > b->end - b->at) return 0;
        *items = -*items;
        *ends = b->at + size;
    }
    return *items <= b->end - b->at || *items == 0;
}

/* Over a value that is not looked at; ``type`` in capitals may be null. Texts must be texts all the same. */
static int pass_over(span *b, uint8_t type) {
    int64_t wide, bytes;
    int32_t narrow;
    const uint8_t *text;
    if (type < 'a') {
        if (b->at == b->end) return 0;
        uint8_t branch = *b->at++;
        if (branch == 0) return 1;
        if (branch != 2) return 0;
        type |= 0x20;
    }
    switch (type) {
    case 's': return take_text(b, &text, &bytes) && is_utf8(text, text + bytes);
    case 'i': case 'd': return take_int(b, &narrow);
    case 'l': return take_long(b, &wide);
    case 'b': return b->at < b->end && *b->at++ < 2;
    case 'f':
        if (b->end - b->at < 8) return 0;
        b->at += 8;
        return 1;
    default: return 0;
    }
}

/* Over a list whose items have these members; 1 empty, 0 not, NOT_OURS. */
static int pass_list(span *b, const uint8_t *members, int count) {
    int empty = 1;
    for (;;) {
        int64_t items;
        const uint8_t *ends;
        if (!take_block(b, &items, &ends)) return NOT_OURS;
        if (!items) return empty;
        empty = 0;
        for (int64_t i = 0; i < items; i++)
            for (int j = 0; j < count; j++)
                if (!pass_over(b, members[j])) return NOT_OURS;
        if (ends && b->at != ends) return NOT_OURS;
    }
}

#endif
