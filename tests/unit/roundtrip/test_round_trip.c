/*
 * Whatever is in a database comes back: dump, replay, compare, thousands of times.
 *
 *   D1KEEP_SEED=N     another beginning; it is said at the start and with a failure
 *   D1KEEP_ROUNDS=N   so many databases instead of 2,000
 *   D1KEEP_FROM=N     from this one on
 *   D1KEEP_SAY=1      say what was refused: statements of the maker, chunks of a dump
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/read.h"
#include "backup/take.h"
#include "base/mem.h"
#include "restore/replay.h"
#include "restore/restore.h"
#include "storage/bucket_dir.h"
#include "tests/unit/random/random_database.h"
#include "tests/unit/random/compare.h"
#include "tests/unit/unit.h"

#define ROUNDS 2000
#define PARTS 4
/* Each so many goes all the way, through a bucket. */
#define WHOLE_WAY 40
/* Each so many is also replayed by SQLite alone, and what that makes is compared. */
#define BY_SQLITE 3

/* In the place of libc's: nothing here must survive a power cut. */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

/* The sanitizer keeps 256 MiB of freed memory from being used again; a fourth of
 * the time goes into fresh pages for that. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8:thread_local_quarantine_size_kb=64";
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t seed(void)
{
	return setting("D1KEEP_SEED", 20261122);
}

/* ---- one database ---- */

struct trip {
	unsigned long long number;
	char what[80];
	char source[200], restored[200], by_sqlite[200], bucket[200];
	struct random_facts facts;
};

