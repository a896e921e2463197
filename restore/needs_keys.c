/*
 * Foreign keys, as they will be when the restore is done: chosen tables come from the
 * snapshot, what stays is the target's. SQLite is asked, in a file that has both.
 */
#include "restore/needs.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "db/db.h"
#include "restore/replay.h"
#include "tables/literal.h"

#define SQL_MAX_BYTES (1u << 20)

/* ---- the schema as it will be ---- */

/* What this SQLite cannot make is not there to be asked about: the D1 itself will
 * say what it thinks of it. */
static int make_one(struct replay *replay, const char *sql, struct err *err)
{
	AUTO_BUF text = BUF_INIT(SQL_MAX_BYTES);

	if (buf_adds(&text, sql, err) != 0 || buf_adds(&text, ";", err) != 0)
		return -1;
	if (replay_apply(replay, &text, err) == 0)
		return 0;
	if (err->code != ERR_CORRUPT && err->code != ERR_FAILED)
		return -1;
	err_clear(err);
	return 0;
}

/* First what stays, so that the indexes of tables that go find no table. */
static int make_what_stays(const struct needs *n, struct replay *replay, struct err *err)
{
	for (size_t i = 0; i < n->there->table_count; i++) {
		const struct table *t = &n->there->tables[i];

		if (t->kind == TABLE_ORDINARY && t->sql != NULL && !selection_has(n->selection, t->name) &&
		    make_one(replay, t->sql, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < n->there->object_count; i++) {
		if (n->there->objects[i].kind == SCHEMA_INDEX &&
		    make_one(replay, n->there->objects[i].sql, err) != 0)
			return -1;
	}
	return 0;
}

static int make_what_comes(const struct needs *n, struct replay *replay, struct err *err)
{
	for (size_t i = 0; i < n->inventory->count; i++) {
		const struct inventory_statement *s = &n->inventory->items[i];

		if ((s->kind == INVENTORY_TABLE || s->kind == INVENTORY_INDEX) &&
		    selection_wants(n->selection, s) && make_one(replay, s->sql, err) != 0)
			return -1;
	}
	return 0;
}

static int make_both(const struct needs *n, const char *path, struct err *err)
{
	struct replay *replay = replay_open(&(struct replay_options){
		.path = path, .max_bytes = REPLAY_MAX_BYTES(INT64_C(0)),
	}, err);
	int rc;

	if (replay == NULL)
		return -1;
	rc = make_what_stays(n, replay, err) != 0 || make_what_comes(n, replay, err) != 0 ? -1 :
	    replay_commit(replay, NULL, err);
	replay_free(replay);
	return rc;
}

/* Of everything, it is the snapshot's own. */
static struct db *open_schema(const struct needs *n, struct err *err)
{
	AUTO_STR path = mem_printf("%s/keys.sqlite", n->inventory->folder);

	if (n->selection->count == 0)
		return db_sqlite_open(n->inventory->path, "sqlite", err);
	return make_both(n, path, err) == 0 ? db_sqlite_open(path, "sqlite", err) : NULL;
}

/* ---- what rows would meet ---- */

static bool has_rows(const struct needs *n, const char *table)
{
	for (size_t i = 0; i < n->manifest->table_count; i++) {
		if (strcasecmp(n->manifest->tables[i].name, table) == 0)
			return n->manifest->tables[i].rows > 0;
	}
	return false;
}

static bool gets_rows(const struct needs *n, const char *table)
{
	return selection_has(n->selection, table) && has_rows(n, table);
}

static bool is_made(const struct needs *n, const char *table)
{
	for (size_t i = 0; i < n->inventory->count; i++) {
		const struct inventory_statement *s = &n->inventory->items[i];

		if (s->kind == INVENTORY_TABLE && strcasecmp(s->object, table) == 0)
			return true;
	}
	return false;
}

static int refuse(const char *child, const char *why, struct err *err)
{
	(void)err_set(err, ERR_REFUSED, "table \"%s\": %s: a D1 takes none of these rows", child, why);
	return err_hint(err, "restore to sqlite: or wrangler:, which take them; mend the schema there");
}

static int check_parent(const struct needs *n, const struct reference *r, struct err *err)
{
	AUTO_STR why = NULL;

	if (is_made(n, r->parent) ||
	    (n->selection->count > 0 && !selection_has(n->selection, r->parent)))
		return 0;
	why = mem_printf("it refers to \"%s\", which is not in the snapshot", r->parent);
	return refuse(r->child, why, err);
}

/* SQLite itself says when a parent lacks the key: also of tables without rows, as
 * those of the inventory are. */
static int check_fit(struct db *db, const char *child, struct err *err)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	AUTO_ANSWER answer = { 0 };
	AUTO_STR why = NULL;

	if (buf_adds(&sql, "PRAGMA foreign_key_check(", err) != 0 ||
	    literal_add_name(&sql, child, err) != 0 || buf_adds(&sql, ")", err) != 0)
		return -1;
	if (db_query(db, (const char *const[]){ buf_str(&sql) }, 1, &answer, err) == 0)
		return 0;
	if (err->code != ERR_FAILED || strstr(err->msg, "mismatch") == NULL)
		return -1;
	why = mem_strdup(err->msg);
	return refuse(child, why, err);
}

/* Rows of the child look for the parent's key, and so do, of deferred keys, rows of the
 * parent for their children. */
static int check_chosen(const struct needs *n, struct db *db, struct err *err)
{
	const struct references *references = &n->inventory->references;
	int rc = 0;

	for (size_t i = 0; i < references->count && rc == 0; i++) {
		const struct reference *r = &references->items[i];
		bool child_has_rows = has_rows(n, r->child);

		if (!selection_has(n->selection, r->child))
			continue;
		if (child_has_rows)
			rc = check_parent(n, r, err);
		if (rc == 0 && (child_has_rows || gets_rows(n, r->parent)))
			rc = check_fit(db, r->child, err);
	}
	return rc;
}

static int check_who_stays(const struct needs *n, struct db *db, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < n->references_there->count && rc == 0; i++) {
		const struct reference *r = &n->references_there->items[i];

		if (!selection_has(n->selection, r->child) && gets_rows(n, r->parent))
			rc = check_fit(db, r->child, err);
	}
	return rc;
}

int needs_check_keys(const struct needs *n, struct err *err)
{
	struct db *db = open_schema(n, err);
	int rc;

	if (db == NULL)
		return -1;
	rc = check_chosen(n, db, err);
	if (rc == 0)
		rc = check_who_stays(n, db, err);
	db_free(db);
	return rc;
}
