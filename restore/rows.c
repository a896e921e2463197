#include "restore/rows.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "tables/literal.h"

#define LONG_TABLE "\"_d1keep_long\""

struct scan {
	const char *start, *at, *end;
	const struct buf *name;      /* the table's, quoted */
	int64_t rows;
};

/* ---- pieces: each moves behind itself and says whether it was there ---- */

static bool take(struct scan *s, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, text, n) != 0)
		return false;
	s->at += n;
	return true;
}

static bool take_number(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && isdigit((unsigned char)*s->at))
		s->at++;
	return s->at > from;
}

static bool take_literal(struct scan *s)
{
	size_t n = literal_length(s->at, s->end);

	s->at += n;
	return n > 0;
}

static bool take_blob(struct scan *s)
{
	return s->at < s->end && *s->at == 'X' && take_literal(s);
}

/* "name", with each quote in it doubled */
static bool take_name(struct scan *s)
{
	if (!take(s, "\""))
		return false;
	for (; s->at < s->end; s->at++) {
		if (*s->at != '"')
			continue;
		s->at++;
		if (s->at == s->end || *s->at != '"')
			return true;
	}
	return false;
}

/* CAST((SELECT …)||(SELECT …) AS TEXT): a value put together in the side table */
static bool take_long_value(struct scan *s)
{
	if (!take(s, "CAST("))
		return false;
	do {
		if (!take(s, "(SELECT value FROM " LONG_TABLE " WHERE id=") || !take_number(s) ||
		    !take(s, ")"))
			return false;
	} while (take(s, "||"));
	return take(s, " AS TEXT)") || take(s, " AS BLOB)");
}

/* A literal may begin like a long value (CAST(X'…' AS TEXT)). */
static bool take_value(struct scan *s)
{
	return take_literal(s) || take_long_value(s);
}

static bool take_tuple(struct scan *s)
{
	if (!take(s, "("))
		return false;
	do {
		if (!take_value(s))
			return false;
	} while (take(s, ","));
	s->rows++;
	return take(s, ")");
}

/* ---- statements ---- */

static bool take_columns(struct scan *s)
{
	if (!take(s, "("))
		return false;
	do {
		if (!take_name(s))
			return false;
	} while (take(s, ","));
	return take(s, ")");
}

static bool take_insert(struct scan *s)
{
	if (!take(s, buf_str(s->name)) || !take_columns(s) || !take(s, " VALUES\n"))
		return false;
	do {
		if (!take_tuple(s))
			return false;
	} while (take(s, ",\n"));
	return take(s, ";\n");
}

static bool take_side_statement(struct scan *s)
{
	if (take(s, "CREATE TABLE IF NOT EXISTS " LONG_TABLE "(id INTEGER PRIMARY KEY,value);\n") ||
	    take(s, "DROP TABLE " LONG_TABLE ";\n"))
		return true;
	if (take(s, "INSERT OR REPLACE INTO " LONG_TABLE " VALUES("))
		return take_number(s) && take(s, ",") && take_blob(s) && take(s, ");\n");
	return take(s, "UPDATE " LONG_TABLE " SET value=CAST(value||") && take_blob(s) &&
	    take(s, " AS BLOB) WHERE id=") && take_number(s) && take(s, ";\n");
}

static bool take_statement(struct scan *s)
{
	return take(s, "INSERT INTO ") ? take_insert(s) : take_side_statement(s);
}

int rows_check(const struct buf *sql, const char *table, int64_t rows, struct err *err)
{
	AUTO_BUF name = BUF_INIT(1u << 20);
	struct scan s = {
		.start = buf_str(sql), .at = buf_str(sql), .end = buf_str(sql) + sql->len, .name = &name,
	};

	if (literal_add_name(&name, table, err) != 0)
		return -1;
	while (s.at < s.end) {
		const char *from = s.at;

		if (!take_statement(&s))
			return err_set(err, ERR_CORRUPT, "it holds something that is no row of \"%s\" (in the statement at byte %zu)",
			    table, (size_t)(from - s.start));
	}
	return s.rows == rows ? 0 : err_set(err, ERR_CORRUPT, "it has %lld rows instead of %lld",
	    (long long)s.rows, (long long)rows);
}
