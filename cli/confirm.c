#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"

bool confirm_is_production(const char *environment)
{
	return strcasestr(environment, "prod") != NULL || strcasestr(environment, "live") != NULL;
}

static int ask(const char *name, const char *why, struct err *err)
{
	char line[512];

	(void)fprintf(stderr, "%s\ntype %s to go on: ", why, name);
	(void)fflush(stderr);
	if (fgets(line, sizeof(line), stdin) == NULL)
		line[0] = '\0';
	if (stop_requested())
		return err_set(err, ERR_INTERRUPTED, "interrupted: nothing was done");
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, name) == 0)
		return 0;
	return err_set(err, ERR_REFUSED, "not confirmed: nothing was done");
}

int confirm_name(const char *name, const char *why, const char *meant, struct err *err)
{
	if (meant != NULL && strcmp(meant, name) == 0)
		return 0;
	if (meant != NULL)
		return err_set(err, ERR_REFUSED, "--yes-i-mean %s, but the target is %s", meant, name);
	if (isatty(STDIN_FILENO))
		return ask(name, why, err);
	(void)err_set(err, ERR_REFUSED, "%s", why);
	return err_hint(err, "add --yes-i-mean %s", name);
}
