#include "daemon/record.h"

#include "base/log.h"
#include "base/mem.h"

/* The file, or a new one in the place of a damaged one. */
static struct state *open_file(struct record *record, struct err *err)
{
	struct state *state = state_open(record->state_dir, true, err);
	int64_t now = clock_now(record->clock);
	AUTO_STR aside = NULL;

	if (state == NULL && err->code == ERR_CORRUPT) {
		log_warning("the history is damaged: %s", err->msg);
		err_clear(err);
		aside = state_set_aside(record->state_dir, now, err);
		if (aside == NULL)
			return NULL;
		log_warning("the history begins anew; the damaged file is now \"%s\"", aside);
		state = state_open(record->state_dir, true, err);
	}
	if (state != NULL && state_recover(state, now, err) != 0) {
		log_warning("cannot note which runs were cut off: %s", err->msg);
		err_clear(err);
	}
	return state;
}

static void open_any(struct record *record)
{
	struct err err = ERR_INIT;

	record->state = open_file(record, &err);
	record->in_memory = record->state == NULL;
	if (!record->in_memory)
		return;
	log_err(&err);
	log_warning("backups go on, but their history will be lost with this process");
	record->state = state_open_memory(&err);
}

void record_open(struct record *record, const char *state_dir, const struct clock *clock)
{
	*record = (struct record){ .state_dir = state_dir, .clock = clock };
	open_any(record);
}

void record_close(struct record *record)
{
	state_close(record->state);
	record->state = NULL;
}

static void renew(struct record *record)
{
	record_close(record);
	open_any(record);
	record->renewed = true;
}

void record_retry(struct record *record)
{
	if (record->in_memory)
		renew(record);
}

bool record_was_renewed(struct record *record)
{
	bool renewed = record->renewed;

	record->renewed = false;
	return renewed;
}

/* What came of a note. Damage that shows only now is dealt with now. */
static void look_at(struct record *record, int rc, const char *database, const struct err *err)
{
	if (rc == 0)
		return;
	log_warning("cannot note what became of %s: %s", database, err->msg);
	if (err->code == ERR_CORRUPT && !record->in_memory)
		renew(record);
}

void record_next(struct record *record, const char *database, int64_t next_at)
{
	struct err err = ERR_INIT;

	if (record->state != NULL)
		look_at(record, state_set_next(record->state, database,
		    next_at > 0 ? next_at : 0, &err), database, &err);
}

void record_begin(struct record *record, const char *database, int64_t slot_at, int64_t now)
{
	struct state_run run = { .slot_at = slot_at, .started_at = now };
	struct err err = ERR_INIT;

	if (record->state != NULL)
		look_at(record, state_run_begin(record->state, database, &run, &err),
		    database, &err);
}

void record_end(struct record *record, const char *database, const struct state_run *run)
{
	struct err err = ERR_INIT;

	if (record->state != NULL)
		look_at(record, state_run_end(record->state, database, run, &err), database, &err);
}

bool record_get(struct record *record, const char *database, struct state_database *ret)
{
	struct err err = ERR_INIT;

	if (record->state == NULL)
		return false;
	if (state_get(record->state, database, ret, &err) == 0)
		return true;
	if (err.code != ERR_NOT_FOUND)
		look_at(record, -1, database, &err);
	return false;
}

struct unschedule {
	struct state *state;
	bool (*is_scheduled)(void *ctx, const char *database);
	void *ctx;
};

static int unschedule_one(void *ctx, const struct state_database *db, struct err *err)
{
	struct unschedule *u = ctx;

	if (db->next_at == 0 || u->is_scheduled(u->ctx, db->name))
		return 0;
	return state_set_next(u->state, db->name, 0, err);
}

void record_unschedule(struct record *record,
    bool (*is_scheduled)(void *ctx, const char *database), void *ctx)
{
	struct unschedule u = { record->state, is_scheduled, ctx };
	struct err err = ERR_INIT;

	if (record->state != NULL)
		look_at(record, state_each(record->state, unschedule_one, &u, &err),
		    "databases without a schedule", &err);
}
