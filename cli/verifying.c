#include "cli/verifying.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "restore/verify.h"

static void on_damage(void *ctx, const struct err *err)
{
	struct progress *progress = ctx;

	progress_end(progress);
	log_error("%s", err->msg);
}

static void on_not_kept(void *ctx, const struct err *err)
{
	progress_end(ctx);
	log_warning("the verdict cannot be kept beside the snapshot: %s", err->msg);
}

int verifying_run(const struct verifying *v, struct verdict *ret, int64_t *ret_ms,
    struct err *err)
{
	AUTO_STR name = snapshot_name(&v->snapshot->manifest);
	int64_t started = clock_monotonic_ms();
	struct progress progress;
	int rc;

	progress_begin(&progress, name, manifest_sql_bytes(&v->snapshot->manifest), v->quiet);
	rc = verify_snapshot(&(struct verify_options){
		.store = v->store, .snapshot = v->snapshot,
		.workers = v->session->workers, .replay = v->replay, .clock = &clock_system,
		.progress = progress_bytes, .progress_ctx = &progress,
		.damaged = on_damage, .damaged_ctx = &progress,
		.not_kept = on_not_kept, .not_kept_ctx = &progress,
	}, ret, err);
	progress_end(&progress);
	*ret_ms = clock_monotonic_ms() - started;
	return rc;
}

/* What is wrong, or was before, as lines of talk. */
static void tell(const struct manifest *m, const char *name, const struct verdict *v)
{
	for (size_t i = 0; i < v->problem_count; i++)
		log_error("%s: %s", name, v->problems[i]);
	if (v->damaged_count > 0) {
		log_error("%s: %zu of %zu %s %s damaged or missing", name, v->damaged_count,
		    m->object_count, plural((int64_t)m->object_count, "chunk", "chunks"),
		    plural((int64_t)v->damaged_count, "is", "are"));
		log_info("hint: back up this database now: what its rows still make is stored anew; for older rows use an earlier snapshot");
	}
	if (v->good && v->broken_references < 0)
		log_warning("%s: its foreign keys cannot be checked: one of them does not fit the table it refers to", name);
	if (v->good && v->broken_references > 0)
		log_warning("%s: %lld %s to rows that are not there; so it was when it was taken", name,
		    (long long)v->broken_references,
		    plural(v->broken_references, "row refers", "rows refer"));
}

int verifying_print(const struct snapshot *snapshot, const struct verdict *v, int64_t ms)
{
	const struct manifest *m = &snapshot->manifest;
	AUTO_STR name = snapshot_name(m);
	char size[FORMAT_SIZE], took[FORMAT_SIZE];

	tell(m, name, v);
	if (!v->good)
		return EXIT_DAMAGE;
	(void)printf("%s   good%s   signature %s   %zu %s   %s of SQL   %s\n", name,
	    strcmp(v->how, "replay") == 0 ? ", rebuilt" : "",
	    signature_name(snapshot->signature), m->object_count,
	    plural((int64_t)m->object_count, "chunk", "chunks"),
	    format_bytes(manifest_sql_bytes(m), size), format_duration_ms(ms, took));
	(void)fflush(stdout);
	return EXIT_DONE;
}

static struct json_object *texts_json(char *const *texts, size_t count)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		(void)json_object_array_add(array, json_object_new_string(texts[i]));
	return array;
}

struct json_object *verifying_json(const struct snapshot *snapshot, const struct verdict *v,
    int64_t ms)
{
	const struct manifest *m = &snapshot->manifest;
	struct json_object *o = json_object_new_object();
	AUTO_STR name = snapshot_name(m);

	tell(m, name, v);
	json_set_str(o, "snapshot", name);
	json_set_str(o, "verified", v->good ? "good" : "damaged");
	json_set_str(o, "verified_how", v->how);
	json_set_str(o, "signature", signature_name(snapshot->signature));
	json_set_int(o, "chunk_count", (int64_t)m->object_count);
	json_set_int(o, "sql_bytes", manifest_sql_bytes(m));
	json_set(o, "damaged_chunks", texts_json(v->damaged, v->damaged_count));
	json_set(o, "problems", texts_json(v->problems, v->problem_count));
	json_set(o, "broken_references", v->broken_references >= 0 ?
	    json_object_new_int64(v->broken_references) : NULL);
	json_set_int(o, "took_ms", ms);
	return o;
}
