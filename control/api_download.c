/*
 * GET /api/backup/download: `d1keep cat SNAPSHOT --gzip`, as fast as the client
 * takes it. Nothing is answered before the child's first byte, so what it cannot
 * do has a status of its own; when it fails later, the connection is cut and not
 * ended as if all had come.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "control/child.h"
#include "control/handlers.h"
#include "control/request.h"
#include "control/server.h"

#define AT_ONCE_MAX 2
#define TIMEOUT_MS (6 * 3600 * 1000)
#define IDLE_SECONDS 120
#define BLOCK_BYTES 32768

struct download {
	struct request *request;         /* NULL: gone */
	struct child *child;             /* NULL: it has ended */
	struct child_end end;
	char *file_name;
	bool begun;                      /* the answer is under way */
	unsigned refs;                   /* the request's and the response's */
};

static void release(void *ctx)
{
	struct download *download = ctx;

	if (--download->refs > 0)
		return;
	if (download->child != NULL)
		child_drop(download->child);
	free(download->file_name);
	free(download);
}

static void release_job(void *ctx)
{
	struct download *download = ctx;

	download->request->control->downloads--;
	download->request = NULL;
	if (download->child != NULL)
		child_drop(download->child);
	download->child = NULL;
	release(download);
}

/* ---- what the child tells */

static void wake(struct download *download)
{
	if (download->request != NULL)
		request_wake(download->request);
}

static void on_readable(void *ctx)
{
	wake(ctx);
}

static void on_ended(void *ctx, const struct child_end *end)
{
	struct download *download = ctx;

	download->child = NULL;
	download->end = *end;
	wake(download);
}

/* ---- the answer */

static ssize_t read_child(void *cls, uint64_t pos, char *ret, size_t max)
{
	struct download *download = cls;
	struct request *request = download->request;
	size_t len;

	(void)pos;
	if (request == NULL || request->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (download->child == NULL && download->end.exit_code == 0 && !download->end.timed_out)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (download->child == NULL)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	len = child_read(download->child, ret, max);
	if (len == 0)
		request_wait(request, NULL);
	return (ssize_t)len;
}

static void begin_stream(struct request *request)
{
	struct download *download = request->job;
	AUTO_STR disposition = mem_printf("attachment; filename=\"%s\"", download->file_name);
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
	    BLOCK_BYTES, read_child, download, release);

	download->refs++;
	download->begun = true;
	clients_phase(server_clients(request->server), request->client, CLIENT_STREAMING,
	    clock_monotonic_ms());
	(void)MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT,
	    (unsigned)IDLE_SECONDS);
	request_set_header(request, "Content-Disposition", disposition);
	request_answer_response(request, MHD_HTTP_OK, "application/gzip", response);
}

static void first_news(struct request *request)
{
	struct download *download = request->job;

	if (download->child != NULL)
		begin_stream(request);
	else
		request_child_error(request, &download->end);
}

/* ---- the request */

/* "production/auth@2026-11-22T02:17:00Z" to "production-auth-20261122T021700Z.sql.gz":
 * a name that every system takes. */
static char *make_file_name(const char *database, const char *which)
{
	char stamp[STAMP_COMPACT_SIZE];
	int64_t at;
	char *name = mem_printf("%s-%s.sql.gz", database,
	    stamp_parse(which, &at) ? stamp_compact(at, stamp) : which);

	for (char *p = name; *p != '\0'; p++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", *p) == NULL)
			*p = '-';
	}
	return name;
}

static void start(struct request *request, const char *snapshot, const char *database,
    const char *which)
{
	struct download *download = mem_calloc(1, sizeof(*download));
	const char *const args[] = { "cat", snapshot, "--gzip", "--events-fd", "3", NULL };

	download->request = request;
	download->refs = 1;
	download->file_name = make_file_name(database, which);
	request->job = download;
	request->job_free = release_job;
	request->control->downloads++;
	download->child = child_start(&(struct child_options){
		.host = &request->control->host, .args = args, .timeout_ms = TIMEOUT_MS,
		.readable = on_readable, .ended = on_ended, .ctx = download,
	});
	request_wait(request, first_news);
}

void api_download(struct request *request)
{
	const struct control_host *host = &request->control->host;
	const char *snapshot = request_argument(request, "snapshot");
	const char *at = snapshot != NULL ? strchr(snapshot, '@') : NULL;
	AUTO_STR name = at != NULL ? mem_strndup(snapshot, (size_t)(at - snapshot)) : NULL;
	struct host_database database;

	/* With 1.0 the end of the connection is the end of the answer: the gzip
	 * members that had come by then would look like a whole dump. */
	if (request->http_1_0) {
		request_error(request, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "usage",
		    "a download takes HTTP/1.1, or one that was cut would look whole",
		    "nginx: proxy_http_version 1.1;");
	} else if (at == NULL || at[1] == '\0' || strlen(at) > 128) {
		request_error(request, MHD_HTTP_BAD_REQUEST, "usage", "which snapshot?",
		    "ask for ?snapshot=production/auth@2026-11-22T02:17:00Z");
	} else if (!host->find(host->ctx, name, &database)) {
		request_unknown_database(request);
	} else if (request->control->downloads >= AT_ONCE_MAX) {
		request_set_header(request, "Retry-After", "30");
		request_error(request, MHD_HTTP_TOO_MANY_REQUESTS, "again",
		    "two downloads at once are the most", NULL);
	} else {
		start(request, snapshot, name, at + 1);
	}
}
