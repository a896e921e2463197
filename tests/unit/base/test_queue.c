#include "base/queue.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <string.h>

#include "base/mem.h"
#include "base/stop.h"
#include "tests/unit/unit.h"

/* A gate that threads wait at; opened once. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
};
#define GATE_INIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false }

static void gate_open(struct gate *g)
{
	(void)pthread_mutex_lock(&g->lock);
	g->open = true;
	(void)pthread_cond_broadcast(&g->opened);
	(void)pthread_mutex_unlock(&g->lock);
}

static void gate_wait(struct gate *g)
{
	(void)pthread_mutex_lock(&g->lock);
	while (!g->open)
		(void)pthread_cond_wait(&g->opened, &g->lock);
	(void)pthread_mutex_unlock(&g->lock);
}

/* Items of a test, in an array of its own, so that counts outlive them. */
struct item {
	int number;
	atomic_int worked, released;
	struct gate *wait;        /* before its work is done; may be NULL */
	struct gate *begun;       /* opened when its work begins; may be NULL */
	const char *error;        /* its work fails with this; may be NULL */
	atomic_int *alive;        /* counted down when it is released; may be NULL */
};

static struct item *items_new(int count)
{
	struct item *items = mem_calloc((size_t)count, sizeof(*items));

	for (int i = 0; i < count; i++)
		items[i].number = i;
	return items;
}

static int work(void *ctx, void *arg, struct err *err)
{
	struct item *item = arg;

	(void)ctx;
	if (item->begun != NULL)
		gate_open(item->begun);
	if (item->wait != NULL)
		gate_wait(item->wait);
	atomic_fetch_add(&item->worked, 1);
	if (item->error == NULL)
		return 0;
	(void)err_set(err, ERR_AGAIN, "%s", item->error);
	return err_hint(err, "hint of %s", item->error);
}

static void release(void *arg)
{
	struct item *item = arg;

	atomic_fetch_add(&item->released, 1);
	if (item->alive != NULL)
		atomic_fetch_sub(item->alive, 1);
}

static struct queue *queue_of(size_t workers, size_t depth, bool ordered)
{
	return queue_new(&(struct queue_options){
		.workers = workers, .depth = depth, .ordered = ordered, .work = work, .release = release,
	});
}

static void push(struct queue *q, struct item *item)
{
	struct err err = ERR_INIT;

	ck_assert_msg(queue_push(q, item, &err) == 0, "%s", err.msg);
}

static struct item *take(struct queue *q)
{
	struct err err = ERR_INIT;
	void *item = NULL;

	ck_assert_msg(queue_take(q, &item, &err) == 0, "%s", err.msg);
	return item;
}

/* ---- unordered ---- */

START_TEST(every_item_is_worked_on_and_released_once)
{
	enum { COUNT = 20000 };
	struct item *items = items_new(COUNT);
	struct queue *q = queue_of(8, 5, false);

	for (int i = 0; i < COUNT; i++)
		push(q, &items[i]);
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(items[i].worked, 1);
		ck_assert_int_eq(items[i].released, 1);
	}
	queue_free(q);
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(items[i].released, 1);
	free(items);
}
END_TEST

START_TEST(workers_work_side_by_side)
{
	struct item *items = items_new(4);
	struct gate begun[4] = { GATE_INIT, GATE_INIT, GATE_INIT, GATE_INIT };
	struct queue *q = queue_of(4, 4, false);

	/* Each waits until the next one has begun: alone, a worker never ends. */
	for (int i = 0; i < 4; i++) {
		items[i].begun = &begun[i];
		items[i].wait = i < 3 ? &begun[i + 1] : NULL;
		push(q, &items[i]);
	}
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	queue_free(q);
	free(items);
}
END_TEST

START_TEST(no_more_items_are_alive_than_depth_and_workers)
{
	enum { COUNT = 5000, DEPTH = 3, WORKERS = 4 };
	struct item *items = items_new(COUNT);
	struct gate gate = GATE_INIT;
	struct queue *q = queue_of(WORKERS, DEPTH, false);
	atomic_int alive = 0;
	int most = 0;

	for (int i = 0; i < COUNT; i++) {
		items[i].alive = &alive;
		items[i].wait = &gate;
		push(q, &items[i]);
		atomic_fetch_add(&alive, 1);
		most = alive > most ? alive : most;
		/* So many go in while nothing comes out. */
		if (i == DEPTH + WORKERS - 1) {
			ck_assert_int_eq(most, DEPTH + WORKERS);
			gate_open(&gate);
		}
	}
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	ck_assert_int_le(most, DEPTH + WORKERS);
	queue_free(q);
	free(items);
}
END_TEST

