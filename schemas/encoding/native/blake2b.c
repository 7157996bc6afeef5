#include "blake2b.h"

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

static inline uint64_t turned(uint64_t word, unsigned by) { return word >> by | word << (64 - by); }

#define MIX(a, b, c, d, x, y) \
    a += b + m[x];            \
    d = turned(d ^ a, 32);    \
    c += d;                   \
    b = turned(b ^ c, 24);    \
    a += b + m[y];            \
    d = turned(d ^ a, 16);    \
    c += d;                   \
    b = turned(b ^ c, 63);

/* The words of a block in the order in which a round takes them. */
#define ROUND(p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, pa, pb, pc, pd, pe, pf) \
    MIX(v0, v4, v8, vc, p0, p1)                                               \
    MIX(v1, v5, v9, vd, p2, p3)                                               \
    MIX(v2, v6, va, ve, p4, p5)                                               \
    MIX(v3, v7, vb, vf, p6, p7)                                               \
    MIX(v0, v5, va, vf, p8, p9)                                               \
    MIX(v1, v6, vb, vc, pa, pb)                                               \
    MIX(v2, v7, v8, vd, pc, pd)                                               \
    MIX(v3, v4, v9, ve, pe, pf)

static void compress(uint64_t h[8], const uint8_t *block, uint64_t counted, uint64_t last) {
    uint64_t m[16];
    for (int i = 0; i < 16; i++) m[i] = little_endian(block + 8 * i);
    uint64_t v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
    uint64_t v8 = IV[0], v9 = IV[1], va = IV[2], vb = IV[3];
    uint64_t vc = IV[4] ^ counted, vd = IV[5], ve = IV[6] ^ last, vf = IV[7];
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
    ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)
    ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)
    ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)
    ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)
    ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)
    ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)
    ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)
    ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
    h[0] ^= v0 ^ v8;
    h[1] ^= v1 ^ v9;
    h[2] ^= v2 ^ va;
    h[3] ^= v3 ^ vb;
    h[4] ^= v4 ^ vc;
    h[5] ^= v5 ^ vd;
    h[6] ^= v6 ^ ve;
    h[7] ^= v7 ^ vf;
}

void blake2b_begin(blake2b_start *start, const uint8_t *key, size_t key_bytes) {
    memset(start, 0, sizeof *start);
    memcpy(start->empty, IV, sizeof IV);
    start->empty[0] ^= 0x01010000u ^ (uint64_t)key_bytes << 8 ^ HASH_BYTES;
    memcpy(start->state, start->empty, sizeof start->state);
    if (key_bytes) {
        memcpy(start->block, key, key_bytes);
        start->counted = BLOCK_BYTES;
        compress(start->state, start->block, BLOCK_BYTES, 0);
    }
}

void blake2b_hex(const blake2b_start *start, const uint8_t *text, size_t bytes, uint8_t *hex) {
    static const uint8_t digits[16] = "0123456789abcdef";
    uint64_t h[8], counted = start->counted;
    uint8_t rest[BLOCK_BYTES] = {0};
    if (bytes) {
        memcpy(h, start->state, sizeof h);
        for (; bytes > BLOCK_BYTES; text += BLOCK_BYTES, bytes -= BLOCK_BYTES)
            compress(h, text, counted += BLOCK_BYTES, 0);
        memcpy(rest, text, bytes);
        compress(h, rest, counted + bytes, ~(uint64_t)0);
    } else { /* the key's block is the last, or one of zeros */
        memcpy(h, start->empty, sizeof h);
        compress(h, start->block, counted, ~(uint64_t)0);
    }
    for (int i = 0; i < HASH_BYTES; i++) {
        uint8_t byte = (uint8_t)(h[i / 8] >> 8 * (i % 8));
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
}
