#include "restore/bulk.h"

#include <stdbool.h>
#include <string.h>

#define SQL_MAX_BYTES (1u << 20)
/* Values that one statement is given: beginning and ending one costs a fourth of a
 * row of a few values, and more than twenty rows at once gain nothing. */
#define VALUES_AT_ONCE 256
#define ROWS_AT_ONCE 20

/* ---- the statement ---- */

/* The name as it stands in a dump has its quotes doubled. */
static bool is_plain_table(struct bulk *b)
{
	static const char sql[] =
	    "SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1 AND sql NOT LIKE 'CREATE VIRTUAL%'"
	    " AND NOT EXISTS(SELECT 1 FROM sqlite_schema WHERE type='trigger' AND lower(tbl_name)=lower(?1))";
	sqlite3_stmt *stmt = NULL;
	const char *name = b->insert.name;
	bool plain = false;

	if (memchr(name, '"', b->insert.name_len) != NULL)
		return false;
	if (sqlite3_prepare_v2(b->sqlite, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text64(stmt, 1, name, b->insert.name_len, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK)
		plain = sqlite3_step(stmt) == SQLITE_ROW;
	(void)sqlite3_finalize(stmt);
	return plain;
}

static int add_row(struct buf *sql, size_t columns, bool is_first)
{
	for (size_t i = 0; i < columns; i++) {
		if (buf_adds(sql, i > 0 ? ",?" : is_first ? "(?" : ",(?", NULL) != 0)
			return -1;
	}
	return buf_adds(sql, ")", NULL);
}

static sqlite3_stmt *prepare(struct bulk *b, size_t rows)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);
	sqlite3_stmt *stmt = NULL;

	if (buf_add(&sql, b->head.data, b->head.len, NULL) != 0)
		return NULL;
	for (size_t i = 0; i < rows; i++) {
		if (add_row(&sql, b->insert.columns, i == 0) != 0)
			return NULL;
	}
	(void)sqlite3_prepare_v3(b->sqlite, buf_str(&sql), -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	return stmt;
}

static bool is_ready(const struct bulk *b)
{
	return b->one != NULL && b->head.len == b->insert.head_len &&
	    memcmp(b->head.data, b->insert.head, b->head.len) == 0;
}

/* What does not even compile fails again, with SQLite's words, as text. */
static bool make_ready(struct bulk *b)
{
	if (is_ready(b))
		return true;
	bulk_forget(b);
	b->head.max = SQL_MAX_BYTES;
	if (!is_plain_table(b) || buf_add(&b->head, b->insert.head, b->insert.head_len, NULL) != 0)
		return false;
	b->one = prepare(b, 1);
	b->several_rows = VALUES_AT_ONCE / b->insert.columns;
	if (b->several_rows > ROWS_AT_ONCE)
		b->several_rows = ROWS_AT_ONCE;
	return b->one != NULL;
}

/* Only where it is used often enough to be worth its making. */
static void make_several(struct bulk *b)
{
	size_t rows = b->insert.count / b->insert.columns;

	if (b->several == NULL && b->several_rows > 1 && rows >= 2 * b->several_rows)
		b->several = prepare(b, b->several_rows);
}

/* ---- its rows ---- */

static int bind(sqlite3_stmt *stmt, int place, const struct db_value *v)
{
	switch (v->type) {
	case DB_INTEGER:
		return sqlite3_bind_int64(stmt, place, v->integer);
	case DB_REAL:
		return sqlite3_bind_double(stmt, place, v->real);
	case DB_TEXT:
		return sqlite3_bind_text64(stmt, place, v->bytes, v->len, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(stmt, place, v->bytes, v->len, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(stmt, place);
	}
}

static int run(sqlite3_stmt *stmt, const struct db_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (bind(stmt, (int)i + 1, &values[i]) != SQLITE_OK)
			return -1;
	}
	(void)sqlite3_step(stmt);
	return sqlite3_reset(stmt) == SQLITE_OK ? 0 : -1;
}

enum bulk_outcome bulk_run(struct bulk *bulk, const char *text, const char *end, size_t *ret_len)
{
	const struct insert *insert = &bulk->insert;
	size_t at = 0, several;

	*ret_len = insert_read(&bulk->insert, text, end);
	if (*ret_len == 0 || !make_ready(bulk))
		return BULK_NOT_OURS;
	make_several(bulk);
	several = bulk->several_rows * insert->columns;
	for (; bulk->several != NULL && insert->count - at >= several; at += several) {
		if (run(bulk->several, insert->values + at, several) != 0)
			return BULK_FAILED;
	}
	for (; at < insert->count; at += insert->columns) {
		if (run(bulk->one, insert->values + at, insert->columns) != 0)
			return BULK_FAILED;
	}
	return BULK_DONE;
}

void bulk_forget(struct bulk *bulk)
{
	(void)sqlite3_finalize(bulk->one);
	(void)sqlite3_finalize(bulk->several);
	bulk->one = bulk->several = NULL;
	buf_reset(&bulk->head);
}

void bulk_release(struct bulk *bulk)
{
	bulk_forget(bulk);
	insert_release(&bulk->insert);
	buf_release(&bulk->head);
}
