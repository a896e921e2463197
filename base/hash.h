/*
 * SHA-256, HMAC-SHA-256 and hexadecimal, over OpenSSL's EVP.
 */
#ifndef D1KEEP_BASE_HASH_H
#define D1KEEP_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define SHA256_BYTES 32
#define SHA256_HEX_SIZE 65     /* 64 digits and the NUL */

/* A hash in the making; opaque. sha256_end also frees it, sha256_free frees
 * one that is not wanted any more (NULL is fine). */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *h, const void *data, size_t len);
void sha256_end(struct sha256 *h, unsigned char ret[SHA256_BYTES]);
void sha256_free(struct sha256 *h);

/* In one call. */
void sha256(const void *data, size_t len, unsigned char ret[SHA256_BYTES]);
void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX_SIZE]);
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char ret[SHA256_BYTES]);

/* Lower-case digits and a NUL: `ret` has 2 * len + 1 bytes. */
void hex_encode(const void *data, size_t len, char *ret);
/* Upper- or lower-case digits to len/2 bytes; false on anything else. */
bool hex_decode(const char *hex, size_t len, unsigned char *ret);
/* Exactly 64 lower-case digits? */
bool hex_is_sha256(const char *s);

/* Equal, in time that depends on len alone. */
bool bytes_equal(const void *a, const void *b, size_t len);

#endif
