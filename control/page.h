/*
 * What all pages have in common: head, style, foot; and the page that says that
 * something went wrong.
 */
#ifndef D1KEEP_CONTROL_PAGE_H
#define D1KEEP_CONTROL_PAGE_H

#include <stdbool.h>

#include "base/buf.h"
#include "control/host.h"
#include "control/survey.h"

struct request;

/* The Content-Security-Policy under which our pages look as they should, and
 * nothing else does anything. A string of its own. */
char *page_csp(void);

/* Up to <main>. `refresh_s`: the page is asked for again after so long; 0: not. */
void page_begin(struct buf *buf, const char *title, bool overview, unsigned refresh_s);
void page_end(struct buf *buf, const char *version);

void page_error(struct request *request, unsigned status, const char *message,
    const char *hint);

/* A word with its sign, in its colour. */
void page_badge(struct buf *buf, enum health health);
void page_badge_active(struct buf *buf, bool running);

/* The button that starts a backup. */
void page_button(struct buf *buf, const char *database, bool with_label);

/* A message without "production/auth: " before it, where that goes without saying. */
const char *page_without_name(const char *message, const char *name);

/* May whoever asked start a backup, and download? */
bool page_may_all(struct request *request);

extern const char style_css[];   /* style.c */

#endif
