#include "backup/boundary.h"

#include <libdeflate.h>

struct boundary_tuple boundary_tuple(const char *tuple, size_t len)
{
	return (struct boundary_tuple){ len, libdeflate_crc32(0, tuple, len) };
}

static bool ends_by_content(const struct boundary_tuple *t)
{
	return t->len >= BOUNDARY_MEAN_BYTES ||
	    t->crc32 < ((uint64_t)t->len << 32) / BOUNDARY_MEAN_BYTES;
}

bool boundary_after(const struct boundary_tuple *t, size_t chunk_bytes, const struct ends *ends)
{
	if (chunk_bytes >= BOUNDARY_MAX_BYTES)
		return true;
	if (chunk_bytes < BOUNDARY_MIN_BYTES)
		return false;
	return ends_by_content(t) ||
	    (chunk_bytes >= BOUNDARY_END_MIN_BYTES && ends_have(ends, t->crc32));
}

uint32_t boundary_end(const struct boundary_tuple *t, size_t chunk_bytes)
{
	return chunk_bytes < BOUNDARY_END_MIN_BYTES || ends_by_content(t) ? 0 : t->crc32;
}