/* Or one slow answer of a disk would idle all the others. */
START_TEST(one_that_takes_long_holds_up_none_behind_it)
{
	enum { COUNT = 200 };
	struct item *items = items_new(COUNT);
	struct gate gate = GATE_INIT;
	struct queue *q = queue_of(2, 1, false);

	items[0].wait = &gate;
	for (int i = 0; i < COUNT; i++)
		push(q, &items[i]);
	ck_assert_int_eq(items[0].worked, 0);
	gate_open(&gate);
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(items[i].worked, 1);
	queue_free(q);
	free(items);
}
END_TEST

START_TEST(finishing_waits_until_all_is_done)
{
	struct item *items = items_new(100);
	struct queue *q = queue_of(3, 100, false);

	for (int i = 0; i < 100; i++)
		push(q, &items[i]);
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(items[i].worked, 1);
	ck_assert_uint_eq(queue_pending(q), 0);
	queue_free(q);
	free(items);
}
END_TEST

START_TEST(finishing_an_empty_queue_is_done_at_once)
{
	struct queue *q = queue_of(2, 1, false);

	ck_assert_int_eq(queue_finish(q, NULL), 0);
	queue_free(q);
}
END_TEST

START_TEST(without_a_release_nothing_is_released)
{
	struct item *items = items_new(50);
	struct queue *q = queue_new(&(struct queue_options){ .workers = 2, .depth = 2, .work = work });

	for (int i = 0; i < 50; i++)
		push(q, &items[i]);
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	queue_free(q);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(items[i].worked, 1);
	free(items);
}
END_TEST

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int n = -2;   /* . and .. */

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	(void)closedir(dir);
	return n;
}

static int note_nice(void *ctx, void *item, struct err *err)
{
	(void)item, (void)err;
	*(int *)ctx = getpriority(PRIO_PROCESS, 0);
	return 0;
}

START_TEST(yielding_workers_let_others_go_first)
{
	int owner = getpriority(PRIO_PROCESS, 0), seen[2], item = 0;

	for (int yielding = 0; yielding < 2; yielding++) {
		struct queue *q = queue_new(&(struct queue_options){
			.workers = 1, .depth = 1, .work = note_nice, .ctx = &seen[yielding],
			.yielding = yielding,
		});

		ck_assert_int_eq(queue_push(q, &item, NULL), 0);
		ck_assert_int_eq(queue_finish(q, NULL), 0);
		queue_free(q);
	}
	ck_assert_int_eq(seen[0], owner);
	ck_assert_int_eq(seen[1], owner + 10 < 19 ? owner + 10 : 19);
	ck_assert_int_eq(getpriority(PRIO_PROCESS, 0), owner);
}
END_TEST

START_TEST(threads_come_with_items)
{
	struct item *items = items_new(6);
	struct gate gate = GATE_INIT, begun = GATE_INIT;
	int before = threads();
	struct queue *q = queue_of(3, 3, false);

	ck_assert_int_eq(threads(), before);
	for (int i = 0; i < 6; i++) {
		items[i].wait = &gate;
		items[i].begun = i == 0 ? &begun : NULL;
		push(q, &items[i]);
		ck_assert_int_eq(threads(), before + (i < 3 ? i + 1 : 3));
	}
	gate_wait(&begun);
	gate_open(&gate);
	ck_assert_int_eq(queue_finish(q, NULL), 0);
	queue_free(q);
	free(items);
}
END_TEST

/* ---- ordered ---- */

START_TEST(items_come_back_in_the_order_they_were_pushed)
{
	enum { COUNT = 2000, DEPTH = 6 };
	struct item *items = items_new(COUNT);
	struct gate *begun = mem_calloc(COUNT, sizeof(*begun));
	struct queue *q = queue_of(4, DEPTH, true);
	int pushed = 0;

	/* Every second item ends after the one behind it. */
	for (int i = 0; i < COUNT; i++) {
		begun[i] = (struct gate)GATE_INIT;
		items[i].begun = &begun[i];
		items[i].wait = i % 2 == 0 ? &begun[i + 1] : NULL;
	}
	for (int i = 0; i < COUNT; i++) {
		while (pushed < COUNT && queue_pending(q) < DEPTH)
			push(q, &items[pushed++]);
		ck_assert_int_eq(take(q)->number, i);
		ck_assert_int_eq(items[i].worked, 1);
	}
	ck_assert_uint_eq(queue_pending(q), 0);
	queue_free(q);
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(items[i].released, 0);
	free(begun);
	free(items);
}
END_TEST

