#include "net/d1_import.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/stop.h"
#include "net/d1_call.h"
#include "net/d1_file.h"
#include "net/d1_job.h"

#define MAX_FILE_BYTES (5ll << 30)   /* what R2 takes in one upload */
#define MD5_BYTES 16
#define PIECE_BYTES 65536

/* Another import or export is in the way: wait for its end, a minute or so. */
static const struct http_pace begin_pace = {
	.retries = 8, .max_delay_ms = 15000, .stall_timeout_ms = 60000,
};
/* While the network is away polls go on for some minutes: 120 tries of up to three
 * seconds' pause, each given up early enough for the next to come in time. */
static const struct http_pace poll_pace = {
	.retries = 120, .max_delay_ms = 3000, .stall_timeout_ms = 10000,
};
#define MAX_ANSWER_BYTES (8u << 20)
/* Six hours and more of an import that never ends. */
#define MAX_POLLS 7200

struct import {
	const struct d1_import_options *options;
	struct d1_import_result *ret;
	int fd;
	int64_t bytes;
	char md5[2 * MD5_BYTES + 1];
	char *upload_url, *filename;   /* what init answered; NULL when it began at once */
	char *bookmark;                /* of the running import, or NULL: not told */
	/* It may have begun, and no answer says so. What a poll finds may then be
	 * somebody else's import. */
	bool doubtful;
};

