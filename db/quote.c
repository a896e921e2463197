#include "db/quote.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Outside of these some SQLite cannot be trusted with any decimal. */
#define SMALL 1e-60
#define LARGE 1e60
#define LARGEST_POWER 200
/* How near the middle, in units of the last place, a reader with 64 bits of
 * precision may take the wrong side; and one that also has to raise ten to a high
 * power, which costs it some of them. */
#define NEAR_MIDDLE 0.4995L
#define NEAR_MIDDLE_FAR 0.49L
/* Powers of ten up to this are doubles. */
#define EXACT_POWERS 22

static bool near_the_middle(const char *text, double value)
{
	double size = fabs(value);
	long double distance = fabsl(strtold(text, NULL) - (long double)value);
	long double unit = (long double)nextafter(size, INFINITY) - (long double)size;
	bool far = size > 1e22 || size < 1e-8 || strlen(text) > EXACT_POWERS;

	return distance / unit > (far ? NEAR_MIDDLE_FAR : NEAR_MIDDLE);
}

/* value = integer * 2^exponent, the power in as few factors as may be. */
static void write_scaled(double value, char ret[QUOTE_REAL_SIZE])
{
	int exponent, left;
	double mantissa = frexp(value, &exponent);
	char sign;
	size_t n;

	exponent -= 53;
	sign = exponent < 0 ? '/' : '*';
	n = (size_t)snprintf(ret, QUOTE_REAL_SIZE, "%lld", (long long)ldexp(mantissa, 53));
	for (left = abs(exponent); left > 0 && n < QUOTE_REAL_SIZE; ) {
		int power = left < LARGEST_POWER ? left : LARGEST_POWER;

		n += (size_t)snprintf(ret + n, QUOTE_REAL_SIZE - n, "%c%.17g", sign, ldexp(1, power));
		left -= power;
	}
}

/* Without a point it would be an integer. */
static void add_point(char *text)
{
	char *exponent;

	if (strchr(text, '.') != NULL)
		return;
	exponent = strchr(text, 'e');
	if (exponent == NULL)
		exponent = text + strlen(text);
	memmove(exponent + 2, exponent, strlen(exponent) + 1);
	memcpy(exponent, ".0", 2);
}

void quote_real(double value, char ret[QUOTE_REAL_SIZE])
{
	if (isinf(value)) {
		(void)snprintf(ret, QUOTE_REAL_SIZE, "%s9.0e+999", value < 0 ? "-" : "");
		return;
	}
	if (value != 0 && (fabs(value) < SMALL || fabs(value) > LARGE)) {
		write_scaled(value, ret);
		return;
	}
	(void)snprintf(ret, QUOTE_REAL_SIZE, "%.15g", value);
	if (strtod(ret, NULL) != value || near_the_middle(ret, value))
		(void)snprintf(ret, QUOTE_REAL_SIZE, "%.17g", value);
	add_point(ret);
}

static void quote_text(sqlite3_context *ctx, sqlite3_value *value)
{
	char *text = sqlite3_mprintf("%Q", (const char *)sqlite3_value_text(value));

	if (text == NULL)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_text64(ctx, text, strlen(text), sqlite3_free, SQLITE_UTF8);
}

static void quote_blob(sqlite3_context *ctx, sqlite3_value *value)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *bytes = sqlite3_value_blob(value);
	size_t len = (size_t)sqlite3_value_bytes(value);
	char *text = sqlite3_malloc64(2 * len + 4), *p = text;

	if (text == NULL) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	*p++ = 'X';
	*p++ = '\'';
	for (size_t i = 0; i < len; i++) {
		*p++ = digits[bytes[i] >> 4];
		*p++ = digits[bytes[i] & 15];
	}
	*p++ = '\'';
	sqlite3_result_text64(ctx, text, (sqlite3_uint64)(p - text), sqlite3_free, SQLITE_UTF8);
}

static void quote(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	char text[QUOTE_REAL_SIZE];

	(void)argc;
	switch (sqlite3_value_type(argv[0])) {
	case SQLITE_NULL:
		sqlite3_result_text(ctx, "NULL", 4, SQLITE_STATIC);
		break;
	case SQLITE_INTEGER:
		(void)snprintf(text, sizeof(text), "%lld", sqlite3_value_int64(argv[0]));
		sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
		break;
	case SQLITE_FLOAT:
		quote_real(sqlite3_value_double(argv[0]), text);
		sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
		break;
	case SQLITE_BLOB:
		quote_blob(ctx, argv[0]);
		break;
	default:
		quote_text(ctx, argv[0]);
	}
}

int quote_install(sqlite3 *sqlite)
{
	return sqlite3_create_function_v2(sqlite, "quote", 1,
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, quote, NULL, NULL, NULL);
}
