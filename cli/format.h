/*
 * Tables for people. Figures: base/figures.h.
 */
#ifndef D1KEEP_CLI_FORMAT_H
#define D1KEEP_CLI_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/figures.h"

/* A table: cells are copied; columns whose heading begins with '>' are right-
 * aligned, and one (never the last) whose heading begins with '?' is left out when
 * all its cells are "-". */
struct columns;
struct columns *columns_new(const char *const *headings, size_t count);
void columns_add(struct columns *c, const char *cell);
size_t columns_count(const struct columns *c);   /* rows */
void columns_print(const struct columns *c);     /* to standard output */
void columns_free(struct columns *c);

#endif
