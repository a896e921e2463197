#include "restore/inventory.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/tempdir.h"
#include "db/db.h"
#include "restore/fetch.h"
#include "restore/replay.h"

/* What SQLite said of the statement it is running: the action that tells its
 * kind comes before those that carry it out, but behind some that only look. */
struct looking {
	struct inventory *inventory;
	bool post;
	bool known;
	enum inventory_kind kind;
	char *object, *table;
};

/* ---- which kind a statement is ---- */

static void note(struct looking *l, enum inventory_kind kind, const char *object, const char *table)
{
	if (l->known)
		return;
	l->known = true;
	l->kind = kind;
	l->object = mem_strdup(object);
	l->table = mem_strdup(table);
}

static void note_insert(struct looking *l, const char *table)
{
	if (strcasecmp(table, "sqlite_sequence") == 0)
		note(l, INVENTORY_SEQUENCE, NULL, NULL);
	else if (strcasecmp(table, "sqlite_stat1") == 0)
		note(l, INVENTORY_OWN, NULL, NULL);
	else if (strncasecmp(table, "sqlite_", 7) != 0)
		note(l, INVENTORY_SETTING, NULL, table);
}

/* dump.c makes and drops a table to have sqlite_sequence; ANALYZE makes tables of
 * SQLite's own. */
static bool is_own(const char *table)
{
	return strncmp(table, "_d1keep_", 8) == 0 || strncasecmp(table, "sqlite_", 7) == 0;
}

static void seen(void *ctx, int action, const char *a, const char *b)
{
	struct looking *l = ctx;

	switch (action) {
	case SQLITE_CREATE_TABLE:
		note(l, is_own(a) ? INVENTORY_OWN : INVENTORY_TABLE, a, a);
		break;
	case SQLITE_CREATE_VTABLE:
		note(l, l->post ? INVENTORY_VIRTUAL : INVENTORY_TABLE, a, a);
		break;
	case SQLITE_CREATE_INDEX:
		note(l, INVENTORY_INDEX, a, b);
		break;
	case SQLITE_CREATE_VIEW:
		note(l, INVENTORY_VIEW, a, NULL);
		break;
	case SQLITE_CREATE_TRIGGER:
		note(l, INVENTORY_TRIGGER, a, b);
		break;
	case SQLITE_DROP_TABLE:
	case SQLITE_DELETE:
	case SQLITE_ANALYZE:
		note(l, INVENTORY_OWN, NULL, NULL);
		break;
	case SQLITE_PRAGMA:
		note(l, INVENTORY_PRAGMA, NULL, NULL);
		break;
	case SQLITE_INSERT:
		note_insert(l, a);
		break;
	default:
		break;
	}
}

