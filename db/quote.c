#include "db/quote.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where 15 digits tell it from its neighbours, they are those a person wrote.
 * 17 always do. 16 would, too, for half of the rest, but are as far from it as
 * can be, and SQLite 3.40 misreads one in 30,000 of them. */
void quote_real(double value, char ret[QUOTE_REAL_SIZE])
{
	char *exponent;

	if (isinf(value)) {
		(void)snprintf(ret, QUOTE_REAL_SIZE, "%s9.0e+999", value < 0 ? "-" : "");
		return;
	}
	(void)snprintf(ret, QUOTE_REAL_SIZE, "%.15g", value);
	if (strtod(ret, NULL) != value)
		(void)snprintf(ret, QUOTE_REAL_SIZE, "%.17g", value);
	/* Without a point it would be an integer. */
	if (strchr(ret, '.') != NULL)
		return;
	exponent = strchr(ret, 'e');
	if (exponent == NULL)
		exponent = ret + strlen(ret);
	memmove(exponent + 2, exponent, strlen(exponent) + 1);
	memcpy(exponent, ".0", 2);
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
