#include "restore/rows.h"

#include <string.h>

#include "tests/unit/unit.h"

#define HEAD "INSERT INTO \"t\"(\"id\",\"a\"\"b\") VALUES\n"

static int check(const char *sql, int64_t rows, struct err *err)
{
	struct buf buf = { .data = (char *)(uintptr_t)sql, .len = strlen(sql) };

	return rows_check(&buf, "t", rows, err);
}

static void is_fine(const char *sql, int64_t rows)
{
	struct err err = ERR_INIT;

	ck_assert_msg(check(sql, rows, &err) == 0, "%s: %s", sql, err.msg);
}

static void is_refused(const char *sql)
{
	struct err err = ERR_INIT;

	ck_assert_msg(check(sql, 1, &err) != 0, "%s", sql);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
}

START_TEST(rows_of_literals_are_rows)
{
	is_fine("", 0);
	is_fine(HEAD "(1,'x');\n", 1);
	is_fine(HEAD "(1,'x; DROP TABLE t'),\n(2,NULL),\n(-3,X'00FF');\n" HEAD "(4,CAST(X'00' AS TEXT));\n", 4);
	is_fine(HEAD "(1,5147557589468029*1.6069380442589903e+60);\n", 1);
}
END_TEST

START_TEST(long_rows_are_rows)
{
	is_fine("CREATE TABLE IF NOT EXISTS \"_d1keep_long\"(id INTEGER PRIMARY KEY,value);\n"
	    "INSERT OR REPLACE INTO \"_d1keep_long\" VALUES(1,X'61');\n"
	    "UPDATE \"_d1keep_long\" SET value=CAST(value||X'62' AS BLOB) WHERE id=1;\n"
	    "INSERT OR REPLACE INTO \"_d1keep_long\" VALUES(2,X'63');\n"
	    HEAD "(7,CAST((SELECT value FROM \"_d1keep_long\" WHERE id=1)||(SELECT value FROM \"_d1keep_long\" WHERE id=2) AS TEXT));\n"
	    "DROP TABLE \"_d1keep_long\";\n", 1);
}
END_TEST

static const char *const refused[] = {
	"DROP TABLE t;\n", HEAD "(1,'x');\nDROP TABLE t;\n", HEAD "(1,'x')", HEAD "(1,'x');", HEAD ";\n",
	"INSERT INTO \"u\"(\"id\") VALUES\n(1);\n", "INSERT INTO t(\"id\") VALUES\n(1);\n",
	"INSERT INTO \"t\"(id) VALUES\n(1);\n", "INSERT INTO \"t\" VALUES\n(1);\n",
	"INSERT OR REPLACE INTO \"t\"(\"id\") VALUES\n(1);\n", HEAD "(1,random());\n",
	HEAD "(1,(SELECT sql FROM sqlite_schema));\n", HEAD "(1,'x') ON CONFLICT DO NOTHING;\n",
	HEAD "(1,'x'),(2,'y');\n", HEAD "(1,'x') -- y\n;\n", " " HEAD "(1,'x');\n",
	HEAD "(1,CAST((SELECT value FROM \"t\" WHERE id=1) AS TEXT));\n",
	HEAD "(1,CAST((SELECT value FROM \"_d1keep_long\" WHERE id=1 OR 1) AS TEXT));\n",
	HEAD "(1,CAST((SELECT value FROM \"_d1keep_long\" WHERE id=1) AS INTEGER));\n",
	"UPDATE \"_d1keep_long\" SET value=CAST(value||'x' AS BLOB) WHERE id=1;\n" HEAD "(1,'x');\n",
	"INSERT OR REPLACE INTO \"_d1keep_long\" VALUES(1,X'61'),(2,X'62');\n" HEAD "(1,'x');\n",
	"DROP TABLE \"_d1keep_longer\";\n" HEAD "(1,'x');\n", "PRAGMA foreign_keys=OFF;\n" HEAD "(1,'x');\n",
	HEAD "(1,'x'),\n(2,'y');\n", "", /* not one row */
};

START_TEST(anything_else_is_refused)
{
	is_refused(refused[_i]);
}
END_TEST

UNIT_CASE(rows)
{
	tcase_add_test(tc, rows_of_literals_are_rows);
	tcase_add_test(tc, long_rows_are_rows);
	tcase_add_loop_test(tc, anything_else_is_refused, 0, sizeof(refused) / sizeof(refused[0]));
}
