/*
 * Text from outside (names in a database, a server's words) may hold what a
 * terminal obeys. Before it is shown to a person it goes through here.
 */
#ifndef D1KEEP_BASE_PRINTABLE_H
#define D1KEEP_BASE_PRINTABLE_H

/* Replaces control characters in place: C0 and DEL, and C1 in its UTF-8 form
 * (U+0080 to U+009F); and the marks that turn the direction of writing. Returns
 * `text`. */
char *printable(char *text);

#endif
