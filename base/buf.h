/*
 * A growing byte buffer with a ceiling. Whatever comes from outside lands in
 * one of these, so nobody's answer can make us allocate without end. The data
 * is always followed by a NUL that `len` does not count.
 */
#ifndef D1KEEP_BASE_BUF_H
#define D1KEEP_BASE_BUF_H

#include <stddef.h>

#include "base/err.h"

struct buf {
	char *data;  /* NULL until the first byte is added */
	size_t len;
	size_t cap;
	size_t max;  /* ceiling of len, bytes */
};

/* An empty buffer that may grow to `max` bytes. Release it with buf_release,
 * which leaves it empty and usable again. */
void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf);

/* Forget the contents, keep the memory. */
void buf_reset(struct buf *buf);

/* The contents as a C string: never NULL. */
const char *buf_str(const struct buf *buf);

/* Append. ERR_TOO_BIG when the ceiling would be passed: nothing is added. */
int buf_add(struct buf *buf, const void *data, size_t len, struct err *err);
int buf_adds(struct buf *buf, const char *s, struct err *err);
int buf_addf(struct buf *buf, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Make room for `len` more bytes and return where to write them, or NULL with
 * ERR_TOO_BIG; buf_commit then counts those really written. */
char *buf_reserve(struct buf *buf, size_t len, struct err *err);
void buf_commit(struct buf *buf, size_t len);

/* Released when it goes out of scope, on every way out: so it is initialised
 * where it is declared (tests/lint.sh insists):  AUTO_BUF b = BUF_INIT(max); */
#define AUTO_BUF __attribute__((cleanup(buf_release))) struct buf
#define BUF_INIT(ceiling) { .max = (ceiling) }

#endif
