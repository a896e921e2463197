/*
 * Chance that is always the same for the same beginning.
 */
#ifndef D1KEEP_TESTS_CHANCE_H
#define D1KEEP_TESTS_CHANCE_H

#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

uint64_t chance_next(struct chance *c);
/* 0 … n-1 */
size_t chance_below(struct chance *c, size_t n);

#endif
