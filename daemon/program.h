/*
 * Where the companion program lies.
 */
#ifndef D1KEEP_DAEMON_PROGRAM_H
#define D1KEEP_DAEMON_PROGRAM_H

/* d1keep: $D1KEEP_BINARY, else the one beside this program's own binary, else
 * just "d1keep", to be looked for in PATH. A string of its own. */
char *program_find(void);

#endif
