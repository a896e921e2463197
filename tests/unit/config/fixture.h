/*
 * A configuration from a string, in a folder of its own.
 */
#ifndef D1KEEP_TESTS_UNIT_CONFIG_FIXTURE_H
#define D1KEEP_TESTS_UNIT_CONFIG_FIXTURE_H

#include <stddef.h>

#include "config/config.h"

/* Write `text` to <folder>/<name>; the path is valid until the next call. */
const char *fixture_write(const char *folder, const char *name, const void *text, size_t len);

/* The configuration, which must have no problem. */
struct config *fixture_read(const char *folder, const char *text);

/* The problems of a configuration that must have some. */
struct config_problems fixture_problems(const char *text);

/* Is there a problem in `line` whose message contains `part`? */
bool fixture_has(const struct config_problems *problems, int line, const char *part);

/* All of them as text, for a failing test to show; freed by the process. */
char *fixture_show(const struct config_problems *problems);

#define ACCOUNT "account \"taco\" { id = \"0123456789abcdef0123456789abcdef\" api_token = \"env:TOKEN\" }\n"
#define BUCKET "bucket \"here\" { type = \"directory\" path = \"store\" }\n"
#define DATABASE "database \"auth\" { id = \"483da8b0-94c7-4f9e-ab1a-68df41e5664d\" }\n"
#define ENVIRONMENT "environment \"production\" { account = \"taco\" bucket = \"here\" " DATABASE "}\n"

#endif
