#include "base/budget.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"

/* What the file holds: two numbers of fixed width, so that a write always
 * covers the one before. */
struct state {
	int64_t tat_us;
	int64_t blocked_until_us;
};

struct budget {
	char *path;
	int64_t interval_us;
	int64_t burst_us;
	const struct clock *clock;
	/* A file that cannot be had just now (a full disk) is no reason not to
	 * back up: the process then keeps to the budget by itself. */
	pthread_mutex_t lock;
	struct state own;
};

#define STATE_FORMAT "%020" PRId64 " %020" PRId64 "\n"

int64_t budget_gcra(int64_t *tat_us, int64_t now_us, int64_t interval_us, int64_t burst_us)
{
	int64_t base = *tat_us > now_us ? *tat_us : now_us;
	int64_t early = base - now_us - burst_us;

	if (early > 0)
		return (early + 999) / 1000;
	*tat_us = base + interval_us;
	return 0;
}

/* The file anew each time: a lock of flock belongs to an open file, and this
 * one must hold between threads and after a fork, too. */
static int open_locked(const struct budget *budget, struct err *err)
{
	int fd = open(budget->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "request budget: cannot open \"%s\"", budget->path);
	file_give_to_owner_of_folder(budget->path);
	while ((rc = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
		;
	if (rc == 0)
		return fd;
	(void)err_sys(err, errno, "request budget: cannot lock \"%s\"", budget->path);
	(void)close(fd);
	return -1;
}

static int64_t at_most(int64_t value, int64_t limit)
{
	return value < limit ? value : limit;
}

/* Times that no rule can have written (the clock was set back) are brought down
 * to those it can. */
static struct state sensible(const struct budget *budget, struct state state, int64_t now_us)
{
	state.tat_us = at_most(state.tat_us, now_us + budget->burst_us + budget->interval_us);
	state.blocked_until_us = at_most(state.blocked_until_us,
	    now_us + BUDGET_MAX_BLOCK_MS * INT64_C(1000));
	return state;
}

/* A file that says nothing sensible is a new one. */
static struct state read_state(int fd)
{
	struct state state = { 0, 0 };
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%20" SCNd64 " %20" SCNd64, &state.tat_us,
	    &state.blocked_until_us) != 2)
		return (struct state){ 0, 0 };
	return state;
}

static int write_state(const struct budget *budget, int fd, struct state state, struct err *err)
{
	char text[64];
	int len = snprintf(text, sizeof(text), STATE_FORMAT, state.tat_us,
	    state.blocked_until_us);

	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(err, errno, "request budget: cannot write \"%s\"", budget->path);
	return file_write_fd(fd, text, (size_t)len, budget->path, err);
}

struct budget *budget_open(const char *path, unsigned requests, int64_t period_ms,
    const struct clock *clock, struct err *err)
{
	struct budget *budget = mem_calloc(1, sizeof(*budget));
	unsigned burst = requests > 4 ? requests / 4 : 1;
	unsigned paced = requests > burst ? requests - burst : 1;
	int fd;

	assert(requests > 0 && period_ms > 0);
	budget->path = mem_strdup(path);
	budget->clock = clock;
	(void)pthread_mutex_init(&budget->lock, NULL);
	/* The burst and what follows it in the same period stay within the
	 * allowance together. */
	budget->interval_us = period_ms * 1000 / paced;
	budget->burst_us = budget->interval_us * (burst - 1);
	fd = open_locked(budget, err);
	if (fd < 0) {
		budget_close(budget);
		return NULL;
	}
	(void)close(fd);
	return budget;
}

void budget_close(struct budget *budget)
{
	if (budget == NULL)
		return;
	(void)pthread_mutex_destroy(&budget->lock);
	free(budget->path);
	free(budget);
}

/* The state, to be changed and handed to end_change: the file's, or our own. */
static int begin_change(struct budget *budget, int64_t now_us, struct state *ret)
{
	struct err ignored = ERR_INIT;
	int fd;

	(void)pthread_mutex_lock(&budget->lock);
	fd = open_locked(budget, &ignored);
	*ret = sensible(budget, fd >= 0 ? read_state(fd) : budget->own, now_us);
	return fd;
}

static void end_change(struct budget *budget, int fd, struct state state)
{
	struct err ignored = ERR_INIT;

	budget->own = state;
	if (fd >= 0) {
		(void)write_state(budget, fd, state, &ignored);
		(void)close(fd);
	}
	(void)pthread_mutex_unlock(&budget->lock);
}

/* Take one request out of the budget, or learn how long to wait. */
static int64_t take(struct budget *budget)
{
	int64_t now_us = clock_now_ms(budget->clock) * 1000, wait_ms;
	struct state state;
	int fd = begin_change(budget, now_us, &state);

	if (state.blocked_until_us > now_us)
		wait_ms = (state.blocked_until_us - now_us + 999) / 1000;
	else
		wait_ms = budget_gcra(&state.tat_us, now_us, budget->interval_us,
		    budget->burst_us);
	/* Also when waiting: times that were brought down stay down. */
	end_change(budget, fd, state);
	return wait_ms;
}

int budget_spend(struct budget *budget, struct err *err)
{
	for (;;) {
		int64_t wait_ms;

		if (stop_check(err) != 0)
			return -1;
		wait_ms = take(budget);
		if (wait_ms == 0)
			return 0;
		clock_sleep_ms(budget->clock, wait_ms);
	}
}

void budget_block(struct budget *budget, int64_t ms)
{
	int64_t now_us = clock_now_ms(budget->clock) * 1000;
	int64_t until_us = now_us + at_most(ms, BUDGET_MAX_BLOCK_MS) * 1000;
	struct state state;
	int fd = begin_change(budget, now_us, &state);

	if (until_us > state.blocked_until_us)
		state.blocked_until_us = until_us;
	end_change(budget, fd, state);
}

char *budget_path(const char *folder, const char *account)
{
	return mem_printf("%s/budget-%s", folder, account);
}

void budget_left(struct budget *budget, unsigned *ret_requests, int64_t *ret_blocked_ms)
{
	int64_t now_us = clock_now_ms(budget->clock) * 1000;
	struct state state;
	int fd = begin_change(budget, now_us, &state);
	int64_t behind = state.tat_us > now_us ? state.tat_us - now_us : 0;

	end_change(budget, fd, state);
	*ret_requests = behind > budget->burst_us ? 0 :
	    (unsigned)((budget->burst_us - behind) / budget->interval_us) + 1;
	*ret_blocked_ms = state.blocked_until_us > now_us ?
	    (state.blocked_until_us - now_us + 999) / 1000 : 0;
}
