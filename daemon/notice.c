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

static void set_id(struct json_object *o, const struct notice_subject *s)
{
	const struct alerts_decision *d = s->decision;
	/* A heartbeat is told for the moment and has no other mark. */
	int64_t mark = d->kind == ALERT_HEARTBEAT ? s->now : d->since_at;
	AUTO_STR text = mem_printf("%s\n%s\n%s\n%s\n%" PRId64 "\n%" PRId64 "\n%d", s->host, s->target,
	    s->database != NULL ? s->database : "", alert_word(d->kind), mark, d->memory_at,
	    (int)d->gravity);
	char hex[SHA256_HEX_SIZE];

	sha256_hex(text, strlen(text), hex);
	hex[32] = '\0';
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

static void say_failure(struct buf *m, const struct notice_subject *s)
{
	static const char *const what[] = {
		[ALERT_PASSING] = "no backup", [ALERT_NEEDS_YOU] = "no backup until somebody acts",
		[ALERT_DAMAGED] = "damage was found",
	};
	const struct history *h = s->history;
	const char *why = h->message != NULL ? h->message : "no reason is known";
	char span[32];

	(void)buf_adds(m, what[s->decision->gravity], NULL);
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

static void set_facts(struct json_object *o, const struct notice_subject *s)
{
	static const char *const reasons[] = {
		[ALERT_PASSING] = "failed", [ALERT_NEEDS_YOU] = "needs-you", [ALERT_DAMAGED] = "damaged",
	};
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

char *notice_write(const struct notice_subject *s)
{
	AUTO_JSON o = json_object_new_object();

	json_set_str(o, "event", alert_word(s->decision->kind));
	set_id(o, s);
	set_moment(o, "at", s->now);
	json_set_str(o, "host", s->host);
	json_set_str(o, "environment", s->environment);
	if (s->database != NULL)
		json_set_str(o, "database", s->database);
	set_message(o, s);
	if (s->history != NULL)
		set_facts(o, s);
	return mem_strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_NOSLASHESCAPE));
}
