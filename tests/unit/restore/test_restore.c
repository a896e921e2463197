#include "restore/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "restore/fetch.h"
#include "tests/unit/restore/fixture.h"
#include "tests/unit/unit.h"

/* A restore of the fixture's snapshot to "<folder>/<name>". */
struct scene {
	struct fixture f;
	struct target target;
	struct restore_options options;
	int64_t progress;                  /* the last that was told */
	void (*meanwhile)(struct scene *s);/* called once, after the first chunk */
};

static void on_progress(void *ctx, int64_t sql_bytes)
{
	struct scene *s = ctx;
	void (*meanwhile)(struct scene *s) = s->meanwhile;

	ck_assert_int_gt(sql_bytes, s->progress);
	s->progress = sql_bytes;
	s->meanwhile = NULL;
	if (meanwhile != NULL)
		meanwhile(s);
}

static void scene_open(struct scene *s, enum target_kind kind)
{
	*s = (struct scene){ .progress = 0 };
	fixture_open(&s->f);
	s->target = (struct target){ .kind = kind, .path = fixture_path(&s->f, "new") };
	s->options = (struct restore_options){
		.store = &s->f.store, .manifest = &s->f.snapshot.manifest, .target = &s->target,
		.workers = 2, .progress = on_progress, .progress_ctx = s,
	};
}

static void scene_close(struct scene *s)
{
	target_release(&s->target);
	fixture_close(&s->f);
}

static void restore(struct scene *s)
{
	struct err err = ERR_INIT;

	ck_assert_msg(restore_snapshot(&s->options, &err) == 0, "%s", err.msg);
}

static struct err assert_fails(struct scene *s, enum err_code code)
{
	struct err err = ERR_INIT;

	ck_assert_int_ne(restore_snapshot(&s->options, &err), 0);
	ck_assert_msg(err.code == code, "%d: %s", err.code, err.msg);
	return err;
}

static void assert_holds(const char *path, const char *text)
{
	AUTO_BUF bytes = BUF_INIT(1u << 20);

	fixture_read(path, &bytes);
	ck_assert_str_eq(buf_str(&bytes), text);
}

static void assert_query(struct scene *s, const char *sql, const char *expected)
{
	AUTO_STR text = fixture_query(s->target.path, sql);

	ck_assert_str_eq(text, expected);
}

/* What gzip makes of the chunks in a row: promise 3. */
static void gunzip_all(struct fixture *f, struct buf *ret)
{
	AUTO_BUF command = BUF_INIT(100000);
	char piece[4096];
	FILE *pipe;
	size_t n;

	ck_assert_int_eq(buf_adds(&command, "cat", NULL), 0);
	for (size_t i = 0; i < f->snapshot.manifest.object_count; i++) {
		AUTO_STR path = fixture_chunk_path(f, i);

		ck_assert_int_eq(buf_addf(&command, NULL, " '%s'", path), 0);
	}
	ck_assert_int_eq(buf_adds(&command, " | gzip -dc", NULL), 0);
	pipe = popen(buf_str(&command), "r");
	ck_assert_ptr_nonnull(pipe);
	while ((n = fread(piece, 1, sizeof(piece), pipe)) > 0)
		ck_assert_int_eq(buf_add(ret, piece, n, NULL), 0);
	ck_assert_int_eq(pclose(pipe), 0);
}

/* ---- targets ---- */

START_TEST(a_target_is_a_kind_and_a_path)
{
	static const struct { const char *text; enum target_kind kind; const char *path; } good[] = {
		{ "sqlite:auth.sqlite", TARGET_SQLITE, "auth.sqlite" },
		{ "sqlite:/a b/c:d", TARGET_SQLITE, "/a b/c:d" },
		{ "sql:auth.sql", TARGET_SQL, "auth.sql" },
		{ "sql:-", TARGET_SQL, "-" },
		{ "sqlite:./-", TARGET_SQLITE, "./-" },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct target t;

		ck_assert_int_eq(target_parse(good[i].text, &t, NULL), 0);
		ck_assert_int_eq(t.kind, good[i].kind);
		ck_assert_str_eq(t.path, good[i].path);
		target_release(&t);
		ck_assert_ptr_null(t.path);
	}
}
END_TEST

