/*
 * A row whose INSERT would pass the statement limit: its long values are
 * inserted as their first bytes and grown by
 *
 *   UPDATE "t" SET "c"=CAST("c"||X'…' AS TEXT|BLOB) WHERE <key>;
 *
 * Text in a column of numeric affinity is grown as a blob and becomes text by
 * the last statement: its beginning alone might look like a number, and the
 * column would turn it into one.
 */
#include "backup/dump.h"

#include <string.h>

#include "backup/literal.h"
#include "backup/select.h"

/* Room for the fixed words of an UPDATE. */
#define UPDATE_WORDS_BYTES 100

struct long_row {
	const struct table *table;
	struct span tuple;
	size_t short_bytes;      /* values of more bytes than this are grown */
	struct buf where;
};

static const struct column *value_column(const struct table *t, size_t place)
{
	for (size_t i = 0; i < t->column_count; i++) {
		if (t->columns[i].name == t->values[place])
			return &t->columns[i];
	}
	return NULL;             /* the rowid */
}

static bool is_key(const struct table *t, size_t place)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (t->key[i] == place)
			return true;
	}
	return false;
}

static bool grows(const struct long_row *row, struct span literal, size_t place)
{
	char c = literal.text[0];

	return (c == '\'' || c == 'X' || c == 'C') && literal.len > row->short_bytes &&
	    !is_key(row->table, place);
}

static bool as_blob(const struct long_row *row, size_t place, bool is_text)
{
	const struct column *c = value_column(row->table, place);

	return !is_text || (!row->table->strict && c != NULL && column_is_numeric(c->type));
}

static int value_of(struct span literal, struct buf *ret, bool *ret_is_text, struct err *err)
{
	if (!literal_bytes(literal.text, literal.len, ret, ret_is_text))
		return err_set(err, ERR_CORRUPT, "a value that cannot be read");
	return 0;
}

/* The first bytes: half the short size, as it may double in hexadecimal. A cut
 * inside a character makes it no valid UTF-8 and so hexadecimal, which is well. */
static size_t first_bytes(const struct long_row *row, const struct buf *value)
{
	size_t n = row->short_bytes / 2;

	return n < value->len ? n : value->len;
}

static int add_short_value(const struct long_row *row, struct span literal, size_t place,
    struct buf *ret, struct err *err)
{
	AUTO_BUF value = BUF_INIT(CHUNK_MAX_BYTES);
	bool is_text;

	if (value_of(literal, &value, &is_text, err) != 0)
		return -1;
	return as_blob(row, place, is_text) ?
	    literal_add_blob(ret, buf_str(&value), first_bytes(row, &value), err) :
	    literal_add_text(ret, buf_str(&value), first_bytes(row, &value), err);
}

static int add_short_row(const struct long_row *row, struct buf *ret, struct err *err)
{
	const char *p = row->tuple.text + 1, *end = row->tuple.text + row->tuple.len;

	if (buf_adds(ret, "(", err) != 0)
		return -1;
	for (size_t place = 0; p < end; place++) {
		struct span literal = { p, literal_length(p, end) };

		if ((grows(row, literal, place) ?
		    add_short_value(row, literal, place, ret, err) :
		    buf_add(ret, literal.text, literal.len, err)) != 0)
			return -1;
		p += literal.len + 1;
		if (buf_add(ret, p - 1, 1, err) != 0)
			return -1;
	}
	return buf_adds(ret, ";\n", err);
}

static int add_update(const struct long_row *row, size_t place, const char *bytes, size_t len,
    const char *type, struct buf *ret, struct err *err)
{
	AUTO_BUF name = BUF_INIT(STATEMENT_MAX_BYTES);

	if (literal_add_name(&name, row->table->values[place], err) != 0 ||
	    buf_adds(ret, "UPDATE ", err) != 0 ||
	    literal_add_name(ret, row->table->name, err) != 0 ||
	    buf_addf(ret, err, " SET %s=CAST(%s||", buf_str(&name), buf_str(&name)) != 0 ||
	    literal_add_blob(ret, bytes, len, err) != 0)
		return -1;
	return buf_addf(ret, err, " AS %s) WHERE %s;\n", type, buf_str(&row->where));
}

static int grow_value(const struct long_row *row, struct span literal, size_t place,
    struct buf *ret, struct err *err)
{
	size_t words = UPDATE_WORDS_BYTES + row->where.len +
	    2 * strlen(row->table->values[place]) * 2 + 2 * strlen(row->table->name);
	size_t step = (STATEMENT_MAX_BYTES - words) / 2, at, n;
	AUTO_BUF value = BUF_INIT(CHUNK_MAX_BYTES);
	bool is_text, blob;

	if (value_of(literal, &value, &is_text, err) != 0)
		return -1;
	blob = as_blob(row, place, is_text);
	for (at = first_bytes(row, &value); at < value.len; at += n) {
		bool last;

		n = value.len - at < step ? value.len - at : step;
		last = at + n == value.len;
		if (add_update(row, place, value.data + at, n,
		    is_text && (!blob || last) ? "TEXT" : "BLOB", ret, err) != 0)
			return -1;
	}
	return 0;
}

static int grow_values(const struct long_row *row, struct buf *ret, struct err *err)
{
	const char *p = row->tuple.text + 1, *end = row->tuple.text + row->tuple.len;

	for (size_t place = 0; p < end; place++) {
		struct span literal = { p, literal_length(p, end) };

		if (grows(row, literal, place) && grow_value(row, literal, place, ret, err) != 0)
			return -1;
		p += literal.len + 1;
	}
	return 0;
}

/* Bytes that the values which cannot be cut need, with their commas. */
static size_t fixed_bytes(const struct table *t, struct span tuple)
{
	const char *p = tuple.text + 1, *end = tuple.text + tuple.len;
	size_t sum = 2;

	for (size_t place = 0; p < end; place++) {
		size_t len = literal_length(p, end);

		if (is_key(t, place) || (*p != '\'' && *p != 'X' && *p != 'C'))
			sum += len;
		sum++;
		p += len + 1;
	}
	return sum;
}

int long_row_write(struct buf *ret, const struct table *table, const struct buf *head,
    struct span tuple, struct err *err)
{
	struct long_row row = { .table = table, .tuple = tuple };
	size_t fixed = head->len + fixed_bytes(table, tuple) + 1;
	size_t spelling = strlen("CAST(X'' AS TEXT)");
	int rc = -1;

	buf_init(&row.where, STATEMENT_MAX_BYTES);
	if (fixed + table->value_count * (spelling + 16) > STATEMENT_MAX_BYTES) {
		(void)err_set(err, ERR_FAILED, "a row of table \"%s\" cannot be written in statements of %d bytes: its key and column names are too long",
		    table->name, STATEMENT_MAX_BYTES);
	} else if (select_where_row(&row.where, table, tuple, err) == 0) {
		row.short_bytes = (STATEMENT_MAX_BYTES - fixed) / table->value_count - spelling;
		if (row.where.len > STATEMENT_MAX_BYTES / 2)
			(void)err_set(err, ERR_FAILED, "a row of table \"%s\" has a key of more than %d bytes: it cannot be written",
			    table->name, STATEMENT_MAX_BYTES / 2);
		else if (buf_add(ret, head->data, head->len, err) == 0 &&
		    add_short_row(&row, ret, err) == 0)
			rc = grow_values(&row, ret, err);
	}
	buf_release(&row.where);
	return rc;
}
