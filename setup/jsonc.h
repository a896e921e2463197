/*
 * JSON with comments and trailing commas, as wrangler.jsonc is, made plain JSON.
 */
#ifndef D1KEEP_SETUP_JSONC_H
#define D1KEEP_SETUP_JSONC_H

#include <stddef.h>

/* In place: comments and commas before a closing bracket become blanks, so every
 * line and column keeps its number. What is in strings stays. */
void jsonc_strip(char *text, size_t len);

#endif
