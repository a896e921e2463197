#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Rows come in small pieces, and each call of OpenSSL has its price. */
#define PENDING_BYTES 4096

struct sha256 {
	EVP_MD_CTX *ctx;
	size_t pending_len;
	unsigned char pending[PENDING_BYTES];
};

/* OpenSSL's digests fail only for want of memory or of the algorithm itself:
 * neither leaves anything sensible to do. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct sha256 *sha256_new(void)
{
	struct sha256 *h = mem_calloc(1, sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	must(h->ctx != NULL);
	must(EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL));
	return h;
}

static void hash_pending(struct sha256 *h)
{
	must(EVP_DigestUpdate(h->ctx, h->pending, h->pending_len));
	h->pending_len = 0;
}

void sha256_add(struct sha256 *h, const void *data, size_t len)
{
	if (len > sizeof(h->pending) - h->pending_len)
		hash_pending(h);
	if (len > sizeof(h->pending)) {
		must(EVP_DigestUpdate(h->ctx, data, len));
		return;
	}
	memcpy(h->pending + h->pending_len, data, len);
	h->pending_len += len;
}

void sha256_end(struct sha256 *h, unsigned char ret[SHA256_BYTES])
{
	hash_pending(h);
	must(EVP_DigestFinal_ex(h->ctx, ret, NULL));
	sha256_free(h);
}

void sha256_free(struct sha256 *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void sha256(const void *data, size_t len, unsigned char ret[SHA256_BYTES])
{
	must(EVP_Digest(data, len, ret, NULL, EVP_sha256(), NULL));
}

void sha256_hex(const void *data, size_t len, char ret[SHA256_HEX_SIZE])
{
	unsigned char raw[SHA256_BYTES];

	sha256(data, len, raw);
	hex_encode(raw, sizeof(raw), ret);
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char ret[SHA256_BYTES])
{
	must(HMAC(EVP_sha256(), key, (int)key_len, data, len, ret, NULL) != NULL);
}

void hex_encode(const void *data, size_t len, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		ret[2 * i] = digits[p[i] >> 4];
		ret[2 * i + 1] = digits[p[i] & 15];
	}
	ret[2 * len] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *hex, size_t len, unsigned char *ret)
{
	if (len % 2 != 0)
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_value(hex[2 * i]);
		int low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

bool hex_is_sha256(const char *s)
{
	return strspn(s, "0123456789abcdef") == 64 && s[64] == '\0';
}

bool bytes_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
