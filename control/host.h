/*
 * What the control API knows of the daemon: facts and one wish, all by
 * callbacks, all within the loop's thread. daemon/serve.c fills it in; a test
 * fills it in with what it likes. Strings that come out are lent until control/
 * hands back to the loop.
 */
#ifndef D1KEEP_CONTROL_HOST_H
#define D1KEEP_CONTROL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "state/state.h"

/* A configured database. */
struct host_database {
	const char *name;        /* environment/database */
	const char *timezone;    /* for people's eyes */
	bool verifies;           /* its runs are verified: only then is a snapshot's age told by that */
};

/* A run that waits or goes. */
struct host_run {
	int64_t id;
	const char *database;
	const char *label;       /* or NULL */
	const char *cause;       /* a word: why it was asked for */
	bool running;
	int64_t slot_at;         /* these three in Unix seconds; 0: none */
	int64_t asked_at;
	int64_t started_at;
	int64_t rows, bytes;     /* read so far */
};

/* How a run ended: as bars and figures tell it. */
enum run_outcome {
	RUN_GOOD,
	RUN_INCOMPLETE,      /* something could not be kept exactly */
	RUN_FAILED,
	RUN_DAMAGED,         /* a snapshot was taken, and did not verify */
	RUN_CUT_OFF,         /* d1keepd ended, or another process held the database */
	RUN_OUTCOME_COUNT
};

/* "good", "incomplete", … */
const char *run_outcome_word(enum run_outcome outcome);

/* Of a run that has ended. */
enum run_outcome run_outcome(const struct state_run *run);

struct control_host {
	void *ctx;
	uv_loop_t *loop;
	const struct clock *clock;
	const char *version;
	const char *binary;      /* d1keep: a path, or a name to look for in PATH */

	/* The name of the i-th configured database, in the order of the
	 * configuration; NULL past the last. */
	const char *(*name)(void *ctx, size_t i);
	bool (*find)(void *ctx, const char *name, struct host_database *ret);

	/* For how many seconds a snapshot of the moment `at` is young enough; 0: it
	 * does not matter. */
	int64_t (*max_age)(void *ctx, const char *name, int64_t at);

	/* Those that go first, then those that wait in their order, until `visit`
	 * says false. */
	void (*each_active)(void *ctx, bool (*visit)(void *ctx, const struct host_run *run),
	    void *visit_ctx);

	/* A run of a configured database, now. When one waits or goes already it
	 * is that one, and *ret_is_new is false. ERR_AGAIN: not while stopping. */
	int (*create)(void *ctx, const char *database, const char *label,
	    int64_t *ret_run, bool *ret_is_new, struct err *err);

	/* What has been noted; NULL when nothing can be had. It may be another
	 * one the next time. */
	struct state *(*state)(void *ctx);

	/* NULL when it does its work as it should, else why not. */
	const char *(*not_ready)(void *ctx);

	/* How many runs ended so since the start. */
	uint64_t (*runs_total)(void *ctx, enum run_outcome outcome);

	/* The longest that the loop was held up, in milliseconds. */
	int64_t (*lag_max_ms)(void *ctx);

	/* The name of the i-th account, and how many requests its token could send at
	 * once now (-1: that is not known); false past the last. */
	bool (*account)(void *ctx, size_t i, const char **ret_name, int64_t *ret_left);

	/* Children work by the configuration that was accepted: its path, and its
	 * text as a descriptor for the child's 4, or 0 (daemon/runner.h). */
	const char *(*config_path)(void *ctx);
	int (*config_fd)(void *ctx);

	void (*log)(void *ctx, enum log_level level, const char *message);
};

#endif
