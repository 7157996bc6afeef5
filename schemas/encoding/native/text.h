/* Texts: which need no second look (encoding/normal.py), and how numbers and days are spelt in a row (digest.csv). */
#ifndef CSDL_TEXT_H
#define CSDL_TEXT_H

#include "blake2b.h"

#define NOT_OURS (-1)

/* Printable ASCII, but blanks and the backslash of JSON's escapes. */
static inline int is_common(uint8_t c) { return c > ' ' && c < 0x7f && c != '\\'; }

/* Whether eight bytes are, all at once: each of the three sums sets a byte's highest bit at what is not (or a carry
 * does, behind a byte that is not). */
static inline int are_common(uint64_t eight) {
    const uint64_t ones = ~(uint64_t)0 / 255, high = ones << 7;
    uint64_t below = eight - ones * 0x21, backslash = (eight ^ ones * '\\') - ones, above = eight + ones;
    return !((eight | below | backslash | above) & high);
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
        if (is_common(c)) continue;
        if (c == 0xe1) {
            if (!continues(at, end, 2) || (*at != 0xba && *at != 0xbb)) return 0;
            at += 2;
        } else {
            if (c < 0xc3 || c > 0xc6 || !continues(at, end, 1)) return 0;
            at += 1;
        }
    }
    return !blank;
}

/* 1 plain, 0 to be looked at by the present way, NOT_OURS for what is no text. ``end`` of what may be read. */
static inline int look_at(const uint8_t *text, int64_t bytes, const uint8_t *end) {
    const uint8_t *at = text, *ends = text + bytes;
    int common = 1;
    for (; common && ends - at >= 8; at += 8) common = are_common(little_endian(at));
    if (common && end - at >= 8) { /* the rest, and behind it what is common */
        uint64_t eight = little_endian(at);
        unsigned rest = 8 * (unsigned)(ends - at);
        eight = (eight & (((uint64_t)1 << rest) - 1)) | ~(uint64_t)0 / 255 * 'a' << rest;
        common = are_common(eight);
    } else {
        while (common && at < ends) common = is_common(*at++);
    }
    if (common || is_plain(text, ends)) return 1;
    return is_utf8(text, ends) ? 0 : NOT_OURS;
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

#endif
