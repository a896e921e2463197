#include "base/hash_aside.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Waking the thread has its price, and a core's cache holds several of these. */
#define PART_BYTES (256u << 10)

struct hash_aside {
	unsigned char *filling, *given;
	size_t len;               /* of what is being filled */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;     /* of what follows */
	pthread_cond_t changed;
	size_t given_len;         /* 0: the thread has nothing to do */
	bool ended;
	struct sha256 *hash;      /* the thread's while it has something to do */
};

static void *work(void *arg)
{
	struct hash_aside *a = arg;

	(void)pthread_mutex_lock(&a->lock);
	while (!a->ended) {
		if (a->given_len == 0) {
			(void)pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&a->lock);
		sha256_add(a->hash, a->given, a->given_len);
		(void)pthread_mutex_lock(&a->lock);
		a->given_len = 0;
		(void)pthread_cond_signal(&a->changed);
	}
	(void)pthread_mutex_unlock(&a->lock);
	return NULL;
}

struct hash_aside *hash_aside_new(void)
{
	struct hash_aside *a = mem_calloc(1, sizeof(*a));

	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_cond_init(&a->changed, NULL);
	a->filling = mem_calloc(PART_BYTES, 1);
	a->given = mem_calloc(PART_BYTES, 1);
	a->hash = sha256_new();
	return a;
}

void hash_aside_free(struct hash_aside *aside)
{
	if (aside == NULL)
		return;
	(void)pthread_mutex_lock(&aside->lock);
	aside->ended = true;
	(void)pthread_cond_signal(&aside->changed);
	(void)pthread_mutex_unlock(&aside->lock);
	if (aside->has_thread)
		(void)pthread_join(aside->thread, NULL);
	(void)pthread_mutex_destroy(&aside->lock);
	(void)pthread_cond_destroy(&aside->changed);
	sha256_free(aside->hash);
	free(aside->filling);
	free(aside->given);
	free(aside);
}

/* Under the lock. */
static void wait_until_done(struct hash_aside *a)
{
	while (a->given_len > 0)
		(void)pthread_cond_wait(&a->changed, &a->lock);
}

/* What is full goes to the thread, or is hashed here where there can be none. */
static void hand_over(struct hash_aside *a)
{
	unsigned char *full = a->filling;

	if (!a->has_thread)
		a->has_thread = pthread_create(&a->thread, NULL, work, a) == 0;
	if (!a->has_thread) {
		sha256_add(a->hash, full, a->len);
	} else {
		(void)pthread_mutex_lock(&a->lock);
		wait_until_done(a);
		a->filling = a->given;
		a->given = full;
		a->given_len = a->len;
		(void)pthread_cond_signal(&a->changed);
		(void)pthread_mutex_unlock(&a->lock);
	}
	a->len = 0;
}

void hash_aside_add(struct hash_aside *aside, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > 0) {
		size_t room = PART_BYTES - aside->len, n = len < room ? len : room;

		memcpy(aside->filling + aside->len, p, n);
		aside->len += n;
		p += n;
		len -= n;
		if (aside->len == PART_BYTES)
			hand_over(aside);
	}
}

void hash_aside_end(struct hash_aside *aside, unsigned char ret[SHA256_BYTES])
{
	(void)pthread_mutex_lock(&aside->lock);
	wait_until_done(aside);
	(void)pthread_mutex_unlock(&aside->lock);
	sha256_add(aside->hash, aside->filling, aside->len);
	aside->len = 0;
	sha256_end(aside->hash, ret);
	aside->hash = sha256_new();
}
