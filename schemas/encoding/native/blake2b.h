/* BLAKE2b (RFC 7693) of 16 bytes, with a key or without. */
#ifndef CSDL_BLAKE2B_H
#define CSDL_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_BYTES 16
#define HEX_BYTES (2 * HASH_BYTES)
#define KEY_BYTES 64

#define BLOCK_BYTES 128
#define BLOCK_LANES 4

static inline uint64_t little_endian(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

typedef struct {
    uint64_t empty[8], state[8]; /* before the key's block and behind it */
    uint8_t block[BLOCK_BYTES];  /* the key's */
    uint64_t counted;            /* bytes that the state holds: 0, or the key's block */
} blake2b_start;

/* key_bytes from 0 (no key) to KEY_BYTES. */
void blake2b_begin(blake2b_start *start, const uint8_t *key, size_t key_bytes);

typedef struct {
    const uint8_t *text;
    size_t bytes;
    uint8_t *hex; /* HEX_BYTES lower-case digits */
} blake2b_text;

/* Of up to BLOCK_LANES texts; of as many at once where the processor can. */
void blake2b_hex(const blake2b_start *start, const blake2b_text *texts, int count);

#endif
