#include "cli/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "cli/format.h"
#include "net/http.h"

#define CLOCK_OFF_S 300           /* signatures are refused at 900 */
#define LITTLE_ROOM (INT64_C(64) << 20)
#define SOME_ROOM (INT64_C(1) << 30)

static const char *const words[] = { "good", "warning", "problem" };

static void tell(struct doctor *d, enum finding finding, const char *subject, const char *check,
    const char *message, const char *remedy)
{
	struct json_object *o;

	if (d->findings == NULL) {
		(void)printf("%-8s %s: %s: %s\n", words[finding], subject, check, message);
		if (remedy != NULL && remedy[0] != '\0')
			(void)printf("         remedy: %s\n", remedy);
		(void)fflush(stdout);
		return;
	}
	o = json_object_new_object();
	json_set_str(o, "finding", words[finding]);
	json_set_str(o, "subject", subject);
	json_set_str(o, "check", check);
	json_set_str(o, "message", message);
	json_set_str(o, "remedy", remedy != NULL && remedy[0] != '\0' ? remedy : NULL);
	(void)json_object_array_add(d->findings, o);
}

void doctor_say(struct doctor *d, enum finding finding, const char *subject, const char *check,
    const char *remedy, const char *fmt, ...)
{
	struct err message = ERR_INIT;
	char text[sizeof(message.msg)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* As an error's text: what a server said may hold anything. */
	(void)err_set(&message, ERR_FAILED, "%s", text);
	d->counts[finding]++;
	tell(d, finding, subject, check, message.msg, finding == FINDING_GOOD ? NULL : remedy);
}

void doctor_say_err(struct doctor *d, enum finding finding, const char *subject,
    const char *check, const struct err *err, const char *remedy)
{
	doctor_say(d, finding, subject, check, err->hint[0] != '\0' ? err->hint : remedy, "%s",
	    err->msg);
}

void doctor_give_up(struct doctor *d, const void *subject)
{
	d->unusable = mem_grow(d->unusable, d->unusable_count, &d->unusable_cap,
	    sizeof(*d->unusable));
	d->unusable[d->unusable_count++] = subject;
}

bool doctor_gave_up(const struct doctor *d, const void *subject)
{
	for (size_t i = 0; i < d->unusable_count; i++) {
		if (d->unusable[i] == subject)
			return true;
	}
	return false;
}

void doctor_clock(struct doctor *d, const char *subject, struct http *http)
{
	char span[FORMAT_SIZE];
	int64_t skew;

	if (http == NULL || !http_clock_skew(http, &skew))
		return;
	if (llabs(skew) > CLOCK_OFF_S)
		doctor_say(d, FINDING_PROBLEM, subject, "clock",
		    "set it: timedatectl set-ntp true (signatures are refused when it is 15 minutes off)",
		    "this machine's clock is %s %s of the server's", format_span(llabs(skew), span),
		    skew > 0 ? "behind" : "ahead");
	else
		doctor_say(d, FINDING_GOOD, subject, "clock", NULL, "within %d minutes of the server's",
		    CLOCK_OFF_S / 60);
}

/* Of the path, or of the nearest folder above it that is there. */
static int look_at_room(const char *path, struct statvfs *ret)
{
	AUTO_STR copy = mem_strdup(path);

	while (statvfs(copy, ret) != 0) {
		char *slash = strrchr(copy, '/');

		if (errno != ENOENT || slash == NULL || slash == copy)
			return -1;
		*slash = '\0';
	}
	return 0;
}

void doctor_room(struct doctor *d, const char *subject, const char *path, int64_t needed_bytes)
{
	char have[FORMAT_SIZE], need[FORMAT_SIZE];
	struct statvfs room;
	struct err err = ERR_INIT;
	int64_t bytes;

	if (look_at_room(path, &room) != 0) {
		(void)err_sys(&err, errno, "\"%s\"", path);
		doctor_say_err(d, FINDING_PROBLEM, subject, "room", &err, "make it, or name another folder");
		return;
	}
	bytes = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
	(void)format_bytes(bytes, have);
	if (bytes < LITTLE_ROOM || bytes < needed_bytes)
		doctor_say(d, FINDING_PROBLEM, subject, "room", "make room, or name a folder on a larger disk",
		    "%s free at \"%s\", %s needed", have, path,
		    format_bytes(bytes < needed_bytes ? needed_bytes : LITTLE_ROOM, need));
	else if (bytes < SOME_ROOM)
		doctor_say(d, FINDING_WARNING, subject, "room", "make room before it is needed",
		    "%s free at \"%s\"", have, path);
	else
		doctor_say(d, FINDING_GOOD, subject, "room", NULL, "%s free at \"%s\"", have, path);
}
