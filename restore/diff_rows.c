/* Two files with rows, compared by SQLite: A is "main", B is "b". */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/stop.h"
#include "base/utf8.h"
#include "db/quote.h"
#include "restore/authorize.h"
#include "restore/diff_internal.h"
#include "tables/literal.h"

#define SQL_MAX_BYTES (8u << 20)
#define PROGRESS_STEPS 100000
/* Characters of each column that is named. */
#define KEY_CHARACTERS 200

struct diff_rows {
	sqlite3 *sqlite;
};

/* The parts of the statements for one pair. */
struct texts {
	struct buf a, b;         /* FROM these: main."t" AS x, b."t" AS y */
	struct buf match;        /* x's row is y's */
	struct buf differ;       /* an expression: 1 or 0 */
	struct buf moved;
	struct buf key_x, key_y; /* to order by, and to show */
};

/* ---- the connection ---- */

static int sqlite_fail(struct diff_rows *r, struct err *err)
{
	switch (sqlite3_errcode(r->sqlite) & 0xff) {
	case SQLITE_INTERRUPT:
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	case SQLITE_NOMEM:
		return err_set(err, ERR_AGAIN, "not enough memory to compare rows");
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_FULL:
		return err_set(err, ERR_FAILED, "compare rows: %s", sqlite3_errmsg(r->sqlite));
	default:
		return err_set(err, ERR_CORRUPT, "compare rows: %s", sqlite3_errmsg(r->sqlite));
	}
}

static int on_progress(void *arg)
{
	(void)arg;
	return stop_requested();
}

/* Both files hold what a dump made of them, and it may be hostile. They are open for
 * reading alone; an rtree prepares its writing all the same. */
