#include "config/config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/option.h"
#include "tests/unit/config/fixture.h"
#include "tests/unit/unit.h"

static const struct config_database *find(const struct config *config, const char *environment,
    const char *database)
{
	for (size_t i = 0; i < config->database_count; i++) {
		const struct config_database *d = config->databases[i];

		if (strcmp(d->environment->name, environment) == 0 && strcmp(d->name, database) == 0)
			return d;
	}
	ck_abort_msg("no database \"%s/%s\"", environment, database);
}

START_TEST(has_the_documented_defaults)
{
	struct config *c = fixture_read(unit_folder(), ACCOUNT BUCKET ENVIRONMENT);
	const struct config_policy *p = &c->databases[0]->policy;

	ck_assert_str_eq(c->state_dir, "/var/lib/d1keep");
	ck_assert_str_eq(c->timezone, "UTC");
	ck_assert_uint_eq(c->jobs, 2);
	ck_assert_uint_eq(c->workers, 0);
	ck_assert_ptr_null(c->sign_key);
	ck_assert_uint_eq(c->trusted_key_count, 0);
	ck_assert_uint_eq(c->accounts[0]->request_budget, 1200);
	ck_assert_ptr_null(c->accounts[0]->api_base);
	ck_assert_str_eq(c->buckets[0]->region, "auto");
	ck_assert_str_eq(c->buckets[0]->prefix, "");
	ck_assert_ptr_null(p->schedule);
	ck_assert_str_eq(p->timezone, "UTC");
	ck_assert_int_eq(p->consistency, CONFIG_CONSISTENCY_SNAPSHOT);
	ck_assert_uint_eq(p->attempts, 3);
	ck_assert_int_eq(p->fallback, CONFIG_FALLBACK_NONE);
	ck_assert_uint_eq(p->timeout, 3600);
	ck_assert_uint_eq(p->keep_last + p->keep_daily + p->keep_yearly, 0);
	ck_assert_ptr_null(p->keep_within);
	ck_assert_int_eq(c->databases[0]->source, CONFIG_SOURCE_D1);
	ck_assert_str_eq(c->control_socket, "/var/lib/d1keep/control.sock");
	ck_assert_ptr_null(c->listen);
	ck_assert_int_eq(c->log_format, CONFIG_LOG_TEXT);
	ck_assert_int_eq(p->verify, CONFIG_VERIFY_REPLAY);
	ck_assert_uint_eq(p->retries, 2);
	ck_assert_uint_eq(p->retry_delay, 300);
	ck_assert_uint_eq(p->spread, 0);
	ck_assert_uint_eq(p->garbage_grace, 86400);
	config_free(c);
}
END_TEST

START_TEST(a_database_inherits_from_its_environment)
{
	struct config *c = fixture_read(unit_folder(),
	    "timezone = \"Europe/Berlin\"\n"
	    /* Order does not matter: what is referred to may come later. */
	    "environment \"production\" {\n"
	    "  database \"own\" { id = \"483da8b0-94c7-4f9e-ab1a-68df41e5664d\" account = \"other\"\n"
	    "    bucket = \"there\" schedule = \"@hourly\" timezone = \"UTC\" attempts = 9\n"
	    "    consistency = \"best-effort\" keep_within = \"8w\" keep_yearly = 1 timeout = 0\n"
	    "    fallback = \"none\" }\n"
	    "  database \"never\" { id = \"483da8b0-94c7-4f9e-ab1a-68df41e5664d\" schedule = \"\" }\n"
	    "  account = \"taco\" bucket = \"here\" schedule = \"17 2 * * *\" attempts = 5 fallback = export\n"
	    "  keep_last = 4 keep_within = \"30d\" " DATABASE "}\n"
	    "bucket \"there\" { type = \"directory\" path = \"other\" }\n"
	    "account \"other\" { id = \"fedcba9876543210fedcba9876543210\" api_token = \"env:T\" }\n"
	    ACCOUNT BUCKET);
	const struct config_policy *own = &find(c, "production", "own")->policy;
	const struct config_policy *heir = &find(c, "production", "auth")->policy;
	const struct config_policy *never = &find(c, "production", "never")->policy;

	ck_assert_str_eq(heir->account->name, "taco");
	ck_assert_str_eq(heir->bucket->name, "here");
	ck_assert_str_eq(heir->schedule, "17 2 * * *");
	ck_assert_uint_eq(heir->cron.minutes, 1 << 17);
	ck_assert_str_eq(heir->timezone, "Europe/Berlin");
	ck_assert_uint_eq(heir->attempts, 5);
	ck_assert_uint_eq(heir->keep_last, 4);
	ck_assert_str_eq(heir->keep_within, "30d");
	ck_assert_str_eq(own->account->name, "other");
	ck_assert_str_eq(own->bucket->name, "there");
	ck_assert_str_eq(own->schedule, "@hourly");
	ck_assert_uint_eq(own->cron.minutes, 1);
	ck_assert_str_eq(own->timezone, "UTC");
	ck_assert_uint_eq(own->attempts, 9);
	ck_assert_int_eq(own->fallback, CONFIG_FALLBACK_NONE);
	ck_assert_int_eq(heir->fallback, CONFIG_FALLBACK_EXPORT);
	ck_assert_uint_eq(own->timeout, 0);
	ck_assert_int_eq(own->consistency, CONFIG_CONSISTENCY_BEST_EFFORT);
	ck_assert_uint_eq(own->keep_last, 4);
	ck_assert_str_eq(own->keep_within, "8w");
	ck_assert_ptr_null(never->schedule);
	ck_assert_uint_eq(c->database_count, 3);
	ck_assert_int_eq(c->databases[0]->line, 3);
	ck_assert_int_eq(c->environments[0]->line, 2);
	ck_assert_ptr_eq(c->databases[0]->environment, c->environments[0]);
	config_free(c);
}
END_TEST

