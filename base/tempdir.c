#include "base/tempdir.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

#define OPEN_FOLDERS 16

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

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	(void)remove(path);
	return 0;
}

void tempdir_remove(char *path)
{
	if (path != NULL)
		(void)nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	free(path);
}
