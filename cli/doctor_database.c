/* A database: can it be read, and how old is its newest verified snapshot? */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "cli/doctor.h"
#include "cli/format.h"
#include "config/freshness.h"

#define MANIFESTS_LOOKED_AT 10

/* ---- the database itself ---- */

static void check_reading(struct doctor *d, const char *subject,
    const struct config_database *database)
{
	static const char *const sql[] = { "SELECT count(*) FROM sqlite_schema WHERE type = 'table'" };
	AUTO_ANSWER answer = { 0 };
	struct err err = ERR_INIT;
	struct open_db open;

	if (database->source == CONFIG_SOURCE_D1 && doctor_gave_up(d, database->policy.account))
		return;
	if (open_db(d->session, database, &open, &err) != 0) {
		doctor_say_err(d, FINDING_PROBLEM, subject, "reading", &err, "is its place right in the configuration?");
		return;
	}
	if (db_query(open.db, sql, 1, &answer, &err) != 0)
		doctor_say_err(d, FINDING_PROBLEM, subject, "reading", &err, err.code == ERR_NOT_FOUND ?
		    "wrangler d1 list shows the ids of the account" : "look at it with wrangler d1 info");
	else
		doctor_say(d, FINDING_GOOD, subject, "reading", NULL, "it answers");
	close_db(&open);
}

/* ---- its snapshots ---- */

struct newest {
	size_t unreadable;
	char unreadable_id[20];
	struct err why;
	int64_t taken_at;        /* of the newest, 0: none */
	int64_t verified_at;     /* the moment of the newest that verified, 0: none */
	size_t damaged;          /* newer ones whose verdict is bad */
};

static void look_at_manifest(struct doctor *d, struct store *store, const char *id,
    struct newest *n)
{
	struct snapshot snapshot;
	struct err err = ERR_INIT;
	int64_t bytes;

	if (store_load(store, id, &snapshot, &err) != 0) {
		if (n->unreadable++ == 0) {
			n->why = err;
			memcpy(n->unreadable_id, id, sizeof(n->unreadable_id));
		}
		return;
	}
	bytes = manifest_sql_bytes(&snapshot.manifest);
	if (bytes > d->largest_sql_bytes)
		d->largest_sql_bytes = bytes;
	snapshot_release(&snapshot);
}

/* Verdicts are asked for from the newest on, until one is good. */
static void look_at_verdict(struct store *store, const struct store_id *id, struct newest *n)
{
	struct verdict verdict = { 0 };
	struct err ignored = ERR_INIT;

	if (!id->has_verdict || n->verified_at != 0 ||
	    store_get_verdict(store, id->id, &verdict, &ignored) != 0)
		return;
	if (verdict.good)
		(void)stamp_parse(id->id, &n->verified_at);
	else
		n->damaged++;
	verdict_release(&verdict);
}

static void look_at_all(struct doctor *d, struct store *store, const struct store_ids *ids,
    struct newest *n)
{
	for (size_t i = 0; i < ids->count; i++) {
		const struct store_id *id = &ids->items[ids->count - 1 - i];

		if (i == 0)
			(void)stamp_parse(id->id, &n->taken_at);
		if (i < MANIFESTS_LOOKED_AT)
			look_at_manifest(d, store, id->id, n);
		look_at_verdict(store, id, n);
	}
}

/* Compared with what max_age, or the schedule, promises. */
static void judge_age(struct doctor *d, const char *subject, const struct config_database *database,
    int64_t verified_at)
{
	int64_t now = clock_now(&clock_system), limit = freshness_age(database, verified_at);
	char age[FORMAT_SIZE], span[FORMAT_SIZE];

	(void)format_age(now - verified_at, age);
	if (verified_at > now + 60)
		doctor_say(d, FINDING_PROBLEM, subject, "age", "was the clock of a machine that backs up ahead?",
		    "its newest verified snapshot is from the future");
	else if (limit > 0 && now - verified_at > limit)
		doctor_say(d, FINDING_PROBLEM, subject, "age", "d1keep status tells why no run succeeds; d1keep backup takes one now",
		    "its newest verified snapshot is %s old, and may be %s", age, format_span(limit, span));
	else
		doctor_say(d, FINDING_GOOD, subject, "age", NULL, "its newest verified snapshot is %s old%s", age,
		    limit > 0 ? "" : " (nothing says how old it may be: neither schedule nor max_age)");
}

static void judge(struct doctor *d, const char *subject, const struct config_database *database,
    const struct newest *n, size_t count)
{
	enum finding missing = freshness_matters(database) ? FINDING_PROBLEM : FINDING_WARNING;

	if (n->unreadable > 0)
		doctor_say(d, FINDING_PROBLEM, subject, "manifests", n->why.hint[0] != '\0' ? n->why.hint :
		    "d1keep verify tells what is left of a snapshot; d1keep remove takes it off the list",
		    "%zu of the newest %zu cannot be used, %s first: %s", n->unreadable,
		    count < MANIFESTS_LOOKED_AT ? count : MANIFESTS_LOOKED_AT, n->unreadable_id, n->why.msg);
	if (n->damaged > 0)
		doctor_say(d, FINDING_PROBLEM, subject, "verdicts", "d1keep backup stores damaged chunks anew; d1keep verify looks again",
		    "%zu of the newest snapshots %s found damaged", n->damaged, n->damaged == 1 ? "was" : "were");
	if (count == 0)
		doctor_say(d, missing, subject, "age", "d1keep backup takes one now", "it has no snapshot");
	else if (n->verified_at == 0)
		doctor_say(d, missing, subject, "age", "d1keep verify --replay, or verify = \"replay\" in the configuration",
		    "none of its %zu snapshots is known to be good", count);
	else
		judge_age(d, subject, database, n->verified_at);
}

static void check_snapshots(struct doctor *d, const char *subject,
    const struct config_database *database)
{
	struct newest newest = { 0 };
	struct store_ids ids = { 0 };
	struct err err = ERR_INIT;
	struct open_store open;

	if (doctor_gave_up(d, database->policy.bucket))
		return;
	if (open_store(d->session, database, &open, &err) != 0)
		return;              /* the bucket's finding */
	if (store_list(&open.store, &ids, &err) != 0) {
		doctor_say_err(d, FINDING_PROBLEM, subject, "snapshots", &err, NULL);
	} else {
		look_at_all(d, &open.store, &ids, &newest);
		judge(d, subject, database, &newest, ids.count);
	}
	store_ids_release(&ids);
	close_store(&open);
}

void doctor_check_database(struct doctor *d, const struct config_database *database)
{
	AUTO_STR subject = mem_printf("database %s/%s", database->environment->name, database->name);

	check_reading(d, subject, database);
	check_snapshots(d, subject, database);
}
