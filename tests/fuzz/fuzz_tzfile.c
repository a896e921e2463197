/*
 * Files of the zone database (schedule/tzfile.h): what is accepted answers at
 * any moment, with an offset and a name that make sense.
 */
#include <string.h>

#include "schedule/tzfile.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct tzfile *file = tzfile_new(data, size, &err);

	if (file == NULL) {
		REQUIRE(err.code == ERR_CORRUPT && err.msg[0] != '\0');
		return 0;
	}
	for (int64_t at = -(INT64_C(1) << 36); at < INT64_C(1) << 36; at += (INT64_C(1) << 28) - 77777) {
		const struct tztype *type = tzfile_at(file, at);

		REQUIRE(type->offset_s > -26 * 3600 && type->offset_s < 26 * 3600);
		REQUIRE(memchr(type->name, '\0', sizeof(type->name)) != NULL);
	}
	tzfile_free(file);
	return 0;
}
