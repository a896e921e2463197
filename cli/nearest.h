/* Which of the names that there are was probably meant by one that there is not. */
#ifndef D1KEEP_CLI_NEAREST_H
#define D1KEEP_CLI_NEAREST_H

#include <stddef.h>

/* { .written = … }, each name offered, then `best`: one of them, or NULL. Nothing is
 * copied. */
struct nearest {
	const char *written;
	const char *best;
	size_t distance;         /* of `best` */
};

void nearest_offer(struct nearest *nearest, const char *name);

#endif
