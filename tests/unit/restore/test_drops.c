#include "restore/drops.h"

#include <stdio.h>

#include "tests/unit/chance.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* As a D1 does it: foreign keys enforced, all in one transaction. */
static void empties(const char *sql)
{
	const char *path = file_with(sql);
	static const struct selection everything = { NULL, 0 };
	AUTO_BUF drops = BUF_INIT(1u << 20);
	struct references references;
	struct schema schema;
	struct db *db = db_sqlite_open(path, "wrangler", NULL);
	size_t count = 0;
	sqlite3 *sqlite;

	ck_assert_int_eq(schema_read(db, &schema, NULL), 0);
	ck_assert_int_eq(references_read(db, &references, NULL), 0);
	ck_assert_int_eq(drops_write(&schema, &references, &everything, &drops, &count, NULL), 0);
	ck_assert_uint_eq(count, schema.table_count + schema.object_count);
	db_free(db);
	references_release(&references);
	schema_release(&schema);

	sqlite = sqlite_open(path);
	sqlite_run(sqlite, "PRAGMA foreign_keys=ON; BEGIN; PRAGMA defer_foreign_keys=ON");
	sqlite_run(sqlite, buf_str(&drops));
	sqlite_run(sqlite, "COMMIT");
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema"), 0);
	(void)sqlite3_close(sqlite);
}

/* The actions of a table that remains need its parents, also one that has gone. */
static const char *const circles[] = {
	"CREATE TABLE users(id INTEGER PRIMARY KEY, pinned INT REFERENCES comments(id) ON DELETE SET NULL);"
	"CREATE TABLE comments(id INTEGER PRIMARY KEY, parent INT REFERENCES comments(id) ON DELETE CASCADE,"
	" author INT REFERENCES users(id) ON DELETE CASCADE);"
	"INSERT INTO users VALUES(1, 1); INSERT INTO comments VALUES(1, NULL, 1), (2, 1, 1)",

	"CREATE TABLE b_users(id INTEGER PRIMARY KEY, pinned INT REFERENCES a_comments ON DELETE SET NULL);"
	"CREATE TABLE a_comments(id INTEGER PRIMARY KEY, parent INT REFERENCES a_comments ON DELETE CASCADE,"
	" author INT REFERENCES b_users ON DELETE CASCADE);"
	"INSERT INTO b_users VALUES(1, 1); INSERT INTO a_comments VALUES(1, NULL, 1), (2, 1, 1)",

	/* keys of several columns, named and not, in more than one way */
	"CREATE TABLE a(x, y COLLATE NOCASE, z UNIQUE, r REFERENCES b(\"p\"\"q\"), PRIMARY KEY(y, x), UNIQUE(x, z));"
	"CREATE TABLE b(\"p\"\"q\" PRIMARY KEY, f, g, FOREIGN KEY(f, g) REFERENCES a ON DELETE CASCADE,"
	" FOREIGN KEY(g, f) REFERENCES a(x, z) ON DELETE SET NULL, FOREIGN KEY(g) REFERENCES A(z) ON DELETE CASCADE,"
	" FOREIGN KEY(\"p\"\"q\") REFERENCES b(\"p\"\"q\") ON DELETE CASCADE);"
	"INSERT INTO a VALUES(1, 'k', 2, 'b1'); INSERT INTO b VALUES('b1', NULL, NULL)",

	"CREATE TABLE a(id INTEGER PRIMARY KEY, b REFERENCES b ON DELETE RESTRICT);"
	"CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a ON DELETE RESTRICT, b REFERENCES b ON DELETE CASCADE);"
	"CREATE TABLE leaf(a REFERENCES a ON DELETE CASCADE, b REFERENCES b ON DELETE CASCADE);"
	"INSERT INTO a VALUES(1, 1); INSERT INTO b VALUES(1, 1, 1); INSERT INTO leaf VALUES(1, 1)",
};

START_TEST(circles_can_be_emptied)
{
	empties(circles[_i]);
}
END_TEST

/* Tables that refer to each other at random, with rows that do. */
START_TEST(any_graph_can_be_emptied)
{
	static const char *const actions[] = { "CASCADE", "SET NULL", "RESTRICT", "NO ACTION", "SET DEFAULT" };
	struct chance chance = { (uint64_t)_i + 1 };
	AUTO_BUF sql = BUF_INIT(1u << 20);
	size_t n = 1 + chance_below(&chance, 12);

	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(buf_addf(&sql, NULL, "CREATE TABLE t%zu(id INTEGER PRIMARY KEY", i), 0);
		for (size_t k = chance_below(&chance, 4); k > 0; k--)
			ck_assert_int_eq(buf_addf(&sql, NULL, ", c%zu REFERENCES t%zu%s ON DELETE %s", k,
			    chance_below(&chance, n), chance_below(&chance, 2) ? "(id)" : "",
			    actions[chance_below(&chance, 5)]), 0);
		ck_assert_int_eq(buf_addf(&sql, NULL, ");INSERT INTO t%zu(id) VALUES(1), (2);", i), 0);
	}
	empties(buf_str(&sql));
}
END_TEST

UNIT_CASE(drops)
{
	tcase_add_loop_test(tc, circles_can_be_emptied, 0, sizeof(circles) / sizeof(circles[0]));
	tcase_add_loop_test(tc, any_graph_can_be_emptied, 0, 100);
}
