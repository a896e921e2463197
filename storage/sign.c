#include "storage/sign.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define RAW_KEY_BYTES 32
#define TEXT_PREFIX "ed25519:"
#define PEM_MAX_BYTES 4096

struct signer {
	EVP_PKEY *key;
	char public_text[SIGN_PUBLIC_TEXT_SIZE];
};

struct trusted {
	EVP_PKEY *key;
	char id[SIGN_KEY_ID_SIZE];
};

struct verifier {
	struct trusted *keys;
	size_t count, cap;
};

/* OpenSSL's queue of errors is a thread's: what we looked at is not left for
 * the next to find (libcurl reads it, too). */
static int crypto_failed(struct err *err, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_FAILED, "OpenSSL cannot %s", what);
}

static bool raw_public(EVP_PKEY *key, unsigned char ret[RAW_KEY_BYTES])
{
	size_t len = RAW_KEY_BYTES;

	return EVP_PKEY_get_raw_public_key(key, ret, &len) == 1 && len == RAW_KEY_BYTES;
}

static void key_id(const unsigned char raw[RAW_KEY_BYTES], char ret[SIGN_KEY_ID_SIZE])
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex(raw, RAW_KEY_BYTES, hex);
	memcpy(ret, hex, SIGN_KEY_ID_SIZE - 1);
	ret[SIGN_KEY_ID_SIZE - 1] = '\0';
}

/* OpenSSL would ask the terminal for the password of an encrypted key. */
static int no_password(char *buf, int size, int rwflag, void *u)
{
	(void)buf, (void)size, (void)rwflag, (void)u;
	return -1;
}

static EVP_PKEY *read_private(const struct secret *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->bytes, (int)pem->len);
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (key != NULL && EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

struct signer *signer_new(const struct secret *pem, struct err *err)
{
	unsigned char raw[RAW_KEY_BYTES];
	char hex[2 * RAW_KEY_BYTES + 1];
	struct signer *s;
	EVP_PKEY *key = pem->bytes != NULL && pem->len <= PEM_MAX_BYTES ? read_private(pem) : NULL;

	if (key == NULL || !raw_public(key, raw)) {
		EVP_PKEY_free(key);
		(void)err_set(err, ERR_USAGE, "the signing key is not an Ed25519 private key in PEM without a password");
		(void)err_hint(err, "make one with: d1keep keygen, or: openssl genpkey -algorithm ed25519");
		return NULL;
	}
	s = mem_calloc(1, sizeof(*s));
	s->key = key;
	hex_encode(raw, sizeof(raw), hex);
	(void)snprintf(s->public_text, sizeof(s->public_text), TEXT_PREFIX "%s", hex);
	return s;
}

void signer_free(struct signer *s)
{
	if (s == NULL)
		return;
	EVP_PKEY_free(s->key);   /* wipes the private part */
	free(s);
}

const char *signer_public_text(const struct signer *s)
{
	return s->public_text;
}

static int write_public(EVP_PKEY *key, struct buf *ret, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int rc = -1;

	if (bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1) {
		len = BIO_get_mem_data(bio, &text);
		rc = buf_add(ret, text, (size_t)len, err);
	} else {
		rc = crypto_failed(err, "write a public key");
	}
	BIO_free(bio);
	return rc;
}

/* Through OpenSSL's wiped memory: plain BIOs leave copies behind. */
static int write_private(EVP_PKEY *key, struct secret *ret, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	long len;
	int rc = 0;

	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
		len = BIO_get_mem_data(bio, &text);
		secret_set(ret, text, (size_t)len);
	} else {
		rc = crypto_failed(err, "write a private key");
	}
	BIO_free(bio);
	return rc;
}

int signer_generate(struct secret *ret_private_pem, struct buf *ret_public_pem,
    struct err *err)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	int rc;

	if (key == NULL)
		return crypto_failed(err, "make a key");
	buf_reset(ret_public_pem);
	rc = write_public(key, ret_public_pem, err);
	if (rc == 0)
		rc = write_private(key, ret_private_pem, err);
	EVP_PKEY_free(key);
	return rc;
}

int signer_sign(const struct signer *s, const void *data, size_t len,
    unsigned char ret[SIGN_BYTES], struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t sig_len = SIGN_BYTES;
	bool ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->key) == 1 &&
	    EVP_DigestSign(ctx, ret, &sig_len, data, len) == 1 && sig_len == SIGN_BYTES;

	EVP_MD_CTX_free(ctx);
	return ok ? 0 : crypto_failed(err, "sign");
}

struct verifier *verifier_new(void)
{
	return mem_calloc(1, sizeof(struct verifier));
}

void verifier_free(struct verifier *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->count; i++)
		EVP_PKEY_free(v->keys[i].key);
	free(v->keys);
	free(v);
}

static EVP_PKEY *read_public_text(const char *hex, size_t len)
{
	unsigned char raw[RAW_KEY_BYTES];

	if (len != sizeof(raw) * 2 || !hex_decode(hex, len, raw))
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
}

static EVP_PKEY *read_public_pem(const char *text, size_t len)
{
	BIO *bio = len <= PEM_MAX_BYTES ? BIO_new_mem_buf(text, (int)len) : NULL;
	EVP_PKEY *key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return key;
}

static bool is_blank(char c)
{
	return c != '\0' && strchr(" \t\r\n", c) != NULL;
}

static EVP_PKEY *read_public(const char *text)
{
	size_t prefix = strlen(TEXT_PREFIX);
	size_t len;
	EVP_PKEY *key;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	if (strncmp(text, TEXT_PREFIX, prefix) == 0)
		key = read_public_text(text + prefix, len - prefix);
	else
		key = read_public_pem(text, strlen(text));
	ERR_clear_error();
	return key;
}

int verifier_add(struct verifier *v, const char *text, struct err *err)
{
	EVP_PKEY *key = read_public(text);
	unsigned char raw[RAW_KEY_BYTES];

	if (key == NULL || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 || !raw_public(key, raw)) {
		EVP_PKEY_free(key);
		(void)err_set(err, ERR_USAGE, "a trusted key is not an Ed25519 public key");
		if (strstr(text, "PRIVATE KEY") != NULL)
			return err_hint(err, "this is the private key: trust its public half, openssl pkey -in KEY -pubout");
		return err_hint(err, "write a PEM file's text, or ed25519: and 64 hex digits");
	}
	v->keys = mem_grow(v->keys, v->count, &v->cap, sizeof(*v->keys));
	v->keys[v->count].key = key;
	key_id(raw, v->keys[v->count].id);
	v->count++;
	return 0;
}

static bool made_by(const struct trusted *t, const void *data, size_t len, const void *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, t->key) == 1 &&
	    EVP_DigestVerify(ctx, sig, SIGN_BYTES, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

int verifier_check(const struct verifier *v, const void *data, size_t len,
    const void *sig, size_t sig_len, char ret_key_id[SIGN_KEY_ID_SIZE], struct err *err)
{
	if (sig_len != SIGN_BYTES)
		return err_set(err, ERR_CORRUPT, "a signature of %zu bytes, not %d", sig_len, SIGN_BYTES);
	for (size_t i = 0; i < v->count; i++) {
		if (!made_by(&v->keys[i], data, len, sig))
			continue;
		if (ret_key_id != NULL)
			memcpy(ret_key_id, v->keys[i].id, SIGN_KEY_ID_SIZE);
		return 0;
	}
	if (v->count == 0)
		return err_set(err, ERR_CORRUPT, "there is no trusted key to check the signature with");
	return err_set(err, ERR_CORRUPT, "the signature is by none of the %zu trusted keys", v->count);
}
