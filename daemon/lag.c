#include "daemon/lag.h"

#include <time.h>

static int64_t cpu_us(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Just before the loop waits: the end of a turn. */
static void on_prepare(uv_prepare_t *handle)
{
	struct lag *lag = handle->data;
	uint64_t now_ns = uv_hrtime(), idle_ns = uv_metrics_idle_time(handle->loop);
	int64_t now_cpu = cpu_us();
	int64_t took_us = (int64_t)(now_ns - lag->began_ns) / 1000 -
	    (int64_t)(idle_ns - lag->idle_ns) / 1000;

	if (took_us > lag->longest_us)
		lag->longest_us = took_us;
	if (now_cpu - lag->began_cpu_us > lag->longest_cpu_us)
		lag->longest_cpu_us = now_cpu - lag->began_cpu_us;
	lag->turns++;
	lag->began_ns = now_ns;
	lag->idle_ns = idle_ns;
	lag->began_cpu_us = now_cpu;
}

void lag_start(struct lag *lag, uv_loop_t *loop)
{
	(void)uv_loop_configure(loop, UV_METRICS_IDLE_TIME);
	(void)uv_prepare_init(loop, &lag->prepare);
	lag->prepare.data = lag;
	(void)uv_prepare_start(&lag->prepare, on_prepare);
	uv_unref((uv_handle_t *)&lag->prepare);
	lag_reset(lag);
}

void lag_reset(struct lag *lag)
{
	lag->turns = lag->longest_us = lag->longest_cpu_us = 0;
	lag->began_ns = uv_hrtime();
	lag->idle_ns = uv_metrics_idle_time(lag->prepare.loop);
	lag->began_cpu_us = cpu_us();
}

void lag_stop(struct lag *lag)
{
	if (!uv_is_closing((uv_handle_t *)&lag->prepare))
		uv_close((uv_handle_t *)&lag->prepare, NULL);
}
