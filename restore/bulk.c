#include "restore/bulk.h"

#include <stdbool.h>
#include <string.h>

#define SQL_MAX_BYTES (1u << 20)

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

static bool prepare(struct bulk *b)
{
	AUTO_BUF sql = BUF_INIT(SQL_MAX_BYTES);

	if (buf_add(&b->head, b->insert.head, b->insert.head_len, NULL) != 0 ||
	    buf_add(&sql, b->insert.head, b->insert.head_len, NULL) != 0)
		return false;
	for (size_t i = 0; i < b->insert.columns; i++) {
		if (buf_adds(&sql, i == 0 ? "(?" : ",?", NULL) != 0)
			return false;
	}
	if (buf_adds(&sql, ")", NULL) != 0)
		return false;
	return sqlite3_prepare_v3(b->sqlite, buf_str(&sql), -1, SQLITE_PREPARE_PERSISTENT, &b->stmt,
	    NULL) == SQLITE_OK;
}

/* What does not even compile fails again, with SQLite's words, as text. */
static bool make_ready(struct bulk *b)
{
	if (b->stmt != NULL && b->head.len == b->insert.head_len &&
	    memcmp(b->head.data, b->insert.head, b->head.len) == 0)
		return true;
	bulk_forget(b);
	b->head.max = SQL_MAX_BYTES;
	return is_plain_table(b) && prepare(b);
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

static int insert_row(sqlite3_stmt *stmt, const struct db_value *values, size_t columns)
{
	for (size_t i = 0; i < columns; i++) {
		if (bind(stmt, (int)i + 1, &values[i]) != SQLITE_OK)
			return -1;
	}
	(void)sqlite3_step(stmt);
	return sqlite3_reset(stmt) == SQLITE_OK ? 0 : -1;
}

enum bulk_outcome bulk_run(struct bulk *bulk, const char *text, const char *end, size_t *ret_len)
{
	const struct insert *insert = &bulk->insert;

	*ret_len = insert_read(&bulk->insert, text, end);
	if (*ret_len == 0 || !make_ready(bulk))
		return BULK_NOT_OURS;
	for (size_t i = 0; i < insert->count; i += insert->columns) {
		if (insert_row(bulk->stmt, insert->values + i, insert->columns) != 0)
			return BULK_FAILED;
	}
	return BULK_DONE;
}

void bulk_forget(struct bulk *bulk)
{
	(void)sqlite3_finalize(bulk->stmt);
	bulk->stmt = NULL;
	buf_reset(&bulk->head);
}

void bulk_release(struct bulk *bulk)
{
	bulk_forget(bulk);
	insert_release(&bulk->insert);
	buf_release(&bulk->head);
}
