#include "retention/remover.h"

#include <string.h>

#include "base/crash.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/stop.h"

#define MAX_NOTES 20     /* a bucket that keeps everything would fill a screen */

void remover_init(struct remover *r, const struct prune_options *options,
    struct prune_report *report)
{
	*r = (struct remover){ .options = options, .report = report };
	(void)pthread_mutex_init(&r->lock, NULL);
}

void remover_release(struct remover *r)
{
	(void)pthread_mutex_destroy(&r->lock);
}

void remover_note(struct remover *r, char *problem)
{
	struct prune_report *report = r->report;

	if (report->problem_count >= MAX_NOTES) {
		mem_free_str(&problem);
		return;
	}
	report->problems = mem_grow(report->problems, report->problem_count,
	    &report->problem_cap, sizeof(*report->problems));
	report->problems[report->problem_count++] = problem;
}

int remover_may_go_on(struct remover *r, struct err *err)
{
	int rc = stop_check(err);

	if (rc != 0 || r->options->may_go_on == NULL)
		return rc;
	(void)pthread_mutex_lock(&r->lock);
	rc = r->options->may_go_on(r->options->may_go_on_ctx, err);
	(void)pthread_mutex_unlock(&r->lock);
	return rc;
}

static void count_done(struct remover *r, struct census_object *o)
{
	struct prune_report *report = r->report;

	o->gone = true;
	report->removed_objects++;
	report->freed_bytes += o->bytes;
	if (!o->orphaned) {
		report->garbage++;
		report->garbage_bytes += o->bytes;
	}
}

static int denied(const char *key, struct err *err)
{
	(void)err_wrap(err, "remove \"%s\"", key);
	return err_hint(err, "removing takes credentials that may delete: for R2 a token with \"Object Read & Write\" on this bucket");
}

int remover_remove(struct remover *r, struct census_object *object, enum removal *ret,
    struct err *err)
{
	struct err local = ERR_INIT;
	int rc = 0;

	if (remover_may_go_on(r, err) != 0)
		return -1;
	if (!r->options->dry_run) {
		crash_point("delete.before");
		rc = store_remove(r->options->store, object->key, &local);
		crash_point("delete.after");
	}
	(void)pthread_mutex_lock(&r->lock);
	if (rc == 0) {
		*ret = REMOVAL_DONE;
		count_done(r, object);
	} else if (local.code == ERR_REFUSED) {
		*ret = REMOVAL_LOCKED;
		r->report->kept_by_policy++;
		rc = 0;
	} else if (local.code == ERR_EXISTS) {
		*ret = REMOVAL_NOT_GONE;
		r->report->not_gone++;
		remover_note(r, mem_strdup(local.msg));
		rc = 0;
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (rc == 0)
		return 0;
	*err = local;
	return local.code == ERR_DENIED ? denied(object->key, err) : -1;
}

static int work(void *ctx, void *item, struct err *err)
{
	enum removal ignored;

	return remover_remove(ctx, item, &ignored, err);
}

int remover_remove_all(struct remover *r, struct census_object **objects, size_t count,
    struct err *err)
{
	unsigned workers = r->options->workers;
	struct queue *queue = queue_new(&(struct queue_options){
		.workers = workers, .depth = workers, .work = work, .ctx = r,
	});
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = queue_push(queue, objects[i], err);
	if (rc == 0)
		rc = queue_finish(queue, err);
	queue_free(queue);
	return rc;
}