static int authorize(void *ctx, int action, const char *a, const char *b, const char *schema,
    const char *trigger)
{
	(void)ctx, (void)schema, (void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return authorize_allows_function(b) ? SQLITE_OK : SQLITE_DENY;
	case SQLITE_PRAGMA:      /* FTS5's own */
		return strcasecmp(a, "data_version") == 0 ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static int attach(struct diff_rows *r, const char *path_b)
{
	char *sql = sqlite3_mprintf("ATTACH %Q AS b", path_b);
	int rc = sql != NULL ? sqlite3_exec(r->sqlite, sql, NULL, NULL, NULL) : SQLITE_NOMEM;

	sqlite3_free(sql);
	return rc;
}

struct diff_rows *diff_rows_open(const char *path_a, const char *path_b, struct err *err)
{
	struct diff_rows *r = mem_calloc(1, sizeof(*r));

	if (sqlite3_open_v2(path_a, &r->sqlite, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    attach(r, path_b) == SQLITE_OK && quote_install(r->sqlite) == SQLITE_OK &&
	    sqlite3_db_config(r->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
	    sqlite3_set_authorizer(r->sqlite, authorize, NULL) == SQLITE_OK) {
		sqlite3_progress_handler(r->sqlite, PROGRESS_STEPS, on_progress, NULL);
		return r;
	}
	(void)sqlite_fail(r, err);
	diff_rows_close(r);
	return NULL;
}

void diff_rows_close(struct diff_rows *rows)
{
	if (rows == NULL)
		return;
	(void)sqlite3_close(rows->sqlite);
	free(rows);
}

/* ---- the parts ---- */

static void texts_init(struct texts *t)
{
	struct buf *const all[] = { &t->a, &t->b, &t->match, &t->differ, &t->moved, &t->key_x, &t->key_y };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_init(all[i], SQL_MAX_BYTES);
}

static void texts_release(struct texts *t)
{
	struct buf *const all[] = { &t->a, &t->b, &t->match, &t->differ, &t->moved, &t->key_x, &t->key_y };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_release(all[i]);
}

/* before name after */
static int add_named(struct buf *ret, const char *before, const char *name, const char *after,
    struct err *err)
{
	return buf_adds(ret, before, err) != 0 || literal_add_name(ret, name, err) != 0 ||
	    buf_adds(ret, after, err) != 0 ? -1 : 0;
}

/* One column of the key. */
static int add_key(struct texts *t, const char *name_a, const char *name_b, const char *collation,
    struct err *err)
{
	bool first = t->match.len == 0;

	if (add_named(&t->match, first ? "x." : " AND x.", name_a, "", err) != 0 ||
	    (collation != NULL && add_named(&t->match, " COLLATE ", collation, "", err) != 0) ||
	    add_named(&t->match, "=y.", name_b, "", err) != 0)
		return -1;
	return add_named(&t->key_x, first ? "x." : ",x.", name_a, "", err) != 0 ||
	    add_named(&t->key_y, first ? "y." : ",y.", name_b, "", err) != 0 ? -1 : 0;
}

static int add_keys(struct texts *t, const struct diff_pair *p, enum diff_key_kind kind,
    struct err *err)
{
	if (kind != DIFF_KEY_PRIMARY)
		return add_key(t, p->a->rowid, p->b->rowid, NULL, err);
	for (size_t i = 0; i < p->a->pk_count; i++) {
		if (add_key(t, p->a->pk[i].name, p->b->pk[i].name, p->a->pk[i].collation, err) != 0)
			return -1;
	}
	return 0;
}

/* A CASE, since the depth of an expression is limited. The plus takes away the
 * affinity that a column has in a comparison; quote() knows 0.0 from -0.0. */
static int add_differ(struct buf *ret, const struct diff_pair *p, struct err *err)
{
	if (buf_adds(ret, "CASE", err) != 0)
		return -1;
	for (size_t i = 0; i < p->a->column_count; i++) {
		const struct column *c = &p->a->columns[i];
		AUTO_BUF name = BUF_INIT(SQL_MAX_BYTES);

		if (c->generated || diff_find_column(p->b, c->name) == NULL)
			continue;
		if (literal_add_name(&name, c->name, err) != 0 ||
		    buf_addf(ret, err, " WHEN typeof(x.%1$s)<>typeof(y.%1$s)"
		    " OR +x.%1$s COLLATE BINARY IS NOT +y.%1$s"
		    " OR (typeof(x.%1$s)='real' AND quote(x.%1$s)<>quote(y.%1$s)) THEN 1",
		    buf_str(&name)) != 0)
			return -1;
	}
	return buf_adds(ret, " WHEN 0 THEN 0 ELSE 0 END", err);
}

static int make_texts(struct texts *t, const struct diff_pair *p, enum diff_key_kind kind,
    struct err *err)
{
	if (add_named(&t->a, "main.", p->a->name, " AS x", err) != 0 ||
	    add_named(&t->b, "b.", p->b->name, " AS y", err) != 0 ||
	    add_keys(t, p, kind, err) != 0 || add_differ(&t->differ, p, err) != 0)
		return -1;
	if (kind != DIFF_KEY_PRIMARY || !diff_has_hidden_rowid(p->a) || !diff_has_hidden_rowid(p->b))
		return buf_adds(&t->moved, "0", err);
	return add_named(&t->moved, "x.", p->a->rowid, "<>y.", err) != 0 ||
	    buf_adds(&t->moved, p->b->rowid, err) != 0 ? -1 : 0;
}

/* ---- asking ---- */

/* The first row's whole numbers. */
static int ask(struct diff_rows *r, const struct buf *sql, int64_t *ret, int columns,
    struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = -1;

	if (sqlite3_prepare_v2(r->sqlite, buf_str(sql), -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < columns; i++)
			ret[i] = sqlite3_column_int64(stmt, i);
		rc = 0;
	} else {
		(void)sqlite_fail(r, err);
	}
	(void)sqlite3_finalize(stmt);
	return rc;
}

/* Rows of one side that the other has not. */
static int ask_missing(struct diff_rows *r, const struct texts *t, bool of_b, int64_t *ret,
    struct err *err)
{
	AUTO_BUF sql = BUF_INIT(2 * SQL_MAX_BYTES);

	if (buf_addf(&sql, err, "SELECT count(*) FROM %s WHERE NOT EXISTS(SELECT 1 FROM %s WHERE %s)",
	    buf_str(of_b ? &t->b : &t->a), buf_str(of_b ? &t->a : &t->b), buf_str(&t->match)) != 0)
		return -1;
	return ask(r, &sql, ret, 1, err);
}

static int ask_changed(struct diff_rows *r, const struct texts *t, struct diff_table *ret,
    struct err *err)
{
	AUTO_BUF sql = BUF_INIT(3 * SQL_MAX_BYTES);
	int64_t sums[2] = { 0, 0 };

	if (buf_addf(&sql, err, "SELECT sum(d), sum(NOT d AND m) FROM(SELECT %s AS d, %s AS m"
	    " FROM %s CROSS JOIN %s ON %s)", buf_str(&t->differ), buf_str(&t->moved),
	    buf_str(&t->a), buf_str(&t->b), buf_str(&t->match)) != 0 ||
	    ask(r, &sql, sums, 2, err) != 0)
		return -1;
	ret->changed = sums[0];
	ret->moved = sums[1];
	return 0;
}

/* A primary key of a table with a rowid may have NULLs, which are nobody's equal. */
static int has_nulls(struct diff_rows *r, const struct table *t, const char *schema, bool *ret,
    struct err *err)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	int64_t found;

	if (buf_addf(&sql, err, "SELECT EXISTS(SELECT 1 FROM %s.", schema) != 0 ||
	    add_named(&sql, "", t->name, " WHERE 0", err) != 0)
		return -1;
	for (size_t i = 0; i < t->pk_count; i++) {
		if (add_named(&sql, " OR ", t->pk[i].name, " IS NULL", err) != 0)
			return -1;
	}
	if (buf_adds(&sql, ")", err) != 0 || ask(r, &sql, &found, 1, err) != 0)
		return -1;
	*ret |= found != 0;
	return 0;
}

/* ---- naming rows ---- */

/* Bytes that are no text would spoil what the names are printed into. */
static void make_valid(char *text)
{
	if (utf8_valid(text, strlen(text)))
		return;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text > 0x7f)
			*text = '?';
	}
}

static void add_row(struct diff_table *ret, enum diff_change change, const unsigned char *text)
{
	char *key = mem_strdup(text != NULL ? (const char *)text : "?");

	make_valid(key);
	ret->keys = mem_grow(ret->keys, ret->key_count, &ret->key_cap, sizeof(*ret->keys));
	ret->keys[ret->key_count++] = (struct diff_key){ change, key };
}

static int list(struct diff_rows *r, const struct buf *sql, enum diff_change change,
    struct diff_table *ret, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(r->sqlite, buf_str(sql), -1, &stmt, NULL);

	if (rc == SQLITE_OK) {
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			add_row(ret, change, sqlite3_column_text(stmt, 0));
	}
	if (rc != SQLITE_DONE)
		(void)sqlite_fail(r, err);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* substr(quote(x.k),1,…)||','||… */
static int key_text(struct buf *ret, const struct diff_pair *p, enum diff_key_kind kind, bool of_b,
    struct err *err)
{
	const struct table *t = of_b ? p->b : p->a;
	size_t count = kind == DIFF_KEY_PRIMARY ? t->pk_count : 1;

	for (size_t i = 0; i < count; i++) {
		const char *name = kind == DIFF_KEY_PRIMARY ? t->pk[i].name : t->rowid;

		if ((i > 0 && buf_adds(ret, "||','||", err) != 0) ||
		    add_named(ret, of_b ? "substr(quote(y." : "substr(quote(x.", name, "),1,", err) != 0 ||
		    buf_addf(ret, err, "%d)", KEY_CHARACTERS) != 0)
			return -1;
	}
	return 0;
}

static int list_some(struct diff_rows *r, const struct texts *t, const struct diff_pair *p,
    enum diff_key_kind kind, enum diff_change change, size_t most, struct diff_table *ret,
    struct err *err)
{
	bool of_b = change == DIFF_ADDED;
	AUTO_BUF sql = BUF_INIT(4 * SQL_MAX_BYTES);
	const struct buf *from = of_b ? &t->b : &t->a, *other = of_b ? &t->a : &t->b;

	if (most <= ret->key_count)
		return 0;
	if (buf_adds(&sql, "SELECT ", err) != 0 || key_text(&sql, p, kind, of_b, err) != 0 ||
	    buf_addf(&sql, err, " FROM %s", buf_str(from)) != 0)
		return -1;
	if ((change == DIFF_CHANGED ?
	    buf_addf(&sql, err, " CROSS JOIN %s ON %s WHERE %s", buf_str(other), buf_str(&t->match),
	    buf_str(&t->differ)) :
	    buf_addf(&sql, err, " WHERE NOT EXISTS(SELECT 1 FROM %s WHERE %s)", buf_str(other),
	    buf_str(&t->match))) != 0 ||
	    buf_addf(&sql, err, " ORDER BY %s LIMIT %zu", buf_str(of_b ? &t->key_y : &t->key_x),
	    most - ret->key_count) != 0)
		return -1;
	return list(r, &sql, change, ret, err);
}

/* ---- one table ---- */

static int compare(struct diff_rows *r, struct texts *t, const struct diff_pair *p,
    enum diff_key_kind kind, size_t keys, struct diff_table *ret, struct err *err)
{
	if (make_texts(t, p, kind, err) != 0 ||
	    ask_missing(r, t, false, &ret->removed, err) != 0 ||
	    ask_missing(r, t, true, &ret->added, err) != 0 ||
	    ask_changed(r, t, ret, err) != 0)
		return -1;
	return list_some(r, t, p, kind, DIFF_REMOVED, keys, ret, err) != 0 ||
	    list_some(r, t, p, kind, DIFF_CHANGED, keys, ret, err) != 0 ||
	    list_some(r, t, p, kind, DIFF_ADDED, keys, ret, err) != 0 ? -1 : 0;
}

int diff_rows_compare(struct diff_rows *rows, const struct diff_pair *pair, size_t keys,
    struct diff_table *ret, struct err *err)
{
	enum diff_key_kind kind = diff_key_kind(pair->a);
	bool nulls = false;
	struct texts texts;
	int rc;

	if (kind == DIFF_KEY_PRIMARY && (has_nulls(rows, pair->a, "main", &nulls, err) != 0 ||
	    has_nulls(rows, pair->b, "b", &nulls, err) != 0))
		return err_wrap(err, "table \"%s\"", ret->name);
	if (nulls && !(diff_has_hidden_rowid(pair->a) && diff_has_hidden_rowid(pair->b))) {
		ret->key_changed = true;
		ret->removed = ret->rows_a;
		ret->added = ret->rows_b;
		return 0;
	}
	texts_init(&texts);
	rc = compare(rows, &texts, pair, nulls ? DIFF_KEY_ROWID : kind, keys, ret, err);
	texts_release(&texts);
	return rc == 0 ? 0 : err_wrap(err, "table \"%s\"", ret->name);
}
