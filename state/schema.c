#include "state/internal.h"

/* state/alerts.h */
#define ALERTS_TABLE                                                          \
    "CREATE TABLE alerts("                                                    \
    "  database TEXT NOT NULL,"                                               \
    "  target TEXT NOT NULL,"                                                 \
    "  kind TEXT NOT NULL,"                                                   \
    "  since_at INTEGER NOT NULL,"                                            \
    "  told_at INTEGER NOT NULL,"                                             \
    "  gravity INTEGER NOT NULL DEFAULT 0,"                                   \
    "  PRIMARY KEY(database, target, kind)) WITHOUT ROWID;"

const char state_schema[] =
    "CREATE TABLE databases("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  next_at INTEGER NOT NULL DEFAULT 0,"
    "  last_success_at INTEGER NOT NULL DEFAULT 0,"
    "  last_verified_at INTEGER NOT NULL DEFAULT 0,"
    "  failures INTEGER NOT NULL DEFAULT 0,"
    "  retry_at INTEGER NOT NULL DEFAULT 0,"
    "  retry_slot INTEGER NOT NULL DEFAULT 0,"
    "  retry_attempt INTEGER NOT NULL DEFAULT 0,"
    "  asked_id INTEGER NOT NULL DEFAULT 0,"
    "  asked_label TEXT NOT NULL DEFAULT ''"
    ") WITHOUT ROWID;"
    "CREATE TABLE runs("
    "  id INTEGER PRIMARY KEY,"
    "  database TEXT NOT NULL,"
    "  slot_at INTEGER NOT NULL,"
    "  started_at INTEGER NOT NULL,"
    "  finished_at INTEGER NOT NULL DEFAULT 0,"
    "  exit_code INTEGER NOT NULL DEFAULT 0,"
    "  rows INTEGER NOT NULL DEFAULT 0,"
    "  sql_bytes INTEGER NOT NULL DEFAULT 0,"
    "  stored_bytes INTEGER NOT NULL DEFAULT 0,"
    "  new_bytes INTEGER NOT NULL DEFAULT 0,"
    "  snapshot TEXT NOT NULL DEFAULT '',"
    "  message TEXT NOT NULL DEFAULT '',"
    "  took_ms INTEGER NOT NULL DEFAULT 0,"
    "  cause TEXT NOT NULL DEFAULT 'schedule',"
    "  attempt INTEGER NOT NULL DEFAULT 1,"
    "  verified INTEGER NOT NULL DEFAULT 0,"
    "  taken INTEGER NOT NULL DEFAULT 0,"
    "  freed_bytes INTEGER NOT NULL DEFAULT 0,"
    "  requests INTEGER NOT NULL DEFAULT 0,"
    "  retries INTEGER NOT NULL DEFAULT 0,"
    "  rows_read INTEGER NOT NULL DEFAULT 0,"
    "  label TEXT NOT NULL DEFAULT '',"
    "  code TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX runs_database ON runs(database, id);"
    "CREATE INDEX runs_unfinished ON runs(database) WHERE finished_at = 0;"
    ALERTS_TABLE;

/* The columns of state_schema that are new, and what can be told of the past. */
const char state_from_format_1[] =
    ALERTS_TABLE
    "ALTER TABLE databases ADD COLUMN last_verified_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE databases ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE databases ADD COLUMN retry_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE databases ADD COLUMN retry_slot INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE databases ADD COLUMN retry_attempt INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE databases ADD COLUMN asked_id INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE databases ADD COLUMN asked_label TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN took_ms INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN cause TEXT NOT NULL DEFAULT 'schedule';"
    "ALTER TABLE runs ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE runs ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN freed_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN requests INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN rows_read INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE runs ADD COLUMN label TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE runs ADD COLUMN code TEXT NOT NULL DEFAULT '';"
    "UPDATE databases SET failures = (SELECT count(*) FROM runs r WHERE r.database = name"
    "  AND r.finished_at > last_success_at AND r.exit_code NOT IN (0, 5, 130));";

/* In the order of bind_run (state.c), which is that of read_run (read.c) too. */
#define RUN_FIELDS(sep, before, after)                                        \
	before "slot_at" after sep before "started_at" after sep              \
	before "finished_at" after sep before "took_ms" after sep             \
	before "cause" after sep before "attempt" after sep                   \
	before "exit_code" after sep before "verified" after sep              \
	before "taken" after sep before "rows" after sep                      \
	before "sql_bytes" after sep before "stored_bytes" after sep          \
	before "new_bytes" after sep before "freed_bytes" after sep           \
	before "requests" after sep before "retries" after sep                \
	before "rows_read" after sep before "label" after sep                 \
	before "snapshot" after sep before "code" after sep before "message" after
#define RUN_COLUMNS "r.id, " RUN_FIELDS(", ", "r.", "") ", r.database"
#define SELECT_DATABASES                                                      \
	"SELECT " RUN_COLUMNS ", d.name, d.next_at, d.last_success_at,"       \
	" d.last_verified_at, d.failures, d.retry_at, d.retry_slot,"          \
	" d.retry_attempt, d.asked_id, d.asked_label"                         \
	" FROM databases d LEFT JOIN runs r"                                  \
	" ON r.id = (SELECT max(id) FROM runs WHERE database = d.name)"
#define CUT_OFF "finished_at = 0 OR code = '" STATE_CODE_CUT_OFF "'"

