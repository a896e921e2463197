/*
 * A bucket: all that a backup will ask of it, tried with one small object below
 * "<prefix>/.doctor/", where no environment can lie. It is removed again on every
 * way out, and what an earlier doctor that was killed has left is, too.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/doctor.h"
#include "storage/bucket.h"

#define FOLDER ".doctor"
#define LEFT_BEHIND_S 3600
#define MAX_PROBE 64

struct probe {
	struct doctor *d;
	const char *subject;
	struct bucket *bucket;
	bool is_directory;
	char *key;
	char text[3][32];              /* three contents, all different */
	struct bucket_version version; /* of the first */
};

static void complain(struct probe *p, const char *check, const struct err *err, const char *remedy)
{
	doctor_say_err(p->d, FINDING_PROBLEM, p->subject, check, err, remedy);
}

static void fill(struct probe *p, const char *prefix)
{
	uint32_t chance[2] = { clock_random(&clock_system), clock_random(&clock_system) };

	p->key = mem_printf("%s%s%s/%08x%08x", prefix, prefix[0] != '\0' ? "/" : "", FOLDER, chance[0], chance[1]);
	for (int i = 0; i < 3; i++)
		(void)snprintf(p->text[i], sizeof(p->text[i]), "d1keep doctor %08x %d\n", chance[0], i);
}

/* ---- one after the other; the first that fails ends it */

static bool writes(struct probe *p)
{
	struct err err = ERR_INIT;

	if (bucket_put(p->bucket, p->key, p->text[0], strlen(p->text[0]), true, &err) == 0)
		return true;
	complain(p, "write", &err, p->is_directory ? "the folder must be the user's who runs backups: chown, chmod 700" :
	    "the bucket must be there, and its key may write: Object Read & Write");
	return false;
}

static bool reads(struct probe *p)
{
	AUTO_BUF got = BUF_INIT(MAX_PROBE);
	struct err err = ERR_INIT;

	if (bucket_get_version(p->bucket, p->key, &got, &p->version, &err) != 0) {
		complain(p, "read", &err, "its key must be able to read: Object Read & Write");
		return false;
	}
	if (strcmp(buf_str(&got), p->text[0]) == 0)
		return true;
	doctor_say(p->d, FINDING_PROBLEM, p->subject, "read", "does anything change objects on their way?",
	    "what was read is not what was written");
	return false;
}

/* A second writer must be refused: that is what keeps snapshots whole. */
static bool keeps_the_first(struct probe *p)
{
	struct err err = ERR_INIT;

	if (bucket_put(p->bucket, p->key, p->text[1], strlen(p->text[1]), true, &err) == 0)
		doctor_say(p->d, FINDING_PROBLEM, p->subject, "If-None-Match",
		    "use R2, or an S3 server with conditional writes: two runs could overwrite each other",
		    "it lets an object be written where one is already");
	else if (err.code != ERR_EXISTS)
		complain(p, "If-None-Match", &err, "use R2, or an S3 server with conditional writes");
	else
		return true;
	return false;
}

/* Only the version that is there may be replaced: that is what a lease is made of. */
static bool replaces_its_version(struct probe *p)
{
	char old[BUCKET_ETAG_SIZE], etag[BUCKET_ETAG_SIZE];
	struct err err = ERR_INIT;

	memcpy(old, p->version.etag, sizeof(old));
	memcpy(etag, old, sizeof(etag));
	if (bucket_replace(p->bucket, p->key, p->text[1], strlen(p->text[1]), etag, &err) != 0) {
		complain(p, "If-Match", &err, "use R2, or an S3 server with conditional writes");
		return false;
	}
	if (bucket_replace(p->bucket, p->key, p->text[2], strlen(p->text[2]), old, &err) == 0) {
		doctor_say(p->d, FINDING_PROBLEM, p->subject, "If-Match",
		    "use R2, or an S3 server with conditional writes: two hosts would hold one lease",
		    "it replaces a version that is no longer there");
		return false;
	}
	if (err.code == ERR_EXISTS)
		return true;
	complain(p, "If-Match", &err, "use R2, or an S3 server with conditional writes");
	return false;
}

