/*
 * Places where a process may die, for tests that make it die there. Nothing at
 * all in programs as they ship. Built with -DD1KEEP_CRASH_POINTS (make CRASH=1):
 *
 *   D1KEEP_CRASH_AT=name[:N]   SIGKILL when the point is passed (for the Nth time)
 *   D1KEEP_CRASH_SIGNAL=N      that signal instead: SIGSTOP stops it there
 *   D1KEEP_CRASH_LOG=FILE      the name of each point passed is added, a line each
 *
 * A name is "thing.before-what" or "thing.after-what".
 */
#ifndef D1KEEP_BASE_CRASH_H
#define D1KEEP_BASE_CRASH_H

#ifdef D1KEEP_CRASH_POINTS
void crash_point(const char *name);
#else
static inline void crash_point(const char *name)
{
	(void)name;
}
#endif

#endif
