#include "config/path.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PREFIX_MAX 256

/* Append the segments of `path` to the end of `to`, each after a slash. */
static void add_segments(char *to, const char *path)
{
	to += strlen(to);
	for (path += strspn(path, "/"); *path != '\0'; path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");

		if (len != 1 || path[0] != '.') {
			*to++ = '/';
			memcpy(to, path, len);
			to += len;
		}
		path += len;
	}
	*to = '\0';
}

char *path_resolve(const char *folder, const char *path, struct err *err)
{
	char *result;

	if (path[0] == '\0') {
		(void)err_set(err, ERR_USAGE, "the path is empty");
		return NULL;
	}
	if (path[0] == '~') {
		(void)err_set(err, ERR_USAGE, "\"%.100s\": \"~\" is not expanded", path);
		(void)err_hint(err, "write the whole path, or \"${HOME}/…\"");
		return NULL;
	}
	/* Each part at most gains the slash before it. */
	result = mem_calloc(strlen(folder) + strlen(path) + 4, 1);
	if (path[0] != '/')
		add_segments(result, folder);
	add_segments(result, path);
	if (result[0] == '\0')
		result[0] = '/';
	return result;
}

static bool has_dots(const char *path)
{
	for (; *path != '\0'; path += strspn(path, "/")) {
		size_t len = strcspn(path, "/");

		if ((len == 1 && path[0] == '.') || (len == 2 && strncmp(path, "..", 2) == 0))
			return true;
		path += len;
	}
	return false;
}

char *path_prefix(const char *text, struct err *err)
{
	char *prefix = mem_calloc(strlen(text) + 2, 1);

	add_segments(prefix, text);
	if (prefix[0] == '/')
		memmove(prefix, prefix + 1, strlen(prefix));
	if (has_dots(text))
		(void)err_set(err, ERR_USAGE, "\"%.100s\" has \".\" or \"..\" in it", text);
	else if (strlen(prefix) > PREFIX_MAX)
		(void)err_set(err, ERR_USAGE, "longer than %d characters", PREFIX_MAX);
	else if (strspn(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "/-_.=@%+") != strlen(prefix))
		(void)err_set(err, ERR_USAGE, "\"%.100s\" has a character that keys cannot have", text);
	else
		return prefix;
	free(prefix);
	(void)err_hint(err, "a folder such as \"backups/d1\": letters, digits and \"-_.=@%%+\"");
	return NULL;
}

char *path_folder(const char *file)
{
	AUTO_STR copy = mem_strdup(file);
	const char *folder = dirname(copy);
	char *real = realpath(folder, NULL);

	return real != NULL ? real : mem_strdup(folder);
}
