#include "backup/select.h"

#include "backup/literal.h"

/* Function arguments at once: D1 documents 32, one is the format. */
#define FORMAT_ARGUMENTS 30

static int add_value(struct buf *ret, const char *name, enum select_mode mode, struct err *err)
{
	AUTO_BUF quoted = BUF_INIT(1u << 20);
	const char *c;

	if (literal_add_name(&quoted, name, err) != 0)
		return -1;
	c = buf_str(&quoted);
	switch (mode) {
	case SELECT_HEX:
		return buf_addf(ret, err, "CASE typeof(%s) WHEN 'text' THEN "
		    "'CAST(X'''||hex(CAST(%s AS BLOB))||''' AS TEXT)' ELSE quote(%s) END", c, c, c);
	case SELECT_SKETCH:
		return buf_addf(ret, err, "CASE WHEN length(CAST(%s AS BLOB))<=%d THEN "
		    "CASE typeof(%s) WHEN 'text' THEN 'CAST(X'''||hex(CAST(%s AS BLOB))||''' AS TEXT)' "
		    "ELSE quote(%s) END WHEN typeof(%s)='text' THEN 'T'||length(CAST(%s AS BLOB)) "
		    "WHEN typeof(%s)='blob' THEN 'B'||length(%s) ELSE quote(%s) END",
		    c, SELECT_SKETCH_BYTES, c, c, c, c, c, c, c, c);
	default:
		return buf_addf(ret, err, "CASE WHEN typeof(%s)='text' AND instr(%s,char(0)) THEN "
		    "'CAST(X'''||hex(CAST(%s AS BLOB))||''' AS TEXT)' ELSE quote(%s) END", c, c, c, c);
	}
}

/* '('||printf('%s,%s,…',v,v,…)||printf(…)||')': few operators, however many
 * columns, since the depth of an expression is limited. */
static int add_tuple(struct buf *ret, const struct table *t, enum select_mode mode,
    struct err *err)
{
	if (buf_adds(ret, "'('", err) != 0)
		return -1;
	for (size_t from = 0; from < t->value_count; from += FORMAT_ARGUMENTS) {
		size_t to = from + FORMAT_ARGUMENTS;

		if (to > t->value_count)
			to = t->value_count;
		if (buf_adds(ret, "||printf('", err) != 0)
			return -1;
		for (size_t i = from; i < to; i++) {
			if (buf_adds(ret, i == 0 ? "%s" : ",%s", err) != 0)
				return -1;
		}
		if (buf_adds(ret, "'", err) != 0)
			return -1;
		for (size_t i = from; i < to; i++) {
			if (buf_adds(ret, ",", err) != 0 ||
			    add_value(ret, t->values[i], mode, err) != 0)
				return -1;
		}
		if (buf_adds(ret, ")", err) != 0)
			return -1;
	}
	return buf_adds(ret, "||')'", err);
}

static int add_key_names(struct buf *ret, const struct table *t, struct err *err)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if ((i > 0 && buf_adds(ret, ",", err) != 0) ||
		    literal_add_name(ret, t->values[t->key[i]], err) != 0)
			return -1;
	}
	return 0;
}

/* The plus takes away the affinity that CAST would give to the comparison. */
static int add_key_literal(struct buf *ret, struct span literal, struct err *err)
{
	if (literal.text[0] == 'C' && buf_adds(ret, "+", err) != 0)
		return -1;
	return buf_add(ret, literal.text, literal.len, err);
}

static int add_after(struct buf *ret, const struct table *t, struct span after, struct err *err)
{
	if (buf_adds(ret, " WHERE (", err) != 0 || add_key_names(ret, t, err) != 0 ||
	    buf_adds(ret, ")>(", err) != 0)
		return -1;
	for (size_t i = 0; i < t->key_count; i++) {
		if ((i > 0 && buf_adds(ret, ",", err) != 0) ||
		    add_key_literal(ret, tuple_literal(after, t->key[i]), err) != 0)
			return -1;
	}
	return buf_adds(ret, ")", err);
}

int select_page(struct buf *ret, const struct table *table, enum select_mode mode,
    struct span after, int64_t limit, struct err *err)
{
	if (buf_adds(ret, "SELECT ", err) != 0 ||
	    add_tuple(ret, table, mode, err) != 0 ||
	    buf_adds(ret, " FROM ", err) != 0 ||
	    literal_add_name(ret, table->name, err) != 0 ||
	    (after.text != NULL && add_after(ret, table, after, err) != 0) ||
	    buf_adds(ret, " ORDER BY ", err) != 0 ||
	    add_key_names(ret, table, err) != 0)
		return -1;
	if (limit > 0)
		return buf_addf(ret, err, " LIMIT %lld", (long long)limit);
	return 0;
}

int select_where_row(struct buf *ret, const struct table *table, struct span row,
    struct err *err)
{
	for (size_t i = 0; i < table->key_count; i++) {
		if ((i > 0 && buf_adds(ret, " AND ", err) != 0) ||
		    literal_add_name(ret, table->values[table->key[i]], err) != 0 ||
		    buf_adds(ret, "=", err) != 0 ||
		    add_key_literal(ret, tuple_literal(row, table->key[i]), err) != 0)
			return -1;
	}
	return 0;
}

int select_slice(struct buf *ret, const struct table *table, struct span row, size_t place,
    int64_t offset, int64_t count, struct err *err)
{
	if (buf_adds(ret, "SELECT hex(substr(CAST(", err) != 0 ||
	    literal_add_name(ret, table->values[place], err) != 0 ||
	    buf_addf(ret, err, " AS BLOB),%lld,%lld)) FROM ", (long long)offset + 1,
	    (long long)count) != 0 ||
	    literal_add_name(ret, table->name, err) != 0 ||
	    buf_adds(ret, " WHERE ", err) != 0)
		return -1;
	return select_where_row(ret, table, row, err);
}