START_TEST(names_may_be_written_with_escapes)
{
	struct config *c = fixture_read(unit_folder(), "\"j\\x6fbs\" = 7\n" ACCOUNT BUCKET ENVIRONMENT);

	ck_assert_uint_eq(c->jobs, 7);
	config_free(c);
}
END_TEST

START_TEST(when_runs_are_due)
{
	struct config *c = fixture_read(unit_folder(), ACCOUNT BUCKET
	    "environment \"e\" { account = taco bucket = here schedule = \"17 2 * * *\"\n"
	    "spread = 300 timezone = \"Asia/Tokyo\" blackout = \"mon-fri 08:00-18:00\" " DATABASE
	    "database \"free\" { id = \"483da8b0-94c7-4f9e-ab1a-68df41e5664d\" blackout = \"\" spread = 0 }\n"
	    "database \"own\" { id = \"483da8b0-94c7-4f9e-ab1a-68df41e5664d\" blackout = \"1:00-3:00, 4:00-5:00\" } }\n");
	struct slots heir = config_slots(c->databases[0]), free_ = config_slots(c->databases[1]);

	ck_assert_str_eq(c->databases[0]->policy.blackout, "mon-fri 08:00-18:00");
	ck_assert_str_eq(heir.zone, "Asia/Tokyo");
	ck_assert_uint_eq(heir.cron.minutes, 1 << 17);
	ck_assert_uint_eq(heir.offset_s, slots_offset("e/auth", 300));
	ck_assert_uint_eq(heir.blackout.count, 1);
	ck_assert_uint_eq(heir.blackout.windows[0].days, 0x3e);
	ck_assert_ptr_null(c->databases[1]->policy.blackout);
	ck_assert_uint_eq(free_.blackout.count, 0);
	ck_assert_uint_eq(free_.offset_s, 0);
	ck_assert_uint_eq(config_slots(c->databases[2]).blackout.count, 2);
	config_free(c);
}
END_TEST

START_TEST(whom_to_tell)
{
	struct config *c = fixture_read(unit_folder(),
	    "control_socket = \"\" listen = \"[::1]:0\" log_format = json\n"
	    "notify \"a\" { type = exec command = \"/bin/true\" events = \"stale, failure\" repeat_after = 2h }\n"
	    "notify \"b\" { type = webhook url = \"http://127.0.0.1/x?y#z\" secret = \"env:S\" environment = production }\n"
	    ACCOUNT BUCKET ENVIRONMENT);

	ck_assert_ptr_null(c->control_socket);
	ck_assert_str_eq(c->listen, "[::1]:0");
	ck_assert_int_eq(c->log_format, CONFIG_LOG_JSON);
	ck_assert_uint_eq(c->notify_count, 2);
	ck_assert_int_eq(c->notifies[0]->type, CONFIG_NOTIFY_EXEC);
	ck_assert_uint_eq(c->notifies[0]->events, CONFIG_EVENT_FAILURE | CONFIG_EVENT_STALE);
	ck_assert_str_eq(c->notifies[0]->repeat_after, "2h");
	ck_assert_str_eq(c->notifies[1]->url, "http://127.0.0.1/x?y#z");
	ck_assert_str_eq(c->notifies[1]->environment, "production");
	ck_assert_uint_eq(c->notifies[1]->events, 15);
	config_free(c);
}
END_TEST

