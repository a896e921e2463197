#include "tests/unit/backup/support.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "storage/bucket_dir.h"
#include "tests/unit/unit.h"

#define MINUTE_MS 60000

/* In the place of libc's: nothing here must survive a power cut, and a thousand
 * snapshots take half the time. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- snapshots ---- */

static int64_t world_now(void *ctx)
{
	return ((struct world *)ctx)->now_ms;
}

static void world_sleep(void *ctx, int64_t ms)
{
	((struct world *)ctx)->now_ms += ms;
}

static uint32_t world_random(void *ctx)
{
	(void)ctx;
	return 4;
}

void world_init(struct world *w)
{
	*w = (struct world){ .now_ms = INT64_C(1795312620000), .attempts = 3 };
	w->root = new_path("bucket");
	w->bucket = bucket_dir_new(w->root, "here", NULL);
	ck_assert_ptr_nonnull(w->bucket);
	store_init(&w->store, w->bucket, NULL, "production", "auth", NULL, NULL);
	w->clock = (struct clock){ world_now, world_sleep, world_random, w };
}

void world_release(struct world *w)
{
	store_release(&w->store);
	bucket_free(w->bucket);
}

int take(struct world *w, struct db *db, struct manifest *ret, struct err *err)
{
	struct take_options options = {
		.db = db, .store = &w->store, .environment = "production", .database = "auth",
		.label = w->label, .attempts = w->attempts, .best_effort = w->best_effort,
		.workers = 2, .clock = &w->clock,
	};

	*ret = (struct manifest){ 0 };
	w->now_ms += MINUTE_MS;
	return take_snapshot(&options, ret, err);
}

void taken(struct world *w, struct db *db, struct manifest *ret)
{
	struct err err = ERR_INIT;

	ck_assert_msg(take(w, db, ret, &err) == 0, "%s", err.msg);
}

void taken_file(struct world *w, const char *path, struct manifest *ret)
{
	struct err err = ERR_INIT;
	struct db *db = db_sqlite_open(path, "sqlite", &err);

	ck_assert_msg(db != NULL, "%s", err.msg);
	taken(w, db, ret);
	db_free(db);
}

/* What `gunzip` does: member after member. */
static void gunzip_all(const struct buf *packed, struct buf *ret)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t at = 0, in, out;

	while (at < packed->len) {
		char *dst = buf_reserve(ret, CHUNK_MAX_BYTES, NULL);

		ck_assert_int_eq(libdeflate_gzip_decompress_ex(d, packed->data + at,
		    packed->len - at, dst, CHUNK_MAX_BYTES, &in, &out), LIBDEFLATE_SUCCESS);
		buf_commit(ret, out);
		at += in;
	}
	libdeflate_free_decompressor(d);
}

void snapshot_sql(struct world *w, const struct manifest *m, struct buf *ret)
{
	AUTO_BUF packed = BUF_INIT(1u << 30);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < m->object_count; i++)
		ck_assert_msg(store_get(&w->store, m->objects[i].key, &packed, &err) == 0, "%s", err.msg);
	gunzip_all(&packed, ret);
}

void run_statements(sqlite3 *sqlite, const char *sql, size_t len)
{
	const char *end = sql + len, *tail;
	sqlite3_stmt *stmt;

	ck_assert_ptr_null(memchr(sql, '\0', len));
	for (; sql < end; sql = tail) {
		int rc = sqlite3_prepare_v2(sqlite, sql, (int)(end - sql) + 1, &stmt, &tail);

		ck_assert_msg(rc == SQLITE_OK, "%s: %.300s", sqlite3_errmsg(sqlite), sql);
		while (*sql == '\n')
			sql++;
		ck_assert_msg(tail - sql <= 100000, "%ld bytes: %.200s", (long)(tail - sql), sql);
		if (stmt != NULL) {
			ck_assert_int_eq(tail[-1], ';');
			while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
				;
			ck_assert_msg(rc == SQLITE_DONE, "%s: %.300s", sqlite3_errmsg(sqlite), sql);
		}
		(void)sqlite3_finalize(stmt);
	}
}

const char *replayed(struct world *w, const struct manifest *m)
{
	const char *path = new_path("replayed.sqlite");
	sqlite3 *sqlite = sqlite_open(path);
	AUTO_BUF sql = BUF_INIT(1u << 30);

	snapshot_sql(w, m, &sql);
	sqlite_run(sqlite, "PRAGMA foreign_keys=ON; BEGIN");
	run_statements(sqlite, buf_str(&sql), sql.len);
	sqlite_run(sqlite, "COMMIT");
	(void)sqlite3_close(sqlite);
	return path;
}

void comes_back(const char *path)
{
	struct manifest m;
	struct world w;

	world_init(&w);
	taken_file(&w, path, &m);
	ck_assert_uint_eq(m.exception_count, 0);
	same_databases(path, replayed(&w, &m), "the database");
	manifest_release(&m);
	world_release(&w);
}
