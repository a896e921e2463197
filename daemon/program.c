#include "daemon/program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

char *program_find(void)
{
	const char *given = getenv("D1KEEP_BINARY");
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	AUTO_STR beside = NULL;
	char *slash;

	if (given != NULL && given[0] != '\0')
		return mem_strdup(given);
	own[len > 0 ? len : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash == NULL)
		return mem_strdup("d1keep");
	beside = mem_printf("%.*s/d1keep", (int)(slash - own), own);
	return mem_strdup(access(beside, X_OK) == 0 ? beside : "d1keep");
}
