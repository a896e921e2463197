#include "tests/unit/retention/shelf.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "base/stamp.h"
#include "storage/names.h"
#include "tests/unit/retention/history.h"
#include "tests/unit/unit.h"

/* ---- the bucket in front ---- */

static struct shelf *of(struct bucket *b)
{
	return (struct shelf *)((char *)b - offsetof(struct shelf, bucket));
}

static int front_put(struct bucket *b, const char *key, const void *data, size_t len,
    bool if_absent, struct err *err)
{
	return bucket_put(of(b)->real, key, data, len, if_absent, err);
}

static int front_get(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	(void)ret_version;
	return bucket_get(of(b)->real, key, ret, err);
}

static int front_head(struct bucket *b, const char *key, int64_t *ret_bytes, struct err *err)
{
	return bucket_head(of(b)->real, key, ret_bytes, err);
}

static void appear(struct shelf *s)
{
	AUTO_STR key = mem_printf("production/auth/snapshots/%s.json", s->faults.meanwhile);

	ck_assert_int_eq(bucket_put(s->real, key, "{}", 2, false, NULL), 0);
	s->faults.meanwhile = NULL;
}

static bool holds(const char *key, const char *part)
{
	return part != NULL && strstr(key, part) != NULL;
}

static int front_remove(struct bucket *b, const char *key, struct err *err)
{
	struct shelf *s = of(b);
	struct faults *f = &s->faults;

	if (f->meanwhile != NULL)
		appear(s);
	if (f->die_after >= 0 && f->removals >= f->die_after)
		return err_set(err, ERR_INTERRUPTED, "dead");
	if (holds(key, f->locked))
		return err_set(err, ERR_REFUSED, "\"%s\" is kept by a lock rule", key);
	if (holds(key, f->denied))
		return err_set(err, ERR_DENIED, "the access key may not do this");
	if (holds(key, f->stuck))
		return err_set(err, ERR_EXISTS, "\"%s\" is still there", key);
	f->removals++;
	return bucket_remove(s->real, key, err);
}

static int front_list(struct bucket *b, const char *prefix, bucket_visit *visit, void *ctx,
    struct err *err)
{
	return bucket_list(of(b)->real, prefix, visit, ctx, err);
}

static const struct bucket_ops front_ops = {
	.put = front_put, .get = front_get, .head = front_head, .remove = front_remove,
	.list = front_list,
};

static char front_name[] = "front";

void shelf_open(struct shelf *s)
{
	*s = (struct shelf){ .bucket = { &front_ops, front_name }, .faults.die_after = -1 };
	fixture_open(&s->fixture);
	s->real = s->fixture.bucket;
	s->fixture.store.bucket = &s->bucket;
	/* One worker: removals come in their order. */
	s->options = (struct prune_options){
		.store = &s->fixture.store, .policy = { .zone = "UTC", .now = NOW },
		.garbage_grace = 86400, .workers = 1,
	};
}

void shelf_close(struct shelf *s)
{
	prune_report_release(&s->report);
	fixture_close(&s->fixture);
}

/* ---- what is put there ---- */

const char *shelf_chunk(char letter)
{
	static char keys[4][100];
	static unsigned n;
	char hash[SHA256_HEX_SIZE];
	char *ret = keys[n++ % 4];
	AUTO_STR key = NULL;

	sha256_hex(&letter, 1, hash);
	key = names_chunk("t", hash);
	(void)snprintf(ret, sizeof(keys[0]), "%s", key);
	return ret;
}

static void add_chunk(struct shelf *s, struct manifest *m, char letter)
{
	struct manifest_object *o = manifest_add_object(m);
	char bytes[128];

	memset(bytes, letter, sizeof(bytes));
	o->kind = MANIFEST_ROWS;
	o->table = mem_strdup("t");
	o->key = mem_strdup(shelf_chunk(letter));
	sha256_hex(&letter, 1, o->sql_sha256);
	sha256_hex(bytes, (size_t)letter, o->stored_sha256);
	o->rows = 1;
	o->sql_bytes = 1;
	o->stored_bytes = letter;
	m->tables[0].rows++;
	fixture_put(&s->fixture, o->key, bytes, (size_t)letter);
}

void shelf_publish(struct shelf *s, const char *moment, const char *label, const char *letters)
{
	struct manifest m = {
		.environment = mem_strdup("production"), .database = mem_strdup("auth"),
		.source = mem_strdup("d1"), .tool = mem_strdup("d1keep 0.1.0"),
		.consistency = mem_strdup("transaction"), .label = mem_strdup(label), .attempts = 1,
	};
	struct manifest_table *t = manifest_add_table(&m);
	struct err err = ERR_INIT;

	t->name = mem_strdup("t");
	sha256_hex("", 0, t->sql_sha256);
	ck_assert(stamp_parse(moment, &m.started_at));
	m.finished_at = m.started_at;
	for (const char *p = letters; *p != '\0'; p++)
		add_chunk(s, &m, *p);
	ck_assert_msg(store_publish(&s->fixture.store, &m, &err) == 0, "%s", err.msg);
	manifest_release(&m);
}

