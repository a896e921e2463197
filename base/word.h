/*
 * Eight bytes at a time: whether any byte of a word is this or below that. A
 * carry may make a place above a true one look true as well, which is no harm,
 * for only "any?" can be asked.
 */
#ifndef D1KEEP_BASE_WORD_H
#define D1KEEP_BASE_WORD_H

#include <stdint.h>
#include <string.h>

#define WORD_ONES UINT64_C(0x0101010101010101)
#define WORD_HIGH UINT64_C(0x8080808080808080)

static inline uint64_t word_load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* `n` at most 128. These are true when they are not 0. */
static inline uint64_t word_any_below(uint64_t word, unsigned char n)
{
	return (word - WORD_ONES * n) & ~word & WORD_HIGH;
}

static inline uint64_t word_any_is(uint64_t word, char c)
{
	return word_any_below(word ^ (WORD_ONES * (unsigned char)c), 1);
}

static inline uint64_t word_any_beyond_ascii(uint64_t word)
{
	return word & WORD_HIGH;
}

#endif
