/*
 * Paths as they stand in the configuration.
 */
#ifndef D1KEEP_CONFIG_PATH_H
#define D1KEEP_CONFIG_PATH_H

#include "base/err.h"

/* Absolute, without "//", "/./" and a slash at the end; a relative `path` begins
 * in `folder`. A string of its own, or NULL with ERR_USAGE. */
char *path_resolve(const char *folder, const char *path, struct err *err);

/* A key prefix: "" or segments joined by single slashes, none at the ends.
 * ERR_USAGE for ".", ".." and characters that keys do not have. */
char *path_prefix(const char *text, struct err *err);

/* The folder that holds `file`, absolute where it exists. */
char *path_folder(const char *file);

#endif
