/* Rows of chunks: Avro bytes to row texts, their hashes and a few columns, in one pass. See rows.py.
 *
 * The bytes are a stranger's. Whatever is not spelt as an ordinary writer spells it is NOT_OURS, and the present
 * way decides; nothing is read beyond a value's end or written beyond the room that the caller gave.
 */
#include "blake2b.h"

#define NOT_OURS (-1)
#define FRAME_BYTES 5
#define FIELD_END 0x1f
#define LONGEST 12 /* of what is no text: a date, a number, "false"; with its separator */

typedef struct {
    const uint8_t *at, *end;
} span;

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

static const uint8_t TABLE_BLANK = 1, TABLE_HIGH = 2, TABLE_ODD = 4;
static uint8_t kind_of[256];

__attribute__((constructor)) static void fill_kinds(void) {
    for (int c = 0; c < 256; c++) {
        if (c == ' ')
            kind_of[c] = TABLE_BLANK;
        else if (c > ' ' && c < 0x7f && c != '\\')
            kind_of[c] = 0;
        else if ((c >= 0x80 && c < 0xc0) || (c >= 0xc3 && c < 0xc7) || c == 0xe1)
            kind_of[c] = TABLE_HIGH;
        else
            kind_of[c] = TABLE_ODD;
    }
}

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

static int continues(const uint8_t *at, const uint8_t *end, int bytes) {
    if (end - at < bytes) return 0;
    for (int i = 0; i < bytes; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return 1;
}

static int is_utf8(const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        uint8_t c = *at++;
        if (c < 0x80) continue;
        int more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if (c < 0xc2 || c > 0xf4 || !continues(at, end, more)) return 0;
        if ((c == 0xe0 && *at < 0xa0) || (c == 0xed && *at > 0x9f)) return 0; /* too long; surrogates */
        if ((c == 0xf0 && *at < 0x90) || (c == 0xf4 && *at > 0x8f)) return 0;
        at += more;
    }
    return 1;
}

/* Whether normal.text would leave it as it is: printable ASCII and Vietnamese letters, no blank too many. */
static int is_plain(const uint8_t *at, const uint8_t *end) {
    int blank = 1;
    while (at < end) {
        uint8_t c = *at++;
        if (c == ' ') {
            if (blank) return 0;
            blank = 1;
            continue;
        }
        blank = 0;
        if (c < 0x80) continue;
        if (c == 0xe1) {
            if (!continues(at, end, 2) || (*at != 0xba && *at != 0xbb)) return 0;
            at += 2;
        } else {
            if (c < 0xc3 || !continues(at, end, 1)) return 0;
            at += 1;
        }
    }
    return !blank;
}

/* 1 plain, 0 to be looked at by the present way, NOT_OURS for what is no text. */
static inline int look_at(const uint8_t *text, int64_t bytes) {
    uint8_t kinds = 0;
    for (int64_t i = 0; i < bytes; i++) kinds |= kind_of[text[i]];
    if (!kinds) return 1;
    if (!(kinds & TABLE_ODD) && is_plain(text, text + bytes)) return 1;
    return is_utf8(text, text + bytes) ? 0 : NOT_OURS;
}

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

static int64_t put_int(uint8_t *out, int32_t value) {
    uint8_t digits[10];
    int n = 0;
    int64_t wide = value, written = 0;
    if (wide < 0) {
        out[written++] = '-';
        wide = -wide;
    }
    do digits[n++] = (uint8_t)('0' + wide % 10);
    while (wide /= 10);
    while (n) out[written++] = digits[--n];
    return written;
}

/* Days since 1970 as YYYY-MM-DD (Howard Hinnant's civil_from_days); 0 for a year that is not of four digits. */
static int64_t put_date(uint8_t *out, int32_t days) {
    if (days < -719162 || days > 2932896) return 0;
    uint32_t z = (uint32_t)(days + 719468), era = z / 146097, doe = z - era * 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    uint32_t d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    uint32_t y = yoe + era * 400 + (m <= 2);
    uint32_t parts[3] = {y, m, d};
    uint8_t *at = out;
    for (int i = 0; i < 3; i++) {
        if (i) *at++ = '-';
        if (!i) {
            *at++ = (uint8_t)('0' + y / 1000);
            *at++ = (uint8_t)('0' + y / 100 % 10);
        }
        *at++ = (uint8_t)('0' + parts[i] / 10 % 10);
        *at++ = (uint8_t)('0' + parts[i] % 10);
    }
    return at - out;
}

/* What has at most two places behind the point and six before it: its shortest spelling is those digits, for no
 * two numbers of up to 15 digits are one double. 0 for any other. Minus nought is nought (normal.py). */
static int64_t put_double(uint8_t *out, const uint8_t *from) {
    uint64_t bits = little_endian(from);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!(value > -1e6 && value < 1e6)) return 0;
    int32_t hundredths = (int32_t)(value * 100 + (value < 0 ? -0.5 : 0.5));
    if (hundredths / 100.0 != value) return 0;
    uint8_t *at = out;
    if (hundredths < 0) {
        *at++ = '-';
        hundredths = -hundredths;
    }
    at += put_int(at, hundredths / 100);
    *at++ = '.';
    *at++ = (uint8_t)('0' + hundredths / 10 % 10);
    if (hundredths % 10) *at++ = (uint8_t)('0' + hundredths % 10);
    return at - out;
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

static inline int fits(const table *t, int64_t written, int64_t more) { return t->text_room - written >= more; }

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
                int looked = look_at(text, bytes);
                if (looked == NOT_OURS) return NOT_OURS;
                plain &= looked;
                memcpy(t->text + out, text, (size_t)bytes);
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
    blake2b_start unkeyed;
    blake2b_begin(&unkeyed, NULL, 0);
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
                blake2b_hex(&unkeyed, t->text + start, (size_t)said, t->hashes + HEX_BYTES * row);
                put_view(t->digests + row, t->hashes, HEX_BYTES * row, HEX_BYTES);
            }
            if (block_end && b.at != block_end) return NOT_OURS;
        }
        lengths[n] = row - first;
        ends[n] = b.at - 1 - values[n];
    }
    return written;
}

/* Keyed hashes of texts as Arrow has them: from offsets[i] to offsets[i + 1]. 0, or NOT_OURS. */
int64_t csdl_macs(const uint8_t *key, int64_t key_bytes, const uint8_t *text, const int64_t *offsets, int64_t count,
                  uint8_t *hashes, view *digests) {
    if (key_bytes < 0 || key_bytes > KEY_BYTES || count > INT32_MAX / HEX_BYTES) return NOT_OURS;
    blake2b_start keyed;
    blake2b_begin(&keyed, key, (size_t)key_bytes);
    for (int64_t i = 0; i < count; i++) {
        blake2b_hex(&keyed, text + offsets[i], (size_t)(offsets[i + 1] - offsets[i]), hashes + HEX_BYTES * i);
        put_view(digests + i, hashes, HEX_BYTES * i, HEX_BYTES);
    }
    return 0;
}
