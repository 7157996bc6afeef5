/* Rows of chunks: Avro bytes to row texts, their hashes and a few columns, in one pass. See rows.py.
 *
 * The bytes are a stranger's. Whatever is not spelt as an ordinary writer spells it is NOT_OURS, and the present
 * way decides; nothing is read beyond a value's end or written beyond the room that the caller gave.
 */
#include "avro.h"

#define FRAME_BYTES 5
#define FIELD_END 0x1f
#define LONGEST 12 /* of what is no text: a date, a number, "false"; with its separator */

/* Arrow's view of a text: up to 12 bytes stand in it, of a longer one the first four and where it lies. */
typedef struct {
    int32_t bytes;
    uint8_t first[4];
    int32_t buffer, from;
} view;

typedef struct {
    int64_t is_text;
    uint8_t *valid; /* a bit a row */
    void *values;   /* views of texts, or int32_t */
} column;

/* What the caller gave room for: so many rows, with so many bytes of text. ``left`` has four numbers of each row
 * that is left to the present way: row, chunk, its start and its end in the chunk. */
typedef struct {
    int64_t rows_room, text_room, columns;
    uint8_t *text, *hashes;
    view *texts, *digests;
    column *wanted;
    int64_t *left;
    int64_t lefts;
} table;

static void put_view(view *v, const uint8_t *buffer, int64_t from, int64_t bytes) {
    memset(v, 0, sizeof *v);
    v->bytes = (int32_t)bytes;
    if (bytes <= 12) {
        memcpy((uint8_t *)v + 4, buffer + from, (size_t)bytes);
    } else {
        memcpy(v->first, buffer + from, 4);
        v->from = (int32_t)from;
    }
}

/* Texts that wait to be hashed together, each for its row. */
typedef struct {
    blake2b_start start;
    blake2b_text texts[BLOCK_LANES];
    int64_t rows[BLOCK_LANES];
    int count;
} hashing;

static void hash(hashing *w, const uint8_t *hashes, view *digests) {
    blake2b_hex(&w->start, w->texts, w->count);
    for (int i = 0; i < w->count; i++)
        put_view(digests + w->rows[i], hashes, HEX_BYTES * w->rows[i], HEX_BYTES);
    w->count = 0;
}

static void put_text(hashing *w, const uint8_t *text, int64_t bytes, uint8_t *hashes, view *digests, int64_t row) {
    w->texts[w->count] = (blake2b_text){text, (size_t)bytes, hashes + HEX_BYTES * row};
    w->rows[w->count++] = row;
    if (w->count == BLOCK_LANES) hash(w, hashes, digests);
}

static inline int fits(const table *t, int64_t written, int64_t more) { return t->text_room - written >= more; }

/* ``room``: 16 bytes may be read and written, for nearly all texts are short. */
static inline void copy(uint8_t *to, const uint8_t *from, int64_t bytes, int room) {
    if (room && bytes <= 16) {
        memcpy(to, from, 16);
    } else {
        memcpy(to, from, (size_t)bytes);
    }
}

/* One row's text behind ``*written``. 1 plain, 0 left to the present way, NOT_OURS. */
static int take_row(table *t, span *b, const uint8_t *plan, const uint8_t *plan_end, int64_t row, int64_t *written) {
    int64_t start = *written, out = start;
    int plain = 1;
    while (plan < plan_end) {
        uint8_t type = *plan++, to = *plan++;
        const uint8_t *members = plan;
        if ((type | 0x20) == 'a') plan += 1 + *plan;
        column *c = to < t->columns ? &t->wanted[to] : NULL;
        int given = 1;
        if (type < 'a') {
            if (b->at == b->end) return NOT_OURS;
            uint8_t branch = *b->at++;
            if (branch != 0 && branch != 2) return NOT_OURS;
            given = branch == 2;
            type |= 0x20;
        }
        if (!fits(t, out, LONGEST)) return NOT_OURS;
        if (given) switch (type) {
            case 's': {
                const uint8_t *text;
                int64_t bytes;
                if (!take_text(b, &text, &bytes) || !fits(t, out, bytes + 1)) return NOT_OURS;
                if (are_all_common(text, text + bytes, b->end)) {
                    copy(t->text + out, text, bytes, fits(t, out, 16) && b->end - text >= 16);
                } else {
                    int64_t normal = put_normal(t->text + out, text, text + bytes);
                    if (normal < 0 && !is_utf8(text, text + bytes)) return NOT_OURS;
                    plain &= normal >= 0;
                    bytes = normal < 0 ? 0 : normal;
                }
                if (c && bytes) {
                    put_view((view *)c->values + row, t->text, out, bytes);
                    c->valid[row / 8] |= (uint8_t)(1 << row % 8);
                }
                out += bytes;
                break;
            }
            case 'i': case 'd': {
                int32_t number;
                if (!take_int(b, &number)) return NOT_OURS;
                int64_t bytes = type == 'i' ? put_int(t->text + out, number) : put_date(t->text + out, number);
                plain &= bytes > 0;
                out += bytes;
                if (c) {
                    ((int32_t *)c->values)[row] = number;
                    c->valid[row / 8] |= (uint8_t)(1 << row % 8);
                }
                break;
            }
            case 'b': {
                if (b->at == b->end || *b->at > 1) return NOT_OURS;
                int yes = *b->at++;
                memcpy(t->text + out, yes ? "true" : "false", yes ? 4 : 5);
                out += yes ? 4 : 5;
                break;
            }
            case 'f': {
                if (b->end - b->at < 8) return NOT_OURS;
                int64_t bytes = put_double(t->text + out, b->at);
                b->at += 8;
                plain &= bytes > 0;
                out += bytes;
                break;
            }
            case 'l': /* no contract has one yet */
                if (!pass_over(b, 'l')) return NOT_OURS;
                plain = 0;
                break;
            case 'a': {
                int empty = pass_list(b, members + 1, *members);
                if (empty == NOT_OURS) return NOT_OURS;
                plain &= empty;
                break;
            }
            default: return NOT_OURS;
        }
        t->text[out++] = FIELD_END;
    }
    *written = out;
    return plain;
}

