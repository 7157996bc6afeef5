/* Texts: which need no second look (encoding/normal.py), and how numbers and days are spelt in a row (digest.csv). */
#ifndef CSDL_TEXT_H
#define CSDL_TEXT_H

#include "blake2b.h"

#define NOT_OURS (-1)

/* Printable ASCII but the blank. */
static inline int is_common(uint8_t c) { return c > ' ' && c < 0x7f; }

/* Whether eight bytes are, all at once: both sums set a byte's highest bit at what is not (or a carry does, behind a
 * byte that is not). */
static inline int are_common(uint64_t eight) {
    const uint64_t ones = ~(uint64_t)0 / 255, high = ones << 7;
    return !((eight | (eight - ones * 0x21) | (eight + ones)) & high);
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

static int are_all_common(const uint8_t *at, const uint8_t *ends, const uint8_t *readable) {
    for (; ends - at >= 8; at += 8)
        if (!are_common(little_endian(at))) return 0;
    if (readable - at >= 8) { /* the rest, and behind it what is common */
        unsigned rest = 8 * (unsigned)(ends - at);
        uint64_t eight = little_endian(at) & (((uint64_t)1 << rest) - 1);
        return are_common(eight | ~(uint64_t)0 / 255 * 'a' << rest);
    }
    while (at < ends)
        if (!is_common(*at++)) return 0;
    return 1;
}

/* Bytes of the letter at ``at``, 0 of a blank (normal.BLANKS), negative of what is left to the present way: letters
 * that are not in NFC or might be put together with others, NUL, and blanks beyond Latin. ``*bytes`` of a blank. */
static inline int letter(const uint8_t *at, const uint8_t *end, int *bytes) {
    uint8_t c = *at;
    *bytes = 1;
    if (c < 0x80) return c > ' ' && c < 0x7f ? 1 : c ? 0 : -1;
    if (c == 0xc2 && continues(at + 1, end, 1)) {
        *bytes = 2;
        return at[1] <= 0xa0 ? 0 : 2; /* U+0080 to 00A0 */
    }
    if (c >= 0xc3 && c <= 0xc6) return continues(at + 1, end, 1) ? 2 : -1;
    if (!continues(at + 1, end, 2)) return -1;
    if (c == 0xe1) return at[1] == 0xba || at[1] == 0xbb ? 3 : -1; /* Vietnamese */
    return c == 0xe2 && at[1] == 0x80 && at[2] >= 0x90 && at[2] <= 0xa7 ? 3 : -1; /* dashes and quotes */
}

/* A text as normal.py has it, every run of blanks one blank and none at the ends; its bytes, never more than came.
 * Negative if the present way has to look at it. */
static int64_t put_normal(uint8_t *out, const uint8_t *at, const uint8_t *end) {
    uint8_t *start = out;
    int blank = 0, bytes;
    while (at < end) {
        int of = letter(at, end, &bytes);
        if (of < 0) return -1;
        if (of == 0) {
            blank = out > start;
            at += bytes;
            continue;
        }
        if (blank) *out++ = ' ';
        blank = 0;
        while (of--) *out++ = *at++;
    }
    return out - start;
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
