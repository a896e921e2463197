#include "notify/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "net/http.h"
#include "net/retry.h"

#define TIMEOUT_MS 10000
#define RETRIES 2
/* Whoever asks us to wait longer is asked again later, by d1keepd. */
#define WAIT_MAX_MS 5000
#define ANSWER_MAX_BYTES 1048576

/* ERR_USAGE unless it is an http(s) address that libcurl will take. Never quotes it. */
static int check_url(const char *url, struct err *err)
{
	bool tls = strncmp(url, "https://", 8) == 0;

	if (!tls && strncmp(url, "http://", 7) != 0)
		return err_set(err, ERR_USAGE, "the address does not begin with https:// or http://");
	if (strchr("/?#:", url[tls ? 8 : 7]) != NULL || strpbrk(url, " \t\r\n\"<>\\") != NULL)
		return err_set(err, ERR_USAGE, "not an address of a server");
	return 0;
}

/* What is set anew before each try. */
struct posting {
	const struct webhook *hook;
	const struct notice *notice;
	char event[80], delivery[96], timestamp[64], signature[96];
};

static int sign(void *ctx, struct http_request *request, struct err *err)
{
	struct posting *p = ctx;
	const struct secret *key = p->hook->key;
	int64_t now = clock_now(p->hook->clock);
	AUTO_BUF signed_text = BUF_INIT(NOTICE_MAX_BYTES + 32);
	unsigned char mac[SHA256_BYTES];
	char hex[SHA256_HEX_SIZE];

	(void)snprintf(p->timestamp, sizeof(p->timestamp), "X-D1keep-Timestamp: %" PRId64, now);
	if (key == NULL)
		return 0;
	if (buf_addf(&signed_text, err, "%" PRId64 ".", now) != 0 ||
	    buf_add(&signed_text, p->notice->text, p->notice->len, err) != 0)
		return -1;
	hmac_sha256(key->bytes, key->len, signed_text.data, signed_text.len, mac);
	hex_encode(mac, sizeof(mac), hex);
	(void)snprintf(p->signature, sizeof(p->signature), "X-D1keep-Signature: sha256=%s", hex);
	request->headers[4] = p->signature;
	return 0;
}

static enum http_verdict judge(void *ctx, const struct http_response *response)
{
	(void)ctx;
	return response->retry_after_ms > WAIT_MAX_MS ? HTTP_FINAL : HTTP_BY_STATUS;
}

static int check_answer(const struct http_response *response, struct err *err)
{
	int status = response->status;

	if (status >= 200 && status < 300)
		return 0;
	if (status >= 300 && status < 400) {
		(void)err_set(err, ERR_FAILED, "answered HTTP %d", status);
		return err_hint(err, "no redirect is followed: configure the address it leads to");
	}
	return err_set(err, retry_status(status) ? ERR_AGAIN : ERR_FAILED, "answered HTTP %d", status);
}

static int carry_out(const struct webhook *hook, struct http_request *request, struct err *err)
{
	struct http_options options = {
		.ca_file = hook->ca_file, .clock = hook->clock, .retries = RETRIES,
		.connect_timeout_ms = TIMEOUT_MS, .stall_timeout_ms = TIMEOUT_MS,
	};
	struct http_response response = { .status = 0 };
	struct http *http;
	int rc;

	if (check_url(hook->url, err) != 0)
		return -1;
	http = http_new(&options);
	request->url = hook->url;
	request->shown = "the server";
	request->timeout_ms = TIMEOUT_MS;
	request->repeatable = true;   /* it carries its id: who minds can tell */
	request->max_answer_bytes = ANSWER_MAX_BYTES;
	request->judge = judge;
	rc = http_do(http, request, &response, err);
	if (rc == 0)
		rc = check_answer(&response, err);
	http_response_release(&response);
	http_free(http);
	return rc;
}

int webhook_post(const struct webhook *hook, const struct notice *notice, struct err *err)
{
	struct posting p = { .hook = hook, .notice = notice };
	struct http_request request = {
		.method = "POST", .body = notice->text, .body_len = notice->len,
		.headers = { "Content-Type: application/json", p.event, p.delivery, p.timestamp },
		.sign = sign, .sign_ctx = &p,
	};

	(void)snprintf(p.event, sizeof(p.event), "X-D1keep-Event: %s", notice->event);
	(void)snprintf(p.delivery, sizeof(p.delivery), "X-D1keep-Delivery: %s", notice->id);
	return carry_out(hook, &request, err);
}

int webhook_ping(const struct webhook *hook, struct err *err)
{
	struct http_request request = { .method = "GET" };

	return carry_out(hook, &request, err);
}
