/*
 * What a database's runs come to, one after the other: is it failing, since when,
 * what has it got. Pure: runs go in, oldest first.
 */
#ifndef D1KEEP_DAEMON_HISTORY_H
#define D1KEEP_DAEMON_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/alerts.h"
#include "state/state.h"

/* So many runs of the past are looked at. */
#define HISTORY_RUNS 50

/* Less than half is shrinking, from this size on: below it is coming and going. */
#define HISTORY_ROWS_MIN 10
#define HISTORY_BYTES_MIN 10000

struct history_snapshot {
	char id[32];             /* empty: none */
	int64_t rows, sql_bytes;
};

/* All times in Unix seconds, 0: none. */
struct history {
	int64_t last_id;         /* of the newest run in here */
	/* Failures since the last success; `failing`: one of them was for good. */
	bool failing;
	int64_t failing_since;
	enum alert_gravity gravity;      /* of the newest, as what follows */
	int64_t run_id, slot_at, started_at, finished_at;
	int attempt, exit_code;
	char code[16];
	char *message, *hint;            /* or NULL */
	char failed_snapshot[32];        /* one was taken all the same */
	int64_t well_since;              /* the first success after a failure */
	int64_t verified_at;             /* the moment the newest verified snapshot shows */
	char verified[32];
	struct history_snapshot newest;
	/* The newest that shrank, what it was less than half of, and when it was done. */
	int64_t shrunk_at;
	struct history_snapshot shrunk, shrunk_from;
};

void history_release(struct history *history);

/* A run that ended; one that was held up, cut off, is in here already or is of
 * the future counts for nothing. `verifies`: only verified snapshots count; else
 * every one does. `is_final`: it is not tried again before its next time. `hint`
 * or NULL. */
void history_add(struct history *history, const struct state_run *run, const char *hint,
    bool verifies, bool is_final, int64_t now);

/* `count` runs as the state has them, newest first; `retry_at` as in struct
 * state_database. */
void history_add_past(struct history *history, const struct state_run *runs, size_t count,
    int64_t retry_at, bool verifies, int64_t now);

#endif
