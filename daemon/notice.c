#include "daemon/notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"

#define MESSAGE_BYTES 2048
/* Of many databases. */
#define NAMED_IN_MESSAGE 5
#define NAMED 100

char *notice_span(int64_t seconds, char ret[32])
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		(void)snprintf(ret, 32, "%" PRId64 " s", seconds);
	else if (seconds < 2 * 3600)
		(void)snprintf(ret, 32, "%" PRId64 " min", seconds / 60);
	else if (seconds < 2 * 86400)
		(void)snprintf(ret, 32, "%" PRId64 " h", seconds / 3600);
	else
		(void)snprintf(ret, 32, "%" PRId64 " d", seconds / 86400);
	return ret;
}

static void set_moment(struct json_object *o, const char *key, int64_t at)
{
	char stamp[STAMP_ISO_SIZE];

	json_set_str(o, key, at > 0 ? stamp_iso(at, stamp) : NULL);
}

static const char *text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* ---- the id */

static void add_to_id(struct sha256 *hash, const struct notice_subject *s)
{
	const struct alerts_decision *d = s->decision;
	/* A heartbeat is told for the moment and has no other mark. */
	int64_t mark = d->kind == ALERT_HEARTBEAT ? s->now : d->since_at;
	AUTO_STR text = mem_printf("%s\n%s\n%s\n%s\n%" PRId64 "\n%" PRId64 "\n%d", s->host, s->target,
	    s->database != NULL ? s->database : "", alert_word(d->kind), mark, d->memory_at,
	    (int)d->gravity);

	sha256_add(hash, text, strlen(text));
}

static void set_id(struct json_object *o, const struct notice_subject *subjects, size_t count)
{
	struct sha256 *hash = sha256_new();
	unsigned char bytes[SHA256_BYTES];
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < count; i++)
		add_to_id(hash, &subjects[i]);
	sha256_end(hash, bytes);
	hex_encode(bytes, SHA256_BYTES / 2, hex);
	json_set_str(o, "id", hex);
}

/* ---- the sentence for people */

static void say_age(struct buf *m, const struct notice_subject *s)
{
	const struct history *h = s->history;
	char span[32];

	if (h->verified_at == 0)
		(void)buf_adds(m, "there is no verified snapshot", NULL);
	else
		(void)buf_addf(m, NULL, "the newest verified snapshot is %s old",
		    notice_span(s->now - h->verified_at, span));
}

static const char *const failures[] = {
	[ALERT_PASSING] = "no backup", [ALERT_NEEDS_YOU] = "no backup until somebody acts",
	[ALERT_DAMAGED] = "damage was found",
};

static void say_failure(struct buf *m, const struct notice_subject *s)
{
	const struct history *h = s->history;
	const char *why = h->message != NULL ? h->message : "no reason is known";
	char span[32];

	(void)buf_adds(m, failures[s->decision->gravity], NULL);
	if (s->decision->memory_at != 0)
		(void)buf_addf(m, NULL, ", still, for %s",
		    notice_span(s->now - s->decision->since_at, span));
	(void)buf_addf(m, NULL, ": %s; ", err_without(why, s->database));
	say_age(m, s);
}

static void say_shrink(struct buf *m, const struct notice_subject *s)
{
	const struct history *h = s->history;

	(void)buf_addf(m, NULL, "the snapshot %s has %" PRId64 " rows and %" PRId64
	    " bytes of SQL, the one before had %" PRId64 " and %" PRId64, h->shrunk.id,
	    h->shrunk.rows, h->shrunk.sql_bytes, h->shrunk_from.rows, h->shrunk_from.sql_bytes);
}

static int64_t lasted(const struct notice_subject *s)
{
	int64_t well = s->history->well_since, since = s->decision->since_at;

	return (well > since ? well : s->now) - since;
}

static void set_message(struct json_object *o, const struct notice_subject *s)
{
	AUTO_BUF m = BUF_INIT(MESSAGE_BYTES);
	char span[32];

	(void)buf_addf(&m, NULL, "%s: ", s->database != NULL ? s->database : s->environment);
	switch (s->decision->kind) {
	case ALERT_FAILURE:
		say_failure(&m, s);
		break;
	case ALERT_STALE:
		say_age(&m, s);
		break;
	case ALERT_SHRINK:
		say_shrink(&m, s);
		break;
	case ALERT_RECOVERY:
		(void)buf_addf(&m, NULL, "well again after %s; ", notice_span(lasted(s), span));
		say_age(&m, s);
		break;
	case ALERT_HEARTBEAT:
		(void)buf_adds(&m, "every database has a fresh, verified snapshot", NULL);
		break;
	}
	json_set_str(o, "message", buf_str(&m));
}

/* ---- the facts for programs */

static struct json_object *run_json(const struct history *h)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "id", h->run_id);
	set_moment(o, "slot_at", h->slot_at);
	set_moment(o, "started_at", h->started_at);
	set_moment(o, "finished_at", h->finished_at);
	json_set_int(o, "attempt", h->attempt);
	json_set_int(o, "exit_code", h->exit_code);
	json_set_str(o, "code", text_or_null(h->code));
	json_set_str(o, "message", h->message);
	json_set_str(o, "snapshot_id", text_or_null(h->failed_snapshot));
	return o;
}

static struct json_object *snapshot_json(const struct history_snapshot *snapshot)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "id", snapshot->id);
	json_set_int(o, "rows", snapshot->rows);
	json_set_int(o, "sql_bytes", snapshot->sql_bytes);
	return o;
}

