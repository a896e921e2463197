#include "base/span.h"

#include <stddef.h>
#include <string.h>

#define DIGITS_MAX 9

int64_t span_seconds(const char *text)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 }, { 'y', 365 * 86400 } };
	size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
	int64_t n = 0;

	if (digits == 0 || digits > DIGITS_MAX)
		return 0;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (text[i] - '0');
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (text[digits] == units[i].unit && text[digits + 1] == '\0')
			return n * units[i].seconds;
	}
	return 0;
}
