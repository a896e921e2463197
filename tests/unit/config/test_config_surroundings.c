#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "tests/unit/config/fixture.h"
#include "tests/unit/unit.h"

#define TEXT                                                                                    \
	"state_dir = \"state\"\nsign_key = \"file:sign.pem\"\ntrusted_keys = {\"pub.pem\"}\n"   \
	"account \"taco\" { id = \"0123456789abcdef0123456789abcdef\" api_token = \"env:D1KEEP_TEST_TOKEN\"\n" \
	"  ca_file = \"ca.pem\" }\n"                                                            \
	"bucket \"r2\" { type = r2 account = taco access_key_id = \"file:id\"\n"                \
	"  secret_access_key = \"credential:key\" }\n"                                          \
	"bucket \"here\" { type = directory path = \"store\" }\n"                               \
	"environment \"local\" { bucket = here\n"                                               \
	"  database \"w\" { source = wrangler project = \"app\" persist_to = \"app/x\" id = DB }\n" \
	"  database \"s\" { source = sqlite path = \"x.sqlite\" } }\n"

static struct config_problems check(const struct config *config)
{
	struct config_problems problems = { 0 };

	config_check_surroundings(config, &problems);
	return problems;
}

static void assert_has(const struct config_problems *problems, int line, const char *part)
{
	ck_assert_msg(fixture_has(problems, line, part), "%d: %s not in%s", line, part,
	    fixture_show(problems));
}

START_TEST(names_what_is_missing)
{
	struct config *config;
	struct config_problems problems;

	(void)unsetenv("D1KEEP_TEST_TOKEN");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	config = fixture_read(unit_folder(), TEXT);
	problems = check(config);
	assert_has(&problems, 0, "sign_key: secret file");
	assert_has(&problems, 0, "trusted_keys: ");
	assert_has(&problems, 4, "account \"taco\": api_token: environment variable D1KEEP_TEST_TOKEN");
	assert_has(&problems, 4, "account \"taco\": ca_file: ");
	assert_has(&problems, 6, "bucket \"r2\": access_key_id: secret file");
	assert_has(&problems, 10, "database \"local/w\": project: ");
	assert_has(&problems, 10, "database \"local/w\": persist_to: ");
	assert_has(&problems, 11, "database \"local/s\": path: ");
	ck_assert_msg(problems.count == 8, "%s", fixture_show(&problems));
	config_problems_release(&problems);
	/* In a service the credential has to be there as well. */
	(void)setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
	problems = check(config);
	assert_has(&problems, 6, "bucket \"r2\": secret_access_key: ");
	config_problems_release(&problems);
	config_free(config);
}
END_TEST

static void make(const char *folder, const char *name, mode_t mode)
{
	const char *path = fixture_write(folder, name, "x\n", 2);

	ck_assert_int_eq(chmod(path, mode), 0);
}

static void make_folder(const char *folder, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

START_TEST(is_content_when_all_is_there)
{
	const char *folder = unit_folder();
	struct config *config;
	struct config_problems problems;

	(void)setenv("D1KEEP_TEST_TOKEN", "x", 1);
	(void)setenv("CREDENTIALS_DIRECTORY", folder, 1);
	make(folder, "sign.pem", 0600);
	make(folder, "pub.pem", 0644);
	make(folder, "ca.pem", 0644);
	make(folder, "id", 0600);
	make(folder, "key", 0600);
	make(folder, "x.sqlite", 0644);
	make_folder(folder, "app");
	make_folder(folder, "app/x");
	config = fixture_read(folder, TEXT);
	problems = check(config);
	ck_assert_msg(problems.count == 0, "%s", fixture_show(&problems));
	/* Then the opposite: secrets open to others, files for folders. */
	make(folder, "id", 0644);
	make(folder, "store", 0600);
	make(folder, "backup.conf", 0666);
	problems = check(config);
	assert_has(&problems, 6, "can be read or changed by others");
	assert_has(&problems, 8, "bucket \"here\": path: ");
	assert_has(&problems, 0, "can be changed by everyone");
	ck_assert_uint_eq(problems.count, 3);
	config_problems_release(&problems);
	config_free(config);
}
END_TEST

static const struct { const char *url; const char *says; bool warning; } urls[] = {
	{ "http://127.0.0.1:80/x", NULL, false },
	{ "https://hooks.example/sesame", NULL, false },
	{ "http://hooks.example/sesame", "notify \"n\": url: what is told goes over the network", true },
	{ "ftp://hooks.example/sesame", "notify \"n\": url: what lies there does not begin", false },
};

/* Neither kind of complaint quotes the address. */
START_TEST(looks_at_addresses)
{
	const char *folder = unit_folder(), *path;
	struct config *config;
	struct config_problems problems;

	path = fixture_write(folder, "hook.url", urls[_i].url, strlen(urls[_i].url));
	ck_assert_int_eq(chmod(path, 0600), 0);
	(void)fixture_write(folder, "x.sqlite", "", 0);
	config = fixture_read(folder, "state_dir = \"state\"\n"
	    "notify \"n\" { type = webhook url = \"file:hook.url\" }\n"
	    "bucket \"here\" { type = directory path = \"store\" }\n"
	    "environment \"e\" { bucket = here database \"s\" { source = sqlite path = \"x.sqlite\" } }\n");
	problems = check(config);
	ck_assert_uint_eq(problems.count, urls[_i].says != NULL ? 1 : 0);
	if (urls[_i].says != NULL) {
		assert_has(&problems, 2, urls[_i].says);
		ck_assert_int_eq(problems.items[0].warning, urls[_i].warning);
		ck_assert_ptr_null(strstr(problems.items[0].message, "sesame"));
	}
	config_problems_release(&problems);
	config_free(config);
}
END_TEST

START_TEST(looks_at_programs_and_heartbeats)
{
	const char *folder = unit_folder();
	struct config *config;
	struct config_problems problems;

	make(folder, "page", 0600);
	make(folder, "x.sqlite", 0644);
	config = fixture_read(folder, "state_dir = \"state\"\n"
	    "notify \"p\" { type = exec command = page }\n"
	    "notify \"h\" { type = heartbeat url = \"https://x\" environment = e }\n"
	    "bucket \"here\" { type = directory path = \"store\" }\n"
	    "environment \"e\" { bucket = here database \"s\" { source = sqlite path = \"x.sqlite\" } }\n");
	problems = check(config);
	assert_has(&problems, 3, "notify \"h\": no database of its environment has a schedule");
	ck_assert(problems.items[problems.count - 1].warning);
	/* Root may read what nobody may run, and is told so all the same. */
	assert_has(&problems, 2, "notify \"p\": command: ");
	ck_assert_uint_eq(problems.count, 2);
	config_problems_release(&problems);
	config_free(config);
}
END_TEST

UNIT_CASE(config_surroundings)
{
	tcase_add_loop_test(tc, looks_at_addresses, 0, sizeof(urls) / sizeof(urls[0]));
	tcase_add_test(tc, looks_at_programs_and_heartbeats);
	tcase_add_test(tc, names_what_is_missing);
	tcase_add_test(tc, is_content_when_all_is_there);
}
