#include "tables/select.h"

#include <string.h>

#include "tables/literal.h"

/* Function arguments at once: D1 documents 32, one is the format. */
#define FORMAT_ARGUMENTS 30
/* A longer name is written once a value, or the statement gets too long. */
#define REPEATED_NAME_BYTES 40

#define AS_HEX_TEXT(c) "'CAST(X'''||hex(CAST(" c " AS BLOB))||''' AS TEXT)'"

/* How each mode shows a value; %1$s is its column's name. */
static const char *value_format(enum select_mode mode)
{
	switch (mode) {
	case SELECT_HEX:
		return "CASE typeof(%1$s) WHEN 'text' THEN " AS_HEX_TEXT("%1$s")
		    " ELSE quote(%1$s) END";
	case SELECT_SKETCH:
		return "CASE WHEN length(CAST(%1$s AS BLOB))<=%2$d THEN "
		    "CASE typeof(%1$s) WHEN 'text' THEN " AS_HEX_TEXT("%1$s")
		    " ELSE quote(%1$s) END "
		    "WHEN typeof(%1$s)='text' THEN 'T'||length(CAST(%1$s AS BLOB)) "
		    "WHEN typeof(%1$s)='blob' THEN 'B'||length(%1$s) ELSE quote(%1$s) END";
	default:
		return "CASE WHEN typeof(%1$s)='text' AND instr(%1$s,char(0)) THEN "
		    AS_HEX_TEXT("%1$s") " ELSE quote(%1$s) END";
	}
}

static int add_value(struct buf *ret, const char *name, enum select_mode mode, struct err *err)
{
	AUTO_BUF quoted = BUF_INIT(1u << 20);

	if (literal_add_name(&quoted, name, err) != 0)
		return -1;
	if (quoted.len <= REPEATED_NAME_BYTES)
		return buf_addf(ret, err, value_format(mode), buf_str(&quoted),
		    SELECT_SKETCH_BYTES);
	return buf_adds(ret, "(SELECT ", err) != 0 ||
	    buf_addf(ret, err, value_format(mode), "v", SELECT_SKETCH_BYTES) != 0 ||
	    buf_addf(ret, err, " FROM(SELECT %s AS v))", buf_str(&quoted)) != 0 ? -1 : 0;
}

static bool is_key(const struct table *t, size_t place)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (t->key[i] == place)
			return true;
	}
	return false;
}

/* The value at `place`. A sketch shows keys in full: the row is found by them. */
static int add_value_at(struct buf *ret, const struct table *t, size_t place,
    enum select_mode mode, struct err *err)
{
	return add_value(ret, t->values[place],
	    mode == SELECT_SKETCH && is_key(t, place) ? SELECT_HEX : mode, err);
}

/* ||printf('%s,%s,…',v,v,…) of the values from `from` up to `to`. */
static int add_format(struct buf *ret, const struct table *t, enum select_mode mode,
    size_t from, size_t to, struct err *err)
{
	if (buf_adds(ret, "||printf('", err) != 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (buf_adds(ret, i == 0 ? "%s" : ",%s", err) != 0)
			return -1;
	}
	if (buf_adds(ret, "'", err) != 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (buf_adds(ret, ",", err) != 0 || add_value_at(ret, t, i, mode, err) != 0)
			return -1;
	}
	return buf_adds(ret, ")", err);
}

/* '('||printf(…)||printf(…)||')': few operators, however many columns, since
 * the depth of an expression is limited. */
static int add_tuple(struct buf *ret, const struct table *t, enum select_mode mode,
    struct err *err)
{
	if (buf_adds(ret, "'('", err) != 0)
		return -1;
	for (size_t from = 0; from < t->value_count; from += FORMAT_ARGUMENTS) {
		size_t to = from + FORMAT_ARGUMENTS;

		if (to > t->value_count)
			to = t->value_count;
		if (add_format(ret, t, mode, from, to, err) != 0)
			return -1;
	}
	return buf_adds(ret, "||')'", err);
}

/* The key's columns, each with the primary key's own collation where the table
 * names any: only by that one are its keys different from each other. */
static int add_key_names(struct buf *ret, const struct table *t, struct err *err)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if ((i > 0 && buf_adds(ret, ",", err) != 0) ||
		    literal_add_name(ret, t->values[t->key[i]], err) != 0)
			return -1;
		if (t->key_collations != NULL && t->key_collations[i] != NULL &&
		    (buf_adds(ret, " COLLATE ", err) != 0 ||
		    literal_add_name(ret, t->key_collations[i], err) != 0))
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

/* " WHERE (key)>(literals of `row`)", or another operator. */
static int add_where(struct buf *ret, const struct table *t, const char *operator,
    struct span row, struct err *err)
{
	if (buf_adds(ret, " WHERE (", err) != 0 || add_key_names(ret, t, err) != 0 ||
	    buf_addf(ret, err, ")%s(", operator) != 0)
		return -1;
	for (size_t i = 0; i < t->key_count; i++) {
		if ((i > 0 && buf_adds(ret, ",", err) != 0) ||
		    add_key_literal(ret, tuple_literal(row, t->key[i]), err) != 0)
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
	    (after.text != NULL && add_where(ret, table, ">", after, err) != 0) ||
	    buf_adds(ret, " ORDER BY ", err) != 0 ||
	    add_key_names(ret, table, err) != 0)
		return -1;
	if (limit > 0)
		return buf_addf(ret, err, " LIMIT %lld", (long long)limit);
	return 0;
}

int select_slice(struct buf *ret, const struct table *table, struct span row, size_t place,
    int64_t offset, int64_t count, struct err *err)
{
	if (buf_adds(ret, "SELECT hex(substr(CAST(", err) != 0 ||
	    literal_add_name(ret, table->values[place], err) != 0 ||
	    buf_addf(ret, err, " AS BLOB),%lld,%lld)) FROM ", (long long)offset + 1,
	    (long long)count) != 0 ||
	    literal_add_name(ret, table->name, err) != 0)
		return -1;
	return add_where(ret, table, "=", row, err);
}
