/*
 * Telling the supervisor, as sd_notify(3) does: one datagram of KEY=value lines
 * to the socket that $NOTIFY_SOCKET names. Without one nothing is sent.
 */
#ifndef D1KEEP_DAEMON_NOTIFY_H
#define D1KEEP_DAEMON_NOTIFY_H

#include <stdint.h>

struct notify {
	char *socket;            /* a path, or '@' and an abstract name; NULL: none */
	int64_t watchdog_ms;     /* say WATCHDOG=1 at least this often; 0: never */
};

/* Takes the variables out of the environment: they are not for our children. */
void notify_init(struct notify *notify);
void notify_release(struct notify *notify);

/* E.g. "READY=1". Failures are of no interest: nobody could act on them. */
void notify_send(const struct notify *notify, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* RELOADING=1 with the moment that systemd asks for beside it. */
void notify_reloading(const struct notify *notify);

#endif
