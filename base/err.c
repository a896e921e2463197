#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Messages go into JSON: one that had to be cut loses the character that was
 * cut in half. */
static void drop_half_character(char *s)
{
	size_t len = strlen(s), n = 0;
	unsigned char lead;

	while (n < len && n < 3 && (s[len - 1 - n] & 0xc0) == 0x80)
		n++;
	if (n == len)
		return;
	lead = (unsigned char)s[len - 1 - n];
	if ((lead >= 0xc0 && n < 1) || (lead >= 0xe0 && n < 2) || (lead >= 0xf0 && n < 3))
		s[len - 1 - n] = '\0';
}

static void err_format(char *dst, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(dst, size, fmt, ap);

	if (n < 0)
		dst[0] = '\0';
	else if ((size_t)n >= size)
		drop_half_character(dst);
}

/* Append ": what" as far as there is room. */
static void err_append(struct err *err, const char *what)
{
	size_t used = strlen(err->msg), room = sizeof(err->msg) - used;

	if ((size_t)snprintf(err->msg + used, room, ": %s", what) >= room)
		drop_half_character(err->msg);
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return -1;
	err_clear(err);
	err->code = code;
	va_start(ap, fmt);
	err_format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -1;
}

static enum err_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EEXIST:
		return ERR_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	default:
		return ERR_FAILED;
	}
}

int err_sys(struct err *err, int errnum, const char *fmt, ...)
{
	const char *reason = strerror(errnum);
	va_list ap;

	if (err == NULL)
		return -1;
	err_clear(err);
	err->code = code_of_errno(errnum);
	err->sys = errnum;
	/* A long path must not push the reason out. */
	va_start(ap, fmt);
	err_format(err->msg, sizeof(err->msg) - strlen(reason) - 2, fmt, ap);
	va_end(ap);
	err_append(err, reason);
	if (errnum == ENOSPC || errnum == EDQUOT)
		(void)err_hint(err, "free some space, then run it again: nothing that was there before was touched");
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;

	if (err == NULL)
		return -1;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	err_format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	err_append(err, inner);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL || err->hint[0] != '\0')
		return -1;
	va_start(ap, fmt);
	err_format(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return -1;
}

void err_clear(struct err *err)
{
	err->code = ERR_NONE;
	err->sys = 0;
	err->msg[0] = '\0';
	err->hint[0] = '\0';
}

const char *err_without(const char *message, const char *subject)
{
	size_t len = strlen(subject);

	return strncmp(message, subject, len) == 0 && strncmp(message + len, ": ", 2) == 0 ?
	    message + len + 2 : message;
}
