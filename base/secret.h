/*
 * Secrets: tokens, keys. A type of their own, so that none is printed by
 * accident: no function here formats one, the bytes are wiped on release, and
 * errors name where a secret comes from, never what it is.
 */
#ifndef D1KEEP_BASE_SECRET_H
#define D1KEEP_BASE_SECRET_H

#include <stddef.h>

#include "base/err.h"

struct secret {
	char *bytes;  /* NUL-terminated; NULL when unset */
	size_t len;
};

/* A copy of the bytes. */
void secret_set(struct secret *s, const char *bytes, size_t len);
/* Wipes and frees; the struct may be used again. */
void secret_release(struct secret *s);

/* Load what `spec` names:
 *   file:PATH         the file's contents without a trailing newline
 *   env:NAME          an environment variable
 *   credential:NAME   a systemd credential: $CREDENTIALS_DIRECTORY/NAME
 * A secret written directly into the configuration is refused (ERR_USAGE), as
 * is a file that others may read (mode & 027: written by the group, or anything by
 * the rest): ERR_REFUSED with a chmod hint. An empty secret is ERR_USAGE. */
int secret_load(struct secret *ret, const char *spec, struct err *err);

/* No core dump, no ptrace by others: called once by each program. */
void secret_protect_process(void);

#endif
