#include "backup/losses.h"

#include <stdlib.h>
#include <string.h>

#include "backup/dump.h"
#include "base/mem.h"
#include "tables/literal.h"

/* Rows of one call: a second or so of the database's time. */
#define WINDOW_ROWS 100000
/* Columns of one statement: each is a term of a sum, and an expression may be 100
 * deep; their names are written many times. */
#define WINDOW_COLUMNS 20
#define NAMES_MAX_BYTES 3000

/* What a column `%s` is asked. Without abs(): the smallest integer has none, and
 * AND looks at both sides. */
static const char *const questions[LOSS_KINDS] = {
	[LOSS_BIG_INTEGER] = "(typeof(%s)='integer' AND (%s>9007199254740992 OR %s<-9007199254740992))",
	[LOSS_WHOLE_REAL] = "(typeof(%s)='real' AND %s>-9.3e18 AND %s<9.3e18 AND CAST(%s AS INTEGER)=%s)",
	[LOSS_BACKSLASH] = "(typeof(%s)='text' AND ((instr(%s,char(10)) AND instr(%s,'\\n')) OR (instr(%s,char(13)) AND instr(%s,'\\r'))))",
	[LOSS_INFINITY] = "(typeof(%s)='real' AND (%s=9e999 OR %s=-9e999))",
	[LOSS_NUL] = "(typeof(%s)='text' AND instr(%s,char(0))>0)",
	[LOSS_REPLACED] = "(typeof(%s)='text' AND instr(%s,char(65533))>0)",
};

/* sqlite.org/datatype3.html#determination_of_column_affinity: a column that makes
 * a REAL of a whole number gets back what it had. */
static bool has_real_affinity(const struct column *c)
{
	static const char *const others[] = { "INT", "CHAR", "CLOB", "TEXT", "BLOB" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcasestr(c->type, others[i]) != NULL)
			return false;
	}
	return strcasestr(c->type, "REAL") != NULL || strcasestr(c->type, "FLOA") != NULL ||
	    strcasestr(c->type, "DOUB") != NULL;
}

/* ---- statements ---- */

static int add_question(struct buf *sql, const char *question, const char *name, struct err *err)
{
	for (const char *p = question, *next; ; p = next + 2) {
		next = strstr(p, "%s");
		if (next == NULL)
			return buf_adds(sql, p, err);
		if (buf_add(sql, p, (size_t)(next - p), err) != 0 ||
		    literal_add_name(sql, name, err) != 0)
			return -1;
	}
}

static int add_sum(struct buf *sql, enum loss kind, const struct table *t, size_t first,
    size_t end, struct err *err)
{
	if (buf_adds(sql, ",coalesce(sum(0", err) != 0)
		return -1;
	for (size_t i = first; i < end; i++) {
		const struct column *c = &t->columns[i];

		if (c->generated || (kind == LOSS_WHOLE_REAL && has_real_affinity(c)))
			continue;
		if (buf_adds(sql, "+", err) != 0 ||
		    add_question(sql, questions[kind], c->name, err) != 0)
			return -1;
	}
	return buf_adds(sql, "),0)", err);
}

/* What the columns from `first` to `end` have in the rows behind `after` (NULL:
 * from the start): count(*), the last rowid, and a number for each kind. A table
 * without rowids is looked through in one go. */
