/*
 * SQL literals, pure: how long one is, its canonical spelling, and making one
 * from bytes. The grammar and the canonical rule stand in tables/tuple.h.
 */
#ifndef D1KEEP_TABLES_LITERAL_H
#define D1KEEP_TABLES_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Bytes of the literal that begins at `text`, or 0 when there is none (also
 * when it runs past `end`). */
size_t literal_length(const char *text, const char *end);

/* Is this whole literal one of a REAL? */
bool literal_is_real(const char *literal, size_t len);

/* Is the REAL this literal stands for one that every engine quotes exactly? Zero
 * is none, for its sign. */
bool literal_real_is_ordinary(const char *literal, size_t len);

/* Append the canonical spelling of one whole literal. */
int literal_add_canonical(struct buf *ret, const char *literal, size_t len, struct err *err);

/* Text that stands for itself between quotes, everywhere: valid UTF-8 without NUL
 * and without CR LF (of which the sqlite3 shell makes LF when it reads SQL). */
bool literal_may_be_quoted(const char *bytes, size_t len);

/* Append a literal of these bytes. */
int literal_add_text(struct buf *ret, const char *bytes, size_t len, struct err *err);
int literal_add_blob(struct buf *ret, const char *bytes, size_t len, struct err *err);

/* The bytes of a text or blob literal, appended; `*ret_is_text` tells which.
 * False for NULL and numbers. */
bool literal_bytes(const char *literal, size_t len, struct buf *ret, bool *ret_is_text);

/* Append an identifier in double quotes. */
int literal_add_name(struct buf *ret, const char *name, struct err *err);

#endif
