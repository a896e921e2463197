#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/option.h"
#include "tests/unit/config/fixture.h"
#include "tests/unit/unit.h"

#define UUID "\"483da8b0-94c7-4f9e-ab1a-68df41e5664d\""
#define HEX "\"0123456789abcdef0123456789abcdef\""
#define REST ACCOUNT BUCKET ENVIRONMENT
#define IN_ACCOUNT(text) "account \"a\" { id = " HEX "\n api_token = \"env:T\"\n" text "}\n" REST
#define IN_BUCKET(text) "bucket \"b\" {\n" text "}\n" REST
#define IN_ENV(text) "environment \"e\" { bucket = \"here\"\naccount = \"taco\"\n" text DATABASE "}\n" REST
#define IN_DB(text) "environment \"e\" {\nbucket = \"here\"\ndatabase \"d\" {\n" text "}}\n" REST

/* One problem each: its line, its message, its hint or NULL. */
static const struct { const char *text; int line; const char *message, *hint; } single[] = {
	{ "\n\njob = 3\n" REST, 3, "unknown option \"job\"", "did you mean \"jobs\"?" },
	{ "Jobs = 3\n" REST, 1, "unknown option \"Jobs\"", "did you mean \"jobs\"?" },
	{ "quux = 3\n" REST, 1, "unknown option \"quux\"", NULL },
	{ "quux = {1, 2,\n3}\n" REST, 1, "unknown option \"quux\"", NULL },
	{ "attempts = 3\n" REST, 1, "unknown option \"attempts\"", "it belongs in environment or database" },
	{ IN_ENV("schedul = \"@daily\"\n"), 3, "unknown option \"schedul\" in environment \"e\"",
	  "did you mean \"schedule\"?" },
	{ IN_DB("source = sqlite path = x jobs = 1\n"), 4, "unknown option \"jobs\" in database \"e/d\"",
	  "it belongs outside of all sections" },
	{ "acount \"a\" { id = " HEX " api_token = \"env:X\" }\n" REST, 1, "unknown section \"acount\"",
	  "did you mean \"account\"?" },
	{ "\nenviroment \"e\" { bucket = \"here\" account = \"taco\"\n" DATABASE "}\n" REST, 2,
	  "unknown section \"enviroment\"", "did you mean \"environment\"?" },
	{ "jobs = 1\n\njobs = 2\n" REST, 3, "jobs is set twice, first in line 1", NULL },
	{ "jobs = 0\n" REST, 1, "jobs: 0 is not between 1 and 64", NULL },
	{ "jobs = 65\n" REST, 1, "jobs: 65 is not between 1 and 64", NULL },
	{ "jobs = -1\n" REST, 1, "jobs: \"-1\" is not a whole number", NULL },
	{ "jobs = 2x\n" REST, 1, "jobs: \"2x\" is not a whole number", NULL },
	{ "jobs = \"\"\n" REST, 1, "jobs: \"\" is not a whole number", NULL },
	{ "jobs = 99999999999999999999\n" REST, 1, "is not between 1 and 64", NULL },
	{ "timezone = \"Mars/Olympus\"\n" REST, 1, "\"Mars/Olympus\" is no time zone", "Europe/Berlin" },
	{ "state_dir = \"\"\n" REST, 1, "state_dir: the path is empty", NULL },
	{ "state_dir = \"~/x\"\n" REST, 1, "\"~\" is not expanded", "${HOME}" },
	{ "sign_key = \"hunter2\"\n" REST, 1, "sign_key: a secret may not stand in the configuration",
	  "write file:PATH, env:NAME or credential:NAME" },
	{ "sign_key = \"env:\"\n" REST, 1, "sign_key: not the name of a secret after \"env:\"", NULL },
	{ "sign_key = \"credential:a/b\"\n" REST, 1, "not the name of a secret after \"credential:\"", NULL },
	{ "sign_key = \"file:\"\n" REST, 1, "sign_key: the path is empty", NULL },
	{ "trusted_keys = {\"a.pem\",\n\"ed25519:00\"}\n" REST, 2, "\"ed25519:00\" is not", NULL },
	{ IN_ACCOUNT("request_budget = 0\n"), 3, "request_budget: 0 is not between", NULL },
	{ IN_ACCOUNT("api_base = \"ftp://x\"\n"), 3, "does not begin with https://", NULL },
	{ IN_ACCOUNT("api_base = \"http://x.example\"\n"), 3, "would send the token unencrypted", NULL },
	{ IN_ACCOUNT("api_base = \"http://localhost.example\"\n"), 3, "would send the token", NULL },
	{ IN_ACCOUNT("api_base = \"https://\"\n"), 3, "not an address", NULL },
	{ "account \"a\" { id = \"12\"\napi_token = \"env:T\" }\n" REST, 1, "id: \"12\" is not 32 hex", NULL },
	{ "\naccount \"a\" { id = " HEX " }\n" REST, 2, "account \"a\" has no api_token", "api_token: " },
	{ "\naccount \"a\"\n{ api_token = \"env:X\" }\n" REST, 3, "account \"a\" has no id", "id: " },
	{ "account \"taco\" { id = " HEX " api_token = \"env:X\" }\n" REST, 2,
	  "account \"taco\" is there twice, first in line 1", NULL },
	{ "\nbucket \"b\" { path = x }\n" REST, 2, "bucket \"b\" has no type", "type: " },
	{ IN_BUCKET("type = r3\n"), 2, "type: \"r3\" is not one of \"directory\", \"r2\"", NULL },
	{ IN_BUCKET("type = directory\n"), 1, "bucket \"b\" has no path", NULL },
	{ IN_BUCKET("type = directory path = x\nendpoint = \"https://x\"\n"), 3,
	  "endpoint has no meaning for a bucket of type \"directory\"", NULL },
	{ IN_BUCKET("type = r2 access_key_id = \"env:A\" secret_access_key = \"env:B\"\n"), 1,
	  "bucket \"b\" has neither account nor endpoint", NULL },
	{ IN_BUCKET("type = r2 access_key_id = \"env:A\" account = taco\n"), 1,
	  "bucket \"b\" has no secret_access_key", NULL },
	{ IN_BUCKET("type = r2 access_key_id = \"env:A\" secret_access_key = \"env:B\"\naccount = tacos\n"),
	  3, "account: \"tacos\" is not an account of this file", "did you mean \"taco\"?" },
	{ IN_BUCKET("type = directory path = x\nprefix = \"a/../b\"\n"), 3, "prefix: \"a/../b\" has", NULL },
	{ IN_BUCKET("type = directory path = x\nprefix = \"a b\"\n"), 3, "a character that keys", NULL },
	{ "bucket \"../b\" { type = directory path = x }\n" REST, 1, "\"../b\" cannot be a name", "letters" },
	{ "bucket \"\" { type = directory path = x }\n" REST, 1, "\"\" cannot be a name", "letters" },
	{ IN_ENV("schedule = \"61 * * * *\"\n"), 3, "schedule \"61 * * * *\": minute: 61 is not", NULL },
	{ IN_ENV("schedule = \"17 2 * *\"\n"), 3, "4 fields instead of five", "minute hour" },
	{ IN_ENV("blackout = \"mon 25:00-26:00\"\n"), 3,
	  "blackout \"mon 25:00-26:00\": 25:00 is not between 00:00 and 24:00", NULL },
	{ IN_ENV("blackout = \"00:00-24:00\"\n"), 3, "the windows cover the whole week", "leave out" },
	{ IN_ENV("timezone = \"Europe/Berlim\"\n"), 3, "is no time zone", NULL },
	{ IN_ENV("consistency = \"eventual\"\n"), 3, "is not one of \"snapshot\", \"best-effort\"", NULL },
	{ IN_ENV("fallback = \"time-travel\"\n"), 3, "is not one of \"none\", \"export\"", NULL },
	{ IN_ENV("keep_within = \"30m\"\n"), 3, "is not a span such as", NULL },
	{ IN_ENV("keep_daily = 100001\n"), 3, "keep_daily: 100001 is not between 0 and 100000", NULL },
	{ REST "environment \"empty\" { bucket = \"here\" }\n", 5, "environment \"empty\" has no database", NULL },
	{ REST "environment \"e/f\" { account = taco bucket = \"here\"\n" DATABASE "}\n", 5,
	  "\"e/f\" cannot be a name", "letters" },
	{ REST "environment \"e\" { account = taco bucket = \"hree\"\n" DATABASE "}\n", 5,
	  "bucket: \"hree\" is not a bucket of this file", "did you mean \"here\"?" },
	{ REST "environment \"e\" { account = taco\n" DATABASE "}\n", 6, "database \"e/auth\" has no bucket",
	  "environment" },
	{ REST "environment \"e\" { bucket = here\n" DATABASE "}\n", 6, "database \"e/auth\" has no account", NULL },
	{ IN_DB("account = taco id = \"483da8b0\"\n"), 4, "id: \"483da8b0\" is not a UUID", "wrangler d1 list" },
	{ IN_DB("account = taco\n"), 3, "database \"e/d\" has no id", "id: " },
	{ IN_DB("source = wrangler project = x\n"), 3, "database \"e/d\" has no id", NULL },
	{ IN_DB("source = wrangler id = DB\n"), 3, "database \"e/d\" has no project", NULL },
	{ IN_DB("source = sqlite\n"), 3, "database \"e/d\" has no path", NULL },
	{ IN_DB("source = postgres path = x\n"), 4, "source: \"postgres\" is not one of", NULL },
	{ IN_DB("source = sqlite path = x\nid = DB\n"), 5, "id has no meaning for a database of source", NULL },
	{ IN_DB("source = sqlite path = x } database \"d\" { source = sqlite path = y\n"), 4,
	  "database \"e/d\" is there twice, first in line 3", NULL },
	/* The daemon's listeners, and whom it tells. */
	{ "listen = \"localhost:8417\"\n" REST, 1, "\"localhost:8417\" is not a numeric address", "127.0.0.1:8417" },
	{ "listen = \"127.0.0.1:\"\n" REST, 1, "is not a numeric address and a port", NULL },
	{ "listen = \"127.0.0.1:65536\"\n" REST, 1, "is not a numeric address and a port", NULL },
	{ "\nlisten = \"0.0.0.0:8417\"\n" REST, 2, "other machines can reach \"0.0.0.0:8417\"", "control_token = " },
	{ "control_read_token = \"env:A\"\nlisten = \"[::]:8417\"\n" REST, 2, "there must be a control_token", "127.0.0.1:8417" },
	{ "listen = \"::1:8417\"\n" REST, 1, "is not a numeric address and a port", NULL },
	{ "control_access = \"world\"\n" REST, 1, "is not one of \"owner\", \"group\"", NULL },
	{ "notify \"n\" { url = \"https://x\" }\n" REST, 1, "notify \"n\" has no type", "type: " },
	{ "notify \"n\" { type = webhook }\n" REST, 1, "notify \"n\" has no url", "url: " },
	{ "notify \"n\" { type = webhook\nurl = \"hunter2\" }\n" REST, 2, "url: neither an address", "file:PATH" },
	{ "notify \"n\" { type = webhook\nurl = \"https://\" }\n" REST, 2, "url: not an address", NULL },
	{ "notify \"n\" { type = exec command = x\nurl = \"https://x\" }\n" REST, 2,
	  "url has no meaning for a notify of type \"exec\"", NULL },
	{ "notify \"n\" { type = exec command = x\nevents = \"failure succes\" }\n" REST, 2,
	  "events: \"succes\" is not one of \"failure\"", NULL },
	{ "notify \"n\" { type = exec command = x\nevents = \" \" }\n" REST, 2, "events: names nothing", NULL },
	{ "notify \"n\" { type = exec }\n" REST, 1, "notify \"n\" has no command", "command: " },
	{ "notify \"n\" { type = exec command = x\nsecret = \"env:X\" }\n" REST, 2,
	  "secret has no meaning for a notify of type \"exec\"", NULL },
	{ "notify \"n\" { type = heartbeat environment = production }\n" REST, 1, "notify \"n\" has no url", NULL },
	{ "notify \"n\" { type = heartbeat url = \"https://x\" }\n" REST, 1,
	  "notify \"n\" has no environment", "environment: " },
	{ "notify \"n\" { type = exec command = x\n\nenvironment = prodcution }\n" REST, 3,
	  "environment: \"prodcution\" is not an environment of this file", "did you mean \"production\"?" },
	{ "notify \"n\" { type = exec command = x\nevents = \"recovery shrink\" }\n" REST, 2,
	  "\"recovery\" is only told of what was told before", "add \"failure\"" },
	{ "notify \"n\" { type = exec command = x\nrepeat_after = soon }\n" REST, 2,
	  "repeat_after: \"soon\" is not a span", NULL },
	{ IN_ENV("verify = \"maybe\"\n"), 3, "is not one of \"none\", \"hashes\", \"replay\"", NULL },
	/* Where they write. */
	{ REST "environment \"Production\" { account = taco bucket = here\n" DATABASE "}\n", 6,
	  "database \"Production/auth\" writes to the same place as \"production/auth\" of line 3", "prefix" },
	{ REST "bucket \"b\" { type = directory path = \"./x/../store\" }\n"
	  "bucket \"c\" { type = directory path = \"store\" prefix = \"x\" }\n"
	  "bucket \"d\" { type = directory path = \"store/x/\" }\n"
	  "environment \"e\" { account = taco bucket = c\n" DATABASE
	  "database \"AUTH\" { bucket = d id = " UUID " } }\n", 10,
	  "database \"e/AUTH\" writes to the same place as \"e/auth\" of line 9", "prefix" },
	{ REST "bucket \"b\" { type = directory path = \"store/production/auth\" }\n"
	  "environment \"data\" { account = taco bucket = b\n" DATABASE "}\n", 7,
	  "database \"data/auth\" writes into the folder of \"production/auth\" of line 3", "prefix" },
	{ REST "bucket \"b\" { type = r2 account = taco access_key_id = \"env:A\" secret_access_key = \"env:B\" }\n"
	  "bucket \"c\" { type = r2 endpoint = \"https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com/\"\n"
	  "  bucket = b access_key_id = \"env:A\" secret_access_key = \"env:B\" }\n"
	  "environment \"e\" { account = taco bucket = b database \"x\" { id = " UUID " }\n"
	  "database \"X\" { id = " UUID " bucket = c } }\n", 9, "writes to the same place", "prefix" },
	/* Syntax. */
	{ "jobs 3\n" REST, 1, "missing equal sign after option 'jobs'", "reading stopped here" },
	{ "\njobs = 17 2\n" REST, 2, "unexpected \"2\"", "reading stopped here" },
	{ "quux \"a\" { x = 1 }\n" REST, 1, "unexpected \"quux\"", "reading stopped here" },
	{ "database \"a\" { id = 1 }\n" REST, 1, "a section \"database\" cannot stand here", NULL },
	{ "jobs = {1}\n" REST, 1, "unexpected token '{'", "reading stopped here" },
	{ "environment {\n}\n" REST, 1, "missing title for section 'environment'", NULL },
	{ REST "}\n", 5, "unexpected closing brace", NULL },
	{ REST "account \"x\" {\nid = " HEX "\n", 5, "the \"{\" in this line has no \"}\"", NULL },
	{ "\njobs = \"3\n" REST, 2, "a string does not end on its line", NULL },
	{ "jobs = '3\n" REST, 1, "a string does not end on its line", NULL },
	{ "\n/* no end\n" REST, 2, "the comment that begins here has no end", NULL },
	{ IN_ENV("schedule = * * * * *\n"), 3, "\"*\" outside quotes", "put the value in double quotes" },
	{ "jobs = 1\nstate_dir = \"/x/${D1KEEP_NO_SUCH}\"\n" REST, 2, "${D1KEEP_NO_SUCH}: there is no environment variable", "${D1KEEP_NO_SUCH:-VALUE}" },
	{ "state_dir = ${D1KEEP_NO_SUCH}\n" REST, 1, "${D1KEEP_NO_SUCH}: there is no", NULL },
	{ "state_dir = \"${}\"\n" REST, 1, "${}: there is no", NULL },
	{ "state_dir = \"${HOME\"\n" REST, 1, "\"${\" without \"}\"", NULL },
	{ "\"\" = 3\n" REST, 1, "makes no sense", NULL },
	{ "account|id = 3\n" REST, 1, "", "reading stopped here" },
	{ "", 0, "the file is empty", "d1keep init --force" },
	{ "# nothing\n", 0, "the file has no environment", "d1keep init --force" },
	{ "jobs = \x01\n" REST, 1, "not text in UTF-8", NULL },
	{ "jobs = 1\nstate_dir = \"\xff\"\n" REST, 2, "not text in UTF-8", NULL },
};

