/*
 * d1keepd: decides when databases are backed up, and has `d1keep backup` do it.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "daemon/loop.h"
#include "daemon/options.h"
#include "daemon/program.h"
#include "daemon/settings.h"
#include "state/lock.h"

enum { EXIT_USAGE = 2, EXIT_AGAIN = 75 };

static void set_up_log(const struct options *options, enum config_log_format format)
{
	bool supervised = getenv("JOURNAL_STREAM") != NULL || getenv("INVOCATION_ID") != NULL;
	bool json = format == CONFIG_LOG_JSON;
	enum log_style style = options->foreground ? LOG_STYLE_TIMED :
	    supervised ? LOG_STYLE_JOURNAL : LOG_STYLE_PLAIN;

	if (json)
		style = style == LOG_STYLE_JOURNAL ? LOG_STYLE_JOURNAL_JSON : LOG_STYLE_JSON;
	log_setup("d1keepd", style, options->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
}

/* `log_format` may be another one from now on. */
static void on_config(void *ctx, const struct config *config)
{
	set_up_log(ctx, config->log_format);
}

static int fail(const struct err *err)
{
	log_err(err);
	return err->code == ERR_USAGE ? EXIT_USAGE : err->code == ERR_AGAIN ? EXIT_AGAIN : 1;
}

static int serve(struct options *options, const char *path, struct notify *notify)
{
	struct err err = ERR_INIT;
	struct config *config = settings_read(path);
	AUTO_STR binary = program_find();
	struct loop_options loop = {
		.config = config, .config_path = path, .binary = binary,
		.clock = &clock_system, .notify = notify, .once = options->once,
		.on_config = on_config, .ctx = options,
	};
	int lock, failures;

	if (config == NULL)
		return EXIT_USAGE;
	set_up_log(options, config->log_format);
	lock = state_lock(config->state_dir, &err);
	if (lock < 0) {
		config_free(config);
		return fail(&err);
	}
	failures = loop_run(&loop, &err);
	(void)close(lock);
	if (failures < 0)
		return fail(&err);
	return options->once && failures > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options options;
	struct notify notify;
	struct err err = ERR_INIT;
	AUTO_STR path = NULL;
	int status;

	if (!options_read(argc, argv, &options, &status))
		return status;
	secret_protect_process();
	set_up_log(&options, CONFIG_LOG_TEXT);
	log_never_wait();
	(void)signal(SIGPIPE, SIG_IGN);
	path = config_find(options.config, &err);
	if (path == NULL)
		return fail(&err);
	notify_init(&notify);
	status = serve(&options, path, &notify);
	notify_release(&notify);
	return status;
}
