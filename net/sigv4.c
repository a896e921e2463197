#include "net/sigv4.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/stamp.h"

#define MAX_TEXT 65536           /* of a canonical request or its parts */
#define MAX_SIGNED_HEADERS 16

/* The headers to sign, sorted by name. */
struct signed_headers {
	struct sigv4_header items[MAX_SIGNED_HEADERS];
	size_t count;
};

static int is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.' || c == '~';
}

int sigv4_encode(struct buf *ret, const char *s, int keep_slash, struct err *err)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		char coded[3] = { '%', digits[c >> 4], digits[c & 15] };
		int plain = is_unreserved(*s) || (keep_slash && *s == '/');

		if (buf_add(ret, plain ? s : coded, plain ? 1 : 3, err) != 0)
			return -1;
	}
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "name=value", encoded: sorting these sorts by encoded name, then value,
 * because '=' sorts before every character that may follow a name but '-',
 * '.', '%' and the digits; so it is written as \x01 until the sorting is done. */
static char *encode_param(const struct sigv4_param *param, struct err *err)
{
	AUTO_BUF text = BUF_INIT(MAX_TEXT);

	if (sigv4_encode(&text, param->name, 0, err) != 0 ||
	    buf_add(&text, "\x01", 1, err) != 0 ||
	    sigv4_encode(&text, param->value, 0, err) != 0)
		return NULL;
	return mem_strdup(buf_str(&text));
}

static int join_params(struct buf *ret, char **texts, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		*strchr(texts[i], '\x01') = '=';
		if ((i > 0 && buf_adds(ret, "&", err) != 0) ||
		    buf_adds(ret, texts[i], err) != 0)
			return -1;
	}
	return 0;
}

int sigv4_query(struct buf *ret, const struct sigv4_param *params, size_t count,
    struct err *err)
{
	char **texts = mem_calloc(count, sizeof(*texts));
	size_t made = 0;
	int rc = 0;

	while (made < count && (texts[made] = encode_param(&params[made], err)) != NULL)
		made++;
	if (made == count) {
		qsort(texts, count, sizeof(*texts), compare_texts);
		rc = join_params(ret, texts, count, err);
	}
	for (size_t i = 0; i < made; i++)
		free(texts[i]);
	free(texts);
	return made == count ? rc : -1;
}

static int compare_headers(const void *a, const void *b)
{
	const struct sigv4_header *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int add_header(struct signed_headers *h, const char *name, const char *value,
    struct err *err)
{
	if (h->count == MAX_SIGNED_HEADERS)
		return err_set(err, ERR_FAILED, "more than %d headers to sign", MAX_SIGNED_HEADERS);
	h->items[h->count++] = (struct sigv4_header){ name, value };
	return 0;
}

static int collect_headers(struct signed_headers *h, const struct sigv4_request *request,
    const char *date, struct err *err)
{
	const struct secret *token = request->session_token;

	h->count = 0;
	if (add_header(h, "host", request->host, err) != 0 ||
	    add_header(h, "x-amz-content-sha256", request->payload_sha256, err) != 0 ||
	    add_header(h, "x-amz-date", date, err) != 0)
		return -1;
	if (token != NULL && token->bytes != NULL &&
	    add_header(h, "x-amz-security-token", token->bytes, err) != 0)
		return -1;
	for (size_t i = 0; i < request->header_count; i++) {
		if (add_header(h, request->headers[i].name, request->headers[i].value, err) != 0)
			return -1;
	}
	qsort(h->items, h->count, sizeof(h->items[0]), compare_headers);
	return 0;
}

/* A value without blanks at its ends, and with runs of them as one. */
static int add_trimmed(struct buf *ret, const char *value, struct err *err)
{
	int pending = 0;

	for (value += strspn(value, " \t"); *value != '\0'; value++) {
		if (*value == ' ' || *value == '\t') {
			pending = 1;
			continue;
		}
		if ((pending && buf_add(ret, " ", 1, err) != 0) || buf_add(ret, value, 1, err) != 0)
			return -1;
		pending = 0;
	}
	return 0;
}

static int add_names(struct buf *ret, const struct signed_headers *h, struct err *err)
{
	for (size_t i = 0; i < h->count; i++) {
		if (buf_addf(ret, err, "%s%s", i > 0 ? ";" : "", h->items[i].name) != 0)
			return -1;
	}
	return 0;
}

static int add_canonical(struct buf *ret, const struct sigv4_request *request,
    const struct signed_headers *h, struct err *err)
{
	if (buf_addf(ret, err, "%s\n%s\n", request->method, request->path) != 0 ||
	    sigv4_query(ret, request->params, request->param_count, err) != 0 ||
	    buf_adds(ret, "\n", err) != 0)
		return -1;
	for (size_t i = 0; i < h->count; i++) {
		if (buf_addf(ret, err, "%s:", h->items[i].name) != 0 ||
		    add_trimmed(ret, h->items[i].value, err) != 0 ||
		    buf_adds(ret, "\n", err) != 0)
			return -1;
	}
	if (buf_adds(ret, "\n", err) != 0 || add_names(ret, h, err) != 0)
		return -1;
	return buf_addf(ret, err, "\n%s", request->payload_sha256);
}

static void hmac_text(const unsigned char key[SHA256_BYTES], const char *text,
    unsigned char ret[SHA256_BYTES])
{
	hmac_sha256(key, SHA256_BYTES, text, strlen(text), ret);
}

/* AWS4(secret) -> date -> region -> service -> "aws4_request" -> signature */
static void sign_text(const struct sigv4_request *request, const char *date,
    const char *text, char ret[SHA256_HEX_SIZE])
{
	unsigned char a[SHA256_BYTES], b[SHA256_BYTES];
	size_t len = request->secret_access_key->len + 4;
	char *first = mem_printf("AWS4%s", request->secret_access_key->bytes);

	hmac_sha256(first, len, date, 8, a);
	hmac_text(a, request->region, b);
	hmac_text(b, request->service, a);
	hmac_text(a, "aws4_request", b);
	hmac_text(b, text, a);
	hex_encode(a, sizeof(a), ret);
	OPENSSL_cleanse(a, sizeof(a));
	OPENSSL_cleanse(b, sizeof(b));
	OPENSSL_cleanse(first, len);
	free(first);
}

int sigv4_sign(const struct sigv4_request *request, struct sigv4_result *ret, struct err *err)
{
	struct signed_headers headers;
	AUTO_BUF canonical = BUF_INIT(MAX_TEXT);
	AUTO_BUF names = BUF_INIT(MAX_TEXT);
	AUTO_STR scope = NULL;
	AUTO_STR to_sign = NULL;
	char hash[SHA256_HEX_SIZE], signature[SHA256_HEX_SIZE], date[STAMP_COMPACT_SIZE];

	(void)stamp_compact(request->at, date);
	if (collect_headers(&headers, request, date, err) != 0 ||
	    add_canonical(&canonical, request, &headers, err) != 0 ||
	    add_names(&names, &headers, err) != 0)
		return -1;
	sha256_hex(canonical.data, canonical.len, hash);
	scope = mem_printf("%.8s/%s/%s/aws4_request", date, request->region, request->service);
	to_sign = mem_printf("AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, hash);
	sign_text(request, date, to_sign, signature);
	memcpy(ret->date, date, sizeof(date));
	ret->authorization = mem_printf(
	    "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
	    request->access_key_id->bytes, scope, buf_str(&names), signature);
	return 0;
}
