/*
 * "Please stop": SIGINT, SIGTERM and SIGHUP (the terminal is gone) set one flag, and
 * everything that waits or loops looks at it and returns ERR_INTERRUPTED. One of the
 * two globals of the program (a signal handler cannot be handed an argument); the
 * other is the log level.
 */
#ifndef D1KEEP_BASE_STOP_H
#define D1KEEP_BASE_STOP_H

#include <stdbool.h>

#include "base/err.h"

/* Catch SIGINT and SIGTERM, and SIGHUP unless it is ignored; ignore SIGPIPE. A person
 * who is impatient can press ^C twice: a second SIGINT kills as usual. SIGTERM is often
 * sent twice by those who mean it once (timeout(1), a process group). */
void stop_install(void);

/* As if a signal had come (used by tests). */
void stop_request(void);
void stop_clear(void);

bool stop_requested(void);

/* -1 with ERR_INTERRUPTED when a stop was requested, else 0. */
int stop_check(struct err *err);

#endif
