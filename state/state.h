/*
 * What ran when: one small SQLite file, <state_dir>/state.db, written by
 * d1keepd alone (state/lock.h) and read by `d1keep status` and the control API
 * at any moment. Losing it loses no backup.
 */
#ifndef D1KEEP_STATE_STATE_H
#define D1KEEP_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STATE_RUNS_KEPT 200     /* of each database; older runs are forgotten */

struct state;

/* The writer opens with `create`: the folder (mode 0700) and the file are made
 * where missing, and a file of an older format is brought to this one. A reader
 * opens without and never writes.
 *   ERR_NOT_FOUND  reader: nothing has been recorded yet
 *   ERR_CORRUPT    not a state file, or a damaged one: see state_set_aside
 *   ERR_FAILED     anything else, such as a file of a newer format */
struct state *state_open(const char *state_dir, bool create, struct err *err);

/* A state that lives as long as the process, for when no file can be had. */
struct state *state_open_memory(struct err *err);

void state_close(struct state *state);  /* NULL is fine */

/* Renames a damaged state.db, with its journals, to state.db.corrupt-<now>,
 * for the writer to begin anew. It must not be open here. Returns the new path
 * (a string of its own), or NULL. */
char *state_set_aside(const char *state_dir, int64_t now, struct err *err);

enum state_cause {
	STATE_CAUSE_SCHEDULE,    /* its time had come */
	STATE_CAUSE_RETRY,       /* the run before it failed */
	STATE_CAUSE_REQUEST,     /* somebody asked for it */
	STATE_CAUSE_MADE_UP,     /* its time passed while nobody was there */
};

/* "schedule", "retry", "request", "made-up" */
const char *state_cause_word(enum state_cause cause);

enum state_verdict { STATE_NOT_VERIFIED, STATE_VERIFIED_GOOD, STATE_VERIFIED_BAD };

/* Codes of runs that ended without having failed: another process holds the
 * database's lease; d1keepd ended while it ran. */
#define STATE_CODE_HELD "held"
#define STATE_CODE_CUT_OFF "cut-off"
/* Of a run that succeeded, but something keeps what is not needed from being removed:
 * its message says what. */
#define STATE_CODE_NOT_PRUNED "not-pruned"

struct state_run {
	int64_t id;              /* of all databases' runs together, rising; 0: give it one */
	int64_t slot_at;         /* the scheduled time it answers, Unix seconds; 0: none */
	int64_t started_at;
	int64_t finished_at;     /* 0: still going (or was cut off) */
	int64_t took_ms;         /* of the backup alone, as it says itself; 0: it said nothing */
	enum state_cause cause;
	int attempt;             /* 1: the first for its slot */
	int exit_code;           /* of d1keep; 128 + signal when killed */
	enum state_verdict verified;
	bool taken;              /* another run or daemon had answered the slot: `snapshot` is its */
	int64_t rows;            /* of the snapshot taken; 0 when there is none */
	int64_t sql_bytes;
	int64_t stored_bytes;
	int64_t new_bytes;
	int64_t freed_bytes;     /* by pruning after it */
	int64_t requests;        /* HTTP requests, retried ones among them */
	int64_t retries;         /* how many of them were retried */
	int64_t rows_read;       /* as Cloudflare counts them */
	char label[72];          /* asked for, or empty */
	char snapshot[32];       /* id of the snapshot taken, or empty */
	char code[16];           /* of the error: "again", "denied", … (daemon/event.h), or empty */
	char message[512];       /* the error, what a success could not do, or empty */
};

struct state_database {
	char name[256];          /* environment/database */
	int64_t next_at;         /* 0: no schedule */
	bool running;            /* as far as the file knows: a dead daemon's runs too */
	struct state_run last;   /* last.started_at 0: never ran */
	int64_t last_success_at; /* finished_at of the last run that ended with 0 or 5 */
	int64_t last_verified_at; /* finished_at of the last run whose verdict was good */
	int failures;            /* runs in a row that failed since the last success */
	/* A failed run is tried again at retry_at (0: none waits). */
	int64_t retry_at;
	int64_t retry_slot;
	int retry_attempt;
	/* A run was asked for and has not begun (asked_id 0: none). */
	int64_t asked_id;
	char asked_label[72];
};

/* Did it take a snapshot, or find its slot taken? (exit 5: done, but something
 * could not be kept) */
bool state_run_succeeded(const struct state_run *run);

/* Does it count as a failure of the database's backups? Runs that were held up or
 * cut off do not, nor what was asked for with a label that is taken. */
bool state_run_failed(const struct state_run *run);

/* ---- the writer. All of these return ERR_CORRUPT when the file turns out to be
 * damaged. */

/* The notes between these two are one transaction. When one of them fails the
 * others stand; state_end_notes fails when none does. */
int state_begin_notes(struct state *state, struct err *err);
int state_end_notes(struct state *state, struct err *err);

int state_set_next(struct state *state, const char *database, int64_t next_at, struct err *err);

/* at 0: none waits. */
int state_set_retry(struct state *state, const char *database, int64_t at, int64_t slot_at,
    int attempt, struct err *err);

/* It stays noted until the run of that id begins. */
int state_set_asked(struct state *state, const char *database, int64_t run_id,
    const char *label, struct err *err);

/* Of `run` what is known at the beginning. A run that was held up begins again
 * under its own id. The database's retry and the request it answers no longer
 * wait. */
int state_run_begin(struct state *state, const char *database, const struct state_run *run,
    struct err *err);

/* Ends the run of this id; when its beginning could not be recorded (a full
 * disk), records it whole. */
int state_run_end(struct state *state, const char *database, const struct state_run *run,
    struct err *err);

/* For the writer, once at start: runs that a dead daemon left unfinished are
 * ended with exit 130, and their databases become due again (next_at goes back
 * to the slot; what was asked for is asked for again), unless that was cut off
 * ten times. */
int state_recover(struct state *state, int64_t now, struct err *err);

/* The highest id that any run has or was promised; 0: none. */
int state_last_run_id(struct state *state, int64_t *ret, struct err *err);

/* ---- readers */

/* ERR_NOT_FOUND when nothing is known of it. */
int state_get(struct state *state, const char *database, struct state_database *ret,
    struct err *err);

/* Every database, by name. `visit` may stop with -1 and its own err. */
int state_each(struct state *state,
    int (*visit)(void *ctx, const struct state_database *db, struct err *err),
    void *ctx, struct err *err);

/* The runs of one database, newest first, at most `limit`. */
int state_each_run(struct state *state, const char *database, size_t limit,
    int (*visit)(void *ctx, const struct state_run *run, struct err *err),
    void *ctx, struct err *err);

/* The runs of all databases, newest first, at most `limit`. */
int state_each_recent_run(struct state *state, size_t limit,
    int (*visit)(void *ctx, const char *database, const struct state_run *run, struct err *err),
    void *ctx, struct err *err);

/* ERR_NOT_FOUND: there is none of this id. The database's name goes to
 * `ret_database` (256 bytes). */
int state_get_run(struct state *state, int64_t id, char *ret_database, struct state_run *ret,
    struct err *err);

#endif
