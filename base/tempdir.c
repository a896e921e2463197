#include "base/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

char *tempdir_make(struct err *err)
{
	const char *below = getenv("TMPDIR");
	char *path = mem_printf("%s/d1keep-XXXXXX", below != NULL && *below != '\0' ? below : "/tmp");

	if (mkdtemp(path) != NULL)
		return path;
	(void)err_sys(err, errno, "cannot make a temporary folder \"%s\"", path);
	(void)err_hint(err, "TMPDIR names the folder for temporary files");
	free(path);
	return NULL;
}

void tempdir_remove(char *path)
{
	DIR *dir = path != NULL ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		(void)closedir(dir);
	if (path != NULL)
		(void)rmdir(path);
	free(path);
}
