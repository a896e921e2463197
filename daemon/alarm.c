#include "daemon/alarm.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"

#define LONGEST_SLEEP_MS 60000          /* where nobody tells of a clock that is set */

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct alarm *alarm = poll->data;
	uint64_t expirations;
	ssize_t n = read(alarm->fd, &expirations, sizeof(expirations));

	/* ECANCELED: the clock was set. It rings either way. */
	(void)n, (void)status, (void)events;
	alarm->ring(alarm->ctx);
}

static void on_timer(uv_timer_t *timer)
{
	struct alarm *alarm = timer->data;

	alarm->ring(alarm->ctx);
}

/* From here on it is known when the clock is set. 0 would disarm it. */
static int arm(int fd, int64_t at_ms, int flags)
{
	int64_t at = at_ms > 0 ? at_ms : 1;
	struct itimerspec spec = {
		.it_value = { .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 },
	};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | flags, &spec, NULL);
}

static int open_timer(uv_loop_t *loop, uv_poll_t *poll)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (arm(fd, ALARM_NEVER, TFD_TIMER_CANCEL_ON_SET) == 0 && uv_poll_init(loop, poll, fd) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

void alarm_init(struct alarm *alarm, uv_loop_t *loop, const struct clock *clock,
    void (*ring)(void *ctx), void *ctx)
{
	uv_poll_t *poll = mem_calloc(1, sizeof(*poll));

	*alarm = (struct alarm){ .clock = clock, .ring = ring, .ctx = ctx };
	alarm->fd = clock == &clock_system ? open_timer(loop, poll) : -1;
	if (alarm->fd >= 0) {
		alarm->poll = poll;
		poll->data = alarm;
		return;
	}
	free(poll);
	alarm->timer = mem_calloc(1, sizeof(*alarm->timer));
	(void)uv_timer_init(loop, alarm->timer);
	alarm->timer->data = alarm;
}

static void set_timer(struct alarm *alarm, int64_t at_ms)
{
	int64_t now_ms = clock_now_ms(alarm->clock), wait_ms = LONGEST_SLEEP_MS;

	if (at_ms < now_ms + wait_ms)
		wait_ms = at_ms > now_ms ? at_ms - now_ms : 0;
	uv_update_time(alarm->timer->loop);
	(void)uv_timer_start(alarm->timer, on_timer, (uint64_t)wait_ms, 0);
}

void alarm_set(struct alarm *alarm, int64_t at_ms)
{
	if (alarm->timer != NULL) {
		set_timer(alarm, at_ms);
		return;
	}
	/* Set since we looked last: this call is all that tells of it. */
	if (arm(alarm->fd, at_ms, TFD_TIMER_CANCEL_ON_SET) != 0)
		(void)arm(alarm->fd, 0, TFD_TIMER_CANCEL_ON_SET);
	(void)uv_poll_start(alarm->poll, UV_READABLE, on_readable);
}

void alarm_stop(struct alarm *alarm)
{
	if (alarm->timer != NULL)
		(void)uv_timer_stop(alarm->timer);
	if (alarm->poll != NULL)
		(void)uv_poll_stop(alarm->poll);
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

void alarm_close(struct alarm *alarm)
{
	if (alarm->timer != NULL)
		uv_close((uv_handle_t *)alarm->timer, free_handle);
	if (alarm->poll != NULL) {
		uv_close((uv_handle_t *)alarm->poll, free_handle);
		(void)close(alarm->fd);
	}
	alarm->timer = NULL;
	alarm->poll = NULL;
	alarm->fd = -1;
}
