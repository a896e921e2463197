#include "restore/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/unit.h"

static void read_inventory(struct fixture *f, struct inventory *ret)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(setenv("TMPDIR", f->folder, 1), 0);
	ck_assert_msg(inventory_read(&f->store, &f->snapshot.manifest, 2, ret, &err) == 0, "%s", err.msg);
}

static const char schema[] = "PRAGMA defer_foreign_keys=TRUE;\n"
    "PRAGMA user_version=7;\n"
    "CREATE TABLE \"odd \"\"p\"(id INTEGER PRIMARY KEY AUTOINCREMENT, t DEFAULT 'a;b' -- ;\n);\n"
    "CREATE TABLE c(p REFERENCES \"odd \"\"p\") /* ; */;\n"
    "CREATE VIRTUAL TABLE words USING fts5(w);\n"
    "INSERT INTO words(words,rank) VALUES('rank','bm25(2.0)');\n"
    "CREATE UNIQUE INDEX \"c;p\" ON c(p);\n";
static const char post[] =
    "CREATE TABLE \"_d1keep_sequence\"(id INTEGER PRIMARY KEY AUTOINCREMENT);\n"
    "DROP TABLE \"_d1keep_sequence\";\n"
    "DELETE FROM sqlite_sequence;\n"
    "INSERT INTO sqlite_sequence(name,seq) VALUES('odd \"p',9);\n"
    "INSERT INTO sqlite_sequence(name,seq) VALUES('gone',3);\n"
    "CREATE INDEX late ON \"odd \"\"p\"(t) WHERE t > ';';\n"
    "CREATE VIEW v AS SELECT t FROM \"odd \"\"p\";\n"
    "CREATE VIRTUAL TABLE other USING fts5(t, content='c', content_rowid='p');\n"
    "INSERT INTO other(other) VALUES('rebuild');\n"
    "CREATE TRIGGER tr AFTER INSERT ON c BEGIN\nSELECT CASE WHEN new.p THEN ';' ELSE 2 END;\nDELETE FROM c; END;\n"
    "CREATE TRIGGER on_v INSTEAD OF INSERT ON v BEGIN INSERT INTO words(w) VALUES(new.t); END;\n"
    "ANALYZE sqlite_schema;\n"
    "INSERT INTO sqlite_stat1(tbl,idx,stat) VALUES('c','c;p','1 1');\n";

static const struct {
	enum inventory_kind kind;
	const char *object, *table;
} expected[] = {
	{ INVENTORY_PRAGMA, NULL, NULL },
	{ INVENTORY_PRAGMA, NULL, NULL },
	{ INVENTORY_TABLE, "odd \"p", "odd \"p" },
	{ INVENTORY_TABLE, "c", "c" },
	{ INVENTORY_TABLE, "words", "words" },
	{ INVENTORY_SETTING, NULL, "words" },
	{ INVENTORY_INDEX, "c;p", "c" },
	{ INVENTORY_OWN, NULL, NULL },
	{ INVENTORY_OWN, NULL, NULL },
	{ INVENTORY_OWN, NULL, NULL },
	{ INVENTORY_SEQUENCE, NULL, "odd \"p" },
	{ INVENTORY_SEQUENCE, NULL, "gone" },
	{ INVENTORY_INDEX, "late", "odd \"p" },
	{ INVENTORY_VIEW, "v", NULL },
	{ INVENTORY_VIRTUAL, "other", "other" },
	{ INVENTORY_SETTING, NULL, "other" },
	{ INVENTORY_TRIGGER, "tr", "c" },
	{ INVENTORY_TRIGGER, "on_v", "v" },
	{ INVENTORY_OWN, NULL, NULL },
	{ INVENTORY_OWN, NULL, NULL },
};
#define EXPECTED (sizeof(expected) / sizeof(expected[0]))