static void make_source(struct trip *t)
{
	struct chance c = { seed() + t->number * 1000003 };
	sqlite3 *sqlite;

	ck_assert_int_eq(sqlite3_open(t->source, &sqlite), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(sqlite, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF", NULL, NULL, NULL), SQLITE_OK);
	random_database(sqlite, &c, NULL, &t->facts);
	ck_assert_int_eq(sqlite3_close(sqlite), SQLITE_OK);
}

static struct db *open_source(struct trip *t)
{
	struct err err = ERR_INIT;
	struct db *db = db_sqlite_open(t->source, "sqlite", &err);

	ck_assert_msg(db != NULL, "%s: %s", t->what, err.msg);
	return db;
}

struct twice {
	struct replay *replay;
	sqlite3 *sqlite;        /* or NULL */
};

static int replay_chunk(void *ctx, struct chunk *chunk, struct err *err)
{
	struct twice *twice = ctx;
	int rc = replay_apply(twice->replay, &chunk->sql, err);

	if (rc == 0 && twice->sqlite != NULL)
		ck_assert_msg(sqlite3_exec(twice->sqlite, buf_str(&chunk->sql), NULL, NULL, NULL) == SQLITE_OK, "%s",
		    sqlite3_errmsg(twice->sqlite));
	if (rc != 0 && getenv("D1KEEP_SAY") != NULL)
		(void)fprintf(stderr, "%s\n", buf_str(&chunk->sql));
	chunk_free(chunk);
	return rc;
}

static sqlite3 *open_by_sqlite(struct trip *t)
{
	sqlite3 *sqlite = NULL;

	if (t->number % BY_SQLITE != 0)
		return NULL;
	ck_assert_int_eq(sqlite3_open(t->by_sqlite, &sqlite), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(sqlite, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
	    "PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON; BEGIN", NULL, NULL, NULL), SQLITE_OK);
	return sqlite;
}

/* Both were made of the same dump. */
static void compare_with_sqlite(struct trip *t, sqlite3 *sqlite)
{
	char difference[1200];

	if (sqlite == NULL)
		return;
	ck_assert_int_eq(sqlite3_exec(sqlite, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(sqlite), SQLITE_OK);
	ck_assert_msg(compare_databases(&(struct comparison){ .source = t->by_sqlite, .restored = t->restored,
	    .facts = &t->facts }, difference, sizeof(difference)), "%s: SQLite makes something else: %s", t->what, difference);
	(void)unlink(t->by_sqlite);
}

/* Chunk by chunk from the reader into the replay. */
static size_t straight_on(struct trip *t)
{
	struct db *db = open_source(t);
	struct err err = ERR_INIT;
	struct manifest m = { 0 };
	struct replay *replay = replay_open(&(struct replay_options){ .path = t->restored }, &err);
	struct twice twice = { replay, open_by_sqlite(t) };
	size_t exceptions;

	ck_assert_msg(replay != NULL, "%s: %s", t->what, err.msg);
	ck_assert_msg(read_database(&(struct read_options){ .db = db }, replay_chunk, &twice, &m, &err) == 0 &&
	    replay_commit(replay, &m, &err) == 0, "%s: %s", t->what, err.msg);
	exceptions = m.exception_count;
	replay_free(replay);
	compare_with_sqlite(t, twice.sqlite);
	manifest_release(&m);
	db_free(db);
	return exceptions;
}

static int64_t fixed_now(void *ctx)
{
	(void)ctx;
	return INT64_C(1795312620000);
}

static void no_sleep(void *ctx, int64_t ms)
{
	(void)ctx, (void)ms;
}

static uint32_t no_chance(void *ctx)
{
	(void)ctx;
	return 4;
}

/* As a snapshot in a bucket, as the commands do it. */
static size_t by_snapshot(struct trip *t)
{
	struct bucket *bucket = bucket_dir_new(t->bucket, "here", NULL);
	const struct clock clock = { fixed_now, no_sleep, no_chance, NULL };
	AUTO_STR target = mem_printf("sqlite:%s", t->restored);
	struct db *db = open_source(t);
	struct err err = ERR_INIT;
	struct manifest m = { 0 };
	struct target to = { 0 };
	struct store store;
	size_t exceptions;

	ck_assert_ptr_nonnull(bucket);
	store_init(&store, bucket, NULL, "production", "auth", NULL, NULL);
	ck_assert_msg(take_snapshot(&(struct take_options){ .db = db, .store = &store, .environment = "production",
	    .database = "auth", .attempts = 1, .workers = 2, .clock = &clock }, &m, &err) == 0, "%s: %s", t->what, err.msg);
	ck_assert_int_eq(target_parse(target, &to, &err), 0);
	ck_assert_msg(restore_snapshot(&(struct restore_options){ .store = &store, .manifest = &m, .target = &to,
	    .workers = 2 }, &err) == 0, "%s: %s", t->what, err.msg);
	exceptions = m.exception_count;
	target_release(&to);
	manifest_release(&m);
	store_release(&store);
	bucket_free(bucket);
	db_free(db);
	return exceptions;
}

static void go_and_return(const char *folder, unsigned long long number)
{
	struct trip *t = mem_calloc(1, sizeof(*t));
	char difference[1200];
	size_t exceptions;

	t->number = number;
	(void)snprintf(t->what, sizeof(t->what), "D1KEEP_SEED=%llu D1KEEP_FROM=%llu D1KEEP_ROUNDS=1",
	    (unsigned long long)seed(), number);
	(void)snprintf(t->source, sizeof(t->source), "%s/source%llu.sqlite", folder, number);
	(void)snprintf(t->restored, sizeof(t->restored), "%s/restored%llu.sqlite", folder, number);
	(void)snprintf(t->by_sqlite, sizeof(t->by_sqlite), "%s/sqlite%llu.sqlite", folder, number);
	(void)snprintf(t->bucket, sizeof(t->bucket), "%s/bucket%llu", folder, number);
	make_source(t);
	exceptions = number % WHOLE_WAY == 0 ? by_snapshot(t) : straight_on(t);
	ck_assert_msg(compare_databases(&(struct comparison){ .source = t->source, .restored = t->restored,
	    .facts = &t->facts }, difference, sizeof(difference)), "%s: %s", t->what, difference);
	ck_assert_msg(exceptions == t->facts.exceptions, "%s: %zu exceptions instead of %zu", t->what, exceptions,
	    t->facts.exceptions);
	(void)unlink(t->source);
	(void)unlink(t->restored);
	free(t);
}

START_TEST(random_databases_come_back)
{
	const char *folder = unit_folder();
	uint64_t from = setting("D1KEEP_FROM", 0), rounds = setting("D1KEEP_ROUNDS", ROUNDS);

	for (uint64_t i = (uint64_t)_i; i < rounds; i += PARTS)
		go_and_return(folder, from + i);
}
END_TEST

UNIT_CASE(round_trip)
{
	/* A part takes 10 s of a machine that has nothing else to do. */
	tcase_set_timeout(tc, getenv("D1KEEP_ROUNDS") != NULL ? 0 : 150);
	(void)fprintf(stderr, "round_trip: D1KEEP_SEED=%llu\n", (unsigned long long)seed());
	tcase_add_loop_test(tc, random_databases_come_back, 0, PARTS);
}