START_TEST(pending_counts_what_was_not_taken)
{
	struct item *items = items_new(3);
	struct queue *q = queue_of(2, 3, true);

	ck_assert_uint_eq(queue_pending(q), 0);
	for (int i = 0; i < 3; i++)
		push(q, &items[i]);
	ck_assert_uint_eq(queue_pending(q), 3);
	(void)take(q);
	ck_assert_uint_eq(queue_pending(q), 2);
	queue_free(q);
	free(items);
}
END_TEST

START_TEST(what_was_taken_is_the_callers_and_the_rest_is_released_once)
{
	struct item *items = items_new(5);
	struct queue *q = queue_of(2, 5, true);

	for (int i = 0; i < 5; i++)
		push(q, &items[i]);
	(void)take(q);
	(void)take(q);
	queue_free(q);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(items[i].released, i < 2 ? 0 : 1);
	free(items);
}
END_TEST

/* ---- errors ---- */

/* Until the queue has noticed that a worker failed. */
static void push_until_refused(struct queue *q, struct item *items, int count, struct err *err)
{
	for (int i = 0; i < count; i++) {
		if (queue_push(q, &items[i], err) != 0)
			return;
	}
	ck_abort_msg("%d items were taken", count);
}

START_TEST(an_error_reaches_the_owner_with_code_and_hint)
{
	struct item *items = items_new(1);
	struct queue *q = queue_of(2, 2, false);
	struct err err = ERR_INIT;

	items[0].error = "broken";
	push(q, &items[0]);
	ck_assert_int_ne(queue_finish(q, &err), 0);
	ck_assert_int_eq(err.code, ERR_AGAIN);
	ck_assert_str_eq(err.msg, "broken");
	ck_assert_str_eq(err.hint, "hint of broken");
	ck_assert_int_eq(items[0].released, 1);
	queue_free(q);
	free(items);
}
END_TEST

START_TEST(the_first_error_wins)
{
	enum { COUNT = 64 };
	struct item *items = items_new(COUNT);
	struct gate begun = GATE_INIT, gate = GATE_INIT;
	struct queue *q = queue_of(2, 2, false);
	struct err err = ERR_INIT;

	items[0].begun = &begun;
	items[0].wait = &gate;
	items[0].error = "second";
	items[1].error = "first";
	push(q, &items[0]);
	gate_wait(&begun);
	push(q, &items[1]);
	push_until_refused(q, items + 2, COUNT - 2, &err);
	ck_assert_str_eq(err.msg, "first");
	gate_open(&gate);
	ck_assert_int_ne(queue_finish(q, &err), 0);
	ck_assert_str_eq(err.msg, "first");
	queue_free(q);
	ck_assert_int_eq(items[0].worked, 1);
	free(items);
}
END_TEST

START_TEST(after_an_error_every_item_is_still_released_once)
{
	enum { COUNT = 500 };
	struct item *items = items_new(COUNT);
	struct queue *q = queue_of(4, 8, false);
	int pushed = 0;

	items[100].error = "broken";
	while (pushed < COUNT && queue_push(q, &items[pushed], NULL) == 0)
		pushed++;
	ck_assert_int_lt(pushed, COUNT);
	queue_free(q);
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(items[i].released, i <= pushed ? 1 : 0);
	free(items);
}
END_TEST

START_TEST(an_error_makes_takes_fail)
{
	struct item *items = items_new(2);
	struct queue *q = queue_of(2, 2, true);
	struct err err = ERR_INIT;
	void *taken = NULL;

	items[0].error = "broken";
	push(q, &items[0]);
	ck_assert_int_ne(queue_take(q, &taken, &err), 0);
	ck_assert_str_eq(err.msg, "broken");
	ck_assert_ptr_null(taken);
	/* An ordered queue does not own what it refused. */
	ck_assert_int_ne(queue_push(q, &items[1], &err), 0);
	queue_free(q);
	ck_assert_int_eq(items[0].released, 1);
	ck_assert_int_eq(items[1].released, 0);
	free(items);
}
END_TEST

