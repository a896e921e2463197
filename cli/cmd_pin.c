/* d1keep pin, unpin: what retention must leave alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "schedule/zone.h"

enum { OPT_UNTIL = 256 };

static const struct option_def pin_options[] = {
	{ OPT_UNTIL, "until", "DATE", "only until the end of this day (2027-01-31), or a moment" },
	{ 0, NULL, NULL, NULL },
};

static const struct option_def no_options[] = {
	{ 0, NULL, NULL, NULL },
};

/* The last second of a day, as the zone's clock shows it. */
static bool end_of_day(const char *text, const char *zone, int64_t *ret)
{
	struct tm day = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &day);
	struct tm carried;
	bool skipped;

	if (end == NULL || *end != '\0' || strlen(text) != strlen("2027-01-31"))
		return false;
	carried = (struct tm){ .tm_year = day.tm_year, .tm_mon = day.tm_mon, .tm_mday = day.tm_mday };
	(void)timegm(&carried);
	if (carried.tm_mday != day.tm_mday)
		return false;   /* the 30th of February */
	day = (struct tm){ .tm_year = day.tm_year, .tm_mon = day.tm_mon, .tm_mday = day.tm_mday + 1 };
	*ret = zone_to_utc(zone, &day, &skipped) - 1;
	return true;
}

static int read_until(const char *text, const char *zone, int64_t *ret, struct err *err)
{
	*ret = PINNED_FOR_EVER;
	if (text == NULL)
		return 0;
	if (!end_of_day(text, zone, ret) && !stamp_parse(text, ret)) {
		(void)err_set(err, ERR_USAGE, "--until \"%s\" is no date", text);
		return err_hint(err, "write 2027-01-31, or a moment such as 2027-01-31T12:00:00Z");
	}
	return *ret >= clock_now(&clock_system) ? 0 :
	    err_set(err, ERR_USAGE, "--until %s is over", text);
}

/* A prune that removes it right now would have the last word. */
static int is_still_there(struct open_snapshot *open, struct err *err)
{
	const char *id = open->snapshot.manifest.id;
	struct snapshot again;
	struct err local = ERR_INIT;

	if (store_load(&open->open.store, id, &again, &local) == 0) {
		snapshot_release(&again);
		return 0;
	}
	if (local.code == ERR_NOT_FOUND)
		(void)store_remove_pin(&open->open.store, id, NULL);
	*err = local;
	return -1;
}

static int pin_open(struct open_snapshot *open, const char *until, struct err *err)
{
	const struct manifest *m = &open->snapshot.manifest;
	struct pin pin = { .at = clock_now(&clock_system) };
	AUTO_STR name = snapshot_name(m);
	char stamp[STAMP_ISO_SIZE];

	if (read_until(until, open->database->policy.timezone, &pin.until, err) != 0)
		return -1;
	if (store_put_pin(&open->open.store, m->id, &pin, err) != 0 || is_still_there(open, err) != 0)
		return err_wrap(err, "%s", name);
	(void)printf("%s   pinned%s%s\n", name, pin.until == PINNED_FOR_EVER ? "" : " until ",
	    pin.until == PINNED_FOR_EVER ? "" : stamp_iso(pin.until, stamp));
	return 0;
}

static int unpin_open(struct open_snapshot *open, const char *until, struct err *err)
{
	const struct manifest *m = &open->snapshot.manifest;
	AUTO_STR name = snapshot_name(m);

	(void)until;
	if (store_remove_pin(&open->open.store, m->id, err) != 0)
		return err_wrap(err, "%s", name);
	(void)printf("%s   not pinned\n", name);
	return 0;
}

static int on_each(const struct cli *cli, char **names, int count, const char *until,
    int (*what)(struct open_snapshot *open, const char *until, struct err *err))
{
	struct session session;
	int status = session_open(&session, cli), result = EXIT_DONE;

	if (status != EXIT_DONE)
		return status;
	for (int i = 0; i < count; i++) {
		struct open_snapshot open;
		struct err err = ERR_INIT;
		int rc = open_snapshot(&session, names[i], &open, &err);

		if (rc == 0) {
			rc = what(&open, until, &err);
			close_snapshot(&open);
		}
		if (rc != 0)
			status = fail(&err);
		if (rc != 0 && result == EXIT_DONE)
			result = status;
	}
	session_close(&session);
	return finish_output(result);
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	const char *value, *until = NULL;
	struct args args;
	int id;

	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		until = value;
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count == 0)
		return usage_snapshot(command, args.rest_count);
	return on_each(cli, args.rest, args.rest_count, until,
	    command == &command_pin ? pin_open : unpin_open);
}

const struct command command_pin = {
	.name = "pin",
	.arguments = "SNAPSHOT…",
	.summary = "Keep a snapshot, whatever the keep_ options say.",
	.details =
	    "prune leaves it alone: for good, or until the end of a day of the database's time\n"
	    "zone. Pinned again, the new date counts. A label keeps a snapshot as well.",
	.options = pin_options,
	.run = run,
};

const struct command command_unpin = {
	.name = "unpin",
	.arguments = "SNAPSHOT…",
	.summary = "Take a pin away: the keep_ options decide again.",
	.details = NULL,
	.options = no_options,
	.run = run,
};