static int window_sql(struct buf *sql, const struct table *t, size_t first, size_t end,
    const char *after, struct err *err)
{
	if (buf_adds(sql, "SELECT count(*),", err) != 0 ||
	    buf_adds(sql, t->rowid != NULL ? "CAST(max(_d1keep_rowid) AS TEXT)" : "NULL", err) != 0)
		return -1;
	for (int kind = 0; kind < LOSS_KINDS; kind++) {
		if (add_sum(sql, (enum loss)kind, t, first, end, err) != 0)
			return -1;
	}
	if (buf_adds(sql, " FROM ", err) != 0)
		return -1;
	if (t->rowid == NULL)
		return literal_add_name(sql, t->name, err);
	if (buf_adds(sql, "(SELECT ", err) != 0 || literal_add_name(sql, t->rowid, err) != 0 ||
	    buf_adds(sql, " AS _d1keep_rowid", err) != 0)
		return -1;
	for (size_t i = first; i < end; i++) {
		if (t->columns[i].generated)
			continue;
		if (buf_adds(sql, ",", err) != 0 ||
		    literal_add_name(sql, t->columns[i].name, err) != 0)
			return -1;
	}
	if (buf_adds(sql, " FROM ", err) != 0 || literal_add_name(sql, t->name, err) != 0)
		return -1;
	if (after != NULL && (buf_adds(sql, " WHERE ", err) != 0 ||
	    literal_add_name(sql, t->rowid, err) != 0 ||
	    buf_addf(sql, err, ">%s", after) != 0))
		return -1;
	return buf_adds(sql, " ORDER BY 1", err) != 0 ||
	    buf_addf(sql, err, " LIMIT %d)", WINDOW_ROWS) != 0 ? -1 : 0;
}

/* The columns of one statement that begins with `first`. */
static size_t group_end(const struct table *t, size_t first)
{
	size_t names = 0, end = first;

	while (end < t->column_count && end - first < WINDOW_COLUMNS &&
	    (end == first || names + strlen(t->columns[end].name) <= NAMES_MAX_BYTES))
		names += strlen(t->columns[end++].name);
	return end;
}

/* ---- looking ---- */

static bool is_whole_number(struct db_cell cell)
{
	size_t sign = cell.len > 0 && cell.text[0] == '-';

	return cell.text != NULL && cell.len > sign && cell.len < 21 &&
	    strspn(cell.text + sign, "0123456789") == cell.len - sign;
}

/* One window; 1 when rows may follow, and then `*after` is where. */
static int look_at_window(struct db *db, const char *sql, struct loss_count *ret, char **after,
    struct err *err)
{
	AUTO_ANSWER answer = { 0 };
	int64_t rows = 0, n;
	struct db_cell last;

	if (db_query(db, &sql, 1, &answer, err) != 0)
		return -1;
	for (int kind = 0; kind < LOSS_KINDS; kind++) {
		if (!db_cell_int(db_cell(&answer.rows[0], 0, (size_t)kind + 2), &n) || n < 0)
			return err_set(err, ERR_CORRUPT, "the answer is no count");
		ret->count[kind] += n;
	}
	last = db_cell(&answer.rows[0], 0, 1);
	if (!db_cell_int(db_cell(&answer.rows[0], 0, 0), &rows) || rows < WINDOW_ROWS ||
	    last.text == NULL)
		return 0;
	if (!is_whole_number(last))
		return err_set(err, ERR_CORRUPT, "the answer is no rowid");
	free(*after);
	*after = mem_strdup(last.text);
	return 1;
}

static int look_at_columns(struct db *db, const struct table *t, size_t first, size_t end,
    struct loss_count *ret, struct err *err)
{
	AUTO_STR after = NULL;
	int more = 1;

	while (more == 1) {
		AUTO_BUF sql = BUF_INIT(STATEMENT_MAX_BYTES);

		if (window_sql(&sql, t, first, end, after, err) != 0)
			return -1;
		more = look_at_window(db, buf_str(&sql), ret, &after, err);
	}
	return more;
}

/* The export names no rowids and no order, so that a table gets 1, 2, 3, … as it
 * is read: by the rowid, or along an index that has all of its columns. */
static int look_at_rowids(struct db *db, const struct table *t, struct loss_count *ret,
    struct err *err)
{
	AUTO_BUF sql = BUF_INIT(STATEMENT_MAX_BYTES);
	AUTO_ANSWER answer = { 0 };
	const char *text;
	int64_t changed = 0;

