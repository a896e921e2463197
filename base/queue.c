#include "base/queue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"

#define YIELDING_NICE 10

enum slot_state { SLOT_WAITING, SLOT_RUNNING, SLOT_DONE };

struct slot {
	void *item;
	enum slot_state state;
};

/*
 * A ring of `size` slots. `head` is the oldest slot in use, `next` the first
 * not begun, `tail` the first free one; all three only grow, and a slot's
 * place in the ring is its number modulo `size`. An item that nobody will take
 * leaves its slot when its work begins, and is counted in `running`: one that
 * takes long (a slow disk) holds up none that came behind it.
 */
struct queue {
	struct queue_options options;
	pthread_mutex_t lock;
	pthread_cond_t has_work;    /* for the workers */
	pthread_cond_t has_done;    /* for the owner */
	struct slot *slots;
	size_t size;
	size_t head, next, tail;
	size_t running;         /* unordered: begun and not finished */
	bool ended;
	bool stopped;
	struct err err;         /* the first worker's */
	pthread_t *threads;
	size_t thread_count;
	size_t idle;            /* of them, for want of an item */
};

static struct slot *slot_at(struct queue *q, size_t number)
{
	return &q->slots[number % q->size];
}

/* Items that are not finished or, when ordered, not yet taken. */
static size_t items_in(const struct queue *q)
{
	return q->tail - q->head + q->running;
}

static void release_item(struct queue *q, void *item)
{
	if (q->options.release != NULL && item != NULL)
		q->options.release(item);
}

static void work_on(struct queue *q, void *item)
{
	struct err err = ERR_INIT;
	int rc;

	(void)pthread_mutex_unlock(&q->lock);
	rc = q->options.work(q->options.ctx, item, &err);
	if (!q->options.ordered)
		release_item(q, item);
	(void)pthread_mutex_lock(&q->lock);
	if (rc != 0 && !q->stopped) {
		q->err = err;
		q->stopped = true;
		(void)pthread_cond_broadcast(&q->has_work);
	}
}

static void run_next(struct queue *q)
{
	struct slot *slot = slot_at(q, q->next++);

	if (q->options.ordered) {
		slot->state = SLOT_RUNNING;
		work_on(q, slot->item);
		slot->state = SLOT_DONE;
	} else {
		q->head++;
		q->running++;
		work_on(q, slot->item);
		q->running--;
	}
	(void)pthread_cond_signal(&q->has_done);
}

static void wait_for_work(struct queue *q)
{
	q->idle++;
	(void)pthread_cond_wait(&q->has_work, &q->lock);
	q->idle--;
}

static void *worker(void *arg)
{
	struct queue *q = arg;

	/* On Linux this is about the calling thread (nice(2)). */
	if (q->options.yielding)
		(void)!nice(YIELDING_NICE);
	(void)pthread_mutex_lock(&q->lock);
	for (;;) {
		if (q->stopped || (q->ended && q->next == q->tail))
			break;
		if (q->next < q->tail)
			run_next(q);
		else
			wait_for_work(q);
	}
	(void)pthread_mutex_unlock(&q->lock);
	return NULL;
}

struct queue *queue_new(const struct queue_options *options)
{
	struct queue *q = mem_calloc(1, sizeof(*q));

	assert(options->workers > 0 && options->depth > 0);
	q->options = *options;
	q->size = options->depth + options->workers;
	q->slots = mem_calloc(q->size, sizeof(*q->slots));
	q->threads = mem_calloc(options->workers, sizeof(*q->threads));
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->has_work, NULL);
	(void)pthread_cond_init(&q->has_done, NULL);
	return q;
}

/* For one item more, unless somebody is waiting for it: most queues of a `list` of
 * many databases never get one. */
static void start_worker(struct queue *q)
{
	if (q->thread_count == q->options.workers || q->tail - q->next < q->idle)
		return;
	if (pthread_create(&q->threads[q->thread_count], NULL, worker, q) == 0) {
		q->thread_count++;
	} else if (q->thread_count == 0) {
		(void)err_set(&q->err, ERR_AGAIN, "cannot start a thread");
		q->stopped = true;
	}
}

/* Wait for a change, but look at the stop flag now and then: a signal may be
 * delivered to a thread that is not this one. */
static void wait_a_little(struct queue *q)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 200 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	(void)pthread_cond_timedwait(&q->has_done, &q->lock, &until);
}

static int failed(struct queue *q, struct err *err)
{
	if (q->stopped) {
		if (err != NULL)
			*err = q->err;
		return -1;
	}
	return stop_check(err);
}

int queue_push(struct queue *q, void *item, struct err *err)
{
	int rc;

	(void)pthread_mutex_lock(&q->lock);
	assert(!q->ended);
	while ((rc = failed(q, err)) == 0 && items_in(q) == q->size) {
		assert(!q->options.ordered);
		wait_a_little(q);
	}
	if (rc == 0) {
		start_worker(q);
		rc = failed(q, err);
	}
	if (rc == 0) {
		*slot_at(q, q->tail++) = (struct slot){ item, SLOT_WAITING };
		(void)pthread_cond_signal(&q->has_work);
	}
	(void)pthread_mutex_unlock(&q->lock);
	if (rc != 0 && !q->options.ordered)
		release_item(q, item);
	return rc;
}

size_t queue_pending(struct queue *q)
{
	size_t n;

	(void)pthread_mutex_lock(&q->lock);
	n = items_in(q);
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

int queue_take(struct queue *q, void **ret_item, struct err *err)
{
	struct slot *slot;
	int rc;

	(void)pthread_mutex_lock(&q->lock);
	assert(q->options.ordered && q->head < q->tail);
	slot = slot_at(q, q->head);
	while ((rc = failed(q, err)) == 0 && slot->state != SLOT_DONE)
		wait_a_little(q);
	if (rc == 0) {
		*ret_item = slot->item;
		slot->item = NULL;
		q->head++;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return rc;
}

int queue_finish(struct queue *q, struct err *err)
{
	int rc;

	(void)pthread_mutex_lock(&q->lock);
	q->ended = true;
	(void)pthread_cond_broadcast(&q->has_work);
	while ((rc = failed(q, err)) == 0 && items_in(q) > 0 && !q->options.ordered)
		wait_a_little(q);
	(void)pthread_mutex_unlock(&q->lock);
	return rc;
}

void queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	(void)pthread_mutex_lock(&q->lock);
	q->stopped = true;
	(void)pthread_cond_broadcast(&q->has_work);
	(void)pthread_mutex_unlock(&q->lock);
	for (size_t i = 0; i < q->thread_count; i++)
		(void)pthread_join(q->threads[i], NULL);
	for (; q->head < q->tail; q->head++)
		release_item(q, slot_at(q, q->head)->item);
	(void)pthread_mutex_destroy(&q->lock);
	(void)pthread_cond_destroy(&q->has_work);
	(void)pthread_cond_destroy(&q->has_done);
	free(q->threads);
	free(q->slots);
	free(q);
}
