/*
 * A backup taken by the daemon, asked for and followed from here.
 */
#ifndef D1KEEP_CLI_VIA_DAEMON_H
#define D1KEEP_CLI_VIA_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct via_daemon_options {
	const struct config *config;
	struct config_database *const *databases;
	size_t count;
	const char *label;       /* or NULL */
	bool follow;             /* to their ends; else they are only asked for */
	bool quiet;
};

/* Asks for all, then follows each. The exit status: of the first run that was not
 * done. */
int via_daemon_backup(const struct via_daemon_options *options);

#endif