START_TEST(tells_each_statement)
{
	AUTO_BUF joined = BUF_INIT(1u << 16);
	AUTO_BUF whole = BUF_INIT(1u << 16);
	struct inventory inventory;
	struct fixture f;

	fixture_open(&f);
	fixture_add(&f, MANIFEST_SCHEMA, NULL, schema, 0);
	fixture_add(&f, MANIFEST_ROWS, "c", "INSERT INTO c VALUES(1);\n", 1);
	fixture_add(&f, MANIFEST_POST, NULL, post, 0);
	read_inventory(&f, &inventory);
	ck_assert_uint_eq(inventory.count, EXPECTED);
	for (size_t i = 0; i < EXPECTED; i++) {
		const struct inventory_statement *s = &inventory.items[i];

		ck_assert_msg(s->kind == expected[i].kind, "%s", s->sql);
		if (expected[i].kind != INVENTORY_OWN) {
			ck_assert_pstr_eq(s->object, expected[i].object);
			ck_assert_pstr_eq(s->table, expected[i].table);
		}
		ck_assert_int_eq(s->post, i >= 7);
		ck_assert_int_eq(buf_addf(&joined, NULL, "%s\n", s->sql), 0);
	}
	ck_assert_int_eq(buf_addf(&whole, NULL, "%s%s", schema, post), 0);
	ck_assert_str_eq(buf_str(&joined), buf_str(&whole));
	ck_assert_uint_eq(inventory.references.count, 1);
	inventory_release(&inventory);
	ck_assert_int_eq(fixture_entries(&f), 0);
	fixture_close(&f);
}
END_TEST

START_TEST(damage_leaves_nothing_behind)
{
	struct inventory inventory;
	struct err err = ERR_INIT;
	struct fixture f;

	fixture_open(&f);
	fixture_add(&f, MANIFEST_SCHEMA, NULL, _i == 0 ? "CREATE TABLE t(a;\n" : "ATTACH 'x' AS y;\n", 0);
	ck_assert_int_eq(setenv("TMPDIR", f.folder, 1), 0);
	ck_assert_int_eq(inventory_read(&f.store, &f.snapshot.manifest, 1, &inventory, &err), -1);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_int_eq(fixture_entries(&f), 0);
	fixture_close(&f);
}
END_TEST

START_TEST(a_choice_takes_what_belongs_to_it)
{
	static const char *const names[] = { "ODD \"p", "c" };
	static const struct selection chosen = { names, 2 }, all = { NULL, 0 };
	static const size_t wanted[] = { 2, 3, 6, 10, 12, 16 };
	struct inventory inventory;
	struct err err = ERR_INIT;
	struct fixture f;
	size_t at = 0;

	fixture_open(&f);
	fixture_add(&f, MANIFEST_SCHEMA, NULL, schema, 0);
	fixture_add(&f, MANIFEST_POST, NULL, post, 0);
	read_inventory(&f, &inventory);
	for (size_t i = 0; i < inventory.count; i++) {
		ck_assert(selection_wants(&all, &inventory.items[i]));
		if (!selection_wants(&chosen, &inventory.items[i]))
			continue;
		ck_assert_uint_lt(at, 6);
		ck_assert_uint_eq(i, wanted[at++]);
	}
	ck_assert_uint_eq(at, 6);
	ck_assert(selection_has(&chosen, "C") && !selection_has(&chosen, "words"));
	ck_assert(selection_has(&all, "anything"));
	ck_assert_int_eq(selection_check(&chosen, &f.snapshot.manifest, &inventory, &err), 0);
	ck_assert_int_eq(selection_check(&(struct selection){ (const char *const[]){ "v" }, 1 },
	    &f.snapshot.manifest, &inventory, &err), -1);
	ck_assert_int_eq(err.code, ERR_USAGE);
	inventory_release(&inventory);
	fixture_close(&f);
}
END_TEST

UNIT_CASE(inventory)
{
	tcase_add_test(tc, tells_each_statement);
	tcase_add_loop_test(tc, damage_leaves_nothing_behind, 0, 2);
	tcase_add_test(tc, a_choice_takes_what_belongs_to_it);
}