static void assert_below(const char *got, const char *start, const char *folder, const char *path)
{
	AUTO_STR expected = mem_printf("%s%s/%s", start, folder, path);

	ck_assert_str_eq(got, expected);
}

START_TEST(relative_paths_begin_at_the_file)
{
	const char *folder = unit_folder();
	struct config *c = fixture_read(folder,
	    "state_dir = \"state/\"\nsign_key = \"file:keys/sign.pem\"\n"
	    "trusted_keys = {\"keys/a.pem\", \"/b.pem\", \"file:c.pem\"}\n"
	    "trusted_keys += {\"ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"}\n"
	    "account \"taco\" { id = \"0123456789abcdef0123456789abcdef\"\n"
	    "  api_token = \"file:./token\" ca_file = \"ca.pem\" }\n"
	    "bucket \"r2\" { type = \"r2\" account = \"taco\" ca_file = \"./ca//b.pem\" prefix = \"/a/b//c/\"\n"
	    "  access_key_id = \"file:/abs/id\" secret_access_key = \"credential:key\" }\n"
	    BUCKET
	    "environment \"local\" { bucket = \"here\"\n"
	    "  database \"w\" { source = \"wrangler\" project = \"../app\" persist_to = \".\" id = \"DB\" }\n"
	    "  database \"s\" { source = \"sqlite\" path = \"x.sqlite\" } }\n");

	assert_below(c->state_dir, "", folder, "state");
	assert_below(c->sign_key, "file:", folder, "keys/sign.pem");
	ck_assert_uint_eq(c->trusted_key_count, 4);
	assert_below(c->trusted_keys[0], "", folder, "keys/a.pem");
	ck_assert_str_eq(c->trusted_keys[1], "/b.pem");
	assert_below(c->trusted_keys[2], "", folder, "c.pem");
	ck_assert_int_eq(strncmp(c->trusted_keys[3], "ed25519:d7", 10), 0);
	assert_below(c->accounts[0]->api_token, "file:", folder, "token");
	assert_below(c->accounts[0]->ca_file, "", folder, "ca.pem");
	assert_below(c->buckets[0]->ca_file, "", folder, "ca/b.pem");
	ck_assert_str_eq(c->buckets[0]->access_key_id, "file:/abs/id");
	ck_assert_str_eq(c->buckets[0]->secret_access_key, "credential:key");
	ck_assert_str_eq(c->buckets[0]->prefix, "a/b/c");
	assert_below(c->buckets[1]->path, "", folder, "store");
	assert_below(c->databases[0]->project, "", folder, "../app");
	ck_assert_str_eq(c->databases[0]->persist_to, folder);
	ck_assert_str_eq(c->databases[0]->id, "DB");
	assert_below(c->databases[1]->path, "", folder, "x.sqlite");
	config_free(c);
}
END_TEST

START_TEST(the_folder_of_a_bare_name_is_absolute)
{
	const char *folder = unit_folder();
	struct config_problems problems = { 0 };
	struct config *c;

	(void)fixture_write(folder, "backup.conf", ACCOUNT BUCKET ENVIRONMENT,
	    strlen(ACCOUNT BUCKET ENVIRONMENT));
	ck_assert_int_eq(chdir(folder), 0);
	c = config_read("backup.conf", &problems);
	ck_assert_ptr_nonnull(c);
	assert_below(c->buckets[0]->path, "", folder, "store");
	ck_assert_str_eq(c->path, "backup.conf");
	config_free(c);
}
END_TEST

START_TEST(text_has_many_forms)
{
	struct config *c;

	(void)setenv("D1KEEP_TEST_ZONE", "Asia/Kathmandu", 1);
	(void)setenv("D1KEEP_TEST_EMPTY", "", 1);
	c = fixture_read(unit_folder(), "\xef\xbb\xbf# a mark of byte order, and CRLF\r\n"
	    "jobs = '7'\r\n/* two\nlines */ workers = 3 # three\n//none\ntimezone = \"${D1KEEP_TEST_ZONE}\"\n"
	    "state_dir = \"/${D1KEEP_NO_SUCH:-of:-what}${D1KEEP_TEST_EMPTY}${D1KEEP_TEST_ZONE:-x}\" # ${D1KEEP_NO_SUCH}\n"
	    ACCOUNT "bucket here { type = directory path = \"a#b//c /*d*/\" }\n" ENVIRONMENT);
	ck_assert_uint_eq(c->jobs, 7);
	ck_assert_uint_eq(c->workers, 3);
	ck_assert_str_eq(c->timezone, "Asia/Kathmandu");
	ck_assert_str_eq(c->state_dir, "/of:-whatAsia/Kathmandu");
	ck_assert_ptr_nonnull(strstr(c->buckets[0]->path, "/a#b/c /*d*"));
	config_free(c);
}
END_TEST

