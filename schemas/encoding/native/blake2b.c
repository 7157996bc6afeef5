#include "blake2b.h"

static const uint64_t IV[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

#define TURNED(word, by) ((word) >> (by) | (word) << (64 - (by)))

#define MIX(a, b, c, d, x, y) \
    a += b + m[x];            \
    d = TURNED(d ^ a, 32);    \
    c += d;                   \
    b = TURNED(b ^ c, 24);    \
    a += b + m[y];            \
    d = TURNED(d ^ a, 16);    \
    c += d;                   \
    b = TURNED(b ^ c, 63);

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

/* A block of one text, or of several side by side: ``word`` is a number or a vector, ``all`` makes it of one. */
#define COMPRESS(word, all, h, m, counted, last)                                                        \
    word v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];        \
    word v8 = all(IV[0]), v9 = all(IV[1]), va = all(IV[2]), vb = all(IV[3]);                            \
    word vc = counted ^ all(IV[4]), vd = all(IV[5]), ve = last ^ all(IV[6]), vf = all(IV[7]);           \
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)                                         \
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)                                         \
    ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)                                         \
    ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)                                         \
    ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)                                         \
    ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)                                         \
    ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)                                         \
    ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)                                         \
    ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)                                         \
    ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)                                         \
    ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)                                         \
    ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)                                         \
    h[0] ^= v0 ^ v8;                                                                                    \
    h[1] ^= v1 ^ v9;                                                                                    \
    h[2] ^= v2 ^ va;                                                                                    \
    h[3] ^= v3 ^ vb;                                                                                    \
    h[4] ^= v4 ^ vc;                                                                                    \
    h[5] ^= v5 ^ vd;                                                                                    \
    h[6] ^= v6 ^ ve;                                                                                    \
    h[7] ^= v7 ^ vf;

#define ONE(number) (number)

static void compress(uint64_t h[8], const uint8_t *block, uint64_t counted, uint64_t last) {
    uint64_t m[16];
    for (int i = 0; i < 16; i++) m[i] = little_endian(block + 8 * i);
    COMPRESS(uint64_t, ONE, h, m, counted, last)
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

static void put_hex(const uint64_t *h, uint8_t *hex) {
    static const uint8_t digits[16] = "0123456789abcdef";
    for (int i = 0; i < HASH_BYTES; i++) {
        uint8_t byte = (uint8_t)(h[i / 8] >> 8 * (i % 8));
        hex[2 * i] = digits[byte >> 4];
        hex[2 * i + 1] = digits[byte & 15];
    }
}

static void hash_one(const blake2b_start *start, const uint8_t *text, size_t bytes, uint8_t *hex) {
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
    put_hex(h, hex);
}

#if defined(__x86_64__) && defined(__GNUC__)
typedef uint64_t four __attribute__((vector_size(32)));
#define FOUR(number) ((four){number, number, number, number})

__attribute__((target("avx2"))) static void hash_four(const blake2b_start *start, const blake2b_text *texts) {
    static const uint8_t nothing[BLOCK_BYTES];
    uint8_t rest[BLOCK_LANES][BLOCK_BYTES] = {{0}};
    size_t blocks[BLOCK_LANES], most = 0;
    four h[8], m[16];
    for (int i = 0; i < BLOCK_LANES; i++) {
        size_t bytes = texts[i].bytes;
        blocks[i] = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
        memcpy(rest[i], texts[i].text + (blocks[i] - 1) * BLOCK_BYTES, bytes - (blocks[i] - 1) * BLOCK_BYTES);
        most = blocks[i] > most ? blocks[i] : most;
    }
    for (int i = 0; i < 8; i++) h[i] = FOUR(start->state[i]);
    for (size_t n = 0; n < most; n++) {
        const uint8_t *at[BLOCK_LANES];
        four counted, last;
        for (int i = 0; i < BLOCK_LANES; i++) {
            int ends = n + 1 >= blocks[i];
            at[i] = !ends ? texts[i].text + n * BLOCK_BYTES : n < blocks[i] ? rest[i] : nothing;
            counted[i] = start->counted + (ends ? texts[i].bytes : (n + 1) * BLOCK_BYTES);
            last[i] = ends ? ~(uint64_t)0 : 0;
        }
        for (int i = 0; i < 16; i++)
            m[i] = (four){little_endian(at[0] + 8 * i), little_endian(at[1] + 8 * i),
                          little_endian(at[2] + 8 * i), little_endian(at[3] + 8 * i)};
        COMPRESS(four, FOUR, h, m, counted, last)
        for (int i = 0; i < BLOCK_LANES; i++)
            if (n + 1 == blocks[i]) put_hex((uint64_t[2]){h[0][i], h[1][i]}, texts[i].hex);
    }
}

static int is_wide(void) { return __builtin_cpu_supports("avx2"); }
#else
static void hash_four(const blake2b_start *start, const blake2b_text *texts) { (void)start, (void)texts; }
static int is_wide(void) { return 0; }
#endif

void blake2b_hex(const blake2b_start *start, const blake2b_text *texts, int count) {
    int filled = count == BLOCK_LANES && is_wide();
    for (int i = 0; i < count; i++) filled = filled && texts[i].bytes;
    if (filled) {
        hash_four(start, texts);
        return;
    }
    for (int i = 0; i < count; i++) hash_one(start, texts[i].text, texts[i].bytes, texts[i].hex);
}
