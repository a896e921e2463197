#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/printable.h"
#include "base/stamp.h"

static struct {
	const char *program;
	enum log_style style;
	enum log_level level;
} log_state = { "d1keep", LOG_STYLE_PLAIN, LOG_LEVEL_INFO };

void log_setup(const char *program, enum log_style style, enum log_level level)
{
	log_state.program = program;
	log_state.style = style;
	log_state.level = level;
}

static void log_line(enum log_level level, const char *word, const char *fmt, va_list ap)
{
	char text[2048];
	char stamp[STAMP_ISO_SIZE];

	if (level > log_state.level)
		return;
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	/* One line, whatever a server or a file name put into it. */
	(void)printable(text);
	switch (log_state.style) {
	case LOG_STYLE_PLAIN:
		(void)fprintf(stderr, "%s: %s%s\n", log_state.program, word, text);
		break;
	case LOG_STYLE_TIMED:
		(void)fprintf(stderr, "%s %s: %s%s\n", stamp_iso(time(NULL), stamp),
		    log_state.program, word, text);
		break;
	case LOG_STYLE_JOURNAL:
		(void)fprintf(stderr, "<%d>%s%s\n", (int)level, word, text);
		break;
	}
}

#define LOG_FUNCTION(name, level, word)         \
	void name(const char *fmt, ...)         \
	{                                       \
		va_list ap;                     \
		va_start(ap, fmt);              \
		log_line(level, word, fmt, ap); \
		va_end(ap);                     \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR, "error: ")
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING, "warning: ")
LOG_FUNCTION(log_info, LOG_LEVEL_INFO, "")
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG, "debug: ")

void log_err(const struct err *err)
{
	log_error("%s", err->msg);
	if (err->hint[0] != '\0')
		log_info("hint: %s", err->hint);
}
