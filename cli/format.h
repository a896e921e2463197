/*
 * Figures for people, pure. Texts are written into the caller's buffer, which
 * is also returned.
 */
#ifndef D1KEEP_CLI_FORMAT_H
#define D1KEEP_CLI_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_SIZE 32

char *format_bytes(int64_t bytes, char ret[FORMAT_SIZE]);      /* "1.9 MiB" */
char *format_count(int64_t n, char ret[FORMAT_SIZE]);          /* "12,403" */
char *format_duration_ms(int64_t ms, char ret[FORMAT_SIZE]);   /* "1.2 s", "3 min 5 s" */
char *format_span(int64_t seconds, char ret[FORMAT_SIZE]);     /* "1 d 7 h 30 min", "4 min 28 s" */
char *format_age(int64_t seconds, char ret[FORMAT_SIZE]);      /* "3 h", "12 d" */

/* "1 row", "2 rows" */
const char *plural(int64_t n, const char *one, const char *many);

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
