/*
 * From a section `notify` of the configuration to a notice that has arrived
 * there: secrets are loaded here, and here alone.
 */
#ifndef D1KEEP_CLI_TARGETS_H
#define D1KEEP_CLI_TARGETS_H

#include <stdbool.h>

#include "config/config.h"
#include "notify/notice.h"

/* Is this target to be told of it? By its environment and its events; one that is
 * no event of the configuration ("test", "heartbeat") it always is. */
bool target_wants(const struct config_notify *target, const struct notice *notice);

/* Tell it; a heartbeat is asked its address and told nothing. What a program
 * writes is logged. Errors name the section, never its address. */
int target_tell(const struct config *config, const struct config_notify *target,
    const struct notice *notice, struct err *err);

/* "webhook", "exec" or "heartbeat". */
const char *target_type(const struct config_notify *target);

/* The events it wants, blanks between; a string of its own. */
char *target_events(const struct config_notify *target);

#endif
