/*
 * Figures for people, pure. Texts are written into the caller's buffer, which
 * is also returned.
 */
#ifndef D1KEEP_BASE_FIGURES_H
#define D1KEEP_BASE_FIGURES_H

#include <stdint.h>

#define FORMAT_SIZE 32

char *format_bytes(int64_t bytes, char ret[FORMAT_SIZE]);      /* "1.9 MiB" */
char *format_count(int64_t n, char ret[FORMAT_SIZE]);          /* "12,403" */
char *format_duration_ms(int64_t ms, char ret[FORMAT_SIZE]);   /* "1.2 s", "3 min 5 s" */
char *format_span(int64_t seconds, char ret[FORMAT_SIZE]);     /* "1 d 7 h 30 min", "4 min 28 s" */
char *format_age(int64_t seconds, char ret[FORMAT_SIZE]);      /* "3 h", "12 d" */

/* "1 row", "2 rows" */
const char *plural(int64_t n, const char *one, const char *many);

#endif