	if (t->rowid == NULL || t->value_count == 0 || t->values[0] != t->rowid || t->key_count != 1)
		return 0;
	for (size_t i = 0; i < t->column_count; i++) {
		if (strcmp(t->columns[i].name, t->rowid) == 0)
			return 0;
	}
	if (buf_adds(&sql, "SELECT (SELECT count(*)>0 AND (min(r)<>1 OR max(r)<>count(*)) FROM (SELECT ", err) != 0 ||
	    literal_add_name(&sql, t->rowid, err) != 0 ||
	    buf_adds(&sql, " AS r FROM ", err) != 0 || literal_add_name(&sql, t->name, err) != 0 ||
	    buf_adds(&sql, ")),(SELECT count(*) FROM pragma_index_list(", err) != 0 ||
	    literal_add_text(&sql, t->name, strlen(t->name), err) != 0 ||
	    buf_addf(&sql, err, ") AS l WHERE (SELECT count(DISTINCT cid) FROM pragma_index_info(l.name)"
	    " WHERE cid>=0)>=%zu)", t->value_count - 1) != 0)
		return -1;
	text = buf_str(&sql);
	if (db_query(db, &text, 1, &answer, err) != 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (db_cell_int(db_cell(&answer.rows[0], 0, i), &changed) && changed > 0)
			ret->rowids = true;
	}
	return 0;
}

static int look_at_table(struct db *db, const struct table *t, struct loss_count *ret,
    struct err *err)
{
	for (size_t first = 0, end; first < t->column_count; first = end) {
		end = group_end(t, first);
		if (look_at_columns(db, t, first, end, ret, err) != 0)
			return -1;
	}
	return look_at_rowids(db, t, ret, err);
}

/* A counter beyond 2^53 is rounded like any other number. */
static const struct table *sequence_table(void)
{
	static struct column columns[] = { { .name = (char *)(uintptr_t)"seq", .type = (char *)(uintptr_t)"" } };
	static const struct table table = {
		.name = (char *)(uintptr_t)"sqlite_sequence", .columns = columns, .column_count = 1,
	};

	return &table;
}

/* A table that is too much for the engine, or is gone by now, is named instead of
 * looked through; when nothing answers there is nothing to go on with. */
static int note_table(struct db *db, const struct table *t, struct losses *ret, struct err *err)
{
	struct loss_count *count = &ret->tables[ret->table_count++];
	struct err why = ERR_INIT;

	count->table = mem_strdup(t->name);
	if (look_at_table(db, t, count, &why) == 0)
		return 0;
	if (why.code != ERR_TOO_BIG && why.code != ERR_FAILED) {
		*err = why;
		return err_wrap(err, "look through table \"%s\"", t->name);
	}
	count->unknown = mem_strdup(why.msg);
	return 0;
}

static int refuse_virtual_tables(struct db *db, struct err *err)
{
	const char *sql = "SELECT name FROM sqlite_schema WHERE type='table'"
	    " AND upper(substr(sql,1,14))='CREATE VIRTUAL' ORDER BY name LIMIT 4";
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF names = BUF_INIT(400);

	if (db_query(db, &sql, 1, &answer, err) != 0)
		return -1;
	if (answer.rows[0].count == 0)
		return 0;
	for (size_t i = 0; i < answer.rows[0].count; i++) {
		const char *name = db_cell(&answer.rows[0], i, 0).text;

		if (buf_addf(&names, NULL, "%s\"%s\"", i > 0 ? ", " : "", name != NULL ? name : "") != 0)
			break;
	}
	return err_set(err, ERR_REFUSED, "it has virtual tables (%s)", buf_str(&names));
}

int losses_read(struct db *db, struct losses *ret, struct err *err)
{
	int rc = 0;

	if (refuse_virtual_tables(db, err) != 0 || schema_read(db, &ret->schema, err) != 0)
		return -1;
	ret->tables = mem_calloc(ret->schema.table_count + 1, sizeof(*ret->tables));
	for (size_t i = 0; i < ret->schema.table_count && rc == 0; i++)
		rc = note_table(db, &ret->schema.tables[i], ret, err);
	if (rc == 0 && ret->schema.has_sequence)
		rc = note_table(db, sequence_table(), ret, err);
	return rc;
}

void losses_release(struct losses *losses)
{
	for (size_t i = 0; i < losses->table_count; i++) {
		free(losses->tables[i].table);
		free(losses->tables[i].unknown);
	}
	free(losses->tables);
	schema_release(&losses->schema);
	*losses = (struct losses){ .tables = NULL };
}
