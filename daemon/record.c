#include "daemon/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/event.h"

/* A disk that hangs must not fill the memory. */
#define PENDING_MAX_BYTES (8 << 20)

enum note_kind {
	NOTE_NEXT, NOTE_RETRY, NOTE_ASKED, NOTE_BEGIN, NOTE_END, NOTE_ALERT, NOTE_NO_ALERT,
};

struct note {
	STAILQ_ENTRY(note) link;
	enum note_kind kind;
	char *database;
	int64_t at;              /* next_at, the retry's time or the asked run's id */
	int64_t slot_at;
	int attempt;
	char *label;
	struct state_run *run;   /* of a beginning or an end */
	struct state_alert *alert;
};

static void note_free(struct note *note)
{
	free(note->database);
	free(note->label);
	free(note->run);
	free(note->alert);
	free(note);
}

static void free_all(struct notes *notes)
{
	while (!STAILQ_EMPTY(notes)) {
		struct note *note = STAILQ_FIRST(notes);

		STAILQ_REMOVE_HEAD(notes, link);
		note_free(note);
	}
}

static int apply(struct state *state, const struct note *note, struct err *err)
{
	switch (note->kind) {
	case NOTE_NEXT:
		return state_set_next(state, note->database, note->at, err);
	case NOTE_RETRY:
		return state_set_retry(state, note->database, note->at, note->slot_at,
		    note->attempt, err);
	case NOTE_ASKED:
		return state_set_asked(state, note->database, note->at, note->label, err);
	case NOTE_BEGIN:
		return state_run_begin(state, note->database, note->run, err);
	case NOTE_END:
		return state_run_end(state, note->database, note->run, err);
	case NOTE_ALERT:
		return state_alert_set(state, note->alert, err);
	case NOTE_NO_ALERT:
		return state_alert_clear(state, note->alert->database, note->alert->target,
		    note->alert->kind, err);
	}
	return 0;
}

/* ---- the file */

/* The file, with what a dead daemon left in it put right. */
static struct state *open_recovered(struct record *record, struct err *err)
{
	struct state *state = state_open(record->state_dir, true, err);

	if (state == NULL || state_recover(state, clock_now(record->clock), err) == 0)
		return state;
	if (err->code == ERR_CORRUPT) {
		state_close(state);
		return NULL;
	}
	log_warning("cannot note which runs were cut off: %s", err->msg);
	err_clear(err);
	return state;
}

/* The file, or a new one in the place of a damaged one. `err` says on entry
 * what is known of damage. */
static struct state *open_file(struct record *record, struct err *err)
{
	struct state *state = err->code != ERR_CORRUPT ? open_recovered(record, err) : NULL;
	AUTO_STR aside = NULL;

	if (state != NULL || err->code != ERR_CORRUPT)
		return state;
	log_warning("the history is damaged: %s", err->msg);
	err_clear(err);
	aside = state_set_aside(record->state_dir, clock_now(record->clock), err);
	if (aside == NULL)
		return NULL;
	log_warning("the history begins anew; the damaged file is now \"%s\"", aside);
	return open_recovered(record, err);
}

static void open_any(struct record *record, const struct err *damage)
{
	struct err err = ERR_INIT;

	if (damage != NULL)
		err = *damage;
	record->state = open_file(record, &err);
	record->in_memory = record->state == NULL;
	if (!record->in_memory)
		return;
	log_err(&err);
	log_warning("backups go on, but their history will be lost with this process");
	record->state = state_open_memory(&err);
}

static void close_states(struct record *record)
{
	state_close(record->reader);
	state_close(record->state);
	record->reader = record->state = NULL;
}

/* With runs that go on and are no longer known there: recovery ends them, and
 * their own ends are noted whole. */
static void renew(struct record *record, const struct err *damage)
{
	close_states(record);
	open_any(record, damage);
	record->renewed = true;
	if (record->on_renewed != NULL)
		record->on_renewed(record->on_renewed_ctx);
}

/* What came of a note. Damage that shows only now is dealt with now. */
static void look_at(struct record *record, int rc, const char *database, const struct err *err)
{
	if (rc == 0)
		return;
	log_warning("database=%s: cannot note what became of it: %s", database, err->msg);
	if (err->code == ERR_CORRUPT && !record->in_memory)
		renew(record, err);
}

