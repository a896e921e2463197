/*
 * The command line of d1keepd.
 */
#ifndef D1KEEP_DAEMON_OPTIONS_H
#define D1KEEP_DAEMON_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *config;      /* of -c, or NULL */
	bool foreground;
	bool once;
	bool verbose;
};

/* false when the program has to leave with `*ret_status` now: --help and
 * --version were answered, or a mistake was told. */
bool options_read(int argc, char **argv, struct options *ret, int *ret_status);

#endif
