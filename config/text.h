/*
 * The text of the file, made ready for libConfuse. It misses what would
 * mislead a reader: version 3.3 counts a comment as several lines, takes an
 * end of file for a closing brace, and drops a '*' outside quotes in silence.
 */
#ifndef D1KEEP_CONFIG_TEXT_H
#define D1KEEP_CONFIG_TEXT_H

#include <stddef.h>

#include "config/config.h"

/* Blank out comments in place (every line keeps its number) and add a problem
 * for each string, comment or brace without an end, and for bytes that are no
 * text. `text` has a NUL at `len`. -1 when there is such a problem. */
int text_prepare(char *text, size_t len, struct config_problems *problems);

#endif
