/*
 * What D1 means by its errors (CLOUDFLARE.md 1.5, 2.3, 3.2). Its code 7500 stands for
 * everything SQLite or the storage may say, so the text decides. Pure.
 */
#ifndef D1KEEP_NET_D1_ERRORS_H
#define D1KEEP_NET_D1_ERRORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct d1_verdict {
	enum err_code code;
	bool transient;     /* the same request may work in a moment */
	bool not_done;      /* …and this one was turned away before anything was done */
	const char *hint;   /* or NULL */
};

/* `status` is HTTP's, `code` the envelope's (0: none), `message` its text (""
 * when there is none). */
struct d1_verdict d1_classify(int status, int64_t code, const char *message);

/* At most 200 characters of foreign text, as one line of printable ASCII. */
#define D1_TEXT_SIZE 201
void d1_printable(const char *text, size_t len, char ret[D1_TEXT_SIZE]);

#endif
