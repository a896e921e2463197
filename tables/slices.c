/*
 * A row that is too big for one answer. First its sketch: the tuple with long
 * values replaced by T<bytes> or B<bytes>. Then each of those values in slices.
 */
#include <stdlib.h>
#include <string.h>

#include "tables/literal.h"
#include "tables/reader.h"
#include "tables/select.h"
#include "tables/values.h"
#include "base/hash.h"

#define SLICE_BYTES (256 * 1024)
#define SLICES_A_CALL 4

struct big_row {
	struct db *db;
	const struct table *table;
	struct span key;       /* a tuple whose key literals are right */
};

static int add_slices(const struct big_row *row, size_t place, int64_t from, int64_t bytes,
    struct buf *ret, struct err *err)
{
	struct buf sql[SLICES_A_CALL];
	const char *texts[SLICES_A_CALL];
	AUTO_ANSWER answer = { 0 };
	size_t count = 0;
	int rc = 0;

	for (; count < SLICES_A_CALL && from < bytes && rc == 0; count++, from += SLICE_BYTES) {
		buf_init(&sql[count], 1u << 20);
		rc = select_slice(&sql[count], row->table, row->key, place, from, SLICE_BYTES, err);
		texts[count] = buf_str(&sql[count]);
	}
	if (rc == 0)
		rc = db_query(row->db, texts, count, &answer, err);
	for (size_t i = 0; i < count; i++)
		buf_release(&sql[i]);
	for (size_t i = 0; rc == 0 && i < answer.count; i++) {
		struct db_cell cell = { NULL, 0 };
		char *dst;

		if (answer.rows[i].count == 1)
			cell = db_cell(&answer.rows[i], 0, 0);
		if (cell.text == NULL)
			return err_set(err, ERR_CHANGED, "a row went away while it was read");
		dst = buf_reserve(ret, cell.len / 2, err);
		if (dst == NULL)
			return -1;
		if (!hex_decode(cell.text, cell.len, (unsigned char *)dst))
			return err_set(err, ERR_CORRUPT, "a slice of a value is not hexadecimal");
		buf_commit(ret, cell.len / 2);
	}
	return rc;
}

static int add_big_value(const struct big_row *row, size_t place, bool is_text,
    int64_t bytes, struct buf *ret, struct err *err)
{
	AUTO_BUF value = BUF_INIT(VALUE_MAX_BYTES);

	if (bytes > VALUE_MAX_BYTES)
		return err_set(err, ERR_FAILED, "a value of %lld bytes in column \"%s\": no more than %d can be kept",
		    (long long)bytes, row->table->values[place], VALUE_MAX_BYTES);
	while ((int64_t)value.len < bytes) {
		size_t before = value.len;

		if (add_slices(row, place, (int64_t)before, bytes, &value, err) != 0)
			return -1;
		if (value.len == before || (int64_t)value.len > bytes)
			return err_set(err, ERR_CHANGED, "a value changed its length while it was read");
	}
	return is_text ? literal_add_text(ret, buf_str(&value), value.len, err) :
	    literal_add_blob(ret, buf_str(&value), value.len, err);
}

static const char *sketch_literal(const char *p, const char *end, int64_t *ret_bytes)
{
	char *after;

	*ret_bytes = -1;
	if (p < end && (*p == 'T' || *p == 'B')) {
		*ret_bytes = strtoll(p + 1, &after, 10);
		return *ret_bytes >= 0 && after > p + 1 && after < end ? after : NULL;
	}
	if (literal_length(p, end) == 0)
		return NULL;
	return p + literal_length(p, end);
}

/* Where the key's literals lie: a sketch shows keys in full unless they are
 * long, so it can stand for the tuple once its marks are made NULL. */
static int make_key(struct span sketch, struct buf *ret, struct err *err)
{
	const char *p = sketch.text + 1, *end = sketch.text + sketch.len;

	if (buf_adds(ret, "(", err) != 0)
		return -1;
	while (p < end) {
		int64_t bytes;
		const char *after = sketch_literal(p, end, &bytes);

		if (after == NULL || after == end)
			return err_set(err, ERR_CORRUPT, "the sketch of a row cannot be read");
		if ((bytes >= 0 ? buf_adds(ret, "NULL", err) :
		    buf_add(ret, p, (size_t)(after - p), err)) != 0 ||
		    buf_add(ret, after, 1, err) != 0)
			return -1;
		p = after + 1;
	}
	return 0;
}

static int add_row(const struct big_row *row, struct span sketch, struct buf *ret,
    struct err *err)
{
	const char *p = sketch.text + 1, *end = sketch.text + sketch.len;

	if (buf_adds(ret, "(", err) != 0)
		return -1;
	for (size_t place = 0; p < end; place++) {
		int64_t bytes;
		const char *after = sketch_literal(p, end, &bytes);

		if (place >= row->table->value_count)
			return err_set(err, ERR_CORRUPT, "the sketch of a row has too many values");
		if ((bytes < 0 ? literal_add_canonical(ret, p, (size_t)(after - p), err) :
		    add_big_value(row, place, *p == 'T', bytes, ret, err)) != 0 ||
		    buf_add(ret, after, 1, err) != 0)
			return -1;
		p = after + 1;
	}
	return 1;
}

int slices_read_row(struct db *db, const struct table *table, struct span after,
    struct buf *ret, struct err *err)
{
	struct big_row row = { db, table, { NULL, 0 } };
	AUTO_ANSWER answer = { 0 };
	AUTO_BUF sql = BUF_INIT(1u << 20);
	AUTO_BUF key = BUF_INIT(TUPLE_MAX_BYTES);
	struct tuple_scan scan;
	struct db_cell cell;
	struct span ignored;
	AUTO_BUF spare = BUF_INIT(TUPLE_MAX_BYTES);

	if (select_page(&sql, table, SELECT_SKETCH, after, 1, err) != 0 ||
	    db_query(db, (const char *const[]){ buf_str(&sql) }, 1, &answer, err) != 0)
		return -1;
	if (answer.rows[0].count == 0)
		return 0;
	cell = db_cell(&answer.rows[0], 0, 0);
	if (cell.text == NULL || cell.len < 2 || cell.text[0] != '(')
		return err_set(err, ERR_CORRUPT, "the sketch of a row cannot be read");
	if (make_key((struct span){ cell.text, cell.len }, &key, err) != 0)
		return -1;
	tuple_scan_init(&scan, buf_str(&key), key.len, table->value_count);
	if (tuple_next(&scan, &spare, &ignored, err) != 1)
		return err_set(err, ERR_CORRUPT, "the sketch of a row cannot be read");
	row.key = ignored;
	return add_row(&row, (struct span){ cell.text, cell.len }, ret, err);
}
