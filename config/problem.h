/*
 * Collecting problems: every function here adds one to the list of
 * config/config.h.
 */
#ifndef D1KEEP_CONFIG_PROBLEM_H
#define D1KEEP_CONFIG_PROBLEM_H

#include "config/config.h"

/* Nobody reads more, and a hostile file would have a million. */
#define PROBLEMS_MAX 200

/* Line 0: of no line. Beyond PROBLEMS_MAX only the last one is kept. */
void problem_add(struct config_problems *problems, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The error's message and hint. */
void problem_add_err(struct config_problems *problems, int line, const struct err *err);

/* Give the problem that was added last a hint, unless it has one. */
void problem_hint(struct config_problems *problems, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The problem that was added last is only a warning. */
void problem_warn(struct config_problems *problems);

/* Forget all but the first `count`. */
void problem_truncate(struct config_problems *problems, size_t count);

/* By line, those of one line as they came; from the item `first` on. */
void problem_sort(struct config_problems *problems, size_t first);

/* When there were more than PROBLEMS_MAX, say so in place of the last. */
void problem_say_more(struct config_problems *problems);

#endif
