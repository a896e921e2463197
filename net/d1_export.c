#include "net/d1_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "net/d1_call.h"
#include "net/d1_export_check.h"
#include "net/d1_file.h"
#include "net/d1_job.h"

/* A database has at most 10 GB, and a byte of a blob is two of a dump. */
#define MAX_FILE_BYTES (32ll << 30)
#define MAX_ANSWER_BYTES (8u << 20)

/* The first request alone begins an export: it is sent again only where it was not
 * sent at all, or met the API's own limit. */
static const struct http_pace begin_pace = {
	.retries = 3, .max_delay_ms = 15000, .stall_timeout_ms = 60000,
};
/* After 15 s without a poll there is nothing left to poll. */
static const struct http_pace poll_pace = {
	.retries = 8, .max_delay_ms = 2000, .stall_timeout_ms = 10000,
};
/* Six hours and more of an export that never ends. */
#define MAX_POLLS 7200

struct export {
	const struct d1_export_options *options;
	struct d1_export_result *ret;
	int64_t begun_at_ms;
	char *bookmark;     /* what polls are sent with */
	char *signed_url;   /* NULL until it is complete */
};

/* The same request begins and polls: a bookmark makes it a poll. */
static struct json_object *body_of(const struct export *ex)
{
	struct json_object *body = json_object_new_object();

	json_set_str(body, "output_format", "polling");
	if (ex->bookmark != NULL)
		json_set_str(body, "current_bookmark", ex->bookmark);
	return body;
}

/* "Will not change for the duration of the export task": another one is another
 * export's, and shows another moment. */
static int note_bookmark(struct export *ex, const struct d1_job *job, struct err *err)
{
	const char *bookmark = d1_job_str(job, "at_bookmark");

	if (bookmark == NULL)
		return 0;
	if (ex->bookmark == NULL)
		ex->bookmark = mem_strdup(bookmark);
	if (strcmp(ex->bookmark, bookmark) == 0)
		return 0;
	return err_set(err, ERR_AGAIN, "database %s: the service began the export anew, at another moment",
	    ex->options->database_id);
}

static int take_job(struct export *ex, const struct d1_job *job, struct err *err)
{
	const char *url = d1_job_str(job, "signed_url");

	if (ex->options->progress != NULL)
		ex->options->progress(ex->options->progress_ctx, job->message);
	if (note_bookmark(ex, job, err) != 0)
		return -1;
	if (job->state == D1_JOB_COMPLETE && url == NULL)
		return err_set(err, ERR_FAILED, "database %s: the export is complete, and the D1 API does not say where it is",
		    ex->options->database_id);
	if (job->state == D1_JOB_ACTIVE && ex->bookmark == NULL)
		return err_set(err, ERR_FAILED, "database %s: the export has begun, and the D1 API does not say what to ask for",
		    ex->options->database_id);
	if (job->state == D1_JOB_COMPLETE) {
		free(ex->signed_url);
		ex->signed_url = mem_strdup(url);
	}
	return 0;
}

/* Begin (without a bookmark) or poll. */
static int ask(struct export *ex, struct err *err)
{
	AUTO_JSON body = body_of(ex);
	struct d1_call call = {
		.database_id = ex->options->database_id, .tail = "/export", .post = true,
		.body = body, .max_answer_bytes = MAX_ANSWER_BYTES,
		.changes = ex->bookmark == NULL,
		.judge = ex->bookmark == NULL ? d1_job_judge_begin_once : d1_job_judge_poll,
		.pace = ex->bookmark == NULL ? &begin_pace : &poll_pace,
	};
	struct d1_reply reply;
	struct d1_job job;
	int rc = d1_call(ex->options->api, &call, &reply, err);

	ex->ret->began = ex->ret->began || reply.in_doubt;
	if (rc == 0) {
		d1_job_read(&job, &reply.answer);
		ex->ret->began = ex->ret->began || d1_job_in_doubt(&job, &reply) ||
		    (job.state != D1_JOB_REFUSED && !d1_job_not_done(&job));
		if (job.state == D1_JOB_ACTIVE || job.state == D1_JOB_COMPLETE)
			rc = take_job(ex, &job, err);
		else
			rc = d1_job_error(ex->options->api, &call, &reply, &job, "Cloudflare's export", err);
	}
	d1_reply_release(&reply);
	return rc;
}

static int poll_to_the_end(struct export *ex, struct err *err)
{
	for (unsigned n = 0; ex->signed_url == NULL; n++) {
		if (n == MAX_POLLS)
			return err_set(err, ERR_AGAIN, "database %s: the export has run for hours and has not ended",
			    ex->options->database_id);
		clock_sleep_ms(ex->options->clock, d1_job_interval_ms(n));
		/* Without polls the service gives up in 15 s: that is how to stop it. */
		if (stop_check(err) != 0 || ask(ex, err) != 0)
			return -1;
	}
	return 0;
}

static int make(struct export *ex, struct err *err)
{
	int64_t ms;
	int rc;

	ex->begun_at_ms = clock_now_ms(ex->options->clock);
	rc = ask(ex, err);
	if (rc == 0)
		rc = poll_to_the_end(ex, err);
	ms = clock_now_ms(ex->options->clock) - ex->begun_at_ms;
	ex->ret->blocked_ms = ms > 0 && ex->ret->began ? ms : 0;
	return rc;
}

/* A URL lives for an hour. A new one comes with the answer to one more poll of
 * what is complete; without a bookmark that would be a new export. */
static int renew_url(struct export *ex, struct err *err)
{
	free(ex->signed_url);
	ex->signed_url = NULL;
	if (ask(ex, err) != 0)
		return -1;
	if (ex->signed_url == NULL)
		return err_set(err, ERR_AGAIN, "database %s: the finished export is gone",
		    ex->options->database_id);
	return 0;
}

static int fetch(struct export *ex, struct http_sink *file, struct err *err)
{
	struct err why = ERR_INIT;
	bool expired;
	int rc = d1_file_get(ex->options->api, ex->signed_url, file, &expired, &why);

	if (rc != 0 && expired && ex->bookmark != NULL) {
		if (renew_url(ex, err) != 0)
			return -1;
		rc = d1_file_get(ex->options->api, ex->signed_url, file, &expired, &why);
	}
	if (rc == 0)
		rc = d1_export_check(file->fd, file->bytes, &why);
	if (rc == 0)
		return 0;
	if (err != NULL)
		*err = why;
	return err_wrap(err, "database %s", ex->options->database_id);
}

static int run(struct export *ex, int fd, struct err *err)
{
	struct http_sink file = { .fd = fd, .max_bytes = MAX_FILE_BYTES };

	if (make(ex, err) != 0 || fetch(ex, &file, err) != 0)
		return -1;
	ex->ret->bytes = file.bytes;
	ex->ret->bookmark = mem_strdup(ex->bookmark);
	return 0;
}

int d1_export(const struct d1_export_options *options, struct d1_export_result *ret,
    struct err *err)
{
	struct export ex = { .options = options, .ret = ret };
	int fd = open(options->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	*ret = (struct d1_export_result){ 0 };
	if (fd < 0)
		return err_sys(err, errno, "cannot create \"%s\"", options->path);
	rc = run(&ex, fd, err);
	if (close(fd) != 0 && rc == 0)
		rc = err_sys(err, errno, "cannot close \"%s\"", options->path);
	if (rc != 0)
		(void)unlink(options->path);
	free(ex.bookmark);
	free(ex.signed_url);
	return rc;
}

void d1_export_result_release(struct d1_export_result *result)
{
	free(result->bookmark);
	*result = (struct d1_export_result){ 0 };
}
