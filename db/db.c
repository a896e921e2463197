#include "db/db.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

int db_query(struct db *db, const char *const *sql, size_t count, struct db_answer *ret,
    struct err *err)
{
	*ret = (struct db_answer){ 0 };
	return db->ops->query(db, sql, count, ret, err);
}

bool db_shows_values(const struct db *db)
{
	return db->ops->each != NULL;
}

int db_each(struct db *db, const char *sql, db_visit *visit, void *ctx, struct err *err)
{
	return db->ops->each(db, sql, visit, ctx, err);
}

struct db_cell db_cell(const struct db_rows *rows, size_t row, size_t column)
{
	if (row >= rows->count || column >= rows->columns)
		return (struct db_cell){ NULL, 0 };
	return rows->cells[row * rows->columns + column];
}

bool db_cell_int(struct db_cell cell, int64_t *ret)
{
	char *end;
	long long value;

	if (cell.text == NULL || cell.len == 0 || isspace((unsigned char)cell.text[0]))
		return false;
	errno = 0;
	value = strtoll(cell.text, &end, 10);
	if (errno != 0 || end != cell.text + cell.len)
		return false;
	*ret = value;
	return true;
}

int db_bookmark(struct db *db, char **ret, struct err *err)
{
	*ret = NULL;
	return db->ops->bookmark != NULL ? db->ops->bookmark(db, ret, err) : 0;
}

void db_answer_release(struct db_answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		free(answer->rows[i].cells);
	free(answer->rows);
	if (answer->free_backing != NULL)
		answer->free_backing(answer->backing);
	*answer = (struct db_answer){ 0 };
}

void db_free(struct db *db)
{
	if (db != NULL)
		db->ops->free(db);
}
