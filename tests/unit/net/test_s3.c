#include "net/s3.h"

#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "tests/unit/net/support.h"
#include "tests/unit/unit.h"

#define STORED "HTTP/1.1 200 x\r\nETag: \"5d41402abc4b2a76b9719d911017c592\"\r\nContent-Length: 0\r\n\r\n"
#define ANSWER(status, body) \
	"HTTP/1.1 " status " X\r\nDate: Sun, 22 Nov 2026 18:00:00 GMT\r\nConnection: close\r\n\r\n" body
#define ERROR(status, code) ANSWER(status, "<Error><Code>" code "</Code><Message>words</Message></Error>")
#define NOW_S INT64_C(1795370400)   /* that same moment */

static struct fake_clock fake;
static struct server *server;
static struct http *http;
static struct s3 *s3;

static struct s3 *client(const char *endpoint, struct err *err)
{
	struct secret id = { (char *)"the-key-id", 10 };
	struct secret key = { (char *)"topsecret", 9 };
	struct secret token = { (char *)"session", 7 };
	struct s3_options options = {
		.endpoint = endpoint, .bucket = "taco", .region = "auto",
		.access_key_id = &id, .secret_access_key = &key, .session_token = &token,
		.clock = &fake.clock,
	};

	return s3_new(http, &options, err);
}

static void start(const char *const *answers)
{
	char endpoint[128];

	fake_clock_init(&fake, NOW_S * 1000);
	server = server_start(answers);
	http = test_http(&fake, 2, NULL);
	(void)snprintf(endpoint, sizeof(endpoint), "%s/some/path/", server_url(server));
	s3 = client(endpoint, NULL);
	ck_assert_ptr_nonnull(s3);
}

static void stop(void)
{
	s3_free(s3);
	http_free(http);
	server_stop(server);
}

START_TEST(puts_with_a_signature)
{
	static const char *const answers[] = { STORED, NULL };
	const char *r;

	start(answers);
	ck_assert_int_eq(s3_put(s3, "a/b@c=d+e%", "hello", 5, "text/plain", true, NULL), 0);
	r = server_request(server, 0);
	ck_assert_ptr_nonnull(strstr(r, "PUT /some/path/taco/a/b%40c%3Dd%2Be%25 HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "\r\nif-none-match: *\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "\r\ncontent-type: text/plain\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "\r\nx-amz-date: 20261122T180000Z\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "\r\nx-amz-security-token: session\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "\r\nx-amz-content-sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "SignedHeaders=content-type;host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="));
	ck_assert_ptr_null(strstr(r, "topsecret"));
	stop();
}
END_TEST

static const struct {
	const char *answer;
	enum err_code code;
	const char *message, *hint;
} refusals[] = {
	{ ERROR("403", "SignatureDoesNotMatch"), ERR_DENIED, "the secret access key is wrong", "SHA-256" },
	{ ERROR("401", "Unauthorized"), ERR_DENIED, "access key id the-key-id is not known", "token's id" },
	{ ERROR("403", "InvalidAccessKeyId"), ERR_DENIED, "access key id the-key-id is not known", "token" },
	{ ERROR("403", "AccessDenied"), ERR_DENIED, "may not do this in the bucket \"taco\"", "Object Read & Write" },
	{ ERROR("403", "RequestTimeTooSkewed"), ERR_DENIED, "clock is off by 17 minutes (fast)", "timedatectl" },
	{ ERROR("404", "NoSuchBucket"), ERR_USAGE, "has no bucket \"taco\"", "wrangler r2 bucket create taco" },
	{ ERROR("404", "NoSuchKey"), ERR_NOT_FOUND, "\"k\" is not there", "" },
	{ ERROR("403", "ObjectLockedByBucketPolicy"), ERR_REFUSED, "\"k\" is kept by a lock rule", "lock list" },
	{ ERROR("403", "NotEntitled"), ERR_DENIED, "R2 is not enabled", "" },
	{ ERROR("412", "PreconditionFailed"), ERR_EXISTS, "\"k\" exists already", "" },
	{ ERROR("429", "TooManyRequests"), ERR_AGAIN, "3 tries: http://127.0.0.1", "" },
	{ ERROR("500", "InternalError"), ERR_AGAIN, "HTTP 500, InternalError: words", "" },
	{ ERROR("400", "IncompleteBody"), ERR_FAILED, "HTTP 400, IncompleteBody", "" },
	{ ERROR("400", "InvalidObjectName"), ERR_FAILED, "InvalidObjectName", "" },
	{ ANSWER("403", "<html>\n blocked"), ERR_DENIED, "HTTP 403", "" },
	{ ANSWER("301", ""), ERR_FAILED, "HTTP 301", "endpoint" },
};

