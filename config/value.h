/*
 * The text of one option becomes a field, by the option's kind.
 */
#ifndef D1KEEP_CONFIG_VALUE_H
#define D1KEEP_CONFIG_VALUE_H

#include "config/config.h"
#include "config/option.h"

/* What a value may refer to. */
struct value_scope {
	const char *folder;      /* of the file: relative paths begin there */
	struct config *config;   /* the accounts and buckets read so far */
};

/* Set the option's field in `base` (its section's struct or policy). ERR_USAGE
 * says what is wrong with the text, and never quotes a secret. */
int value_set(const struct option *option, const char *text, const struct value_scope *scope,
    void *base, struct err *err);

/* Free the strings of these options in `base`. */
void value_release(enum section_kind section, bool inherited, void *base);

/* Does this address, from its host on, mean this machine? */
bool value_is_local(const char *host);

/* May this be a title? Letters, digits, "-_.", at most 64, not beginning with
 * '.' or '-': it becomes part of a path. */
bool value_is_name(const char *text);

#endif