const char *const state_sql_text[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SAVEPOINT] = "SAVEPOINT note",
	[SQL_RELEASE] = "RELEASE note",
	[SQL_ROLLBACK_TO] = "ROLLBACK TO note",
	[SQL_SET_NEXT] = "INSERT INTO databases(name, next_at) VALUES(?1, ?2)"
	    " ON CONFLICT(name) DO UPDATE SET next_at = excluded.next_at"
	    " WHERE next_at <> excluded.next_at",
	[SQL_SET_RETRY] = "INSERT INTO databases(name, retry_at, retry_slot, retry_attempt)"
	    " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET retry_at = excluded.retry_at,"
	    " retry_slot = excluded.retry_slot, retry_attempt = excluded.retry_attempt",
	[SQL_SET_ASKED] = "INSERT INTO databases(name, asked_id, asked_label) VALUES(?1, ?2, ?3)"
	    " ON CONFLICT(name) DO UPDATE SET asked_id = excluded.asked_id,"
	    " asked_label = excluded.asked_label",
	[SQL_KNOW] = "INSERT INTO databases(name) VALUES(?1) ON CONFLICT(name) DO NOTHING",
	[SQL_BEGUN] = "UPDATE databases SET retry_at = 0, retry_slot = 0, retry_attempt = 0,"
	    " asked_label = iif(asked_id = ?2, '', asked_label),"
	    " asked_id = iif(asked_id = ?2, 0, asked_id) WHERE name = ?1",
	/* The parameters of these two are those of bind_run. Two files may have
	 * given the same id, when one was lost in between: the later row gets
	 * another. */
	[SQL_RUN_INSERT] = "INSERT INTO runs(id, database, " RUN_FIELDS(", ", "", "") ")"
	    " VALUES(iif(?2 = 0 OR EXISTS(SELECT 1 FROM runs WHERE id = ?2), NULL, ?2), ?1,"
	    " ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
	    " ?20, ?21, ?22, ?23)",
	[SQL_RUN_UPDATE] = "UPDATE runs SET (" RUN_FIELDS(", ", "", "") ") ="
	    " (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
	    " ?20, ?21, ?22, ?23) WHERE id = iif(?2 <> 0, ?2,"
	    " (SELECT max(id) FROM runs WHERE database = ?1 AND finished_at = 0)) AND database = ?1",
	[SQL_RUN_TRIM] = "DELETE FROM runs WHERE database = ?1 AND id <="
	    " (SELECT id FROM runs WHERE database = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[SQL_ENDED] = "UPDATE databases SET"
	    " last_success_at = iif(?3, ?2, last_success_at),"
	    " failures = iif(?3, 0, failures + ?4),"
	    " last_verified_at = iif(?5, ?2, last_verified_at) WHERE name = ?1",
	[SQL_RECOVER_NEXT] = "UPDATE databases SET next_at ="
	    " (SELECT max(slot_at) FROM runs WHERE database = name AND finished_at = 0)"
	    " WHERE EXISTS (SELECT 1 FROM runs r WHERE r.database = name"
	    "  AND r.finished_at = 0 AND r.slot_at > 0"
	    "  AND 10 > (SELECT count(*) FROM runs s WHERE s.database = name"
	    "   AND s.slot_at = r.slot_at AND (" CUT_OFF ")))",
	[SQL_RECOVER_ASKED] = "UPDATE databases SET (asked_id, asked_label) ="
	    " (SELECT r.id, r.label FROM runs r WHERE r.database = name AND r.finished_at = 0"
	    "  AND r.cause = 'request' ORDER BY r.id DESC LIMIT 1)"
	    " WHERE asked_id = 0 AND EXISTS (SELECT 1 FROM runs r WHERE r.database = name"
	    "  AND r.finished_at = 0 AND r.cause = 'request' AND r.attempt < 10)",
	[SQL_RECOVER_RUNS] = "UPDATE runs SET finished_at = ?1, exit_code = 130,"
	    " code = '" STATE_CODE_CUT_OFF "',"
	    " message = 'cut off: d1keepd ended while it ran' WHERE finished_at = 0",
	[SQL_LAST_ID] = "SELECT max(ifnull((SELECT max(id) FROM runs), 0),"
	    " ifnull((SELECT max(asked_id) FROM databases), 0))",
	[SQL_GET] = SELECT_DATABASES " WHERE d.name = ?1",
	[SQL_EACH] = SELECT_DATABASES " ORDER BY d.name",
	[SQL_EACH_RUN] = "SELECT " RUN_COLUMNS " FROM runs r WHERE r.database = ?1"
	    " ORDER BY r.id DESC LIMIT ?2",
	[SQL_RECENT_RUNS] = "SELECT " RUN_COLUMNS " FROM runs r ORDER BY r.id DESC LIMIT ?1",
	[SQL_ALERT_SET] = "INSERT INTO alerts(database, target, kind, since_at, told_at, gravity)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET since_at = excluded.since_at,"
	    " told_at = excluded.told_at, gravity = excluded.gravity",
	[SQL_ALERT_CLEAR] = "DELETE FROM alerts WHERE database = ?1 AND target = ?2 AND kind = ?3",
	[SQL_EACH_ALERT] = "SELECT database, target, kind, since_at, told_at, gravity FROM alerts",
	[SQL_GET_RUN] = "SELECT " RUN_COLUMNS " FROM runs r WHERE r.id = ?1",
};