static int md5_of_file(struct import *im, EVP_MD_CTX *md5, struct err *err)
{
	const char *path = im->options->path;
	unsigned char hash[MD5_BYTES], piece[PIECE_BYTES], last = 0, before_last = 0;
	unsigned len = 0;
	ssize_t n;

	if (EVP_DigestInit_ex(md5, EVP_md5(), NULL) != 1)
		return err_set(err, ERR_FAILED, "this OpenSSL has no MD5, which the import needs");
	while ((n = pread(im->fd, piece, sizeof(piece), (off_t)im->bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot read \"%s\"", path);
		before_last = n > 1 ? piece[n - 2] : last;
		last = piece[n - 1];
		im->bytes += n;
		if (EVP_DigestUpdate(md5, piece, (size_t)n) != 1)
			return err_set(err, ERR_FAILED, "cannot hash \"%s\"", path);
		if (stop_check(err) != 0)
			return -1;
	}
	/* D1 silently ignores what follows the last semicolon. */
	if (before_last != ';' || last != '\n')
		return err_set(err, ERR_CORRUPT, "\"%s\" does not end with a whole statement", path);
	if (EVP_DigestFinal_ex(md5, hash, &len) != 1 || len != MD5_BYTES)
		return err_set(err, ERR_FAILED, "cannot hash \"%s\"", path);
	hex_encode(hash, MD5_BYTES, im->md5);
	return 0;
}

static int read_file(struct import *im, struct err *err)
{
	const char *path = im->options->path;
	EVP_MD_CTX *md5;
	struct stat st;
	int rc;

	im->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (im->fd < 0 || fstat(im->fd, &st) != 0)
		return err_sys(err, errno, "cannot open \"%s\"", path);
	if (st.st_size > MAX_FILE_BYTES)
		return err_set(err, ERR_TOO_BIG, "\"%s\" is longer than D1 imports at once (5 GiB)", path);
	md5 = EVP_MD_CTX_new();
	if (md5 == NULL)
		return err_set(err, ERR_FAILED, "no memory for a hash");
	rc = md5_of_file(im, md5, err);
	EVP_MD_CTX_free(md5);
	return rc;
}

static struct d1_call call_of(const struct import *im, struct json_object *body)
{
	return (struct d1_call){
		.database_id = im->options->database_id, .tail = "/import", .post = true,
		.body = body, .max_answer_bytes = MAX_ANSWER_BYTES,
	};
}

/* The request of init or ingest. */
static struct json_object *begin_body(const struct import *im, const char *action)
{
	struct json_object *body = json_object_new_object();

	json_set_str(body, "action", action);
	if (im->filename != NULL)
		json_set_str(body, "filename", im->filename);
	json_set_str(body, "etag", im->md5);
	return body;
}

static struct json_object *poll_body(const struct import *im)
{
	struct json_object *body = json_object_new_object();
	const char *bookmark = im->bookmark != NULL ? im->bookmark : im->options->bookmark;

	json_set_str(body, "action", "poll");
	if (bookmark != NULL)
		json_set_str(body, "current_bookmark", bookmark);
	return body;
}

/* A poll needs the bookmark, "constant for the duration of the import". */
static void note_progress(struct import *im, const struct d1_job *job)
{
	if (im->bookmark == NULL && !im->doubtful)
		im->bookmark = mem_strdup(d1_job_str(job, "at_bookmark"));
	if (im->options->progress != NULL)
		im->options->progress(im->options->progress_ctx, job->message);
}

static bool is_upload(const struct d1_job *job)
{
	return job->state == D1_JOB_NONE && d1_job_str(job, "upload_url") != NULL &&
	    d1_job_str(job, "filename") != NULL;
}

static void take_numbers(struct import *im, const struct d1_job *job)
{
	struct json_object *result = json_get(job->fields, "result", json_type_object);
	struct json_object *meta;

	if (result == NULL)
		result = job->fields;
	meta = json_get(result, "meta", json_type_object);
	im->ret->queries = json_get_int(result, "num_queries", -1);
	im->ret->rows_written = json_get_int(meta, "rows_written", -1);
	im->ret->size_bytes = json_get_int(meta, "size_after", -1);
	im->ret->final_bookmark = mem_strdup(d1_job_str(job, "final_bookmark"));
}

/* What an answer said. */
enum step { STEP_FAILED, STEP_DONE, STEP_UPLOAD, STEP_POLL };

/* Not known, and nothing more is to be learned from the import API. */
static enum step unknown(struct import *im, struct err *err)
{
	im->ret->unknown = true;
	if (err != NULL)
		err->code = ERR_AGAIN;
	return STEP_FAILED;
}

static enum step after_end(struct import *im, const struct d1_job *job, struct err *err)
{
	if (im->doubtful) {
		(void)err_set(err, ERR_AGAIN, "database %s: an import was running and has ended, after the answer that would tell whether it is this one was lost",
		    im->options->database_id);
		return unknown(im, err);
	}
	take_numbers(im, job);
	return STEP_DONE;
}

/* The answer to init or ingest. No answer, or one that leaves open whether it has
 * begun, is no reason to ask again: that could run the file twice. Polls tell. */
static enum step begin_with(struct import *im, const char *action, struct err *err)
{
	AUTO_JSON body = begin_body(im, action);
	struct d1_call call = call_of(im, body);
	struct d1_reply reply;
	struct d1_job job;
	struct err lost = ERR_INIT;
	enum step step = STEP_FAILED;

	call.changes = true;
	call.judge = d1_job_judge_begin;
	call.pace = &begin_pace;
	if (d1_call(im->options->api, &call, &reply, &lost) != 0) {
		im->doubtful = reply.in_doubt;
		d1_reply_release(&reply);
		if (im->doubtful)
			return STEP_POLL;
		if (err != NULL)
			*err = lost;
		return STEP_FAILED;
	}
	d1_job_read(&job, &reply.answer);
	im->doubtful = !is_upload(&job) && d1_job_in_doubt(&job, &reply);
	note_progress(im, &job);
	if (is_upload(&job)) {
		im->upload_url = mem_strdup(d1_job_str(&job, "upload_url"));
		im->filename = mem_strdup(d1_job_str(&job, "filename"));
		step = STEP_UPLOAD;
	} else if (job.state == D1_JOB_COMPLETE) {
		step = after_end(im, &job, err);
	} else if (im->doubtful || job.state == D1_JOB_ACTIVE) {
		step = STEP_POLL;
	} else {
		(void)d1_job_error(im->options->api, &call, &reply, &job, "the import", err);
	}
	d1_reply_release(&reply);
	return step;
}

static enum step poll_once(struct import *im, struct err *err)
{
	AUTO_JSON body = poll_body(im);
	struct d1_call call = call_of(im, body);
	struct d1_reply reply;
	struct d1_job job;
	enum step step = STEP_FAILED;

	call.judge = d1_job_judge_poll;
	call.pace = &poll_pace;
	call.unstoppable = true;
	if (d1_call(im->options->api, &call, &reply, err) != 0) {
		d1_reply_release(&reply);
		return unknown(im, err);
	}
	d1_job_read(&job, &reply.answer);
	note_progress(im, &job);
	if (job.state == D1_JOB_COMPLETE) {
		step = after_end(im, &job, err);
	} else if (job.state == D1_JOB_ACTIVE) {
		step = STEP_POLL;
	} else {
		(void)d1_job_error(im->options->api, &call, &reply, &job, "the import", err);
		if (im->doubtful || !d1_job_failed_for_certain(&job))
			step = unknown(im, err);
	}
	d1_reply_release(&reply);
	return step;
}

static enum step poll_to_the_end(struct import *im, struct err *err)
{
	for (unsigned n = 0; n < MAX_POLLS; n++) {
		enum step step;

		clock_wait_ms(im->options->clock, d1_job_interval_ms(n));
		step = poll_once(im, err);
		if (step != STEP_POLL)
			return step;
	}
	(void)err_set(err, ERR_AGAIN, "database %s: the import has run for hours and has not ended",
	    im->options->database_id);
	return unknown(im, err);
}

static int upload(struct import *im, struct err *err)
{
	struct http_source file = { .fd = im->fd, .bytes = im->bytes };

	if (d1_file_put(im->options->api, im->upload_url, &file, im->md5, err) != 0)
		return err_wrap(err, "database %s: \"%s\"", im->options->database_id, im->options->path);
	return 0;
}

static int run(struct import *im, struct err *err)
{
	enum step step;

	if (read_file(im, err) != 0)
		return -1;
	step = begin_with(im, "init", err);
	if (step == STEP_UPLOAD) {
		if (upload(im, err) != 0)
			return -1;
		step = begin_with(im, "ingest", err);
		if (step == STEP_UPLOAD) {
			(void)err_set(err, ERR_AGAIN, "database %s: the D1 API wants the file twice",
			    im->options->database_id);
			step = unknown(im, err);
		}
	}
	if (step == STEP_POLL)
		step = poll_to_the_end(im, err);
	return step == STEP_DONE ? 0 : -1;
}

int d1_import(const struct d1_import_options *options, struct d1_import_result *ret,
    struct err *err)
{
	struct import im = { .options = options, .ret = ret, .fd = -1 };
	int rc;

	*ret = (struct d1_import_result){ .queries = -1, .rows_written = -1, .size_bytes = -1 };
	rc = run(&im, err);
	if (im.fd >= 0)
		(void)close(im.fd);
	free(im.upload_url);
	free(im.filename);
	free(im.bookmark);
	return rc;
}

void d1_import_result_release(struct d1_import_result *result)
{
	free(result->final_bookmark);
	*result = (struct d1_import_result){ .queries = -1, .rows_written = -1, .size_bytes = -1 };
}
