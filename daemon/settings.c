#include "daemon/settings.h"

#include "base/log.h"

static void tell(const char *path, const struct config_problem *problem,
    void (*log)(const char *fmt, ...))
{
	if (problem->line > 0)
		log("%s:%d: %s", path, problem->line, problem->message);
	else
		log("%s: %s", path, problem->message);
	if (problem->hint != NULL)
		log_info("hint: %s", problem->hint);
}

static void tell_all(const char *path, const struct config_problems *problems,
    void (*log)(const char *fmt, ...))
{
	for (size_t i = 0; i < problems->count; i++)
		tell(path, &problems->items[i], log);
}

struct config *settings_read(const char *path)
{
	struct config_problems problems = { 0 };
	struct config *config = config_read(path, &problems);

	if (config == NULL) {
		tell_all(path, &problems, log_error);
	} else {
		config_check_surroundings(config, &problems);
		tell_all(path, &problems, log_warning);
	}
	config_problems_release(&problems);
	return config;
}
