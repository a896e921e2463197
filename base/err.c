#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void err_format(char *dst, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(dst, size, fmt, ap) < 0)
		dst[0] = '\0';
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
	va_list ap;
	size_t used;

	if (err == NULL)
		return -1;
	err_clear(err);
	err->code = code_of_errno(errnum);
	err->sys = errnum;
	va_start(ap, fmt);
	err_format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s",
	    strerror(errnum));
	if (errnum == ENOSPC || errnum == EDQUOT)
		(void)err_hint(err, "free some space, then run it again: nothing that was there before was touched");
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	size_t used;
	va_list ap;

	if (err == NULL)
		return -1;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	err_format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
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
