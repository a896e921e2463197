#include "restore/script.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

/* c refers to p, which comes later; egg and hen refer to each other; self to
 * itself; loose to nothing. Each has three chunks of some 200 bytes. */
struct scene {
	struct fixture f;
	struct inventory inventory;
	struct selection selection;
	struct script_options options;
	struct script script;
	const char *folder;
};

static void add_rows(struct fixture *f, const char *table, int from)
{
	AUTO_BUF sql = BUF_INIT(1u << 16);

	ck_assert_int_eq(buf_addf(&sql, NULL, "INSERT INTO \"%s\"(\"id\",\"r\",\"t\") VALUES\n"
	    "(%d,%d,'%0100d'),\n(%d,%d,NULL);\n", table, from, from, from, from + 1, from + 1), 0);
	fixture_add(f, MANIFEST_ROWS, table, buf_str(&sql), 2);
}

static void scene_open(struct scene *s)
{
	static const char *const tables[] = { "c", "egg", "loose", "hen", "self", "p" };

	*s = (struct scene){ .selection = { NULL, 0 } };
	fixture_open(&s->f);
	s->folder = s->f.folder;
	ck_assert_int_eq(setenv("TMPDIR", s->folder, 1), 0);
	fixture_add(&s->f, MANIFEST_SCHEMA, NULL, "PRAGMA defer_foreign_keys=TRUE;\nPRAGMA user_version=3;\n"
	    "CREATE TABLE c(id INTEGER PRIMARY KEY, r REFERENCES P(id) ON DELETE CASCADE, t);\n"
	    "CREATE TABLE egg(id INTEGER PRIMARY KEY, r REFERENCES hen(id), t);\n"
	    "CREATE TABLE loose(id INTEGER PRIMARY KEY AUTOINCREMENT, r, t);\n"
	    "CREATE TABLE hen(id INTEGER PRIMARY KEY, r REFERENCES egg(id), t);\n"
	    "CREATE TABLE self(id INTEGER PRIMARY KEY, r REFERENCES self(id), t);\n"
	    "CREATE TABLE p(id INTEGER PRIMARY KEY, r, t);\n", 0);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (int n = 1; n < 7; n += 2)
			add_rows(&s->f, tables[i], n);
		fixture_expect(&s->f, tables[i], 6);
	}
	fixture_add(&s->f, MANIFEST_POST, NULL, "DELETE FROM sqlite_sequence;\n"
	    "INSERT INTO sqlite_sequence(name,seq) VALUES('loose',40);\n"
	    "CREATE INDEX i ON loose(t);\nCREATE VIEW v AS SELECT 1;\n"
	    "CREATE TRIGGER tr BEFORE INSERT ON loose BEGIN SELECT RAISE(ABORT,'fired'); END;\n", 0);
	ck_assert_int_eq(inventory_read(&s->f.store, &s->f.snapshot.manifest, 1, &s->inventory, NULL), 0);
	s->options = (struct script_options){
		.store = &s->f.store, .manifest = &s->f.snapshot.manifest, .workers = 2,
		.inventory = &s->inventory, .selection = &s->selection, .for_d1 = true, .mark = "mark",
	};
}

static void scene_close(struct scene *s)
{
	for (size_t i = 0; i < s->script.count; i++)
		(void)unlink(s->script.paths[i]);
	script_release(&s->script);
	inventory_release(&s->inventory);
	fixture_close(&s->f);
}

static void write_it(struct scene *s)
{
	struct err err = ERR_INIT;

	ck_assert_msg(script_write(&s->options, s->folder, &s->script, &err) == 0, "%s", err.msg);
}

/* Each part is one transaction of a database that looks at its foreign keys. */
static void run_parts(const struct script *script, sqlite3 *sqlite)
{
	for (size_t i = 0; i < script->count; i++) {
		AUTO_BUF sql = BUF_INIT(1u << 20);

		fixture_read(script->paths[i], &sql);
		sqlite_run(sqlite, "BEGIN");
		sqlite_run(sqlite, buf_str(&sql));
		sqlite_run(sqlite, "COMMIT");
		ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
		if (i + 1 < script->count)
			ck_assert_int_eq(sqlite_number(sqlite, "SELECT max(part) FROM _d1keep_restore"), (int64_t)i + 1);
	}
}

static sqlite3 *enforcing(void)
{
	sqlite3 *sqlite = sqlite_open(new_path("target.sqlite"));

	sqlite_run(sqlite, "PRAGMA foreign_keys=ON");
	sqlite_limit_as_d1(sqlite);
	return sqlite;
}

static void check_all(sqlite3 *sqlite)
{
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT (SELECT count(*) FROM c)+(SELECT count(*) FROM egg)"
	    "+(SELECT count(*) FROM hen)+(SELECT count(*) FROM self)+(SELECT count(*) FROM p)"
	    "+(SELECT count(*) FROM loose)"), 36);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT seq FROM sqlite_sequence"), 40);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name IN ('i','v','tr')"), 3);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%d1keep%'"), 0);
	ck_assert_int_eq(sqlite_number(sqlite, "PRAGMA user_version"), 0);
}

START_TEST(one_part)
{
	struct scene s;
	sqlite3 *sqlite = enforcing();
	AUTO_BUF sql = BUF_INIT(1u << 20);

	scene_open(&s);
	write_it(&s);
	ck_assert_uint_eq(s.script.count, 1);
	ck_assert_uint_eq(s.script.left_out, 1);
	fixture_read(s.script.paths[0], &sql);
	ck_assert_int_eq(strncmp(buf_str(&sql), "-- mark, part 1 of 1\nPRAGMA defer_foreign_keys=TRUE;\n", 51), 0);
	ck_assert_ptr_null(strstr(buf_str(&sql), SCRIPT_NOTE_TABLE));
	run_parts(&s.script, sqlite);
	check_all(sqlite);
	(void)sqlite3_close(sqlite);
	scene_close(&s);
}
END_TEST