static const char *const reasons[] = {
	[ALERT_PASSING] = "failed", [ALERT_NEEDS_YOU] = "needs-you", [ALERT_DAMAGED] = "damaged",
};

static void set_facts(struct json_object *o, const struct notice_subject *s)
{
	const struct alerts_decision *d = s->decision;
	const struct history *h = s->history;

	set_moment(o, "since_at", d->since_at);
	json_set_bool(o, "repeated", d->memory_at != 0);
	if (d->kind == ALERT_FAILURE) {
		json_set_str(o, "reason", reasons[d->gravity]);
		json_set_str(o, "hint", h->hint);
		json_set(o, "run", run_json(h));
	} else if (d->kind == ALERT_SHRINK) {
		json_set(o, "snapshot", snapshot_json(&h->shrunk));
		json_set(o, "snapshot_before", snapshot_json(&h->shrunk_from));
	} else if (d->kind == ALERT_RECOVERY) {
		json_set_int(o, "lasted_ms", lasted(s) * 1000);
	}
	json_set_str(o, "verified_snapshot_id", text_or_null(h->verified));
	if (h->verified_at > 0)
		json_set_int(o, "verified_age_ms", (s->now - h->verified_at) * 1000);
}

static void set_head(struct json_object *o, const struct notice_subject *subjects, size_t count)
{
	json_set_str(o, "event", alert_word(subjects->decision->kind));
	set_id(o, subjects, count);
	set_moment(o, "at", subjects->now);
	json_set_str(o, "host", subjects->host);
}

char *notice_write(const struct notice_subject *s)
{
	AUTO_JSON o = json_object_new_object();

	set_head(o, s, 1);
	json_set_str(o, "environment", s->environment);
	if (s->database != NULL)
		json_set_str(o, "database", s->database);
	set_message(o, s);
	if (s->history != NULL)
		set_facts(o, s);
	return mem_strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---- many at once */

/* The one whose reason is told for all: the first of the gravest. */
static const struct notice_subject *gravest(const struct notice_subject *subjects, size_t count)
{
	const struct notice_subject *found = subjects;

	for (size_t i = 1; i < count; i++) {
		if (subjects[i].decision->gravity > found->decision->gravity)
			found = &subjects[i];
	}
	return found;
}

static const char *say_of_many(const struct alerts_decision *decision)
{
	static const char *const words[] = {
		[ALERT_STALE] = "the newest verified snapshot is too old",
		[ALERT_SHRINK] = "the newest snapshot has less than half of the one before",
		[ALERT_RECOVERY] = "well again",
	};

	return decision->kind == ALERT_FAILURE ? failures[decision->gravity] : words[decision->kind];
}

static void set_message_of_many(struct json_object *o, const struct notice_subject *subjects,
    size_t count)
{
	const struct notice_subject *s = gravest(subjects, count);
	AUTO_BUF m = BUF_INIT(MESSAGE_BYTES);

	(void)buf_addf(&m, NULL, "%zu databases: %s: ", count, say_of_many(s->decision));
	for (size_t i = 0; i < count && i < NAMED_IN_MESSAGE; i++)
		(void)buf_addf(&m, NULL, "%s%s", i > 0 ? ", " : "", subjects[i].database);
	if (count > NAMED_IN_MESSAGE)
		(void)buf_addf(&m, NULL, " and %zu more", count - NAMED_IN_MESSAGE);
	if (s->decision->kind == ALERT_FAILURE && s->history->message != NULL)
		(void)buf_addf(&m, NULL, "; %s: %s", s->database,
		    err_without(s->history->message, s->database));
	json_set_str(o, "message", buf_str(&m));
}

static void set_names(struct json_object *o, const struct notice_subject *subjects, size_t count)
{
	struct json_object *names = json_object_new_array();

	for (size_t i = 0; i < count && i < NAMED; i++)
		json_object_array_add(names, json_object_new_string(subjects[i].database));
	json_set(o, "databases", names);
	json_set_int(o, "count", (int64_t)count);
}

static void set_facts_of_many(struct json_object *o, const struct notice_subject *subjects,
    size_t count)
{
	const struct notice_subject *s = gravest(subjects, count);
	int64_t since = subjects->decision->since_at;
	bool repeated = true;

	for (size_t i = 0; i < count; i++) {
		const struct alerts_decision *d = subjects[i].decision;

		since = d->since_at < since ? d->since_at : since;
		repeated = repeated && d->memory_at != 0;
	}
	set_moment(o, "since_at", since);
	json_set_bool(o, "repeated", repeated);
	if (s->decision->kind != ALERT_FAILURE)
		return;
	json_set_str(o, "reason", reasons[s->decision->gravity]);
	json_set_str(o, "hint", s->history->hint);
}

static const char *common_environment(const struct notice_subject *subjects, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (strcmp(subjects[i].environment, subjects->environment) != 0)
			return NULL;
	}
	return subjects->environment;
}

char *notice_write_many(const struct notice_subject *subjects, size_t count)
{
	AUTO_JSON o = json_object_new_object();

	set_head(o, subjects, count);
	json_set_str(o, "environment", common_environment(subjects, count));
	set_names(o, subjects, count);
	set_message_of_many(o, subjects, count);
	set_facts_of_many(o, subjects, count);
	return mem_strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
}
