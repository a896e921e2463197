/*
 * A target that is a program of this machine. It is started without a shell and
 * without arguments, with the notice as its standard input and, in a small
 * environment of its own:
 *
 *   D1KEEP_EVENT D1KEEP_ID D1KEEP_ENVIRONMENT D1KEEP_DATABASE D1KEEP_MESSAGE
 *   D1KEEP_HINT                    members of the notice, those it has
 *   D1KEEP_CONFIG                  the configuration, for d1keep itself
 *   PATH HOME USER LOGNAME SHELL TMPDIR TZ LANG LC_…   ours
 *
 * so none of our variables that hold secrets reaches it, nor any descriptor.
 */
#ifndef D1KEEP_NOTIFY_PROGRAM_H
#define D1KEEP_NOTIFY_PROGRAM_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "notify/notice.h"

#define PROGRAM_OUTPUT_BYTES 8192

struct program {
	const char *path;
	const char *config_path;
	int64_t limit_ms;            /* then its process group gets SIGTERM … */
	int64_t kill_after_ms;       /* … and SIGKILL */
};

/* 0 when it ended with exit code 0. What it wrote to standard output and error
 * is added to `ret_output` whatever comes of it, as much as fits. */
int program_run(const struct program *program, const struct notice *notice,
    struct buf *ret_output, struct err *err);

#endif
