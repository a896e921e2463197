#include "backup/boundary.h"

#include <libdeflate.h>
#include <stdint.h>

bool boundary_after(const char *tuple, size_t len, size_t chunk_bytes)
{
	uint64_t threshold;

	if (chunk_bytes >= BOUNDARY_MAX_BYTES)
		return true;
	if (chunk_bytes < BOUNDARY_MIN_BYTES)
		return false;
	if (len >= BOUNDARY_MEAN_BYTES)
		return true;
	threshold = ((uint64_t)len << 32) / BOUNDARY_MEAN_BYTES;
	return libdeflate_crc32(0, tuple, len) < threshold;
}
