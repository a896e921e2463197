#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log_json.h"
#include "base/printable.h"
#include "base/stamp.h"

/* What a pipe takes whole or not at all is PIPE_BUF, 4096. */
#define LINE_BYTES 4096
#define TEXT_BYTES 2048

static struct {
	const char *program;
	enum log_style style;
	enum log_level level;
	bool never_waits;
	int64_t untold_lines;
} log_state = { .program = "d1keep", .style = LOG_STYLE_PLAIN, .level = LOG_LEVEL_INFO };

void log_setup(const char *program, enum log_style style, enum log_level level)
{
	log_state.program = program;
	log_state.style = style;
	log_state.level = level;
}

void log_never_wait(void)
{
	log_state.never_waits = true;
}

/* All of it, however long it takes. */
static bool write_patiently(const char *line, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		line += n;
		len -= (size_t)n;
	}
	return true;
}

/* Standard error may be shared with others, so it is not made non-blocking: a
 * socket (journald's) is asked not to wait, a pipe whether it has room. */
static bool write_at_once(const char *line, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK) {
		if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
			return false;
		n = write(STDERR_FILENO, line, len);
	}
	return n == (ssize_t)len;
}

static const char *level_word(enum log_level level)
{
	return level == LOG_LEVEL_ERROR ? "error" : level == LOG_LEVEL_WARNING ? "warning" :
	    level == LOG_LEVEL_DEBUG ? "debug" : "info";
}

/* The line as the style wants it, with its newline; its length. */
static size_t compose(char line[LINE_BYTES], enum log_level level, const char *text)
{
	const char *word = level == LOG_LEVEL_INFO ? "" : level_word(level);
	const char *colon = level == LOG_LEVEL_INFO ? "" : ": ";
	char stamp[STAMP_ISO_SIZE];
	int n = 0;

	switch (log_state.style) {
	case LOG_STYLE_PLAIN:
		n = snprintf(line, LINE_BYTES, "%s: %s%s%s\n", log_state.program, word, colon, text);
		break;
	case LOG_STYLE_TIMED:
		n = snprintf(line, LINE_BYTES, "%s %s: %s%s%s\n", stamp_iso(time(NULL), stamp),
		    log_state.program, word, colon, text);
		break;
	case LOG_STYLE_JOURNAL:
		n = snprintf(line, LINE_BYTES, "<%d>%s%s%s\n", (int)level, word, colon, text);
		break;
	case LOG_STYLE_JOURNAL_JSON:
		n = snprintf(line, LINE_BYTES, "<%d>", (int)level);
		/* fall through */
	case LOG_STYLE_JSON:
		n += (int)log_json(line + n, LINE_BYTES - (size_t)n, stamp_iso(time(NULL), stamp),
		    level_word(level), text);
		break;
	}
	return n > 0 ? (size_t)n : 0;
}

static bool write_text(enum log_level level, const char *text)
{
	char line[LINE_BYTES];
	size_t len = compose(line, level, text);

	return log_state.never_waits ? write_at_once(line, len) : write_patiently(line, len);
}

/* Can it be written again? Then that comes first. */
static void tell_losses(void)
{
	char text[80];

	(void)snprintf(text, sizeof(text), "%lld lines of this log could not be written",
	    (long long)log_state.untold_lines);
	if (write_text(LOG_LEVEL_WARNING, text))
		log_state.untold_lines = 0;
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	char text[TEXT_BYTES];

	if (level > log_state.level)
		return;
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	/* One line, whatever a server or a file name put into it. */
	(void)printable(text);
	if (log_state.untold_lines > 0)
		tell_losses();
	if (log_state.untold_lines > 0 || !write_text(level, text))
		log_state.untold_lines++;
}

#define LOG_FUNCTION(name, level)               \
	void name(const char *fmt, ...)         \
	{                                       \
		va_list ap;                     \
		va_start(ap, fmt);              \
		log_line(level, fmt, ap);       \
		va_end(ap);                     \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_err(const struct err *err)
{
	log_error("%s", err->msg);
	if (err->hint[0] != '\0')
		log_info("hint: %s", err->hint);
}
