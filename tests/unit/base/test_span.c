#include "base/span.h"

#include "tests/unit/unit.h"

static const struct { const char *text; int64_t seconds; } spans[] = {
	{ "1h", 3600 }, { "48h", 48 * 3600 }, { "30d", 30 * 86400 }, { "8w", 56 * 86400 },
	{ "1y", 365 * 86400 }, { "999999y", INT64_C(999999) * 365 * 86400 },
	{ NULL, 0 }, { "", 0 }, { "h", 0 }, { "3", 0 }, { "3m", 0 }, { "3hh", 0 }, { "-3h", 0 },
	{ "9999999999y", 0 },
};

START_TEST(reads_spans)
{
	ck_assert_int_eq(span_seconds(spans[_i].text), spans[_i].seconds);
}
END_TEST

UNIT_CASE(span)
{
	tcase_add_loop_test(tc, reads_spans, 0, sizeof(spans) / sizeof(spans[0]));
}
