#include "restore/verify.h"

#include <stdio.h>

#include "restore/fetch.h"
#include "restore/rebuild.h"

static void not_kept(const struct verify_options *o, const struct err *err)
{
	if (o->not_kept != NULL)
		o->not_kept(o->not_kept_ctx, err);
}

static void mark(const struct verify_options *o, const char *key)
{
	struct err err = ERR_INIT;

	if (store_mark_damaged(o->store, key, clock_now(o->clock), &err) != 0)
		not_kept(o, &err);
}

/* Damage is part of the verdict; any other trouble ends the verification. */
static int judge(const struct verify_options *o, const struct fetched *f, struct verdict *v,
    struct err *err)
{
	if (f->err.code == ERR_NONE)
		return 0;
	if (f->err.code != ERR_CORRUPT && f->err.code != ERR_NOT_FOUND) {
		*err = f->err;
		return -1;
	}
	v->good = false;
	verdict_add_damaged(v, f->object->key);
	if (o->damaged != NULL)
		o->damaged(o->damaged_ctx, &f->err);
	/* What is missing shows in a listing by itself. */
	if (f->err.code == ERR_CORRUPT)
		mark(o, f->object->key);
	return 0;
}

static int check_chunks(const struct verify_options *o, struct verdict *v, struct err *err)
{
	struct fetch *fetch = fetch_new(&(struct fetch_options){
		.store = o->store, .manifest = &o->snapshot->manifest, .workers = o->workers,
		.keep = FETCH_NOTHING,
	});
	struct fetched *f;
	int64_t done = 0;
	int rc;

	while ((rc = fetch_next(fetch, &f, err)) == 1) {
		rc = judge(o, f, v, err);
		done += f->object->sql_bytes;
		fetched_free(f);
		if (rc != 0)
			break;
		if (o->progress != NULL)
			o->progress(o->progress_ctx, done);
	}
	fetch_free(fetch);
	return rc;
}

/* Rebuilding checks every chunk on its way; only when it meets damage are all of
 * them looked at, to name each. */
static int check_by_replay(const struct verify_options *o, struct verdict *v, struct err *err)
{
	struct err cause = ERR_INIT;

	if (rebuild_and_check(o, v, &cause) == 0) {
		v->good = v->problem_count == 0;
		return 0;
	}
	if (cause.code != ERR_CORRUPT) {
		*err = cause;
		return -1;
	}
	if (check_chunks(o, v, err) != 0)
		return -1;
	if (v->good)
		verdict_add_problem(v, cause.msg);
	v->good = false;
	return 0;
}

int verify_snapshot(const struct verify_options *options, struct verdict *ret, struct err *err)
{
	struct err kept = ERR_INIT;

	*ret = (struct verdict){ .good = true };
	(void)snprintf(ret->how, sizeof(ret->how), "%s", options->replay ? "replay" : "hashes");
	if ((options->replay ? check_by_replay(options, ret, err) :
	    check_chunks(options, ret, err)) != 0) {
		verdict_release(ret);
		return -1;
	}
	ret->verified_at = clock_now(options->clock);
	if (store_put_verdict(options->store, options->snapshot->manifest.id, ret, &kept) != 0)
		not_kept(options, &kept);
	return 0;
}
