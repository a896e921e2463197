/*
 * backup.conf as it is written: sections, and in each the options with their
 * text and line. libConfuse reads it; what the options mean is decided later
 * (config/build.h).
 */
#ifndef D1KEEP_CONFIG_OUTLINE_H
#define D1KEEP_CONFIG_OUTLINE_H

#include <stddef.h>

#include "config/config.h"
#include "config/option.h"

struct outline_value {
	const struct option *option;
	char *text;
	int line;
};

struct outline_section {
	enum section_kind kind;
	char *title;             /* NULL for the file itself */
	int line;
	size_t number;           /* its place in the outline */
	const struct outline_section *parent;
	struct outline_value *values;   /* a list has one for each item */
	size_t count, cap;
	const struct outline_section *namesake;   /* for config/require.c: an earlier one, or NULL */
	const void *reader;      /* libConfuse's section while it is read */
	void *built;             /* for config/build.c: the struct it became */
};

struct outline {
	struct outline_section **sections;   /* in order; the first is the file */
	size_t count, cap;
};

/* Reads `text` (text_prepare has seen it). Adds a problem for each unknown
 * name, and each option that is set twice; goes on after those. Where the
 * syntax makes that impossible, the last problem says so, and the outline ends
 * there. */
void outline_read(struct outline *ret, const char *text, struct config_problems *problems);
void outline_release(struct outline *outline);

/* The first value of an option, or NULL. */
const struct outline_value *outline_find(const struct outline_section *section,
    const char *option);

/* The line of an option, or of the section where it is not set. */
int outline_line(const struct outline_section *section, const char *option);

/* `database "production/auth"`: a string of its own. */
char *outline_label(const struct outline_section *section);

#endif
