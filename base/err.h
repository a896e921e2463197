/*
 * Errors are values. A function that can fail takes a `struct err *` last,
 * returns 0 or -1 (or a pointer or NULL), and fills the err only when it
 * fails. The message is complete enough to be printed as it is: lower case,
 * quoting its subject, no full stop. A code exists only where a caller acts
 * on it; the code also decides the exit status of d1keep (cli/main.c).
 */
#ifndef D1KEEP_BASE_ERR_H
#define D1KEEP_BASE_ERR_H

enum err_code {
	ERR_NONE = 0,
	ERR_FAILED,      /* anything nobody needs to tell apart */
	ERR_USAGE,       /* the command line or the configuration is wrong */
	ERR_CORRUPT,     /* stored bytes are not what was signed or hashed */
	ERR_REFUSED,     /* refused for safety: nothing was touched */
	ERR_AGAIN,       /* may work later: overload, timeouts, a lost network */
	ERR_NOT_FOUND,   /* the named object, database or file does not exist */
	ERR_EXISTS,      /* a conditional write found something there */
	ERR_DENIED,      /* credentials refused, or the clock is off */
	ERR_TOO_BIG,     /* the answer or value passes a limit: ask for less */
	ERR_CHANGED,     /* the database was written to while it was read */
	ERR_INTERRUPTED, /* a signal asked the program to stop */
	ERR_HELD,        /* another process holds the lease: it may work later */
};

struct err {
	enum err_code code;
	int sys;         /* errno where one was involved, else 0 */
	char msg[1024];
	char hint[384];  /* what the person can do about it, or empty */
};

#define ERR_INIT { ERR_NONE, 0, "", "" }

/* Each of these returns -1, so that a failure is one line. `err` may be NULL. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_FAILED (or ERR_NOT_FOUND, ERR_EXISTS, ERR_DENIED where
 * the errno says so) and `: strerror(errnum)` appended. */
int err_sys(struct err *err, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " before the message; keeps code and hint. */
int err_wrap(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Set the hint, unless a deeper layer already gave one. */
int err_hint(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

/* A message without the "subject: " that it may begin with: for who says that
 * before it anyway. */
const char *err_without(const char *message, const char *subject);

#endif