static const char *id_of(const char *moment)
{
	static char id[STAMP_COMPACT_SIZE];
	int64_t at = 0;

	ck_assert(stamp_parse(moment, &at));
	return stamp_compact(at, id);
}

void shelf_verdict(struct shelf *s, const char *moment, bool good)
{
	struct verdict v = { .verified_at = NOW, .how = "hashes", .good = good };

	ck_assert_int_eq(store_put_verdict(&s->fixture.store, id_of(moment), &v, NULL), 0);
}

void shelf_pin(struct shelf *s, const char *moment)
{
	struct pin pin = { .until = PINNED_FOR_EVER, .at = NOW };

	ck_assert_int_eq(store_put_pin(&s->fixture.store, id_of(moment), &pin, NULL), 0);
}

void shelf_age(struct shelf *s, const char *key, int64_t age_s)
{
	AUTO_STR path = fixture_path(&s->fixture, key);
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) - age_s } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

void shelf_put(struct shelf *s, const char *key, int64_t age_s)
{
	fixture_put(&s->fixture, key, "x", 1);
	shelf_age(s, key, age_s);
}

int shelf_prune(struct shelf *s)
{
	prune_report_release(&s->report);
	s->err = (struct err)ERR_INIT;
	return prune_store(&s->options, &s->report, &s->err);
}

/* ---- what can be said of it ---- */

struct telling {
	struct buf chunks, snapshots, others;
};

static char letter_of(const char *key)
{
	for (char c = 'a'; c <= 'z'; c++) {
		if (strcmp(shelf_chunk(c), key) == 0)
			return c;
	}
	return '?';
}

static int tell(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct telling *t = ctx;
	char id[20];

	(void)bytes, (void)age_s;
	switch (names_kind_of(key, id)) {
	case NAMES_CHUNK:
		return buf_addf(&t->chunks, err, "%c ", letter_of(key));
	case NAMES_MANIFEST:
		return buf_addf(&t->snapshots, err, "%.4s-%.2s-%.2s ", id, id + 4, id + 6);
	default:
		return buf_addf(&t->others, err, " %s", key);
	}
}

static int by_byte(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

const char *shelf_contents(struct shelf *s)
{
	static char text[8000];
	struct telling t = { BUF_INIT(4000), BUF_INIT(4000), BUF_INIT(8000) };
	char letters[200] = "";
	size_t n = 0;

	ck_assert_int_eq(store_list_all(&s->fixture.store, tell, &t, NULL), 0);
	for (size_t i = 0; i < t.chunks.len; i += 2)
		letters[n++] = t.chunks.data[i];
	qsort(letters, n, 1, by_byte);
	(void)snprintf(text, sizeof(text), "%s | %s|%s", letters, buf_str(&t.snapshots),
	    buf_str(&t.others));
	buf_release(&t.chunks);
	buf_release(&t.snapshots);
	buf_release(&t.others);
	return text;
}

static void is_whole(struct shelf *s, const char *id)
{
	struct snapshot snapshot;
	struct err err = ERR_INIT;

	ck_assert_msg(store_load(&s->fixture.store, id, &snapshot, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < snapshot.manifest.object_count; i++) {
		AUTO_STR key = mem_printf("production/auth/%s", snapshot.manifest.objects[i].key);
		int64_t bytes;

		ck_assert_msg(bucket_head(s->real, key, &bytes, &err) == 0, "snapshot %s: %s", id, err.msg);
	}
	snapshot_release(&snapshot);
}

void shelf_is_whole(struct shelf *s)
{
	struct store_ids ids;

	ck_assert_int_eq(store_list(&s->fixture.store, &ids, NULL), 0);
	for (size_t i = 0; i < ids.count; i++)
		is_whole(s, ids.items[i].id);
	store_ids_release(&ids);
}

const char *shelf_fate(const struct shelf *s, const char *moment)
{
	static char text[500];

	for (size_t i = 0; i < s->report.snapshot_count; i++) {
		const struct prune_snapshot *p = &s->report.snapshots[i];

		if (strcmp(p->id, id_of(moment)) != 0)
			continue;
		if (p->removed)
			return "removed";
		(void)snprintf(text, sizeof(text), "kept: %s", p->fate.reason_count > 0 ? p->fate.reasons[0] : "?");
		return text;
	}
	return "not there";
}