START_TEST(says_what_is_wrong)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const char *const answers[] = { refusals[i].answer, NULL };
		struct err err = ERR_INIT;
		AUTO_BUF got;

		buf_init(&got, 10);
		start(answers);
		fake.now_ms += 17 * 60000;
		ck_assert_int_ne(s3_get(s3, "k", &got, NULL, &err), 0);
		ck_assert_msg(err.code == refusals[i].code, "%d: %s", (int)err.code, err.msg);
		ck_assert_msg(strstr(err.msg, refusals[i].message) != NULL, "%s", err.msg);
		ck_assert_msg(strstr(err.hint, refusals[i].hint) != NULL, "%s: %s", err.msg, err.hint);
		ck_assert_ptr_null(strstr(err.msg, "topsecret"));
		stop();
	}
}
END_TEST

static int put_x(const char *const *answers, size_t *ret_requests, struct err *err)
{
	int rc;

	start(answers);
	rc = s3_put(s3, "k", "mine", 4, NULL, true, err);
	*ret_requests = server_requests(server);
	stop();
	return rc;
}

START_TEST(settles_a_lost_answer)
{
	static const char *const mine[] = { SERVER_CUT, ERROR("412", "PreconditionFailed"),
		ANSWER("200", "mine"), NULL };
	static const char *const theirs[] = { SERVER_CUT, ERROR("412", "PreconditionFailed"),
		ANSWER("200", "their"), NULL };
	static const char *const conflict[] = { ERROR("409", "ConditionalRequestConflict"),
		STORED, NULL };
	/* The refusal was lost each time, with the connection. */
	static const char *const early[] = { SERVER_CUT, SERVER_CUT, SERVER_CUT,
		ANSWER("200", "theirs"), NULL };
	static const char *const dead[] = { SERVER_CUT, NULL };
	/* At the first try: somebody else's, whatever the bytes are. */
	static const char *const first[] = { ERROR("412", "PreconditionFailed"),
		ANSWER("200", "mine"), NULL };
	struct err err = ERR_INIT;
	size_t requests;

	ck_assert_int_eq(put_x(mine, &requests, &err), 0);
	ck_assert_int_ne(put_x(theirs, &requests, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_eq(put_x(conflict, &requests, &err), 0);
	ck_assert_uint_eq(requests, 2);
	ck_assert_int_ne(put_x(early, &requests, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_ne(put_x(dead, &requests, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_int_ne(put_x(first, &requests, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_uint_eq(requests, 1);
}
END_TEST

/* A proxy's page, an empty success without an ETag, and a page with one: nobody
 * has stored anything. */
START_TEST(believes_only_an_s3_server)
{
	static const char *const answers[][2] = {
		{ ANSWER("200", "<html>welcome"), NULL },
		{ ANSWER("200", ""), NULL },
		{ "HTTP/1.1 200 x\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n<html", NULL },
	};
	static const char *const passing[] = { ANSWER("200", "<html>welcome"), STORED, NULL };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		start(answers[i]);
		ck_assert_int_ne(s3_put(s3, "k", "mine", 4, NULL, false, &err), 0);
		ck_assert_int_eq(err.code, ERR_AGAIN);
		ck_assert_ptr_nonnull(strstr(err.msg, "not as an S3 server does"));
		ck_assert_uint_eq(server_requests(server), 3);
		stop();
		err_clear(&err);
	}
	start(passing);
	ck_assert_int_eq(s3_put(s3, "k", "mine", 4, NULL, false, &err), 0);
	stop();
}
END_TEST

START_TEST(needs_conditional_writes)
{
	static const char *const answers[] = { ERROR("501", "NotImplemented"), NULL };
	struct err err = ERR_INIT;
	size_t requests;

	ck_assert_int_ne(put_x(answers, &requests, &err), 0);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "If-None-Match"));
	ck_assert_ptr_nonnull(strstr(err.hint, "use R2"));
}
END_TEST

/* "old" is to be replaced by "mine". */
static int replace_x(const char *const *answers, char ret_etag[S3_ETAG_SIZE], struct err *err)
{
	int rc;

	(void)snprintf(ret_etag, S3_ETAG_SIZE, "\"old\"");
	start(answers);
	rc = s3_replace(s3, "k", "mine", 4, NULL, ret_etag, err);
	stop();
	return rc;
}

#define TAGGED(tag, body) "HTTP/1.1 200 X\r\nETag: \"" tag "\"\r\nConnection: close\r\n\r\n" body

START_TEST(replaces_one_version_only)
{
	static const char *const good[] = { TAGGED("new", ""), NULL };
	static const char *const refused[] = { ERROR("412", "PreconditionFailed"), TAGGED("new", "mine"), NULL };
	static const char *const gone[] = { ERROR("404", "NoSuchKey"), NULL };
	static const char *const mine[] = { SERVER_CUT, ERROR("412", "PreconditionFailed"), TAGGED("new", "mine"), NULL };
	static const char *const theirs[] = { SERVER_CUT, ERROR("412", "PreconditionFailed"), TAGGED("x", "their"), NULL };
	/* Whether it was carried out cannot be seen: the old one is still there. */
	static const char *const before[] = { SERVER_CUT, SERVER_CUT, SERVER_CUT, SERVER_CUT, SERVER_CUT,
		SERVER_CUT, TAGGED("old", "before"), NULL };
	static const char *const cannot[] = { ERROR("501", "NotImplemented"), NULL };
	char etag[S3_ETAG_SIZE] = "\"old\"";
	struct err err = ERR_INIT;
	const char *r;

	start(good);
	ck_assert_int_eq(s3_replace(s3, "k", "mine", 4, "text/plain", etag, &err), 0);
	r = server_request(server, 0);
	ck_assert_ptr_nonnull(strstr(r, "\r\nif-match: \"old\"\r\n"));
	ck_assert_ptr_nonnull(strstr(r, "SignedHeaders=content-type;host;if-match;x-amz-"));
	ck_assert_ptr_null(strstr(r, "if-none-match"));
	ck_assert_str_eq(etag, "\"new\"");
	etag[0] = '\0';
	ck_assert_int_eq(s3_replace(s3, "k", "mine", 4, "text/plain", etag, &err), 0);
	ck_assert_ptr_nonnull(strstr(server_request(server, 1), "\r\nif-none-match: *\r\n"));
	stop();
	ck_assert_int_ne(replace_x(refused, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_str_eq(err.msg, "\"k\" was changed by somebody else");
	ck_assert_str_eq(etag, "\"old\"");
	ck_assert_int_ne(replace_x(gone, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_eq(replace_x(mine, etag, &err), 0);
	ck_assert_str_eq(etag, "\"new\"");
	ck_assert_int_ne(replace_x(theirs, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_int_ne(replace_x(before, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_int_ne(replace_x(cannot, etag, &err), 0);
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "If-Match"));
}
END_TEST

#define TIMED(headers) "HTTP/1.1 200 X\r\nETag: \"e\"\r\n" headers "Connection: close\r\n\r\nhello"

START_TEST(tells_version_and_age)
{
	static const struct {
		const char *answer;
		int64_t age_ms;
	} cases[] = {
		{ TIMED("Date: Sun, 22 Nov 2026 18:02:00 GMT\r\nLast-Modified: Sun, 22 Nov 2026 18:00:00 GMT\r\n"), 119000 },
		{ TIMED("Date: Sun, 22 Nov 2026 18:00:00 GMT\r\nLast-Modified: Sun, 22 Nov 2026 18:00:00 GMT\r\n"), 0 },
		{ TIMED("Date: Sun, 22 Nov 2026 18:00:00 GMT\r\nLast-Modified: Sun, 22 Nov 2026 18:00:01 GMT\r\n"), -1 },
		{ TIMED("Last-Modified: Sun, 22 Nov 2026 18:00:00 GMT\r\n"), -1 },
		{ TIMED("Date: Sun, 22 Nov 2026 18:00:00 GMT\r\nLast-Modified: yesterday\r\n"), -1 },
		{ TIMED(""), -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const answers[] = { cases[i].answer, NULL };
		struct s3_version version;
		AUTO_BUF got = BUF_INIT(100);

		start(answers);
		ck_assert_int_eq(s3_get(s3, "k", &got, &version, NULL), 0);
		ck_assert_str_eq(version.etag, "\"e\"");
		ck_assert_int_eq(version.age_ms, cases[i].age_ms);
		stop();
	}
}
END_TEST

/* The lease of a run that was told to stop is given back. */
START_TEST(replaces_although_a_stop_was_requested)
{
	static const char *const answers[] = { ERROR("503", "SlowDown"), TAGGED("new", ""), NULL };
	char etag[S3_ETAG_SIZE];
	struct err err = ERR_INIT;

	stop_request();
	ck_assert_int_eq(replace_x(answers, etag, &err), 0);
	ck_assert_str_eq(etag, "\"new\"");
	stop_clear();
}
END_TEST

START_TEST(gets_and_bounds)
{
	static const char *const answers[] = { ANSWER("200", "hello"), NULL };
	struct err err = ERR_INIT;
	AUTO_BUF got;

	buf_init(&got, 12);
	start(answers);
	ck_assert_int_eq(s3_get(s3, "k", &got, NULL, NULL), 0);
	ck_assert_int_eq(s3_get(s3, "k", &got, NULL, NULL), 0);
	ck_assert_str_eq(buf_str(&got), "hellohello");
	ck_assert_int_ne(s3_get(s3, "k", &got, NULL, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	ck_assert_str_eq(err.msg, "\"k\" is larger than 2 bytes");
	stop();
}
END_TEST

START_TEST(tells_the_size)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 12345678901\r\n\r\n",
		"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n", NULL };
	struct err err = ERR_INIT;
	int64_t bytes = 0;

	start(answers);
	ck_assert_int_eq(s3_head(s3, "k", &bytes, NULL), 0);
	ck_assert_int_eq(bytes, 12345678901);
	ck_assert_int_ne(s3_head(s3, "k", &bytes, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	stop();
}
END_TEST

static int delete_k(const char *const *answers, struct err *err)
{
	int rc;

	start(answers);
	rc = s3_delete(s3, "k", err);
	stop();
	return rc;
}

#define THERE "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

START_TEST(looks_whether_it_is_gone)
{
	static const char *const gone[] = { ANSWER("204", ""), ANSWER("404", ""), NULL };
	static const char *const never[] = { ERROR("404", "NoSuchKey"), ANSWER("404", ""), NULL };
	static const char *const second[] = { ANSWER("204", ""), THERE, ANSWER("204", ""),
		ANSWER("404", ""), NULL };
	static const char *const kept[] = { ANSWER("204", ""), THERE, ANSWER("204", ""), THERE,
		ANSWER("204", ""), THERE, ANSWER("500", ""), NULL };
	static const char *const locked[] = { ERROR("403", "ObjectLockedByBucketPolicy"), NULL };
	static const char *const blind[] = { ANSWER("204", ""), ANSWER("403", ""), NULL };
	struct err err = ERR_INIT;

	ck_assert_int_eq(delete_k(gone, NULL), 0);
	ck_assert_int_eq(delete_k(never, NULL), 0);
	ck_assert_int_eq(delete_k(second, NULL), 0);
	ck_assert_int_ne(delete_k(kept, &err), 0);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(err.msg, "still there"));
	ck_assert_int_ne(delete_k(locked, &err), 0);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_ne(delete_k(blind, &err), 0);
	ck_assert_int_eq(err.code, ERR_DENIED);
}
END_TEST

static int may_send(void *ctx, struct err *err)
{
	int *left = ctx;

	return (*left)-- > 0 ? 0 : err_set(err, ERR_HELD, "it is another's turn");
}

/* What may be sent now may not be any more when it is tried again. */
START_TEST(asks_before_each_try)
{
	static const char *const busy[] = { ERROR("503", "SlowDown"), NULL };
	static const char *const kept[] = { ANSWER("204", ""), THERE, NULL };
	static const char *const stored[] = { STORED, NULL };
	char etag[S3_ETAG_SIZE] = "";
	struct err err = ERR_INIT;
	int left = 1;

	start(busy);
	s3_guard(s3, may_send, &left);
	ck_assert_int_ne(s3_delete(s3, "k", &err), 0);
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_uint_eq(server_requests(server), 1);
	left = 1;
	ck_assert_int_ne(s3_put(s3, "k", "x", 1, NULL, true, &err), 0);
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_uint_eq(server_requests(server), 2);
	stop();
	start(kept);
	s3_guard(s3, may_send, &left);
	left = 1;
	ck_assert_int_ne(s3_delete(s3, "k", &err), 0);
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_uint_eq(server_requests(server), 2);
	stop();
	start(stored);
	s3_guard(s3, may_send, &left);
	left = 0;
	ck_assert_int_eq(s3_put(s3, "k", "x", 1, NULL, false, &err), 0);
	ck_assert_int_eq(s3_replace(s3, "k", "x", 1, NULL, etag, &err), 0);
	s3_guard(s3, NULL, NULL);
	ck_assert_int_eq(s3_put(s3, "k", "x", 1, NULL, true, &err), 0);
	stop();
}
END_TEST

static char seen[256];

static int see(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	size_t n = strlen(seen);

	(void)ctx;
	(void)snprintf(seen + n, sizeof(seen) - n, "%s:%d ", key, (int)bytes);
	n = strlen(seen);
	if (age_s >= 0)
		(void)snprintf(seen + n, sizeof(seen) - n, "(%d s) ", (int)age_s);
	return strcmp(key, "stop") == 0 ? err_set(err, ERR_CORRUPT, "enough") : 0;
}

#define LIST(body) ANSWER("200", "<ListBucketResult>" body "</ListBucketResult>")
#define OBJECT(key) "<Contents><Key>" key "</Key><Size>1</Size></Contents>"

START_TEST(lists_all_pages_in_order)
{
	static const char *const answers[] = {
		LIST("<EncodingType>url</EncodingType>" OBJECT("a%2F9") OBJECT("a%2F1")
		    "<IsTruncated>true</IsTruncated><NextContinuationToken>t+/=</NextContinuationToken>"),
		LIST(OBJECT("a/1") OBJECT("a/0")), NULL };

	start(answers);
	seen[0] = '\0';
	ck_assert_int_eq(s3_list(s3, "a/", see, NULL, NULL), 0);
	ck_assert_str_eq(seen, "a/0:1 a/1:1 a/9:1 ");
	ck_assert_ptr_nonnull(strstr(server_request(server, 0),
	    "GET /some/path/taco?encoding-type=url&list-type=2&max-keys=1000&prefix=a%2F HTTP"));
	ck_assert_ptr_nonnull(strstr(server_request(server, 1), "?continuation-token=t%2B%2F%3D&"));
	stop();
}
END_TEST

#define DATED(key, at) "<Contents><Key>" key "</Key><LastModified>" at "</LastModified>" \
	"<Size>1</Size></Contents>"

START_TEST(tells_ages_by_the_servers_clock)
{
	static const char *const answers[] = {
		LIST(DATED("a", "2026-11-22T17:00:00.123Z") DATED("b", "2026-11-22T17:00:00Z")
		    DATED("c", "2026-11-22T18:00:05Z") DATED("d", "yesterday") OBJECT("e")),
		"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n<ListBucketResult>"
		DATED("a", "2026-11-22T17:00:00Z") "</ListBucketResult>", NULL };

	start(answers);
	seen[0] = '\0';
	ck_assert_int_eq(s3_list(s3, "", see, NULL, NULL), 0);
	ck_assert_str_eq(seen, "a:1 (3600 s) b:1 (3600 s) c:1 (0 s) d:1 e:1 ");
	seen[0] = '\0';
	ck_assert_int_eq(s3_list(s3, "", see, NULL, NULL), 0);
	ck_assert_str_eq(seen, "a:1 ");
	stop();
}
END_TEST

START_TEST(stops_listing)
{
	static const char *const visited[] = { LIST(OBJECT("a") OBJECT("stop") OBJECT("z")), NULL };
	static const char *const endless[] = { LIST(OBJECT("a")
		"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"), NULL };
	static const char *const html[] = { ANSWER("200", "<html/>"), NULL };
	struct err err = ERR_INIT;

	start(visited);
	seen[0] = '\0';
	ck_assert_int_ne(s3_list(s3, "", see, NULL, &err), 0);
	ck_assert_str_eq(err.msg, "enough");
	ck_assert_str_eq(seen, "a:1 stop:1 ");
	stop();
	start(endless);
	ck_assert_int_ne(s3_list(s3, "", see, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "never ends"));
	stop();
	start(html);
	ck_assert_int_ne(s3_list(s3, "", see, NULL, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, "not a listing but <html>"));
	stop();
}
END_TEST

START_TEST(refuses_bad_options)
{
	struct err err = ERR_INIT;

	ck_assert_ptr_null(client("ftp://x", &err));
	ck_assert_int_eq(err.code, ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(err.msg, "endpoint: "));
	s3_free(NULL);
}
END_TEST

UNIT_CASE(s3)
{
	tcase_add_test(tc, puts_with_a_signature);
	tcase_add_test(tc, says_what_is_wrong);
	tcase_add_test(tc, settles_a_lost_answer);
	tcase_add_test(tc, believes_only_an_s3_server);
	tcase_add_test(tc, needs_conditional_writes);
	tcase_add_test(tc, replaces_one_version_only);
	tcase_add_test(tc, tells_version_and_age);
	tcase_add_test(tc, replaces_although_a_stop_was_requested);
	tcase_add_test(tc, gets_and_bounds);
	tcase_add_test(tc, tells_the_size);
	tcase_add_test(tc, looks_whether_it_is_gone);
	tcase_add_test(tc, asks_before_each_try);
	tcase_add_test(tc, lists_all_pages_in_order);
	tcase_add_test(tc, tells_ages_by_the_servers_clock);
	tcase_add_test(tc, stops_listing);
	tcase_add_test(tc, refuses_bad_options);
}