/* ---- the thread */

/* The first error counts: those that follow it say the same. */
static void keep_error(struct record *record, const char *database, const struct err *err)
{
	if (record->failed != NULL)
		return;
	record->failed = database;
	record->error = *err;
}

static void write_notes(uv_work_t *work)
{
	struct record *record = work->data;
	struct note *note = STAILQ_FIRST(&record->writing);
	struct err err = ERR_INIT;

	if (state_begin_notes(record->state, &err) != 0) {
		keep_error(record, note->database, &err);
		return;
	}
	STAILQ_FOREACH(note, &record->writing, link) {
		err_clear(&err);
		if (apply(record->state, note, &err) != 0)
			keep_error(record, note->database, &err);
	}
	err_clear(&err);
	if (state_end_notes(record->state, &err) != 0)
		keep_error(record, STAILQ_FIRST(&record->writing)->database, &err);
}

static void write_soon(struct record *record);

static void on_written(uv_work_t *work, int status)
{
	struct record *record = work->data;

	(void)status;            /* nobody cancels it */
	record->is_writing = false;
	if (record->failed != NULL) {
		look_at(record, -1, record->failed, &record->error);
		record->failed = NULL;
	}
	free_all(&record->writing);
	if (record->lost > 0)
		log_warning("%zu notes of what became of runs are lost: the disk is too slow for them",
		    record->lost);
	record->lost = 0;
	write_soon(record);
}

static void write_now(struct record *record, struct note *note)
{
	struct err err = ERR_INIT;

	look_at(record, apply(record->state, note, &err), note->database, &err);
	note_free(note);
}

/* What has become a state in memory is the loop's alone. */
static void write_all_now(struct record *record)
{
	while (!STAILQ_EMPTY(&record->pending)) {
		struct note *note = STAILQ_FIRST(&record->pending);

		STAILQ_REMOVE_HEAD(&record->pending, link);
		if (record->state != NULL)
			write_now(record, note);
		else
			note_free(note);
	}
	record->pending_bytes = 0;
}

static void write_soon(struct record *record)
{
	if (record->is_writing || STAILQ_EMPTY(&record->pending))
		return;
	if (record->in_memory) {
		write_all_now(record);
		return;
	}
	STAILQ_CONCAT(&record->writing, &record->pending);
	record->pending_bytes = 0;
	record->work.data = record;
	record->is_writing = true;
	if (uv_queue_work(record->loop, &record->work, write_notes, on_written) != 0) {
		write_notes(&record->work);
		on_written(&record->work, 0);
	}
}

/* ---- notes */

/* About. */
static size_t bytes_of(const struct note *note)
{
	return sizeof(*note) + 64 + (note->run != NULL ? sizeof(*note->run) : 0) +
	    (note->alert != NULL ? sizeof(*note->alert) : 0);
}

static void add(struct record *record, struct note *note)
{
	if (record->state == NULL) {
		note_free(note);
	} else if (record->loop == NULL || record->in_memory) {
		write_now(record, note);
	} else if (record->pending_bytes >= PENDING_MAX_BYTES) {
		record->lost++;
		note_free(note);
	} else {
		STAILQ_INSERT_TAIL(&record->pending, note, link);
		record->pending_bytes += bytes_of(note);
		write_soon(record);
	}
}

static struct note *note_new(enum note_kind kind, const char *database)
{
	struct note *note = mem_calloc(1, sizeof(*note));

	note->kind = kind;
	note->database = mem_strdup(database);
	return note;
}

void record_next(struct record *record, const char *database, int64_t next_at)
{
	struct note *note = note_new(NOTE_NEXT, database);

	note->at = next_at > 0 ? next_at : 0;
	add(record, note);
}

void record_tries_again(struct record *record, const char *database, int64_t at,
    int64_t slot_at, int attempt)
{
	struct note *note = note_new(NOTE_RETRY, database);

	note->at = at;
	note->slot_at = slot_at;
	note->attempt = attempt;
	add(record, note);
}

