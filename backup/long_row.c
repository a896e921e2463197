/*
 * A row whose INSERT would pass the statement limit: its long values are first
 * put together, piece by piece, in a table of their own.
 *
 *   CREATE TABLE IF NOT EXISTS "_d1keep_long"(id INTEGER PRIMARY KEY,value);
 *   INSERT OR REPLACE INTO "_d1keep_long" VALUES(1,X'…');
 *   UPDATE "_d1keep_long" SET value=CAST(value||X'…' AS BLOB) WHERE id=1;
 *   INSERT INTO "t"("id","a","c") VALUES
 *   (7,'x',CAST((SELECT value FROM "_d1keep_long" WHERE id=1) AS TEXT));
 *   DROP TABLE "_d1keep_long";
 *
 * So the row appears whole, by one statement, as it once did: CHECK(json_valid(c)),
 * a generated column that looks into c, UNIQUE and the column's affinity never
 * meet half a value. A part grows to about 800 KB; a longer value is several of
 * them, (SELECT …)||(SELECT …), or its time would grow with the square.
 */
#include "backup/dump.h"

#include <string.h>

#include "tables/literal.h"

#define TABLE "\"_d1keep_long\""
/* Bytes of a value in one statement: twice that as hex, and room for the words. */
#define PIECE_BYTES ((STATEMENT_MAX_BYTES - 199) / 2)
#define PART_BYTES (16 * PIECE_BYTES)
/* What stands in the row for a value: a CAST, and a SELECT for each part. */
#define CAST_BYTES (sizeof("CAST( AS TEXT)"))
#define SELECT_FORMAT "(SELECT value FROM " TABLE " WHERE id=%zu)"
#define SELECT_BYTES (sizeof(SELECT_FORMAT) + 20)
/* All parts of a row but the first of each value. */
#define MORE_PARTS (CHUNK_MAX_BYTES / (2 * PART_BYTES))

struct long_row {
	struct buf *ret;         /* the pieces, then the row */
	struct buf insert;       /* the row's own statement */
	size_t most;             /* bytes a literal may have to stand in it */
	size_t parts;
};

static bool has_bytes(struct span literal)
{
	return literal.text[0] == '\'' || literal.text[0] == 'X' || literal.text[0] == 'C';
}

/* The most a literal may take inside the row, so that all of them fit: 0 when
 * there is no such number. */
static size_t inline_bytes(const struct buf *head, struct span tuple)
{
	const char *p = tuple.text + 1, *end = tuple.text + tuple.len;
	size_t fixed = head->len + 3 + MORE_PARTS * SELECT_BYTES;   /* "(" and ");" */
	size_t count = 0, each;

	while (p < end) {
		struct span literal = { p, literal_length(p, end) };

		if (has_bytes(literal))
			count++;
		else
			fixed += literal.len;
		fixed++;
		p += literal.len + 1;
	}
	if (count == 0 || fixed > STATEMENT_MAX_BYTES)
		return 0;
	each = (STATEMENT_MAX_BYTES - fixed) / count;
	return each >= CAST_BYTES + SELECT_BYTES ? each : 0;
}

static int add_piece(struct long_row *row, bool is_first, const char *bytes, size_t len,
    struct err *err)
{
	struct buf *ret = row->ret;

	if (is_first)
		return buf_addf(ret, err, "INSERT OR REPLACE INTO " TABLE " VALUES(%zu,", row->parts) != 0 ||
		    literal_add_blob(ret, bytes, len, err) != 0 ||
		    buf_adds(ret, ");\n", err) != 0 ? -1 : 0;
	return buf_adds(ret, "UPDATE " TABLE " SET value=CAST(value||", err) != 0 ||
	    literal_add_blob(ret, bytes, len, err) != 0 ||
	    buf_addf(ret, err, " AS BLOB) WHERE id=%zu;\n", row->parts) != 0 ? -1 : 0;
}

static int add_part(struct long_row *row, const char *bytes, size_t len, struct err *err)
{
	row->parts++;
	for (size_t at = 0; at < len; at += PIECE_BYTES) {
		size_t left = len - at;

		if (add_piece(row, at == 0, bytes + at, left < PIECE_BYTES ? left : PIECE_BYTES,
		    err) != 0)
			return -1;
	}
	return buf_addf(&row->insert, err, SELECT_FORMAT, row->parts);
}

static int add_value(struct long_row *row, struct span literal, struct err *err)
{
	AUTO_BUF value = BUF_INIT(literal.len);
	bool is_text;

	if (!literal_bytes(literal.text, literal.len, &value, &is_text))
		return err_set(err, ERR_CORRUPT, "a value that cannot be read");
	if (buf_adds(&row->insert, "CAST(", err) != 0)
		return -1;
	for (size_t at = 0; at < value.len; at += PART_BYTES) {
		size_t left = value.len - at;

		if ((at > 0 && buf_adds(&row->insert, "||", err) != 0) ||
		    add_part(row, value.data + at, left < PART_BYTES ? left : PART_BYTES, err) != 0)
			return -1;
	}
	return buf_adds(&row->insert, is_text ? " AS TEXT)" : " AS BLOB)", err);
}

static int add_values(struct long_row *row, struct span tuple, struct err *err)
{
	const char *p = tuple.text + 1, *end = tuple.text + tuple.len;

	while (p < end) {
		struct span literal = { p, literal_length(p, end) };
		bool is_long = has_bytes(literal) && literal.len > row->most;

		if ((is_long ? add_value(row, literal, err) :
		    buf_add(&row->insert, literal.text, literal.len, err)) != 0)
			return -1;
		p += literal.len + 1;
		if (buf_add(&row->insert, p - 1, 1, err) != 0)   /* ',' or ')' */
			return -1;
	}
	return 0;
}

int long_row_write(struct buf *ret, const struct buf *head, struct span tuple,
    struct err *err)
{
	struct long_row row = { .ret = ret, .most = inline_bytes(head, tuple) };
	int rc = -1;

	if (row.most == 0)
		return err_set(err, ERR_FAILED, "a row cannot be written in statements of %d bytes: its column names are too long",
		    STATEMENT_MAX_BYTES);
	buf_init(&row.insert, STATEMENT_MAX_BYTES);
	if (buf_adds(ret, "CREATE TABLE IF NOT EXISTS " TABLE "(id INTEGER PRIMARY KEY,value);\n", err) == 0 &&
	    buf_add(&row.insert, head->data, head->len, err) == 0 &&
	    buf_adds(&row.insert, "(", err) == 0 &&
	    add_values(&row, tuple, err) == 0 &&
	    buf_add(ret, row.insert.data, row.insert.len, err) == 0)
		rc = buf_adds(ret, ";\nDROP TABLE " TABLE ";\n", err);
	buf_release(&row.insert);
	return rc;
}