static void begin(table *t) {
    t->lefts = 0;
    for (int64_t i = 0; i < t->columns; i++) {
        column *c = &t->wanted[i];
        memset(c->valid, 0, (size_t)(t->rows_room + 7) / 8);
        memset(c->values, 0, (size_t)t->rows_room * (c->is_text ? sizeof(view) : sizeof(int32_t)));
    }
}

static void forget_row(table *t, int64_t row) {
    for (int64_t i = 0; i < t->columns; i++) {
        column *c = &t->wanted[i];
        c->valid[row / 8] &= (uint8_t)~(1 << row % 8);
        if (c->is_text) memset((view *)c->values + row, 0, sizeof(view));
    }
}

/* Where each chunk's list of records begins, and in all how many rows may come: as many as its header names,
 * and as have room in it. ``plan``: the types of the header's fields up to the records, R for the rows' numbers;
 * ``least``: bytes of a record. */
int64_t csdl_heads(const uint8_t *plan, int64_t least, const uint8_t *const *values, const int64_t *bytes,
                   int64_t chunks, int64_t *begins) {
    int64_t rows = 0;
    for (int64_t n = 0; n < chunks; n++) {
        if (bytes[n] < FRAME_BYTES) return NOT_OURS;
        span b = {values[n] + FRAME_BYTES, values[n] + bytes[n]};
        int64_t named = 0;
        for (const uint8_t *type = plan; *type; type++) {
            if (*type != 'R') {
                if (!pass_over(&b, *type)) return NOT_OURS;
                continue;
            }
            for (;;) {
                int64_t items;
                const uint8_t *ends;
                int32_t number;
                if (!take_block(&b, &items, &ends)) return NOT_OURS;
                if (!items) break;
                for (int64_t i = 0; i < items; i++)
                    if (!take_int(&b, &number)) return NOT_OURS;
                if (ends && b.at != ends) return NOT_OURS;
                named += items;
            }
        }
        int64_t room = (b.end - b.at) / least;
        rows += named < room ? named : room;
        begins[n] = b.at - values[n];
    }
    return rows;
}

/* The rows of all chunks. Plan: of each field its type, its column, of a list its members; ``pad``: fields that
 * have come since. ``lengths`` and ``ends``: a chunk's rows and where its list ends, without the last zero.
 * Gives the bytes of text written. */
int64_t csdl_rows(const uint8_t *plan, int64_t plan_bytes, int64_t pad, const uint8_t *const *values,
                  const int64_t *bytes, int64_t chunks, const int64_t *begins, int64_t *lengths, int64_t *ends,
                  table *t) {
    hashing waiting = {.count = 0};
    blake2b_begin(&waiting.start, NULL, 0);
    int64_t row = 0, written = 0;
    begin(t);
    for (int64_t n = 0; n < chunks; n++) {
        span b = {values[n] + begins[n], values[n] + bytes[n]};
        int64_t first = row;
        for (;;) {
            int64_t items;
            const uint8_t *block_end;
            if (!take_block(&b, &items, &block_end)) return NOT_OURS;
            if (!items) break;
            for (int64_t i = 0; i < items; i++, row++) {
                if (row == t->rows_room) return NOT_OURS;
                int64_t start = written;
                const uint8_t *from = b.at;
                int plain = take_row(t, &b, plan, plan + plan_bytes, row, &written);
                if (plain == NOT_OURS) return NOT_OURS;
                if (!plain) {
                    int64_t *left = t->left + 4 * t->lefts++;
                    left[0] = row;
                    left[1] = n;
                    left[2] = from - values[n];
                    left[3] = b.at - values[n];
                    written = start;
                    forget_row(t, row);
                    put_view(t->texts + row, t->text, start, 0);
                    put_view(t->digests + row, t->text, start, 0);
                    continue;
                }
                if (!fits(t, written, pad)) return NOT_OURS;
                memset(t->text + written, FIELD_END, (size_t)pad);
                written += pad;
                int64_t text_bytes = written - start - 1; /* a separator between fields, none behind the last */
                put_view(t->texts + row, t->text, start, text_bytes);
                int64_t said = text_bytes;
                while (said && t->text[start + said - 1] == FIELD_END) said--;
                put_text(&waiting, t->text + start, said, t->hashes, t->digests, row);
            }
            if (block_end && b.at != block_end) return NOT_OURS;
        }
        lengths[n] = row - first;
        ends[n] = b.at - 1 - values[n];
    }
    hash(&waiting, t->hashes, t->digests);
    return written;
}

/* Keyed hashes of texts as Arrow has them: from offsets[i] to offsets[i + 1]. 0, or NOT_OURS. */
int64_t csdl_macs(const uint8_t *key, int64_t key_bytes, const uint8_t *text, const int64_t *offsets, int64_t count,
                  uint8_t *hashes, view *digests) {
    if (key_bytes < 0 || key_bytes > KEY_BYTES || count > INT32_MAX / HEX_BYTES) return NOT_OURS;
    hashing waiting = {.count = 0};
    blake2b_begin(&waiting.start, key, (size_t)key_bytes);
    for (int64_t i = 0; i < count; i++)
        put_text(&waiting, text + offsets[i], offsets[i + 1] - offsets[i], hashes, digests, i);
    hash(&waiting, hashes, digests);
    return 0;
}
