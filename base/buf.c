#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){ .max = max };
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

const char *buf_str(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *buf_reserve(struct buf *buf, size_t len, struct err *err)
{
	size_t want;

	if (len > buf->max || buf->len > buf->max - len) {
		(void)err_set(err, ERR_TOO_BIG, "more than %zu bytes", buf->max);
		return NULL;
	}
	want = buf->len + len + 1;
	if (want > buf->cap) {
		size_t cap = buf->cap < 256 ? 256 : buf->cap;

		while (cap < want)
			cap += cap / 2;
		buf->data = mem_realloc(buf->data, cap, 1);
		buf->cap = cap;
		buf->data[buf->len] = '\0';
	}
	return buf->data + buf->len;
}

void buf_commit(struct buf *buf, size_t len)
{
	assert(buf->len + len < buf->cap);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

int buf_add(struct buf *buf, const void *data, size_t len, struct err *err)
{
	char *dst = buf_reserve(buf, len, err);

	if (dst == NULL)
		return -1;
	if (len > 0)
		memcpy(dst, data, len);
	buf_commit(buf, len);
	return 0;
}

int buf_adds(struct buf *buf, const char *s, struct err *err)
{
	return buf_add(buf, s, strlen(s), err);
}

int buf_addf(struct buf *buf, struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *dst;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(err, ERR_FAILED, "cannot format \"%s\"", fmt);
	dst = buf_reserve(buf, (size_t)n, err);
	if (dst == NULL)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(dst, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_commit(buf, (size_t)n);
	return 0;
}
