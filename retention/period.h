/*
 * The hours, days, weeks, months and years of a zone's clock. Pure.
 */
#ifndef D1KEEP_RETENTION_PERIOD_H
#define D1KEEP_RETENTION_PERIOD_H

#include <stdint.h>

#include "retention/rules.h"

#define PERIOD_NAME_SIZE 40

/* A number that all moments of one period share, and no other period has; later
 * periods have greater ones. */
int64_t period_of(enum retention_period kind, const char *zone, int64_t at);

/* "daily" */
const char *period_word(enum retention_period kind);

/* "2026-11-21 04h", "2026-11-21", "2026-W47", "2026-11", "2026" */
char *period_name(enum retention_period kind, const char *zone, int64_t at,
    char ret[PERIOD_NAME_SIZE]);

#endif
