/* A D1 database over Cloudflare's API. */
#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "net/d1_api.h"

/* Larger answers are refused: a page aims at an eighth of it. */
#define ANSWER_MAX_BYTES (64u << 20)

struct db_d1 {
	struct db db;
	struct d1_api *api;
	char *id;
};

static void free_raw(void *backing)
{
	d1_raw_release(backing);
	free(backing);
}

static int read_cell(struct json_object *value, struct db_cell *ret, struct err *err)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		*ret = (struct db_cell){ NULL, 0 };
		return 0;
	case json_type_string:
		ret->text = json_object_get_string(value);
		ret->len = (size_t)json_object_get_string_len(value);
		return 0;
	case json_type_int:
	case json_type_double:
		/* json-c keeps the text with the object. */
		ret->text = json_object_to_json_string(value);
		ret->len = strlen(ret->text);
		return 0;
	default:
		return err_set(err, ERR_CORRUPT, "the answer holds a value that was not asked for");
	}
}

static int read_row(struct json_object *row, size_t columns, struct db_cell *ret,
    struct err *err)
{
	if (json_object_array_length(row) != columns)
		return err_set(err, ERR_CORRUPT, "a row of the answer has %zu values instead of %zu",
		    json_object_array_length(row), columns);
	for (size_t i = 0; i < columns; i++) {
		if (read_cell(json_object_array_get_idx(row, i), &ret[i], err) != 0)
			return -1;
	}
	return 0;
}

/* d1_api_raw has checked the shape: objects, arrays, arrays of arrays. */
static int read_document(struct json_object *result, struct db_rows *ret, struct err *err)
{
	struct json_object *results = json_get(result, "results", json_type_object);
	struct json_object *columns = json_get(results, "columns", json_type_array);
	struct json_object *rows = json_get(results, "rows", json_type_array);
	struct db_cell *cells;

	if (columns == NULL || rows == NULL)
		return err_set(err, ERR_CORRUPT, "the answer has no columns or rows");
	ret->columns = json_object_array_length(columns);
	ret->count = json_object_array_length(rows);
	cells = mem_calloc(ret->count * ret->columns, sizeof(*cells));
	ret->cells = cells;
	for (size_t i = 0; i < ret->count; i++) {
		if (read_row(json_object_array_get_idx(rows, i), ret->columns,
		    &cells[i * ret->columns], err) != 0)
			return -1;
	}
	return 0;
}

/* The rows were read apart: the text is theirs, the array ours. */
static void read_cells(const struct d1_rows *rows, struct db_rows *ret)
{
	size_t n = rows->count * rows->columns;

	ret->columns = rows->columns;
	ret->count = rows->count;
	ret->cells = mem_calloc(n, sizeof(*ret->cells));
	for (size_t i = 0; i < n; i++)
		ret->cells[i] = (struct db_cell){ rows->cells[i].text, rows->cells[i].len };
}

static int read_rows(const struct d1_raw *raw, size_t statement, struct db_rows *ret,
    struct err *err)
{
	if (raw->cut.count == 0)
		return read_document(json_object_array_get_idx(raw->result, statement), ret, err);
	read_cells(&raw->cut.sets[statement], ret);
	return 0;
}

/* A sum that nonsense from a server neither overflows nor turns back. */
static void add_count(int64_t *sum, int64_t count)
{
	if (count > 0 && *sum <= INT64_MAX - count)
		*sum += count;
}

static void read_meta(struct db_d1 *d1, struct json_object *result, struct db_answer *ret)
{
	struct json_object *meta = json_get(result, "meta", json_type_object);
	int64_t size = json_get_int(meta, "size_after", -1);

	add_count(&d1->db.cost.rows_read, json_get_int(meta, "rows_read", 0));
	if (size >= 0)
		ret->size_bytes = size;
}

static int d1_query(struct db *db, const char *const *sql, size_t count,
    struct db_answer *ret, struct err *err)
{
	struct db_d1 *d1 = (struct db_d1 *)db;
	struct d1_raw *raw = mem_calloc(1, sizeof(*raw));
	int rc;

	rc = d1_api_raw(d1->api, d1->id, sql, count, ANSWER_MAX_BYTES, raw, err);
	db->cost.requests = (int64_t)d1_api_requests(d1->api);
	ret->backing = raw;
	ret->free_backing = free_raw;
	if (rc != 0) {
		db_answer_release(ret);
		return -1;
	}
	ret->rows = mem_calloc(count, sizeof(*ret->rows));
	ret->count = count;
	for (size_t i = 0; i < count; i++) {
		read_meta(d1, json_object_array_get_idx(raw->result, i), ret);
		if (read_rows(raw, i, &ret->rows[i], err) != 0) {
			db_answer_release(ret);
			return -1;
		}
	}
	return 0;
}

static int d1_bookmark(struct db *db, char **ret, struct err *err)
{
	struct db_d1 *d1 = (struct db_d1 *)db;
	int rc = d1_api_bookmark(d1->api, d1->id, ret, err);

	db->cost.requests = (int64_t)d1_api_requests(d1->api);
	return rc;
}

static void d1_free(struct db *db)
{
	struct db_d1 *d1 = (struct db_d1 *)db;

	free(d1->id);
	free(d1);
}

struct db *db_d1_new(struct d1_api *api, const char *database_id)
{
	static const struct db_ops ops = { .query = d1_query, .bookmark = d1_bookmark, .free = d1_free };
	struct db_d1 *d1 = mem_calloc(1, sizeof(*d1));

	d1->db = (struct db){
		.ops = &ops,
		.traits = {
			.source = "d1",
			/* Beyond this the engine takes longer for each row, and two
			 * pages are in memory at a time. */
			.page_bytes = 5u << 20,
			.page_bytes_max = 5u << 20,
			.replaces_invalid_utf8 = true,
			.is_d1 = true,
		},
	};
	d1->api = api;
	d1->id = mem_strdup(database_id);
	return &d1->db;
}
