/*
 * Who made a snapshot: Ed25519 over OpenSSL (RFC 8032). A signature is its 64
 * raw bytes, so that a person can check one without us:
 *
 *     openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in f -sigfile f.sig
 *
 * A key id is the first 16 hex digits of the SHA-256 of the raw public key.
 */
#ifndef D1KEEP_STORAGE_SIGN_H
#define D1KEEP_STORAGE_SIGN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

#define SIGN_BYTES 64
#define SIGN_KEY_ID_SIZE 17        /* with the NUL */
#define SIGN_PUBLIC_TEXT_SIZE 73   /* "ed25519:<64 hex>" and the NUL */

/* A private key. May be used by several threads at once. */
struct signer;

/* From PKCS#8 PEM without a password, as `openssl genpkey -algorithm ed25519`
 * writes it; ERR_USAGE for anything else. */
struct signer *signer_new(const struct secret *pem, struct err *err);
void signer_free(struct signer *s);

/* A new key pair, as PEM. Both outputs are replaced, and are the caller's. */
int signer_generate(struct secret *ret_private_pem, struct buf *ret_public_pem,
    struct err *err);

int signer_sign(const struct signer *s, const void *data, size_t len,
    unsigned char ret[SIGN_BYTES], struct err *err);

/* Lives as long as the signer. */
const char *signer_public_text(const struct signer *s);

/* A set of trusted public keys. Once filled, it may be used by several threads
 * at once. */
struct verifier;

struct verifier *verifier_new(void);
void verifier_free(struct verifier *v);

/* Trust one more: PEM or "ed25519:<64 hex>", blanks around it ignored.
 * ERR_USAGE when it is neither; a private key is refused with a hint. */
int verifier_add(struct verifier *v, const char *text, struct err *err);

/* 0 when one of the keys made this signature; its id then goes to `ret_key_id`
 * (may be NULL). ERR_CORRUPT when none did, or there is no key to check with. */
int verifier_check(const struct verifier *v, const void *data, size_t len,
    const void *sig, size_t sig_len, char ret_key_id[SIGN_KEY_ID_SIZE], struct err *err);

#endif