START_TEST(says_what_is_wrong_and_where)
{
	struct config_problems problems = fixture_problems(single[_i].text);
	const struct config_problem *p = &problems.items[0];
	bool one = problems.count == 1 && p->line == single[_i].line &&
	    strstr(p->message, single[_i].message) != NULL;

	ck_assert_msg(one, "in line %d \"%s\", not%s", single[_i].line, single[_i].message,
	    fixture_show(&problems));
	if (single[_i].hint != NULL)
		ck_assert_msg(p->hint != NULL && strstr(p->hint, single[_i].hint) != NULL, "%s",
		    fixture_show(&problems));
	config_problems_release(&problems);
}
END_TEST

START_TEST(says_everything_at_once_by_line)
{
	struct config_problems problems = fixture_problems(
	    "# one\njobs = 99\n/* three\nfour */ jbos = 1\ntimezone = \"X\"\n"
	    "account \"a\" {\n\n  id = \"1\"\n  token = \"env:X\"\n}\n"
	    "bucket \"b\" { type = \"tape\" }\n"
	    "enviroment \"e\" { # twelve\n  schedule = \"never\"\n  bucket = \"c\"\n"
	    "  databse \"d\" {\n    attemps = 3\n    attempts = 0 }\n"
	    "  timeout = \"soon\"\n}\n"
	    "workers = 4000\n");
	static const struct { int line; const char *part; } expected[] = {
		{ 2, "jobs: 99" }, { 4, "\"jbos\"" }, { 5, "timezone: \"X\"" },
		{ 6, "account \"a\" has no api_token" }, { 8, "id: \"1\"" },
		{ 9, "unknown option \"token\" in account \"a\"" }, { 11, "type: \"tape\"" },
		{ 12, "\"enviroment\"" }, { 13, "schedule \"never\"" }, { 14, "bucket: \"c\"" },
		{ 15, "unknown section \"databse\" in environment \"e\"" },
		{ 15, "has no id" }, { 15, "has no account" },
		{ 16, "\"attemps\" in database \"e/d\"" }, { 17, "attempts: 0" }, { 18, "timeout: \"soon\"" },
		{ 20, "workers: 4000" },
	};
	size_t count = sizeof(expected) / sizeof(expected[0]);

	for (size_t i = 0; i < count; i++)
		ck_assert_msg(fixture_has(&problems, expected[i].line, expected[i].part), "%d: %s not in%s",
		    expected[i].line, expected[i].part, fixture_show(&problems));
	ck_assert_msg(problems.count == count, "%s", fixture_show(&problems));
	for (size_t i = 1; i < problems.count; i++)
		ck_assert_int_ge(problems.items[i].line, problems.items[i - 1].line);
	config_problems_release(&problems);
}
END_TEST

