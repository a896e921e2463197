/*
 * The backup of one database, from the lease to its release: a snapshot, unless the
 * slot has one already, its verification, and pruning.
 */
#ifndef D1KEEP_CLI_BACKUP_JOB_H
#define D1KEEP_CLI_BACKUP_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cost.h"
#include "cli/events.h"
#include "cli/progress.h"
#include "cli/session.h"

struct backup_job {
	const struct session *session;
	const char *label;           /* or NULL */
	int64_t slot_at;             /* the scheduled time it answers, Unix seconds; or 0 */
	int64_t wait_s;              /* for another who holds the lease */
	bool verify_given;           /* `verify` instead of what is configured */
	enum config_verify verify;
	bool prune;
	bool quiet;
	struct json_object *document;   /* an array that gets what is else printed; or NULL */
	struct events events;
	/* Of the database at hand. */
	struct progress progress;
	bool locked;                 /* an export may have left the database locked */
	struct cost cost;
};

/* Everything is printed and told; the exit status of this one database. */
int backup_job_run(struct backup_job *job, const struct config_database *database);

#endif
