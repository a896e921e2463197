#include "tests/unit/config/fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/unit.h"

const char *fixture_write(const char *folder, const char *name, const void *text, size_t len)
{
	static char path[512];
	struct err err = ERR_INIT;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_msg(file_write(path, text, len, 0600, false, &err) == 0, "%s", err.msg);
	return path;
}

struct config *fixture_read(const char *folder, const char *text)
{
	struct config_problems problems = { 0 };
	struct config *config = config_read(fixture_write(folder, "backup.conf", text, strlen(text)),
	    &problems);

	ck_assert_msg(config != NULL && problems.count == 0, "%s", fixture_show(&problems));
	return config;
}

struct config_problems fixture_problems(const char *text)
{
	struct config_problems problems = { 0 };
	struct config *config = config_read(fixture_write(unit_folder(), "backup.conf", text,
	    strlen(text)), &problems);

	ck_assert_msg(config == NULL && problems.count > 0, "no problem in:\n%s", text);
	return problems;
}

bool fixture_has(const struct config_problems *problems, int line, const char *part)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (problems->items[i].line == line && strstr(problems->items[i].message, part) != NULL)
			return true;
	}
	return false;
}

char *fixture_show(const struct config_problems *problems)
{
	char *text = mem_strdup("");

	for (size_t i = 0; i < problems->count; i++)
		text = mem_printf("%s\n%d: %s [%s]", text, problems->items[i].line,
		    problems->items[i].message,
		    problems->items[i].hint != NULL ? problems->items[i].hint : "");
	return text;
}
