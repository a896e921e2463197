#include "backup/ends.h"

#include <stdlib.h>

#include "base/mem.h"

/* A hash table with open addressing, half full at most: a CRC-32 is its own hash, and
 * 0, which is never noted, an empty slot. It is asked for every row of a table. */
struct ends {
	uint32_t mask;
	uint32_t slots[];
};

static uint32_t *slot_of(struct ends *ends, uint32_t crc32)
{
	uint32_t i = crc32 & ends->mask;

	while (ends->slots[i] != 0 && ends->slots[i] != crc32)
		i = (i + 1) & ends->mask;
	return &ends->slots[i];
}

static size_t count(const struct manifest *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->object_count; i++)
		n += m->objects[i].end_crc32 != 0;
	return n;
}

struct ends *ends_new(const struct manifest *m)
{
	size_t n = count(m), size = 2;
	struct ends *ends;

	if (n == 0)
		return NULL;
	while (size < 2 * n)
		size *= 2;
	ends = mem_calloc(1, sizeof(*ends) + size * sizeof(ends->slots[0]));
	ends->mask = (uint32_t)(size - 1);
	for (size_t i = 0; i < m->object_count; i++) {
		uint32_t crc32 = m->objects[i].end_crc32;

		if (crc32 != 0)
			*slot_of(ends, crc32) = crc32;
	}
	return ends;
}

void ends_free(struct ends *ends)
{
	free(ends);
}

bool ends_have(const struct ends *ends, uint32_t crc32)
{
	if (ends == NULL || crc32 == 0)
		return false;
	for (uint32_t i = crc32 & ends->mask; ends->slots[i] != 0; i = (i + 1) & ends->mask) {
		if (ends->slots[i] == crc32)
			return true;
	}
	return false;
}
