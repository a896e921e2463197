/*
 * The configuration file as the daemon takes it: read, with what is wrong with
 * it told line by line.
 */
#ifndef D1KEEP_DAEMON_SETTINGS_H
#define D1KEEP_DAEMON_SETTINGS_H

#include "config/config.h"

/* NULL when it cannot be used. Each problem is told as `path:line: message`;
 * what is wrong with its surroundings (secret files that are missing, …) only
 * as a warning, for other databases can be backed up all the same. */
struct config *settings_read(const char *path);

/* The same in two steps. The first logs nothing, and may run in another thread
 * than the second; `problems` begins as zeroes. */
struct config *settings_load(const char *path, struct config_problems *problems);
void settings_tell(const char *path, const struct config *config,
    const struct config_problems *problems);

#endif