START_TEST(what_names_no_target_is_refused_with_a_hint)
{
	static const char *const bad[] = {
		"", "auth.sqlite", "sqlite", "sqlite:", "sql:", "sqlite:-", "SQLITE:x", " sqlite:x", "file:x", ":x",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct target t;
		struct err err = ERR_INIT;

		ck_assert_msg(target_parse(bad[i], &t, &err) != 0, "%s", bad[i]);
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_ptr_nonnull(strstr(err.hint, "sqlite:PATH"));
	}
}
END_TEST

/* ---- what comes back ---- */

START_TEST(a_snapshot_becomes_a_sqlite_file)
{
	struct scene s;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	s.options.workers = (unsigned)_i;
	restore(&s);
	assert_query(&s, "SELECT group_concat(id || quote(name)) FROM users",
	    "1'one; -- not a comment',2'it''s\n\nlines',3NULL");
	assert_query(&s, "SELECT group_concat(typeof(a) || quote(a) || typeof(b)) FROM \"odd \"\"name\"",
	    "blobX'00FF'real,text'\xf0\x9f\x98\x80'text");
	assert_query(&s, "SELECT count(*) FROM sqlite_schema", "5");
	assert_query(&s, "PRAGMA integrity_check", "ok");
	ck_assert_int_eq(s.progress, manifest_sql_bytes(&s.f.snapshot.manifest));
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(as_sql_it_is_the_chunks_unpacked_in_a_row)
{
	AUTO_BUF sql = BUF_INIT(1u << 20);
	AUTO_BUF expected = BUF_INIT(1u << 20);
	struct scene s;

	scene_open(&s, TARGET_SQL);
	fixture_fill(&s.f);
	restore(&s);
	fixture_read(s.target.path, &sql);
	gunzip_all(&s.f, &expected);
	ck_assert_uint_gt(expected.len, 100);
	ck_assert_str_eq(buf_str(&sql), buf_str(&expected));
	ck_assert_int_eq(s.progress, manifest_sql_bytes(&s.f.snapshot.manifest));
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(a_hyphen_is_standard_output)
{
	AUTO_BUF expected = BUF_INIT(1u << 20);
	AUTO_STR path = NULL;
	struct scene s;
	int fd, saved;

	scene_open(&s, TARGET_SQL);
	fixture_fill(&s.f);
	path = fixture_path(&s.f, "stdout");
	free(s.target.path);
	s.target.path = mem_strdup("-");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	saved = dup(STDOUT_FILENO);
	(void)fflush(stdout);
	ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	restore(&s);
	ck_assert_int_eq(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
	(void)close(saved);
	(void)close(fd);
	gunzip_all(&s.f, &expected);
	assert_holds(path, buf_str(&expected));
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(as_stored_it_is_the_chunks_in_a_row)
{
	AUTO_BUF written = BUF_INIT(1u << 20);
	AUTO_BUF expected = BUF_INIT(1u << 20);
	AUTO_STR path = NULL;
	struct scene s;
	int fd;

	scene_open(&s, TARGET_SQL);
	fixture_fill(&s.f);
	path = fixture_path(&s.f, "out.gz");
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(restore_write(&(struct fetch_options){
		.store = &s.f.store, .manifest = &s.f.snapshot.manifest, .workers = 2,
	}, fd, "out.gz", true, NULL, NULL, NULL), 0);
	(void)close(fd);
	for (size_t i = 0; i < FIXTURE_CHUNKS; i++) {
		AUTO_STR chunk = fixture_chunk_path(&s.f, i);

		fixture_read(chunk, &expected);
	}
	fixture_read(path, &written);
	ck_assert_uint_eq(written.len, expected.len);
	ck_assert_mem_eq(written.data, expected.data, expected.len);
	scene_close(&s);
}
END_TEST

START_TEST(what_cannot_be_written_to_is_named)
{
	struct scene s;
	struct err err = ERR_INIT;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	scene_open(&s, TARGET_SQL);
	fixture_fill(&s.f);
	ck_assert_int_ne(restore_write(&(struct fetch_options){
		.store = &s.f.store, .manifest = &s.f.snapshot.manifest, .workers = 2,
	}, fd, "standard output", false, NULL, NULL, &err), 0);
	ck_assert_int_eq(err.sys, ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.msg, "standard output"));
	(void)close(fd);
	scene_close(&s);
}
END_TEST

START_TEST(an_empty_snapshot_becomes_an_empty_database)
{
	struct scene s;

	scene_open(&s, TARGET_SQLITE);
	fixture_add(&s.f, MANIFEST_SCHEMA, NULL, "PRAGMA defer_foreign_keys=TRUE;\n", 0);
	restore(&s);
	assert_query(&s, "SELECT count(*) FROM sqlite_schema", "0");
	scene_close(&s);
}
END_TEST

START_TEST(what_comes_back_is_for_its_owner_alone)
{
	struct scene s;
	struct stat st;

	(void)umask(0);
	scene_open(&s, _i == 0 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	restore(&s);
	ck_assert_int_eq(stat(s.target.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	scene_close(&s);
}
END_TEST

/* ---- what is there already ---- */

START_TEST(an_existing_target_is_refused)
{
	struct scene s;
	struct err err;

	scene_open(&s, _i == 0 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	fixture_write(s.target.path, "mine", 4);
	err = assert_fails(&s, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(err.msg, s.target.path));
	ck_assert_ptr_nonnull(strstr(err.hint, "--replace"));
	assert_holds(s.target.path, "mine");
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	ck_assert_int_eq(s.progress, 0);
	scene_close(&s);
}
END_TEST

START_TEST(with_replace_it_is_replaced)
{
	struct scene s;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	fixture_write(s.target.path, "mine", 4);
	s.options.replace = true;
	restore(&s);
	assert_query(&s, "SELECT count(*) FROM users", "3");
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(with_replace_nothing_needs_to_be_there)
{
	struct scene s;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	s.options.replace = true;
	restore(&s);
	assert_query(&s, "SELECT count(*) FROM users", "3");
	scene_close(&s);
}
END_TEST

/* The service that uses it must be able to open it afterwards. */
START_TEST(what_replaces_a_file_has_its_mode_and_owner)
{
	struct scene s;
	struct stat before, after;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	fixture_write(s.target.path, "mine", 4);
	ck_assert_int_eq(chmod(s.target.path, 0660), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(s.target.path, 12345, 54321), 0);
	ck_assert_int_eq(stat(s.target.path, &before), 0);
	s.options.replace = true;
	restore(&s);
	ck_assert_int_eq(stat(s.target.path, &after), 0);
	ck_assert_uint_ne(before.st_ino, after.st_ino);
	ck_assert_uint_eq(after.st_mode & 07777, 0660);
	ck_assert_uint_eq(after.st_uid, before.st_uid);
	ck_assert_uint_eq(after.st_gid, before.st_gid);
	scene_close(&s);
}
END_TEST

static const char *const journals[] = { "new-wal", "new-shm", "new-journal" };

START_TEST(a_journal_beside_the_target_is_refused)
{
	for (int there = 0; there < 2; there++) {
		AUTO_STR journal = NULL;
		struct scene s;
		struct err err;

		scene_open(&s, TARGET_SQLITE);
		fixture_fill(&s.f);
		journal = fixture_path(&s.f, journals[_i]);
		if (there)
			fixture_write(s.target.path, "mine", 4);
		fixture_write(journal, "", 0);
		s.options.replace = true;
		err = assert_fails(&s, ERR_REFUSED);
		ck_assert_ptr_nonnull(strstr(err.msg, journal));
		if (there)
			assert_holds(s.target.path, "mine");
		ck_assert_int_eq(fixture_entries(&s.f), 1 + there);
		scene_close(&s);
	}
}
END_TEST

START_TEST(sql_does_not_mind_a_journal)
{
	AUTO_STR journal = NULL;
	struct scene s;

	scene_open(&s, TARGET_SQL);
	fixture_fill(&s.f);
	journal = fixture_path(&s.f, "new-wal");
	fixture_write(journal, "", 0);
	restore(&s);
	scene_close(&s);
}
END_TEST

START_TEST(a_link_is_refused_and_where_it_leads_is_untouched)
{
	AUTO_STR real = NULL;
	struct scene s;

	scene_open(&s, _i < 2 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	real = fixture_path(&s.f, "real");
	if (_i % 2 == 0)
		fixture_write(real, "mine", 4);   /* else it leads nowhere */
	ck_assert_int_eq(symlink("real", s.target.path), 0);
	(void)assert_fails(&s, ERR_REFUSED);
	s.options.replace = true;
	(void)assert_fails(&s, ERR_REFUSED);
	if (_i % 2 == 0)
		assert_holds(real, "mine");
	ck_assert_int_eq(fixture_entries(&s.f), _i % 2 == 0 ? 2 : 1);
	scene_close(&s);
}
END_TEST

START_TEST(a_folder_is_refused)
{
	struct scene s;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	ck_assert_int_eq(mkdir(s.target.path, 0700), 0);
	s.options.replace = true;
	(void)assert_fails(&s, ERR_REFUSED);
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(a_missing_folder_is_not_made)
{
	struct scene s;
	struct err err;

	scene_open(&s, _i == 0 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	free(s.target.path);
	s.target.path = fixture_path(&s.f, "none/new");
	err = assert_fails(&s, ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.msg, s.target.path));
	ck_assert_int_eq(fixture_entries(&s.f), 0);
	scene_close(&s);
}
END_TEST

/* ---- what happens meanwhile ---- */

static void somebody_takes_the_name(struct scene *s)
{
	fixture_write(s->target.path, "somebody's", 10);
}

START_TEST(a_target_that_appears_meanwhile_is_refused)
{
	struct scene s;

	scene_open(&s, _i == 0 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	s.meanwhile = somebody_takes_the_name;
	(void)assert_fails(&s, ERR_REFUSED);
	assert_holds(s.target.path, "somebody's");
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

static void somebody_opens_it(struct scene *s)
{
	AUTO_STR journal = fixture_path(&s->f, "new-wal");

	fixture_write(journal, "", 0);
}

START_TEST(a_target_that_is_opened_meanwhile_is_not_replaced)
{
	struct scene s;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	fixture_write(s.target.path, "mine", 4);
	s.options.replace = true;
	s.meanwhile = somebody_opens_it;
	(void)assert_fails(&s, ERR_REFUSED);
	assert_holds(s.target.path, "mine");
	ck_assert_int_eq(fixture_entries(&s.f), 2);
	scene_close(&s);
}
END_TEST

static void stop(struct scene *s)
{
	(void)s;
	stop_request();
}

/* Kind 0 and 1; with nothing there, and with a file to be replaced. */
START_TEST(an_interrupted_restore_leaves_all_as_it_was)
{
	struct scene s;

	scene_open(&s, _i % 2 == 0 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	if (_i >= 2)
		fixture_write(s.target.path, "mine", 4);
	s.options.replace = _i >= 2;
	s.meanwhile = stop;
	(void)assert_fails(&s, ERR_INTERRUPTED);
	stop_clear();
	if (_i >= 2)
		assert_holds(s.target.path, "mine");
	ck_assert_int_eq(fixture_entries(&s.f), _i >= 2 ? 1 : 0);
	scene_close(&s);
}
END_TEST

/* ---- damage ---- */

START_TEST(a_damaged_snapshot_leaves_all_as_it_was)
{
	AUTO_STR chunk = NULL;
	struct scene s;
	struct err err;

	scene_open(&s, _i % 2 == 0 ? TARGET_SQLITE : TARGET_SQL);
	fixture_fill(&s.f);
	fixture_write(s.target.path, "mine", 4);
	s.options.replace = true;
	chunk = fixture_chunk_path(&s.f, FIXTURE_CHUNKS - 1);
	if (_i < 2)
		ck_assert_int_eq(unlink(chunk), 0);
	else
		fixture_write(chunk, "x", 1);
	err = assert_fails(&s, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, s.f.snapshot.manifest.objects[FIXTURE_CHUNKS - 1].key));
	ck_assert_str_ne(err.hint, "");
	assert_holds(s.target.path, "mine");
	ck_assert_int_eq(fixture_entries(&s.f), 1);
	scene_close(&s);
}
END_TEST

START_TEST(hostile_sql_leaves_nothing_behind)
{
	static const char *const hostile[] = {
		"ATTACH 'attached' AS x; CREATE TABLE x.y(a);", "VACUUM INTO 'vacuumed';", "COMMIT; CREATE TABLE u(a);",
		"COMMIT; PRAGMA journal_mode=WAL;", "PRAGMA journal_mode=DELETE;", "CREATE VIRTUAL TABLE v USING fts4(a);",
	};
	struct scene s;
	struct err err;

	scene_open(&s, TARGET_SQLITE);
	ck_assert_int_eq(chdir(s.f.folder), 0);
	fixture_fill(&s.f);
	fixture_add(&s.f, MANIFEST_POST, NULL, hostile[_i], 0);
	err = assert_fails(&s, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, s.f.snapshot.manifest.objects[FIXTURE_CHUNKS].key));
	ck_assert_int_eq(fixture_entries(&s.f), 0);
	scene_close(&s);
}
END_TEST

START_TEST(other_rows_than_the_manifest_promises_leave_nothing_behind)
{
	struct scene s;
	struct err err;

	scene_open(&s, TARGET_SQLITE);
	fixture_fill(&s.f);
	s.f.snapshot.manifest.tables[0].rows++;
	err = assert_fails(&s, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, "\"users\" has 3 rows instead of 4"));
	ck_assert_int_eq(fixture_entries(&s.f), 0);
	scene_close(&s);
}
END_TEST

/* ---- no room ---- */

#define SMALL (256 * 1024)

/* As in tests/unit/base/test_file.c: a small file system of its own, else a
 * limit on the size of files. */
static bool leave_little_room(const char *folder)
{
	struct rlimit limit = { SMALL, SMALL };

	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", folder, "tmpfs", 0, "size=256k") == 0)
		return true;
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return false;
}

static int entries_in(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n - 2;
}

START_TEST(a_full_disk_is_no_damage_and_leaves_nothing_behind)
{
	AUTO_STR sql = mem_calloc(2 * SMALL + 200, 1);
	AUTO_STR room = NULL;
	struct scene s;
	struct err err;
	bool full;

	scene_open(&s, _i == 0 ? TARGET_SQLITE : TARGET_SQL);
	(void)strcpy(sql, "CREATE TABLE t(a); INSERT INTO t VALUES('");
	memset(sql + strlen(sql), 'x', 2 * SMALL);
	(void)strcat(sql, "');\n");
	fixture_add(&s.f, MANIFEST_ROWS, "t", sql, 1);
	room = fixture_path(&s.f, "room");
	ck_assert_int_eq(mkdir(room, 0700), 0);
	full = leave_little_room(room);
	free(s.target.path);
	s.target.path = fixture_path(&s.f, "room/new");
	err = assert_fails(&s, ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(err.msg, s.target.path));
	ck_assert(!full || strstr(err.hint, "free some space") != NULL);
	ck_assert_int_eq(entries_in(room), 0);
	scene_close(&s);
}
END_TEST

UNIT_CASE(target)
{
	tcase_add_test(tc, a_target_is_a_kind_and_a_path);
	tcase_add_test(tc, what_names_no_target_is_refused_with_a_hint);
}

UNIT_CASE(restore)
{
	tcase_add_loop_test(tc, a_snapshot_becomes_a_sqlite_file, 1, 5);
	tcase_add_test(tc, as_sql_it_is_the_chunks_unpacked_in_a_row);
	tcase_add_test(tc, a_hyphen_is_standard_output);
	tcase_add_test(tc, as_stored_it_is_the_chunks_in_a_row);
	tcase_add_test(tc, what_cannot_be_written_to_is_named);
	tcase_add_test(tc, an_empty_snapshot_becomes_an_empty_database);
	tcase_add_loop_test(tc, what_comes_back_is_for_its_owner_alone, 0, 2);
	tcase_add_loop_test(tc, an_existing_target_is_refused, 0, 2);
	tcase_add_test(tc, with_replace_it_is_replaced);
	tcase_add_test(tc, with_replace_nothing_needs_to_be_there);
	tcase_add_test(tc, what_replaces_a_file_has_its_mode_and_owner);
	tcase_add_loop_test(tc, a_journal_beside_the_target_is_refused, 0, 3);
	tcase_add_test(tc, sql_does_not_mind_a_journal);
	tcase_add_loop_test(tc, a_link_is_refused_and_where_it_leads_is_untouched, 0, 4);
	tcase_add_test(tc, a_folder_is_refused);
	tcase_add_loop_test(tc, a_missing_folder_is_not_made, 0, 2);
	tcase_add_loop_test(tc, a_target_that_appears_meanwhile_is_refused, 0, 2);
	tcase_add_test(tc, a_target_that_is_opened_meanwhile_is_not_replaced);
	tcase_add_loop_test(tc, an_interrupted_restore_leaves_all_as_it_was, 0, 4);
	tcase_add_loop_test(tc, a_damaged_snapshot_leaves_all_as_it_was, 0, 4);
	tcase_add_loop_test(tc, hostile_sql_leaves_nothing_behind, 0, 6);
	tcase_add_test(tc, other_rows_than_the_manifest_promises_leave_nothing_behind);
	tcase_add_loop_test(tc, a_full_disk_is_no_damage_and_leaves_nothing_behind, 0, 2);
}
