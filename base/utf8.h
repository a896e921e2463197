/*
 * Strict UTF-8, as D1's engine and its JSON understand it: no overlong forms,
 * no surrogates, nothing above U+10FFFF.
 */
#ifndef D1KEEP_BASE_UTF8_H
#define D1KEEP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Are these `len` bytes well-formed? NUL is an ordinary character here. */
bool utf8_valid(const char *s, size_t len);

/* Do they hold U+FFFD, the sign that something was replaced? */
bool utf8_has_replacement(const char *s, size_t len);

#endif
