/*
 * Blackouts (schedule/blackout.h): "ZONE AT WINDOWS", where ZONE is an index
 * below and AT a Unix time. What is accepted leaves a minute of the week, and
 * ends within a fortnight, at a moment that is open.
 */
#include <string.h>

#include "base/mem.h"
#include "schedule/blackout.h"
#include "schedule/zone.h"
#include "tests/fuzz/fuzz.h"

static const char *const zones[] = {
	"UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns",
};
#define ZONES (sizeof(zones) / sizeof(zones[0]))
#define LAST_MOMENT INT64_C(15000000000)   /* in 2445 */

static void check_windows(const struct blackout *b)
{
	REQUIRE(b->count <= BLACKOUT_MAX);
	for (unsigned i = 0; i < b->count; i++) {
		const struct blackout_window *w = &b->windows[i];

		REQUIRE(w->days != 0 && w->days < 0x80 && w->from < 1440 && w->length >= 1 &&
		    w->length <= 1440);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR text = mem_strndup(size > 0 ? (const char *)data : "", size);
	struct err err = ERR_INIT;
	struct blackout blackout;
	char *rest;
	unsigned long zone = strtoul(text, &rest, 10);
	long long at = strtoll(rest, &rest, 10);
	int64_t end;

	if (blackout_parse(rest, &blackout, &err) != 0) {
		REQUIRE(err.code == ERR_USAGE && err.msg[0] != '\0');
		return 0;
	}
	check_windows(&blackout);
	if (at < 0 || at > LAST_MOMENT || !zone_exists(zones[zone % ZONES]))
		return 0;
	end = blackout_end(&blackout, zones[zone % ZONES], at);
	REQUIRE(end >= at && end <= at + 15 * 86400);
	REQUIRE(blackout_end(&blackout, zones[zone % ZONES], end) == end);
	REQUIRE(blackout_end(&blackout, zones[zone % ZONES], at + (end - at) / 2) == end);
	return 0;
}
