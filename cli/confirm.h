/*
 * Asking before something that people regret: into production, or into another
 * environment than the one it came from.
 */
#ifndef D1KEEP_CLI_CONFIRM_H
#define D1KEEP_CLI_CONFIRM_H

#include <stdbool.h>

#include "base/err.h"

/* Is this environment one whose users are real? By its name: "prod" or "live" is
 * in it. */
bool confirm_is_production(const char *environment);

/* Ask for `name` ("production/auth") to be typed, unless `meant` (of --yes-i-mean) is
 * it. `why` begins the question. ERR_REFUSED when it is not; also where nobody can
 * be asked, as standard input is no terminal. */
int confirm_name(const char *name, const char *why, const char *meant, struct err *err);

#endif
