#include "daemon/reload.h"

#include "daemon/settings.h"

static void read_config(uv_work_t *work)
{
	struct reload *reload = work->data;

	reload->config = settings_load(reload->path, &reload->problems);
}

static void on_read(uv_work_t *work, int status)
{
	struct reload *reload = work->data;
	struct config *config = reload->config;

	(void)status;            /* nobody cancels it */
	reload->is_reading = false;
	reload->config = NULL;
	settings_tell(reload->path, config, &reload->problems);
	config_problems_release(&reload->problems);
	reload->problems = (struct config_problems){ .count = 0 };
	reload->done(reload->ctx, config);
	if (reload->again)
		reload_ask(reload);
}

void reload_ask(struct reload *reload)
{
	if (reload->is_reading) {
		reload->again = true;
		return;
	}
	reload->again = false;
	reload->is_reading = true;
	reload->work.data = reload;
	if (uv_queue_work(reload->loop, &reload->work, read_config, on_read) != 0) {
		read_config(&reload->work);
		on_read(&reload->work, 0);
	}
}
