#include "tables/tuple.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* The tuples of a page, each with a '|' behind; NULL when it is refused. */
static const char *scanned(const char *page, size_t len, size_t columns)
{
	static char seen[4096];
	AUTO_BUF spare = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct tuple_scan scan;
	struct span tuple;
	int rc;

	seen[0] = '\0';
	tuple_scan_init(&scan, page, len, columns);
	while ((rc = tuple_next(&scan, &spare, &tuple, &err)) == 1) {
		strncat(seen, tuple.text, tuple.len);
		strcat(seen, "|");
	}
	if (rc == 0)
		return seen;
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	return NULL;
}

static const char *scan(const char *page, size_t columns)
{
	return scanned(page, strlen(page), columns);
}

START_TEST(takes_a_page_apart)
{
	ck_assert_str_eq(scan("", 2), "");
	ck_assert_str_eq(scan("(1)", 1), "(1)|");
	ck_assert_str_eq(scan("(1,'a'),\n(NULL,X'00')", 2), "(1,'a')|(NULL,X'00')|");
	ck_assert_str_eq(scan("('),\n(')", 1), "('),\n(')|");
	ck_assert_str_eq(scan("(''''),\n(',')", 1), "('''')|(',')|");
}
END_TEST

START_TEST(refuses_what_is_no_list_of_tuples)
{
	static const char *const pages[] = {
		"1,2", "(", "()", "(,)", "(1", "(1,", "(1,2", "(1,2);", "(1,2);DROP TABLE t;--",
		"(1,2) ", " (1,2)", "(1, 2)", "(1,2),", "(1,2),\n", "(1,2)\n(3,4)", "(1,2),(3,4)",
		"(1,2),\r\n(3,4)", "(1,2),\n(3)", "(1)", "(1,2,3)", "(1,2,)", "((1),2)", "(1,(SELECT 2))",
		"(1,'a)", "(1,'a''),\n(2,3)", "(1,X'0')", "(1,CAST(X'0' AS TEXT))", "(1,2x)", "(1,0x2)",
		"(1,2--\n)", "(1,2/**/)", "(1,'a'||'b')", "(1,\"a\")", "(1,2)) ,\n(3,4)", "(1;2)",
		"(1,2),\n(3,4) UNION SELECT 1,2", "(1,CAST(X'61' AS TEXT)||'')", "(1,randomblob(9))",
	};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		ck_assert_msg(scan(pages[i], 2) == NULL, "%s", pages[i]);
}
END_TEST

START_TEST(refuses_nul_bytes_wherever_they_are)
{
	const char page[] = "(1,'ab'),\n(2,'cd')";

	for (size_t i = 0; i < sizeof(page) - 1; i++) {
		char hurt[sizeof(page)];

		memcpy(hurt, page, sizeof(page));
		hurt[i] = '\0';
		ck_assert_msg(scanned(hurt, sizeof(page) - 1, 2) == NULL, "at %zu", i);
	}
}
END_TEST

START_TEST(respells_what_is_not_canonical)
{
	ck_assert_str_eq(scan("(Inf,-Inf)", 2), "(9.0e+999,-9.0e+999)|");
	ck_assert_str_eq(scan("(1,CAST(X'61' AS TEXT))", 2), "(1,'a')|");
	ck_assert_str_eq(scan("('a\xff','b'),\n('c','d')", 2),
	    "(CAST(X'61FF' AS TEXT),'b')|('c','d')|");
}
END_TEST

START_TEST(does_not_take_halves_of_a_character_for_one)
{
	/* Valid together, not each by itself. */
	ck_assert_str_eq(scan("('\xc3','\xa9')", 2),
	    "(CAST(X'C3' AS TEXT),CAST(X'A9' AS TEXT))|");
}
END_TEST

START_TEST(finds_a_literal_by_its_place)
{
	const char text[] = "(1,'a,''),(',X'00',CAST(X'00' AS TEXT),NULL)";
	struct span tuple = { text, sizeof(text) - 1 };

	ck_assert_uint_eq(tuple_literal(tuple, 0).len, 1);
	ck_assert_int_eq(strncmp(tuple_literal(tuple, 1).text, "'a,''),('", 9), 0);
	ck_assert_int_eq(strncmp(tuple_literal(tuple, 2).text, "X'00'", 5), 0);
	ck_assert_uint_eq(tuple_literal(tuple, 3).len, strlen("CAST(X'00' AS TEXT)"));
	ck_assert_int_eq(strncmp(tuple_literal(tuple, 4).text, "NULL", 4), 0);
}
END_TEST

