#include "control/routes.h"

#include <stddef.h>
#include <string.h>

#include "control/handlers.h"

static const struct route table[] = {
	{ "GET", "/", RIGHT_READ, true, page_overview, NULL },
	{ "GET", "/database", RIGHT_READ, true, page_database, NULL },
	{ "POST", "/api/backup/create", RIGHT_ALL, false, api_create, "" },
	{ "GET", "/api/backup/runs", RIGHT_READ, false, api_runs, "database limit" },
	{ "GET", "/api/backup/runs/", RIGHT_READ, false, api_run, "" },
	{ "GET", "/api/backup/list", RIGHT_READ, false, api_list, "database" },
	{ "GET", "/api/backup/download", RIGHT_ALL, false, api_download, "snapshot" },
	{ "GET", "/healthz", RIGHT_NONE, false, health_alive, NULL },
	{ "GET", "/readyz", RIGHT_NONE, false, health_ready, NULL },
	{ "GET", "/metrics", RIGHT_READ, false, metrics_answer, NULL },
};

#define COUNT (sizeof(table) / sizeof(table[0]))

static bool stands_for_more(const char *path)
{
	size_t len = strlen(path);

	return len > 1 && path[len - 1] == '/';
}

static bool path_fits(const struct route *route, const char *path)
{
	size_t len = strlen(route->path);

	if (!stands_for_more(route->path))
		return strcmp(route->path, path) == 0;
	return strncmp(route->path, path, len) == 0 && path[len] != '\0' &&
	    strchr(path + len, '/') == NULL;
}

static bool method_fits(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	    (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct route *routes_find(const char *method, const char *path, const char **ret_allow)
{
	*ret_allow = NULL;
	for (size_t i = 0; i < COUNT; i++) {
		if (!path_fits(&table[i], path))
			continue;
		if (method_fits(&table[i], method))
			return &table[i];
		*ret_allow = strcmp(table[i].method, "GET") == 0 ? "GET, HEAD" : table[i].method;
	}
	return NULL;
}

const char *routes_rest(const struct route *route, const char *path)
{
	return path + (stands_for_more(route->path) ? strlen(route->path) : strlen(path));
}