void record_asked(struct record *record, const char *database, int64_t run_id,
    const char *label)
{
	struct note *note = note_new(NOTE_ASKED, database);

	note->at = run_id;
	note->label = mem_strdup(label != NULL ? label : "");
	add(record, note);
}

static void add_run(struct record *record, enum note_kind kind, const char *database,
    const struct state_run *run)
{
	struct note *note = note_new(kind, database);

	note->run = mem_calloc(1, sizeof(*note->run));
	*note->run = *run;
	add(record, note);
}

void record_begin(struct record *record, const char *database, const struct state_run *run)
{
	add_run(record, NOTE_BEGIN, database, run);
}

void record_end(struct record *record, const char *database, const struct state_run *run)
{
	add_run(record, NOTE_END, database, run);
}

static void add_alert(struct record *record, enum note_kind kind,
    const struct state_alert *alert)
{
	struct note *note = note_new(kind, alert->database);

	note->alert = mem_calloc(1, sizeof(*note->alert));
	*note->alert = *alert;
	add(record, note);
}

void record_alert_set(struct record *record, const struct state_alert *alert)
{
	add_alert(record, NOTE_ALERT, alert);
}

void record_alert_clear(struct record *record, const char *database, const char *target,
    const char *kind)
{
	struct state_alert alert = { .gravity = 0 };

	event_copy_text(alert.database, sizeof(alert.database), database);
	event_copy_text(alert.target, sizeof(alert.target), target);
	event_copy_text(alert.kind, sizeof(alert.kind), kind);
	add_alert(record, NOTE_NO_ALERT, &alert);
}

/* ---- */

void record_open(struct record *record, const char *state_dir, const struct clock *clock,
    uv_loop_t *loop)
{
	*record = (struct record){ .state_dir = state_dir, .clock = clock, .loop = loop };
	STAILQ_INIT(&record->pending);
	STAILQ_INIT(&record->writing);
	open_any(record, NULL);
}

void record_close(struct record *record)
{
	close_states(record);
	free_all(&record->pending);
}

void record_retry(struct record *record)
{
	if (record->in_memory && !record->is_writing)
		renew(record, NULL);
}

void record_on_renewed(struct record *record, void (*call)(void *ctx), void *ctx)
{
	record->on_renewed = call;
	record->on_renewed_ctx = ctx;
}

bool record_was_renewed(struct record *record)
{
	bool renewed = record->renewed;

	record->renewed = false;
	return renewed;
}

struct state *record_reader(struct record *record)
{
	if (record->loop == NULL || record->in_memory)
		return record->state;
	if (record->reader == NULL)
		record->reader = state_open(record->state_dir, false, NULL);
	return record->reader;
}

bool record_get(struct record *record, const char *database, struct state_database *ret)
{
	struct state *state = record_reader(record);
	struct err err = ERR_INIT;

	if (state == NULL)
		return false;
	if (state_get(state, database, ret, &err) == 0)
		return true;
	if (err.code != ERR_NOT_FOUND && !record->is_writing)
		look_at(record, -1, database, &err);
	return false;
}

int64_t record_last_id(struct record *record)
{
	struct state *state = record_reader(record);
	int64_t id = 0;

	if (state != NULL)
		(void)state_last_run_id(state, &id, NULL);
	return id;
}

struct unschedule {
	struct record *record;
	bool (*is_scheduled)(void *ctx, const char *database);
	void *ctx;
};

static int unschedule_one(void *ctx, const struct state_database *db, struct err *err)
{
	struct unschedule *u = ctx;

	(void)err;
	if (u->is_scheduled(u->ctx, db->name))
		return 0;
	if (db->next_at != 0)
		record_next(u->record, db->name, 0);
	if (db->retry_at != 0)
		record_tries_again(u->record, db->name, 0, 0, 0);
	return 0;
}

void record_unschedule(struct record *record,
    bool (*is_scheduled)(void *ctx, const char *database), void *ctx)
{
	struct unschedule u = { record, is_scheduled, ctx };
	struct state *state = record_reader(record);
	struct err err = ERR_INIT;

	if (state != NULL && state_each(state, unschedule_one, &u, &err) != 0 && !record->is_writing)
		look_at(record, -1, "databases without a schedule", &err);
}
