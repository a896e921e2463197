#include "cli/listing.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/queue.h"

static int load(void *ctx, void *item, struct err *err)
{
	struct open_store *open = ctx;
	struct listed_snapshot *l = item;
	struct store *store = &open->store;

	(void)err;
	if (store_load_listed(store, l->id, &l->snapshot, &l->err) != 0)
		return 0;
	if (l->id->has_verdict)
		(void)store_get_verdict_listed(store, l->id, &l->verdict, &l->beside_err);
	if (l->id->has_pin)
		(void)store_get_pin_listed(store, l->id, &l->pin, &l->beside_err);
	return 0;
}

static void release(void *item)
{
	struct listed_snapshot *l = item;

	verdict_release(&l->verdict);
	snapshot_release(&l->snapshot);
	free(l);
}

static int push(struct queue *queue, const struct store_id *id, struct err *err)
{
	struct listed_snapshot *l = mem_calloc(1, sizeof(*l));

	l->id = id;
	if (queue_push(queue, l, err) == 0)
		return 0;
	release(l);
	return -1;
}

int listing_each(struct open_store *open, const struct store_ids *ids,
    void (*visit)(void *ctx, const struct listed_snapshot *listed), void *ctx, struct err *err)
{
	size_t left = ids->count, depth = 2 * (size_t)open->readers;
	struct queue *queue = queue_new(&(struct queue_options){
		.workers = open->readers, .depth = depth, .ordered = true,
		.work = load, .release = release, .ctx = open,
	});
	void *item;
	int rc = 0;

	while (rc == 0 && (left > 0 || queue_pending(queue) > 0)) {
		while (rc == 0 && left > 0 && queue_pending(queue) < depth)
			rc = push(queue, &ids->items[--left], err);
		if (rc == 0)
			rc = queue_take(queue, &item, err);
		if (rc == 0) {
			visit(ctx, item);
			release(item);
		}
	}
	queue_free(queue);
	return rc;
}
