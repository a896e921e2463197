/*
 * Text for a page. What comes from outside (names, messages) goes through
 * html_text or html_query, never otherwise.
 */
#ifndef D1KEEP_CONTROL_HTML_H
#define D1KEEP_CONTROL_HTML_H

#include <stdint.h>

#include "base/buf.h"

/* As it is: markup of our own. */
void html_put(struct buf *buf, const char *markup);
void html_putf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Shown as these very characters, within an element or a quoted attribute.
 * Control characters, marks that turn the direction of writing and bytes that are
 * no UTF-8 are not shown. */
void html_text(struct buf *buf, const char *text);

/* As the value of a query argument in a link: percent-encoded. */
void html_query(struct buf *buf, const char *text);

/* <time>: "3 h ago" or "in 5 h", the moment itself as its title; "–" when it is
 * 0. `zone` as in schedule/zone.h. */
void html_when(struct buf *buf, int64_t at, int64_t now, const char *zone);

/* "2026-11-28 03:17 CET"; of a snapshot, whose name has them, with seconds. */
#define HTML_MOMENT_SIZE 64
char *html_moment(int64_t at, const char *zone, char ret[HTML_MOMENT_SIZE]);
char *html_moment_seconds(int64_t at, const char *zone, char ret[HTML_MOMENT_SIZE]);

#endif