/* Whose sequence the last statement wrote. */
static char *last_sequence(sqlite3 *sqlite)
{
	sqlite3_stmt *stmt = NULL;
	char *name = NULL;

	if (sqlite3_prepare_v2(sqlite, "SELECT name FROM sqlite_sequence WHERE rowid=last_insert_rowid()",
	    -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		name = mem_strdup((const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	return name;
}

static void ran(void *ctx, sqlite3 *sqlite, const char *sql, size_t len)
{
	struct looking *l = ctx;
	struct inventory *o = l->inventory;
	struct inventory_statement *s;

	if (l->known && l->kind == INVENTORY_SEQUENCE)
		l->table = last_sequence(sqlite);
	while (len > 0 && *sql == '\n')
		sql++, len--;
	o->items = mem_grow(o->items, o->count, &o->cap, sizeof(*o->items));
	s = &o->items[o->count++];
	*s = (struct inventory_statement){
		.kind = l->known ? l->kind : INVENTORY_OWN, .post = l->post,
		.object = l->object, .table = l->table, .sql = mem_strndup(sql, len),
	};
	*l = (struct looking){ .inventory = o, .post = l->post };
}

/* ---- reading ---- */

static bool is_no_row(void *ctx, const struct manifest_object *object)
{
	(void)ctx;
	return object->kind != MANIFEST_ROWS;
}

static int run_chunks(struct fetch *fetch, struct replay *replay, struct looking *l,
    struct err *err)
{
	struct fetched *f;
	int rc;

	while ((rc = fetch_next_good(fetch, &f, err)) == 1) {
		l->post = f->object->kind == MANIFEST_POST;
		rc = replay_apply(replay, &f->sql, err);
		if (rc != 0)
			(void)err_wrap(err, "chunk %s", f->object->key);
		fetched_free(f);
		if (rc != 0)
			break;
	}
	free(l->object);
	free(l->table);
	return rc;
}

static int run_statements(struct store *store, const struct manifest *manifest, unsigned workers,
    struct inventory *o, struct err *err)
{
	struct looking looking = { .inventory = o };
	struct replay *replay = replay_open(&(struct replay_options){
		.path = o->path, .max_bytes = REPLAY_MAX_BYTES(manifest_sql_bytes(manifest)),
		.seen = seen, .ran = ran, .ctx = &looking, .pass_over = true,
	}, err);
	struct fetch *fetch;
	int rc;

	if (replay == NULL)
		return -1;
	fetch = fetch_new(&(struct fetch_options){
		.store = store, .manifest = manifest, .workers = workers, .wanted = is_no_row,
	});
	rc = run_chunks(fetch, replay, &looking, err);
	fetch_free(fetch);
	if (rc == 0)
		rc = replay_commit(replay, NULL, err);
	replay_free(replay);
	return rc;
}

static int read_references(struct inventory *o, struct err *err)
{
	struct db *db = db_sqlite_open(o->path, "sqlite", err);
	int rc;

	if (db == NULL)
		return -1;
	rc = references_read(db, &o->references, err);
	db_free(db);
	return rc;
}

int inventory_read(struct store *store, const struct manifest *manifest, unsigned workers,
    struct inventory *ret, struct err *err)
{
	*ret = (struct inventory){ .folder = tempdir_make(err) };
	if (ret->folder == NULL)
		return -1;
	ret->path = mem_printf("%s/inventory.sqlite", ret->folder);
	if (run_statements(store, manifest, workers, ret, err) == 0 &&
	    read_references(ret, err) == 0)
		return 0;
	inventory_release(ret);
	return -1;
}

void inventory_release(struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->count; i++) {
		free(inventory->items[i].object);
		free(inventory->items[i].table);
		free(inventory->items[i].sql);
	}
	free(inventory->items);
	references_release(&inventory->references);
	tempdir_remove(inventory->folder);
	free(inventory->path);
	*inventory = (struct inventory){ .items = NULL };
}

/* ---- a choice of tables ---- */

bool selection_has(const struct selection *selection, const char *table)
{
	for (size_t i = 0; i < selection->count; i++) {
		if (strcasecmp(selection->names[i], table) == 0)
			return true;
	}
	return selection->count == 0;
}

bool selection_wants(const struct selection *selection, const struct inventory_statement *s)
{
	if (selection->count == 0)
		return true;
	return s->table != NULL && s->kind != INVENTORY_OWN && selection_has(selection, s->table);
}

static bool makes(const struct inventory *inventory, const char *table)
{
	for (size_t i = 0; i < inventory->count; i++) {
		const struct inventory_statement *s = &inventory->items[i];

		if ((s->kind == INVENTORY_TABLE || s->kind == INVENTORY_VIRTUAL) &&
		    strcasecmp(s->object, table) == 0)
			return true;
	}
	return false;
}

int selection_check(const struct selection *selection, const struct manifest *manifest,
    const struct inventory *inventory, struct err *err)
{
	for (size_t i = 0; i < selection->count; i++) {
		if (makes(inventory, selection->names[i]))
			continue;
		(void)err_set(err, ERR_USAGE, "the snapshot has no table \"%s\"", selection->names[i]);
		return err_hint(err, "d1keep show %s/%s%s%s lists its tables", manifest->environment,
		    manifest->database, manifest->id != NULL ? "@" : "",
		    manifest->id != NULL ? manifest->id : "");
	}
	return 0;
}