/* ---- stopping ---- */

START_TEST(a_stop_request_refuses_a_push)
{
	struct item *items = items_new(1);
	struct queue *q = queue_of(1, 1, false);
	struct err err = ERR_INIT;

	stop_request();
	ck_assert_int_ne(queue_push(q, &items[0], &err), 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	ck_assert_int_eq(items[0].released, 1);
	ck_assert_int_eq(items[0].worked, 0);
	queue_free(q);
	free(items);
}
END_TEST

/* The signal comes while the owner waits: only a timed wait sees it. */
static int stop_and_wait(void *ctx, void *arg, struct err *err)
{
	stop_request();
	return work(ctx, arg, err);
}

START_TEST(a_stop_request_ends_every_wait)
{
	struct item *items = items_new(3);
	struct gate gate = GATE_INIT;
	struct queue *q = queue_new(&(struct queue_options){
		.workers = 1, .depth = 1, .ordered = _i == 1, .work = stop_and_wait, .release = release,
	});
	struct err err = ERR_INIT;
	void *taken;
	int rc = 0;

	for (int i = 0; i < 3; i++)
		items[i].wait = &gate;
	switch (_i) {
	case 0:                                   /* the wait for room */
		for (int i = 0; i < 3 && rc == 0; i++)
			rc = queue_push(q, &items[i], &err);
		break;
	case 1:                                   /* the wait for an item */
		push(q, &items[0]);
		rc = queue_take(q, &taken, &err);
		break;
	default:                                  /* the wait for the end */
		push(q, &items[0]);
		rc = queue_finish(q, &err);
	}
	ck_assert_int_ne(rc, 0);
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	gate_open(&gate);
	queue_free(q);
	free(items);
}
END_TEST

START_TEST(freeing_drops_what_has_not_begun)
{
	enum { COUNT = 4 };
	struct item *items = items_new(COUNT);
	struct gate begun = GATE_INIT, gate = GATE_INIT;
	struct queue *q = queue_of(1, COUNT, _i == 1);
	struct err err = ERR_INIT;

	/* The only worker fails, with the others waiting behind it. */
	items[0].begun = &begun;
	items[0].wait = &gate;
	items[0].error = "broken";
	for (int i = 0; i < COUNT; i++)
		push(q, &items[i]);
	gate_wait(&begun);
	gate_open(&gate);
	if (_i == 0)
		ck_assert_int_ne(queue_finish(q, &err), 0);
	queue_free(q);
	for (int i = 1; i < COUNT; i++)
		ck_assert_int_eq(items[i].worked, 0);
	for (int i = 0; i < COUNT; i++)
		ck_assert_int_eq(items[i].released, 1);
	free(items);
}
END_TEST

START_TEST(freeing_none_is_fine)
{
	queue_free(NULL);
}
END_TEST

UNIT_CASE(queue)
{
	tcase_add_test(tc, every_item_is_worked_on_and_released_once);
	tcase_add_test(tc, workers_work_side_by_side);
	tcase_add_test(tc, no_more_items_are_alive_than_depth_and_workers);
	tcase_add_test(tc, one_that_takes_long_holds_up_none_behind_it);
	tcase_add_test(tc, finishing_waits_until_all_is_done);
	tcase_add_test(tc, finishing_an_empty_queue_is_done_at_once);
	tcase_add_test(tc, without_a_release_nothing_is_released);
	tcase_add_test(tc, threads_come_with_items);
	tcase_add_test(tc, yielding_workers_let_others_go_first);
	tcase_add_test(tc, items_come_back_in_the_order_they_were_pushed);
	tcase_add_test(tc, pending_counts_what_was_not_taken);
	tcase_add_test(tc, what_was_taken_is_the_callers_and_the_rest_is_released_once);
	tcase_add_test(tc, an_error_reaches_the_owner_with_code_and_hint);
	tcase_add_test(tc, the_first_error_wins);
	tcase_add_test(tc, after_an_error_every_item_is_still_released_once);
	tcase_add_test(tc, an_error_makes_takes_fail);
	tcase_add_test(tc, a_stop_request_refuses_a_push);
	tcase_add_loop_test(tc, a_stop_request_ends_every_wait, 0, 3);
	tcase_add_loop_test(tc, freeing_drops_what_has_not_begun, 0, 2);
	tcase_add_test(tc, freeing_none_is_fine);
}