/* What SQLite makes of `VALUES tuple`: its columns, or 0 when it is not one
 * statement with one row. */
static int sqlite_columns(sqlite3 *sqlite, const struct span *tuple)
{
	char *sql = sqlite3_mprintf("SELECT * FROM (VALUES %.*s)", (int)tuple->len, tuple->text);
	sqlite3_stmt *stmt;
	const char *tail;
	int columns = 0;

	ck_assert_uint_eq(strlen(sql), tuple->len + 23);
	if (sqlite3_prepare_v2(sqlite, sql, -1, &stmt, &tail) == SQLITE_OK &&
	    stmt != NULL && *tail == '\0' && sqlite3_step(stmt) == SQLITE_ROW) {
		columns = sqlite3_column_count(stmt);
		if (sqlite3_step(stmt) != SQLITE_DONE)
			columns = 0;
	}
	(void)sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return columns;
}

static const char *const pieces[] = {
	"'", "''", "(", ")", ",", ",\n", ";", "--", "/*", "*/", "X'", "NULL", "Inf", "-", "1", ".", "e+",
	"CAST(X'", "' AS TEXT)", "\n", " ", "\"", "||", "SELECT", "),(", "),\n(", "\xff", "\xc3\xa9", "ab", "0",
};

static size_t mutate(struct chance *c, const char *seed, char *ret, size_t max)
{
	size_t len = strlen(seed), times = 1 + chance_below(c, 4);

	memcpy(ret, seed, len);
	for (; times > 0 && len > 1 && len < max - 20; times--) {
		size_t at = chance_below(c, len), n;
		const char *piece = pieces[chance_below(c, sizeof(pieces) / sizeof(pieces[0]))];

		switch (chance_below(c, 4)) {
		case 0:
			ret[at] = (char)chance_next(c);
			break;
		case 1:
			n = 1 + chance_below(c, len - at < 4 ? len - at : 4);
			memmove(ret + at, ret + at + n, len - at - n);
			len -= n;
			break;
		default:
			n = strlen(piece);
			memmove(ret + at + n, ret + at, len - at);
			memcpy(ret + at, piece, n);
			len += n;
		}
	}
	return len;
}

START_TEST(accepts_nothing_that_sqlite_reads_otherwise)
{
	static const char *const seeds[] = {
		"(1,'a','b')", "(-1.5e+10,X'00FF','it''s')", "(NULL,Inf,-Inf)",
		"(CAST(X'6100' AS TEXT),'',X'')", "(1,'),\n(','--'),\n(2,'/*','*/')",
		"('\xc3\xa9',9223372036854775807,0.1)",
	};
	AUTO_BUF spare = BUF_INIT(4096);
	struct chance c = { 20261122 };
	sqlite3 *sqlite = sqlite_open(":memory:");
	size_t accepted = 0;

	for (int i = 0; i < 100000; i++) {
		char page[256];
		size_t len = mutate(&c, seeds[chance_below(&c, 6)], page, sizeof(page));
		struct tuple_scan s;
		struct span tuple;

		tuple_scan_init(&s, page, len, 3);
		while (tuple_next(&s, &spare, &tuple, NULL) == 1) {
			accepted++;
			ck_assert(utf8_valid(tuple.text, tuple.len));
			ck_assert_ptr_null(memchr(tuple.text, '\0', tuple.len));
			ck_assert_msg(sqlite_columns(sqlite, &tuple) == 3, "mutation %d: %.*s", i,
			    (int)tuple.len, tuple.text);
		}
	}
	ck_assert_uint_gt(accepted, 1000);
	(void)sqlite3_close(sqlite);
}
END_TEST

UNIT_CASE(tuple)
{
	tcase_add_test(tc, takes_a_page_apart);
	tcase_add_test(tc, refuses_what_is_no_list_of_tuples);
	tcase_add_test(tc, refuses_nul_bytes_wherever_they_are);
	tcase_add_test(tc, respells_what_is_not_canonical);
	tcase_add_test(tc, does_not_take_halves_of_a_character_for_one);
	tcase_add_test(tc, finds_a_literal_by_its_place);
	tcase_add_test(tc, accepts_nothing_that_sqlite_reads_otherwise);
}
