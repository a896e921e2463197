#include "cli/targets.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret.h"
#include "notify/program.h"
#include "notify/webhook.h"

#define PROGRAM_LIMIT_MS 60000
#define PROGRAM_KILL_AFTER_MS 5000
#define OUTPUT_LINES_MAX 50

/* In the order of the bits of config_notify.events. */
static const char *const event_words[] = { "failure", "recovery", "shrink", "stale" };

#define EVENT_COUNT (sizeof(event_words) / sizeof(event_words[0]))

bool target_wants(const struct config_notify *target, const struct notice *notice)
{
	if (target->environment != NULL && notice->environment != NULL &&
	    strcmp(target->environment, notice->environment) != 0)
		return false;
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		if (strcmp(event_words[i], notice->event) == 0)
			return target->type != CONFIG_NOTIFY_HEARTBEAT &&
			    (target->events & 1u << i) != 0;
	}
	return true;
}

const char *target_type(const struct config_notify *target)
{
	static const char *const names[] = {
		[CONFIG_NOTIFY_WEBHOOK] = "webhook", [CONFIG_NOTIFY_EXEC] = "exec",
		[CONFIG_NOTIFY_HEARTBEAT] = "heartbeat",
	};

	return names[target->type];
}

char *target_events(const struct config_notify *target)
{
	AUTO_BUF words = BUF_INIT(256);

	for (size_t i = 0; i < EVENT_COUNT && target->type != CONFIG_NOTIFY_HEARTBEAT; i++) {
		if ((target->events & 1u << i) != 0)
			(void)buf_addf(&words, NULL, "%s%s", words.len > 0 ? " " : "", event_words[i]);
	}
	return mem_strdup(buf_str(&words));
}

/* ---- how */

static int load_url(const struct config_notify *target, struct secret *ret, struct err *err)
{
	const char *url = target->url;

	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return secret_load(ret, url, err) == 0 ? 0 : err_wrap(err, "url");
	secret_set(ret, url, strlen(url));
	return 0;
}

static int tell_by_http(const struct config_notify *target, const struct notice *notice,
    struct err *err)
{
	struct secret url = { 0 }, key = { 0 };
	struct webhook hook = { .ca_file = target->ca_file, .clock = &clock_system };
	int rc = load_url(target, &url, err);

	if (rc == 0 && target->secret != NULL && (rc = secret_load(&key, target->secret, err)) != 0)
		(void)err_wrap(err, "secret");
	if (rc == 0) {
		hook.url = url.bytes;
		hook.key = target->secret != NULL ? &key : NULL;
		rc = target->type == CONFIG_NOTIFY_HEARTBEAT ? webhook_ping(&hook, err) :
		    webhook_post(&hook, notice, err);
	}
	secret_release(&url);
	secret_release(&key);
	return rc;
}

static void log_output(const char *name, char *output)
{
	char *rest = output, *line;
	unsigned count = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (++count > OUTPUT_LINES_MAX) {
			log_info("notify \"%s\": …", name);
			return;
		}
		log_info("notify \"%s\": %s", name, printable(line));
	}
}

static int tell_program(const struct config *config, const struct config_notify *target,
    const struct notice *notice, struct err *err)
{
	struct program program = {
		.path = target->command, .config_path = config->path,
		.limit_ms = PROGRAM_LIMIT_MS, .kill_after_ms = PROGRAM_KILL_AFTER_MS,
	};
	AUTO_BUF output = BUF_INIT(PROGRAM_OUTPUT_BYTES);
	int rc = program_run(&program, notice, &output, err);

	if (output.len > 0)
		log_output(target->name, output.data);
	return rc;
}

int target_tell(const struct config *config, const struct config_notify *target,
    const struct notice *notice, struct err *err)
{
	int rc = target->type == CONFIG_NOTIFY_EXEC ? tell_program(config, target, notice, err) :
	    tell_by_http(target, notice, err);

	return rc == 0 ? 0 : err_wrap(err, "notify \"%s\"", target->name);
}
