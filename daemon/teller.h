/*
 * Tells whom the configuration names: facts from the runs go to daemon/alerts.h,
 * and its decisions, one after the other, to daemon/delivery.h. Nothing here ever
 * waits for the network, and no run waits for anything here.
 */
#ifndef D1KEEP_DAEMON_TELLER_H
#define D1KEEP_DAEMON_TELLER_H

#include <stdbool.h>
#include <uv.h>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/record.h"
#include "state/state.h"

struct teller_options {
	uv_loop_t *loop;
	const struct clock *clock;
	const char *binary;          /* these two as in daemon/job.h; lent */
	const char *config_path;
	struct record *record;       /* what was told is noted here */
	bool once;                   /* each thing is tried once, and then it is idle */
	/* Does a run of this database go or wait? */
	bool (*is_busy)(void *ctx, const char *database);
	/* The configuration's text for children (runner_config_fd). */
	int (*config_fd)(void *ctx);
	/* Nothing is being told any more. */
	void (*idle)(void *ctx);
	void *ctx;
};

struct teller;

struct teller *teller_new(const struct teller_options *options);

/* By this configuration from now on; it is lent until the next call. What is known
 * of the past is read bit by bit. */
void teller_take_config(struct teller *teller, const struct config *config);

/* A run has ended. `is_final`: it is not tried again before its next time.
 * `hint` may be NULL. */
void teller_run_ended(struct teller *teller, const char *database, const struct state_run *run,
    const char *hint, bool is_final);

/* Note anew what was told: the notes were lost. */
void teller_note_all(struct teller *teller);

/* Nothing is being told, nor is there anything to tell now. Of NULL it is true. */
bool teller_is_idle(const struct teller *teller);

/* Tell nothing more; what is being told is broken off. */
void teller_stop(struct teller *teller);

/* Closes its handles, when it is idle: uv_run must be called once more before
 * the loop is closed. NULL is fine. */
void teller_free(struct teller *teller);

#endif
