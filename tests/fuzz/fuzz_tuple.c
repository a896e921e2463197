/*
 * A page of tuples (tables/tuple.h). The first byte says how many columns; the
 * rest is what a server sent. Whatever is accepted must be N literals to SQLite
 * too, and nothing else: no function, no table, no second statement.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "tables/literal.h"
#include "tables/tuple.h"
#include "tests/fuzz/fuzz.h"

static int only_select(void *ctx, int action, const char *a, const char *b, const char *c,
    const char *d)
{
	(void)ctx, (void)a, (void)b, (void)c, (void)d;
	REQUIRE(action == SQLITE_SELECT);
	return SQLITE_OK;
}

static sqlite3 *engine(void)
{
	static sqlite3 *db;

	if (db == NULL) {
		REQUIRE(sqlite3_open(":memory:", &db) == SQLITE_OK);
		REQUIRE(sqlite3_set_authorizer(db, only_select, NULL) == SQLITE_OK);
	}
	return db;
}

/* The one row of "VALUES(…)". */
static sqlite3_stmt *run(struct span tuple, size_t columns)
{
	AUTO_BUF sql = BUF_INIT(FUZZ_MAX_BYTES);
	sqlite3_stmt *stmt = NULL;
	const char *tail;

	REQUIRE(buf_adds(&sql, "VALUES", NULL) == 0);
	REQUIRE(buf_add(&sql, tuple.text, tuple.len, NULL) == 0);
	REQUIRE(sqlite3_prepare_v2(engine(), buf_str(&sql), (int)sql.len + 1, &stmt, &tail) == SQLITE_OK);
	REQUIRE(tail == buf_str(&sql) + sql.len);
	REQUIRE((size_t)sqlite3_column_count(stmt) == columns);
	REQUIRE(sqlite3_step(stmt) == SQLITE_ROW);
	return stmt;
}

static void finish(sqlite3_stmt *stmt)
{
	REQUIRE(sqlite3_step(stmt) == SQLITE_DONE);
	REQUIRE(sqlite3_finalize(stmt) == SQLITE_OK);
}

static void same_bytes(sqlite3_stmt *stmt, int column, const void *bytes, size_t len)
{
	const void *value = sqlite3_column_blob(stmt, column);

	REQUIRE((size_t)sqlite3_column_bytes(stmt, column) == len);
	REQUIRE(len == 0 || memcmp(value, bytes, len) == 0);
}

/* What the engine makes of a literal is what literal_bytes says. */
static void check_literal(sqlite3_stmt *stmt, int column, struct span literal)
{
	AUTO_BUF bytes = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF again = BUF_INIT(FUZZ_MAX_BYTES);
	int type = sqlite3_column_type(stmt, column);
	bool is_text;

	REQUIRE(literal_length(literal.text, literal.text + literal.len) == literal.len);
	REQUIRE(literal_add_canonical(&again, literal.text, literal.len, NULL) == 0);
	REQUIRE(again.len == literal.len && memcmp(again.data, literal.text, again.len) == 0);
	if (!literal_bytes(literal.text, literal.len, &bytes, &is_text)) {
		if (literal.text[0] == 'N')
			REQUIRE(type == SQLITE_NULL);
		else
			REQUIRE(type == SQLITE_INTEGER || type == SQLITE_FLOAT);
		return;
	}
	REQUIRE(type == (is_text ? SQLITE_TEXT : SQLITE_BLOB));
	same_bytes(stmt, column, buf_str(&bytes), bytes.len);
	buf_reset(&again);
	REQUIRE((is_text ? literal_add_text : literal_add_blob)(&again, buf_str(&bytes), bytes.len,
	    NULL) == 0);
	REQUIRE(again.len == literal.len && memcmp(again.data, literal.text, again.len) == 0);
}

/* The literals, with what stands between them, are the whole tuple. */
static void check_parts(sqlite3_stmt *stmt, struct span tuple, size_t columns)
{
	const char *at = tuple.text;

	for (size_t i = 0; i < columns; i++) {
		struct span literal = tuple_literal(tuple, i);

		REQUIRE(*at == (i == 0 ? '(' : ','));
		REQUIRE(literal.text == at + 1);
		at = literal.text + literal.len;
		check_literal(stmt, (int)i, literal);
	}
	REQUIRE(*at == ')' && at + 1 == tuple.text + tuple.len);
}

