#include "tests/unit/restore/fixture.h"

#include <dirent.h>
#include <sqlite3.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "storage/bucket_dir.h"
#include "storage/names.h"
#include "storage/pack.h"
#include "tests/unit/unit.h"

void fixture_open(struct fixture *f)
{
	AUTO_STR path = NULL;

	*f = (struct fixture){ .folder = unit_folder() };
	path = fixture_path(f, "bucket");
	f->bucket = bucket_dir_new(path, "here", NULL);
	ck_assert_ptr_nonnull(f->bucket);
	store_init(&f->store, f->bucket, "", "production", "auth", NULL, NULL);
	f->snapshot.manifest.id = mem_strdup("20261122T021700Z");
}

void fixture_close(struct fixture *f)
{
	snapshot_release(&f->snapshot);
	store_release(&f->store);
	bucket_free(f->bucket);
}

void fixture_add(struct fixture *f, enum manifest_kind kind, const char *table, const char *sql,
    int64_t rows)
{
	struct manifest_object *o = manifest_add_object(&f->snapshot.manifest);
	AUTO_BUF packed = BUF_INIT(1u << 24);

	ck_assert_int_eq(pack_gzip(NULL, sql, strlen(sql), &packed, NULL), 0);
	o->kind = kind;
	o->table = mem_strdup(table);
	o->rows = rows;
	o->sql_bytes = (int64_t)strlen(sql);
	o->stored_bytes = (int64_t)packed.len;
	sha256_hex(sql, strlen(sql), o->sql_sha256);
	sha256_hex(packed.data, packed.len, o->stored_sha256);
	o->key = names_chunk(table != NULL ? table : "_schema", o->sql_sha256);
	ck_assert_int_eq(store_put(&f->store, o->key, packed.data, packed.len, false, NULL), 0);
}

void fixture_expect(struct fixture *f, const char *table, int64_t rows)
{
	struct manifest_table *t = manifest_add_table(&f->snapshot.manifest);

	t->name = mem_strdup(table);
	t->rows = rows;
}

void fixture_fill(struct fixture *f)
{
	fixture_add(f, MANIFEST_SCHEMA, NULL, "PRAGMA defer_foreign_keys=TRUE;\n"
	    "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT);\n"
	    "CREATE TABLE \"odd \"\"name\"(a, b);\n", 0);
	fixture_add(f, MANIFEST_ROWS, "users", "INSERT INTO \"users\"(\"id\",\"name\") VALUES\n"
	    "(1,'one; -- not a comment'),\n(2,'it''s\n\nlines');\n", 2);
	fixture_add(f, MANIFEST_ROWS, "users", "INSERT INTO \"users\"(\"id\",\"name\") VALUES\n(3,NULL);\n", 1);
	fixture_add(f, MANIFEST_ROWS, "odd \"name", "INSERT INTO \"odd \"\"name\"(\"a\",\"b\") VALUES\n"
	    "(X'00FF',9.0e+999),\n('\xf0\x9f\x98\x80',CAST(X'FF00' AS TEXT));\n", 2);
	fixture_add(f, MANIFEST_POST, NULL, "CREATE INDEX by_name ON users(name);\n"
	    "CREATE VIEW names AS SELECT name FROM users;\n"
	    "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE users SET name='x' WHERE id=new.id; END;\n", 0);
	fixture_expect(f, "users", 3);
	fixture_expect(f, "odd \"name", 2);
}

char *fixture_chunk_path(struct fixture *f, size_t i)
{
	ck_assert_uint_lt(i, f->snapshot.manifest.object_count);
	return mem_printf("%s/bucket/production/auth/%s", f->folder,
	    f->snapshot.manifest.objects[i].key);
}

char *fixture_path(struct fixture *f, const char *name)
{
	return mem_printf("%s/%s", f->folder, name);
}

void fixture_read(const char *path, struct buf *ret)
{
	struct err err = ERR_INIT;

	ck_assert_msg(file_read(path, ret, &err) == 0, "%s", err.msg);
}

void fixture_write(const char *path, const void *data, size_t len)
{
	struct err err = ERR_INIT;

	ck_assert_msg(file_write(path, data, len, 0600, false, &err) == 0, "%s", err.msg);
}

int fixture_entries(struct fixture *f)
{
	DIR *dir = opendir(f->folder);
	struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "bucket") != 0;
	(void)closedir(dir);
	return n;
}

char *fixture_query(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	char *text;

	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	text = mem_strdup((const char *)sqlite3_column_text(stmt, 0));
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_DONE);
	ck_assert_int_eq(sqlite3_finalize(stmt), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return text;
}