/* Of all sizes, down to parts of a chunk each. */
START_TEST(several_parts)
{
	struct scene s;
	sqlite3 *sqlite = enforcing();
	size_t circle = 0;
	struct stat st;

	scene_open(&s);
	s.options.part_bytes = _i * 150 + 1;
	s.options.ignore_checks = _i % 2 == 1;
	write_it(&s);
	ck_assert_uint_gt(s.script.count, 1);
	for (size_t i = 0; i < s.script.count; i++) {
		AUTO_BUF sql = BUF_INIT(1u << 20);
		AUTO_STR name = mem_printf("/part-%zu.sql", i + 1);
		const char *end;

		ck_assert_ptr_nonnull(strstr(s.script.paths[i], name));
		ck_assert_int_eq(stat(s.script.paths[i], &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0600);
		fixture_read(s.script.paths[i], &sql);
		end = buf_str(&sql) + sql.len;
		ck_assert_str_eq(end - 2, ";\n");
		if (s.options.ignore_checks) {
			ck_assert_ptr_nonnull(strstr(buf_str(&sql), "\nPRAGMA ignore_check_constraints=ON;\n"));
			ck_assert_str_eq(end - 37, "\nPRAGMA ignore_check_constraints=OFF;\n" + 1);
		}
		ck_assert_ptr_nonnull(strstr(buf_str(&sql), "PRAGMA defer_foreign_keys=TRUE;\n"));
		circle += strstr(buf_str(&sql), "INSERT INTO \"egg\"") != NULL ||
		    strstr(buf_str(&sql), "INSERT INTO \"hen\"") != NULL;
	}
	ck_assert_uint_eq(circle, 1);
	run_parts(&s.script, sqlite);
	check_all(sqlite);
	(void)sqlite3_close(sqlite);
	scene_close(&s);
}
END_TEST

START_TEST(a_note_of_another_time)
{
	struct scene s;
	sqlite3 *sqlite = enforcing();

	sqlite_run(sqlite, "CREATE TABLE _d1keep_restore(part); INSERT INTO _d1keep_restore VALUES(77)");
	scene_open(&s);
	s.options.part_bytes = 500;
	write_it(&s);
	run_parts(&s.script, sqlite);
	check_all(sqlite);
	(void)sqlite3_close(sqlite);
	scene_close(&s);
}
END_TEST

START_TEST(some_tables)
{
	static const char *const names[] = { "LOOSE", "c", "p" };
	AUTO_BUF drops = BUF_INIT(1000);
	struct scene s;
	sqlite3 *sqlite = enforcing();

	sqlite_run(sqlite, "CREATE TABLE mine(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO mine VALUES(5);"
	    "CREATE TABLE loose(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO loose VALUES(90)");
	scene_open(&s);
	s.selection = (struct selection){ names, 3 };
	ck_assert_int_eq(buf_adds(&drops, "DROP TABLE loose;\n", NULL), 0);
	s.options.drops = &drops;
	s.options.part_bytes = _i * 400;
	write_it(&s);
	ck_assert_uint_eq(s.script.left_out, 0);
	run_parts(&s.script, sqlite);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT sum(seq*1000) FROM sqlite_sequence WHERE name='mine'"), 5000);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT sum(seq) FROM sqlite_sequence WHERE name='loose'"), 40);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM c JOIN p ON c.r=p.id"), 6);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name IN ('i','tr')"), 2);
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM sqlite_schema WHERE name IN ('v','egg','hen','self')"), 0);
	(void)sqlite3_close(sqlite);
	scene_close(&s);
}
END_TEST

START_TEST(damage_leaves_no_file)
{
	struct scene s;
	struct err err = ERR_INIT;
	AUTO_STR chunk = NULL;

	scene_open(&s);
	chunk = fixture_chunk_path(&s.f, 9);
	fixture_write(chunk, "damage", 6);
	ck_assert_int_eq(script_write(&s.options, s.folder, &s.script, &err), -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_uint_eq(s.script.count, 0);
	scene_close(&s);
}
END_TEST

START_TEST(to_a_descriptor)
{
	static const char *const names[] = { "self" };
	struct scene s;
	struct err err = ERR_INIT;
	AUTO_STR path = NULL;
	AUTO_BUF sql = BUF_INIT(1u << 20);
	sqlite3 *sqlite = enforcing();
	int fd;

	scene_open(&s);
	path = fixture_path(&s.f, "out.sql");
	s.selection = (struct selection){ names, 1 };
	s.options.for_d1 = false;
	s.options.mark = NULL;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_msg(script_write_fd(&s.options, fd, path, NULL, &err) == 0, "%s", err.msg);
	ck_assert_int_eq(close(fd), 0);
	fixture_read(path, &sql);
	sqlite_run(sqlite, "BEGIN");
	sqlite_run(sqlite, buf_str(&sql));
	sqlite_run(sqlite, "COMMIT");
	ck_assert_int_eq(sqlite_number(sqlite, "SELECT count(*) FROM self"), 6);
	(void)sqlite3_close(sqlite);
	scene_close(&s);
}
END_TEST

UNIT_CASE(script)
{
	tcase_add_test(tc, one_part);
	tcase_add_loop_test(tc, several_parts, 0, 12);
	tcase_add_test(tc, a_note_of_another_time);
	tcase_add_loop_test(tc, some_tables, 0, 2);
	tcase_add_test(tc, damage_leaves_no_file);
	tcase_add_test(tc, to_a_descriptor);
}