static bool removes(struct probe *p)
{
	struct err err = ERR_INIT;

	if (bucket_remove(p->bucket, p->key, &err) == 0)
		return true;
	if (err.code == ERR_REFUSED) {
		doctor_say_err(p->d, FINDING_WARNING, p->subject, "delete", &err,
		    "what retention removes stays until the lock rule lets it go");
		return false;
	}
	complain(p, "delete", &err, "its key must be able to delete: Object Read & Write");
	return false;
}

/* ---- what an earlier one left ---- */

struct leftovers {
	char **keys;
	size_t count, cap;
};

static int on_leftover(void *ctx, const char *key, int64_t bytes, int64_t age_s, struct err *err)
{
	struct leftovers *l = ctx;

	(void)bytes, (void)err;
	if (age_s < LEFT_BEHIND_S)
		return 0;
	l->keys = mem_grow(l->keys, l->count, &l->cap, sizeof(*l->keys));
	l->keys[l->count++] = mem_strdup(key);
	return 0;
}

static bool lists(struct probe *p)
{
	AUTO_STR folder = mem_strndup(p->key, (size_t)(strrchr(p->key, '/') + 1 - p->key));
	struct leftovers l = { 0 };
	struct err err = ERR_INIT;
	bool good = bucket_list(p->bucket, folder, on_leftover, &l, &err) == 0;

	for (size_t i = 0; i < l.count; i++) {
		(void)bucket_remove(p->bucket, l.keys[i], NULL);
		mem_free_str(&l.keys[i]);
	}
	mem_free_str((char **)&l.keys);
	if (!good)
		complain(p, "list", &err, "its key must be able to list: Object Read & Write");
	return good;
}

static void try_all(struct probe *p, const struct config_bucket *bucket)
{
	bool good;

	if (!writes(p)) {
		doctor_give_up(p->d, bucket);
		return;
	}
	good = reads(p) && keeps_the_first(p) && replaces_its_version(p) && lists(p);
	if (removes(p) && good)
		doctor_say(p->d, FINDING_GOOD, p->subject, "objects", NULL,
		    "written, read, not overwritten, replaced, listed, deleted");
}

/* A store is opened with one of the databases that lie there. */
static const struct config_database *database_in(const struct doctor *d,
    const struct config_bucket *bucket)
{
	for (size_t i = 0; i < d->database_count; i++) {
		if (d->databases[i]->policy.bucket == bucket)
			return d->databases[i];
	}
	return NULL;
}

void doctor_check_bucket(struct doctor *d, const struct config_bucket *bucket)
{
	AUTO_STR subject = mem_printf("bucket %s", bucket->name);
	const struct config_database *database = database_in(d, bucket);
	struct err err = ERR_INIT;
	struct open_store open;
	struct probe probe = {
		.d = d, .subject = subject, .is_directory = bucket->type == CONFIG_BUCKET_DIRECTORY,
	};

	if (database == NULL)
		return;
	if (open_store(d->session, database, &open, &err) != 0) {
		doctor_give_up(d, bucket);
		doctor_say_err(d, FINDING_PROBLEM, subject, "open", &err, bucket->type == CONFIG_BUCKET_DIRECTORY ?
		    "name a folder, or a place where one can be made" :
		    "put its keys where the configuration says, mode 0600");
		return;
	}
	probe.bucket = open.bucket;
	fill(&probe, bucket->prefix);
	try_all(&probe, bucket);
	doctor_clock(d, subject, open.http);
	if (probe.is_directory)
		doctor_room(d, subject, bucket->path, 0);
	mem_free_str(&probe.key);
	close_store(&open);
}
