#include "base/figures.h"

#include <inttypes.h>
#include <stdio.h>

char *format_bytes(int64_t bytes, char ret[FORMAT_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.5 && unit < 4) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(ret, FORMAT_SIZE, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s",
	    value, units[unit]);
	return ret;
}

char *format_count(int64_t n, char ret[FORMAT_SIZE])
{
	char digits[FORMAT_SIZE];
	size_t len, out = 0;

	len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, n);
	for (size_t i = 0; i < len && out < FORMAT_SIZE - 2; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			ret[out++] = ',';
		ret[out++] = digits[i];
	}
	ret[out] = '\0';
	return ret;
}

char *format_duration_ms(int64_t ms, char ret[FORMAT_SIZE])
{
	if (ms < 60000)
		(void)snprintf(ret, FORMAT_SIZE, "%.1f s", (double)ms / 1000);
	else
		(void)snprintf(ret, FORMAT_SIZE, "%" PRId64 " min %" PRId64 " s", ms / 60000,
		    ms / 1000 % 60);
	return ret;
}

/* Exact: every unit that is not 0. */
char *format_span(int64_t seconds, char ret[FORMAT_SIZE])
{
	static const struct { int64_t seconds; const char *name; } units[] = {
		{ 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" },
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && used < FORMAT_SIZE - 1; i++) {
		int64_t n = seconds / units[i].seconds;

		if (n == 0 && (i < 3 || used > 0))
			continue;
		used += (size_t)snprintf(ret + used, FORMAT_SIZE - used, "%s%" PRId64 " %s",
		    used > 0 ? " " : "", n, units[i].name);
		seconds -= n * units[i].seconds;
	}
	return ret;
}

char *format_age(int64_t seconds, char ret[FORMAT_SIZE])
{
	if (seconds < -120)
		(void)snprintf(ret, FORMAT_SIZE, "in the future");
	else if (seconds < 0)
		(void)snprintf(ret, FORMAT_SIZE, "0 s");
	else if (seconds < 120)
		(void)snprintf(ret, FORMAT_SIZE, "%" PRId64 " s", seconds);
	else if (seconds < 120 * 60)
		(void)snprintf(ret, FORMAT_SIZE, "%" PRId64 " min", seconds / 60);
	else if (seconds < 48 * 3600)
		(void)snprintf(ret, FORMAT_SIZE, "%" PRId64 " h", seconds / 3600);
	else
		(void)snprintf(ret, FORMAT_SIZE, "%" PRId64 " d", seconds / 86400);
	return ret;
}

const char *plural(int64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}