/* A tuple as it is kept reads as itself. */
static void check_canonical(struct span tuple, size_t columns)
{
	AUTO_BUF spare = BUF_INIT(FUZZ_MAX_BYTES);
	struct tuple_scan scan;
	struct span again;

	tuple_scan_init(&scan, tuple.text, tuple.len, columns);
	REQUIRE(tuple_next(&scan, &spare, &again, NULL) == 1);
	REQUIRE(again.len == tuple.len && memcmp(again.text, tuple.text, tuple.len) == 0);
	REQUIRE(tuple_next(&scan, &spare, &again, NULL) == 0);
}

/* R…p… and Inf are numbers only to us, and what integers make with "*" and "/" is an
 * integer only to SQLite: quote_real() writes none. */
static bool is_ours_alone(struct span literal)
{
	char first = literal.text[literal.text[0] == '-'];
	bool number = first >= '0' && first <= '9';

	return first == 'R' || first == 'I' ||
	    (number && (memchr(literal.text, '*', literal.len) != NULL ||
	    memchr(literal.text, '/', literal.len) != NULL));
}

/* A decimal stands for the nearest double, whichever SQLite reads it: 3.40 is
 * sometimes off by one with those that are sent, never with those that are kept. */
static double nearest(struct span literal)
{
	AUTO_BUF text = BUF_INIT(FUZZ_MAX_BYTES);

	REQUIRE(buf_add(&text, literal.text, literal.len, NULL) == 0);
	return strtod(buf_str(&text), NULL);
}

static void check_same_value(sqlite3_stmt *kept, sqlite3_stmt *sent, int column,
    struct span literal)
{
	int type = sqlite3_column_type(sent, column);

	REQUIRE(type == sqlite3_column_type(kept, column));
	if (type == SQLITE_INTEGER) {
		REQUIRE(sqlite3_column_int64(sent, column) == sqlite3_column_int64(kept, column));
	} else if (type == SQLITE_FLOAT && memchr(literal.text, '.', literal.len) != NULL) {
		double is = sqlite3_column_double(kept, column), should = nearest(literal);

		REQUIRE(!(is < should) && !(is > should));
	} else if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
		same_bytes(kept, column, sqlite3_column_blob(sent, column),
		    (size_t)sqlite3_column_bytes(sent, column));
	}
}

/* Another spelling is no other value. */
static void check_same_row(sqlite3_stmt *kept, struct span sent, size_t columns)
{
	sqlite3_stmt *stmt;

	for (size_t i = 0; i < columns; i++) {
		if (is_ours_alone(tuple_literal(sent, i)))
			return;
	}
	stmt = run(sent, columns);
	for (size_t i = 0; i < columns; i++)
		check_same_value(kept, stmt, (int)i, tuple_literal(sent, i));
	finish(stmt);
}

static void check_tuple(struct span kept, struct span sent, size_t columns)
{
	sqlite3_stmt *stmt = run(kept, columns);

	check_parts(stmt, kept, columns);
	check_same_row(stmt, sent, columns);
	finish(stmt);
	check_canonical(kept, columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t columns = size > 0 && data[0] % 8 != 0 ? data[0] % 8 : 8;
	AUTO_BUF spare = BUF_INIT(FUZZ_MAX_BYTES);
	struct err err = ERR_INIT;
	struct tuple_scan scan;
	struct span kept, sent;
	int rc;

	if (size == 0)
		return 0;
	tuple_scan_init(&scan, (const char *)data + 1, size - 1, columns);
	for (;;) {
		sent.text = scan.at + (scan.at > scan.text ? strlen(TUPLE_SEPARATOR) : 0);
		rc = tuple_next(&scan, &spare, &kept, &err);
		if (rc != 1)
			break;
		sent.len = (size_t)(scan.at - sent.text);
		check_tuple(kept, sent, columns);
	}
	REQUIRE(rc == 0 ? scan.at == scan.end : err.code == ERR_CORRUPT);
	return 0;
}