START_TEST(never_repeats_a_secret)
{
	struct config_problems problems = fixture_problems(
	    "sign_key = \"hunter2\"\naccount \"a\" { id = " HEX " api_token = \"Bearer:hunter2\" }\n"
	    "bucket \"b\" { type = r2 account = a access_key_id = \"hunter2\"\n"
	    "secret_access_key = \"env:hunter2 !\" session_token = \"credential:hunter2/x\" }\n");

	ck_assert_uint_eq(problems.count, 5);
	for (size_t i = 0; i < problems.count; i++)
		ck_assert_ptr_null(strstr(problems.items[i].message, "hunter2"));
	config_problems_release(&problems);
}
END_TEST

START_TEST(does_not_go_on_forever)
{
	char text[8000];
	struct config_problems problems;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "quux=1\n\n"[i % 8];
	text[sizeof(text) - 1] = '\0';
	problems = fixture_problems(text);
	ck_assert_uint_eq(problems.count, 201);
	ck_assert_int_eq(problems.items[199].line, 399);
	ck_assert_str_eq(problems.items[200].message, "and more: mend these 200 first");
	ck_assert_ptr_null(problems.items[200].hint);
	config_problems_release(&problems);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_a_problem)
{
	struct config_problems problems = { 0 };

	ck_assert_ptr_null(config_read("/nowhere/backup.conf", &problems));
	ck_assert_uint_eq(problems.count, 1);
	ck_assert_int_eq(problems.items[0].line, 0);
	ck_assert_ptr_nonnull(strstr(problems.items[0].message, "/nowhere/backup.conf"));
	ck_assert_ptr_null(config_read("/tmp", &problems));
	ck_assert_uint_eq(problems.count, 2);
	config_problems_release(&problems);
}
END_TEST

START_TEST(words_are_as_far_apart_as_their_slips)
{
	ck_assert_uint_eq(word_distance("schedule", "schedule"), 0);
	ck_assert_uint_eq(word_distance("schedule", "schedul"), 1);
	ck_assert_uint_eq(word_distance("schedule", "shcedule"), 1);
	ck_assert_uint_eq(word_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(word_distance("", "abc"), 3);
	ck_assert(word_is_near("id", "ID"));
	ck_assert(!word_is_near("jobs", "keys"));
}
END_TEST

UNIT_CASE(config_problems)
{
	tcase_add_loop_test(tc, says_what_is_wrong_and_where, 0, sizeof(single) / sizeof(single[0]));
	tcase_add_test(tc, says_everything_at_once_by_line);
	tcase_add_test(tc, never_repeats_a_secret);
	tcase_add_test(tc, does_not_go_on_forever);
	tcase_add_test(tc, a_file_that_is_not_there_is_a_problem);
	tcase_add_test(tc, words_are_as_far_apart_as_their_slips);
}
