/*
 * What each section must have and may not have, once it is built.
 */
#ifndef D1KEEP_CONFIG_REQUIRE_H
#define D1KEEP_CONFIG_REQUIRE_H

#include "config/outline.h"

/* Titles, missing options, options that do nothing there, ids, and the bucket
 * and account that a database needs. */
void require_all(const struct outline *outline, struct config_problems *problems);

#endif
