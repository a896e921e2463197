/*
 * The databases of tests/unit/random for other engines than this process's:
 *
 *   random_database print SEED NUMBER                     {"batch":[{"sql":…},…],"exceptions":N}
 *   random_database compare SEED NUMBER SOURCE RESTORED   exit code 1 and what differs
 *
 * `print` writes what D1's API takes: one transaction, within D1's limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/random/compare.h"
#include "tests/unit/random/random_database.h"

/* Statements are valid UTF-8. */
static void print_json(const char *text)
{
	(void)putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			(void)printf("\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			(void)printf("\\u%04x", (unsigned)*text);
		else
			(void)putchar(*text);
	}
	(void)putchar('"');
}

static void print_statement(void *ctx, const char *sql)
{
	bool *first = ctx;

	(void)printf("%s{\"sql\":", *first ? "" : ",\n");
	*first = false;
	print_json(sql);
	(void)putchar('}');
}

static void nothing(void *ctx, const char *sql)
{
	(void)ctx, (void)sql;
}

/* workerd has no rtree yet (tests/cloudflare/README.md). */
static void make_database(char **argv, bool print, struct random_facts *ret)
{
	struct chance c = { strtoull(argv[0], NULL, 10) + strtoull(argv[1], NULL, 10) * 1000003 };
	bool first = true;
	const struct random_options options = {
		.d1 = true, .no_rtree = true, .ran = print ? print_statement : nothing, .ctx = &first,
	};
	sqlite3 *sqlite;

	if (sqlite3_open(":memory:", &sqlite) != SQLITE_OK)
		abort();
	random_database(sqlite, &c, &options, ret);
	(void)sqlite3_close(sqlite);
}

int main(int argc, char **argv)
{
	struct random_facts facts = { 0 };
	char difference[1200];

	if (argc == 4 && strcmp(argv[1], "print") == 0) {
		(void)printf("{\"batch\":[");
		make_database(argv + 2, true, &facts);
		(void)printf("],\"exceptions\":%zu}\n", facts.exceptions);
		return fflush(stdout) == 0 ? 0 : 2;
	}
	if (argc != 6 || strcmp(argv[1], "compare") != 0) {
		(void)fprintf(stderr, "usage: random_database print SEED NUMBER | compare SEED NUMBER SOURCE RESTORED\n");
		return 2;
	}
	make_database(argv + 2, false, &facts);
	if (compare_databases(&(struct comparison){ .source = argv[4], .restored = argv[5], .facts = &facts,
	    .of_d1 = true }, difference, sizeof(difference)))
		return 0;
	(void)printf("%s\n", difference);
	return 1;
}
