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

struct config *settings_load(const char *path, struct config_problems *problems)
{
	struct config *config = config_read(path, problems);

	if (config != NULL)
		config_check_surroundings(config, problems);
	return config;
}

void settings_tell(const char *path, const struct config *config,
    const struct config_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		tell(path, &problems->items[i], config == NULL && !problems->items[i].warning ?
		    log_error : log_warning);
}

struct config *settings_read(const char *path)
{
	struct config_problems problems = { 0 };
	struct config *config = settings_load(path, &problems);

	settings_tell(path, config, &problems);
	config_problems_release(&problems);
	return config;
}