START_TEST(finds_the_file)
{
	const char *folder = unit_folder();
	struct err err = ERR_INIT;
	char *path;

	ck_assert_int_eq(chdir(folder), 0);
	(void)setenv("D1KEEP_CONFIG", "/from/the/environment", 1);
	path = config_find("/given", &err);
	ck_assert_str_eq(path, "/given");
	free(path);
	path = config_find(NULL, &err);
	ck_assert_str_eq(path, "/from/the/environment");
	free(path);
	(void)unsetenv("D1KEEP_CONFIG");
	if (access("/etc/d1keep/backup.conf", F_OK) != 0) {
		ck_assert_ptr_null(config_find(NULL, &err));
		ck_assert_int_eq(err.code, ERR_USAGE);
		ck_assert_str_ne(err.hint, "");
	}
	(void)fixture_write(folder, "backup.conf", "", 0);
	path = config_find(NULL, &err);
	ck_assert_str_eq(path, "./backup.conf");
	free(path);
}
END_TEST

#define EXAMPLE "backup.conf.example"

START_TEST(the_example_has_no_problem)
{
	struct config_problems problems = { 0 };
	struct config *c = config_read(EXAMPLE, &problems);

	ck_assert_msg(c != NULL, "%s", fixture_show(&problems));
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(c->environment_count, 3);
	ck_assert_uint_eq(c->database_count, 6);
	ck_assert_int_eq(find(c, "local", "billing")->source, CONFIG_SOURCE_SQLITE);
	config_free(c);
}
END_TEST

/* Does a line of the text, in a section of this kind (or before all), set the
 * option, be it behind a '#'? With a default, the line must name it. */
static bool example_sets(const char *text, enum section_kind section, const struct option *option)
{
	AUTO_STR bare = mem_printf("%s = %s", option->name, option->fallback);
	AUTO_STR quoted = mem_printf("%s = \"%s\"", option->name, option->fallback);
	AUTO_STR copy = mem_strdup(text);
	enum section_kind now = SECTION_FILE;
	bool set = false, with_default = option->fallback == NULL;
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strlen(option->name);
		char *at = line + strspn(line, " #");

		for (int i = 1; i < SECTION_KINDS; i++) {
			size_t name = strlen(section_name((enum section_kind)i));

			if (strncmp(at, section_name((enum section_kind)i), name) == 0 && at[name] == ' ' &&
			    at[name + 1] == '"')
				now = (enum section_kind)i;
		}
		if (now != section || strncmp(at, option->name, len) != 0 || strchr(" =", at[len]) == NULL)
			continue;
		set = true;
		with_default = with_default || strstr(line, bare) || strstr(line, quoted) ||
		    strstr(line, "default: ") != NULL;
	}
	return set && (with_default || option->fallback[0] == '\0');
}

START_TEST(the_example_shows_every_option)
{
	struct err err = ERR_INIT;
	AUTO_BUF text;

	buf_init(&text, 1 << 20);
	ck_assert_msg(file_read(EXAMPLE, &text, &err) == 0, "%s", err.msg);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		for (int section = 0; section < SECTION_KINDS; section++) {
			if ((o->sections & IN(section)) == 0 ||
			    (section == SECTION_DATABASE && option_is_inherited(o)))
				continue;
			ck_assert_msg(example_sets(text.data, (enum section_kind)section, o),
			    "%s has no %s of %s with its default", EXAMPLE, o->name,
			    section_name((enum section_kind)section));
		}
		ck_assert_ptr_nonnull(o->help);
	}
}
END_TEST

UNIT_CASE(config)
{
	tcase_add_test(tc, has_the_documented_defaults);
	tcase_add_test(tc, a_database_inherits_from_its_environment);
	tcase_add_test(tc, relative_paths_begin_at_the_file);
	tcase_add_test(tc, the_folder_of_a_bare_name_is_absolute);
	tcase_add_test(tc, text_has_many_forms);
	tcase_add_test(tc, finds_the_file);
	tcase_add_test(tc, names_may_be_written_with_escapes);
	tcase_add_test(tc, when_runs_are_due);
	tcase_add_test(tc, whom_to_tell);
	tcase_add_test(tc, the_example_has_no_problem);
	tcase_add_test(tc, the_example_shows_every_option);
}
