#include "tests/unit/unit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CASES 64

static struct {
	const char *name;
	void (*fill)(TCase *);
} cases[MAX_CASES];
static int case_count;
static char root[64];

void unit_register(const char *name, void (*fill)(TCase *))
{
	if (case_count == MAX_CASES)
		abort();
	cases[case_count].name = name;
	cases[case_count++].fill = fill;
}

const char *unit_folder(void)
{
	static char folder[128];

	(void)snprintf(folder, sizeof(folder), "%s/XXXXXX", root);
	if (mkdtemp(folder) == NULL)
		abort();
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	SRunner *runner;
	Suite *suite;
	int failed;

	(void)argc;
	(void)snprintf(root, sizeof(root), "/tmp/d1keep-unit-XXXXXX");
	if (mkdtemp(root) == NULL)
		return 2;
	suite = suite_create(name != NULL ? name + 1 : argv[0]);
	for (int i = 0; i < case_count; i++) {
		TCase *tc = tcase_create(cases[i].name);

		tcase_set_timeout(tc, 60);
		cases[i].fill(tc);
		suite_add_tcase(suite, tc);
	}
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return failed == 0 ? 0 : 1;
}
