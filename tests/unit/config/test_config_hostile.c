/*
 * What is no configuration at all must end as problems: quickly, and without a
 * crash or a leak (make SAN=1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "config/config.h"
#include "tests/unit/config/fixture.h"
#include "tests/unit/unit.h"

#define SIZE (1024 * 1024)

static uint32_t seed = 88172645u;

static int pick(int count)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (int)(seed % (uint32_t)count);
}

/* Read it; whatever comes of it is released. */
static size_t read_bytes(const char *folder, const void *bytes, size_t len)
{
	struct config_problems problems = { 0 };
	struct config *config = config_read(fixture_write(folder, "x.conf", bytes, len), &problems);
	size_t count = problems.count;

	if ((config == NULL) != (count > 0))
		ck_abort_msg("a configuration with problems, or none without");
	config_free(config);
	config_problems_release(&problems);
	return count;
}

START_TEST(random_bytes)
{
	const char *folder = unit_folder();
	unsigned char bytes[4096];

	for (int i = 0; i < 50; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (unsigned char)pick(256);
		ck_assert_uint_gt(read_bytes(folder, bytes, sizeof(bytes)), 0);
	}
}
END_TEST

static const char *const words[] = { "account", "bucket", "environment", "database", "\"a\"", "b",
	"{", "}", "=", "+=", ",", "id", "type", "r2", "schedule", "\"* * * * *\"", "jobs", "3", "acount",
	"databse", "shedule", "#", "\n", "\n", "/*", "*/", "//", "\"", "'", "${HOME}", "${", "(", ")",
	"source", "sqlite", "path", "prefix", "|", "trusted_keys", "\\", "\"\"", "*", "bukcet" };

START_TEST(random_words)
{
	const char *folder = unit_folder();

	for (int i = 0; i < 1000; i++) {
		char text[1024] = "";
		int count = pick(40);

		for (int j = 0; j < count; j++) {
			strcat(text, words[pick((int)(sizeof(words) / sizeof(words[0])))]);
			strcat(text, " ");
		}
		(void)read_bytes(folder, text, strlen(text));
	}
}
END_TEST

/* A good file with a byte changed, dropped or the end cut off. */
START_TEST(nearly_right)
{
	static const char good[] = "jobs = 3 # c\n" ACCOUNT BUCKET ENVIRONMENT;
	const char *folder = unit_folder();

	for (int i = 0; i < 1000; i++) {
		char text[sizeof(good)];
		size_t len = sizeof(good) - 1, at = (size_t)pick((int)len);

		memcpy(text, good, sizeof(good));
		if (i % 3 == 0)
			text[at] = (char)(32 + pick(95));
		else if (i % 3 == 1)
			memmove(text + at, text + at + 1, len-- - at);
		else
			len = at;
		(void)read_bytes(folder, text, len);
	}
}
END_TEST

/* The same piece until the file is as large as may be, or larger. */
static const struct { const char *piece; size_t size; } huge[] = {
	{ "a", SIZE }, { "a", SIZE + 1 }, { "{", SIZE }, { "}", SIZE }, { "\"", SIZE }, { "\n", SIZE },
	{ "#", SIZE }, { "#\n", SIZE }, { "/*", SIZE }, { "/**/", SIZE }, { "\"${", SIZE }, { "'${\n", SIZE },
	{ "${", SIZE }, { "${a}", SIZE }, { "x=1\n", SIZE }, { "jobs=1\n", SIZE }, { "account a{}", SIZE },
	{ "account a{", SIZE }, { "environment a{database b{}}\n", SIZE }, { "trusted_keys={a,b,c}\n", SIZE },
	{ "=", SIZE }, { "*", SIZE }, { "*\n", SIZE }, { "\\", SIZE }, { "\"\\", SIZE }, { "\xc3\xa4", SIZE },
};

START_TEST(huge_files)
{
	const char *folder = unit_folder();
	size_t size = huge[_i].size, len = strlen(huge[_i].piece);
	char *text = mem_calloc(size, 1);
	int64_t begun = clock_monotonic_ms();

	for (size_t i = 0; i < size; i++)
		text[i] = huge[_i].piece[i % len];
	ck_assert_uint_gt(read_bytes(folder, text, size), 0);
	ck_assert_msg(clock_monotonic_ms() - begun < 20000, "took %d ms",
	    (int)(clock_monotonic_ms() - begun));
	free(text);
}
END_TEST

START_TEST(a_thousand_databases)
{
	const char *folder = unit_folder();
	char *text = mem_calloc(200000, 1);
	size_t used = (size_t)sprintf(text, "%s", ACCOUNT BUCKET
	    "environment \"e\" { account = taco bucket = here schedule = \"@daily\"\n");
	struct config *config;

	for (int i = 0; i < 1000; i++)
		used += (size_t)sprintf(text + used,
		    "database \"d%d\" { id = \"483da8b0-94c7-4f9e-ab1a-68df41e5664d\" }\n", i);
	(void)sprintf(text + used, "}\n");
	config = fixture_read(folder, text);
	ck_assert_uint_eq(config->database_count, 1000);
	ck_assert_int_eq(config->databases[999]->line, 1003);
	config_free(config);
	free(text);
}
END_TEST

UNIT_CASE(config_hostile)
{
	tcase_add_test(tc, random_bytes);
	tcase_add_test(tc, random_words);
	tcase_add_test(tc, nearly_right);
	tcase_add_loop_test(tc, huge_files, 0, sizeof(huge) / sizeof(huge[0]));
	tcase_add_test(tc, a_thousand_databases);
}
