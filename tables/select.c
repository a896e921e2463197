#include "tables/select.h"

#include <string.h>

#include "base/mem.h"
#include "tables/literal.h"

/* Function arguments at once: D1 documents 32, one is the format. */
#define FORMAT_ARGUMENTS 30
/* A longer name is written once a value, or the statement gets too long. */
#define REPEATED_NAME_BYTES 40
#define PLAIN_NAMES_BYTES 10000

/* The value is %1$s below: its column's name. */
#define AS_HEX_TEXT "'CAST(X'''||hex(CAST(%1$s AS BLOB))||''' AS TEXT)'"

#define QUOTE "quote(%1$s)"
/* D1's engine quotes a REAL exactly only in the middle of the range. A zero there has
 * its sign from atan2, and the rest comes as R<integer>p<power of two>: scaled
 * by powers of two, of which no step rounds, to an integer of 60 bits. */
#define QUOTE_D1 "CASE WHEN typeof(%1$s)<>'real' OR abs(%1$s) BETWEEN 1e-60 AND 1e60 OR " \
	"abs(%1$s)>=9e999 THEN quote(%1$s) WHEN %1$s=0 THEN substr('-0.0',1+(atan2(%1$s,-1)>0)) " \
	"ELSE (SELECT 'R'||CAST(x/pow(2,e) AS INTEGER)||'p'||(e-s) " \
	"FROM(SELECT x,s,CAST(floor(log2(abs(x))) AS INTEGER)-60 AS e " \
	"FROM(SELECT v*pow(2,s) AS x,s " \
	"FROM(SELECT v,CASE WHEN abs(v)<1 THEN 1000 ELSE -400 END AS s FROM(SELECT %1$s AS v))))) END"

#define FORMATS(quote) { \
	[SELECT_PLAIN] = quote, \
	[SELECT_QUOTED] = "CASE WHEN typeof(%1$s)='text' AND instr(%1$s,char(0)) THEN " \
	    AS_HEX_TEXT " ELSE " quote " END", \
	[SELECT_HEX] = "CASE typeof(%1$s) WHEN 'text' THEN " AS_HEX_TEXT " ELSE " quote " END", \
	[SELECT_SKETCH] = "CASE WHEN length(CAST(%1$s AS BLOB))<=%2$d THEN " \
	    "CASE typeof(%1$s) WHEN 'text' THEN " AS_HEX_TEXT " ELSE " quote " END " \
	    "WHEN typeof(%1$s)='text' THEN 'T'||length(CAST(%1$s AS BLOB)) " \
	    "WHEN typeof(%1$s)='blob' THEN 'B'||length(%1$s) ELSE 'NULL' END", \
}

/* How each mode shows a value. */
static const char *value_format(const struct table *t, enum select_mode mode)
{
	static const char *const exact[] = FORMATS(QUOTE);
	static const char *const of_d1[] = FORMATS(QUOTE_D1);

	return (t->exact_reals ? exact : of_d1)[mode];
}

/* The value's, where a column's values differ in how they are shown. */
static const char *format_at(const struct table *t, size_t place, enum select_mode mode)
{
	if (mode == SELECT_PLAIN && !table_has_reals(t, place))
		return QUOTE;
	return value_format(t, mode);
}

static int add_value(struct buf *ret, const char *name, const char *format, struct err *err)
{
	AUTO_BUF quoted = BUF_INIT(1u << 20);

	if (literal_add_name(&quoted, name, err) != 0)
		return -1;
	if (quoted.len <= REPEATED_NAME_BYTES)
		return buf_addf(ret, err, format, buf_str(&quoted), SELECT_SKETCH_BYTES);
	return buf_adds(ret, "(SELECT ", err) != 0 ||
	    buf_addf(ret, err, format, "c", SELECT_SKETCH_BYTES) != 0 ||
	    buf_addf(ret, err, " FROM(SELECT %s AS c))", buf_str(&quoted)) != 0 ? -1 : 0;
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
	if (mode == SELECT_SKETCH && is_key(t, place))
		mode = SELECT_HEX;
	return add_value(ret, t->values[place], format_at(t, place, mode), err);
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

/* "(0 OR instr(a,char(0)) OR …) OR (0 OR …)": few operators deep. */
static int add_nul_test(struct buf *ret, const struct table *t, struct err *err)
{
	if (buf_adds(ret, "(0", err) != 0)
		return -1;
	for (size_t i = 0; i < t->value_count; i++) {
		/* A text among numbers, which may have a NUL, is seen when it comes. */
		if (t->values[i] == t->rowid || table_has_numbers(t, i))
			continue;
		if ((i % FORMAT_ARGUMENTS == FORMAT_ARGUMENTS - 1 && buf_adds(ret, ") OR (0", err) != 0) ||
		    buf_adds(ret, " OR instr(", err) != 0 ||
		    literal_add_name(ret, t->values[i], err) != 0 ||
		    buf_adds(ret, ",char(0))", err) != 0)
			return -1;
	}
	return buf_adds(ret, ")", err);
}

static int add_shown(struct buf *ret, const struct table *t, enum select_mode mode,
    struct err *err)
{
	if (mode != SELECT_PLAIN)
		return add_tuple(ret, t, mode, err);
	return buf_adds(ret, "CASE WHEN ", err) != 0 || add_nul_test(ret, t, err) != 0 ||
	    buf_addf(ret, err, " THEN '%c' ELSE ", TUPLE_MARK) != 0 ||
	    add_tuple(ret, t, mode, err) != 0 || buf_adds(ret, " END", err) != 0 ? -1 : 0;
}

/* Names stand twice in a plain statement. */
enum select_mode select_first_mode(const struct table *table)
{
	size_t bytes = 0;

	for (size_t i = 0; i < table->value_count; i++)
		bytes += strlen(table->values[i]);
	return table->exact_reals || table->kind != TABLE_ORDINARY || bytes > PLAIN_NAMES_BYTES ?
	    SELECT_QUOTED : SELECT_PLAIN;
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

/* An rtree finds a row by its rowid, but not the rows behind one: those its
 * shadow table r_rowid knows. */
static int add_rtree_where(struct buf *ret, const struct table *t, struct span after,
    int64_t limit, struct err *err)
{
	AUTO_STR shadow = mem_printf("%s_rowid", t->name);
	struct span key = after.text != NULL ? tuple_literal(after, t->key[0]) : after;

	if (buf_adds(ret, " WHERE ", err) != 0 || literal_add_name(ret, t->rowid, err) != 0 ||
	    buf_adds(ret, " IN (SELECT rowid FROM ", err) != 0 ||
	    literal_add_name(ret, shadow, err) != 0 ||
	    (key.text != NULL && buf_addf(ret, err, " WHERE rowid>%.*s", (int)key.len, key.text) != 0) ||
	    buf_adds(ret, " ORDER BY rowid", err) != 0 ||
	    (limit > 0 && buf_addf(ret, err, " LIMIT %lld", (long long)limit) != 0))
		return -1;
	return buf_adds(ret, ")", err);
}

int select_page(struct buf *ret, const struct table *table, enum select_mode mode,
    struct span after, int64_t limit, struct err *err)
{
	bool rtree = table->kind == TABLE_RTREE;

	if (buf_adds(ret, "SELECT ", err) != 0 ||
	    add_shown(ret, table, mode, err) != 0 ||
	    buf_adds(ret, " FROM ", err) != 0 ||
	    literal_add_name(ret, table->name, err) != 0 ||
	    (rtree && add_rtree_where(ret, table, after, limit, err) != 0) ||
	    (!rtree && after.text != NULL && add_where(ret, table, ">", after, err) != 0) ||
	    buf_adds(ret, " ORDER BY ", err) != 0 ||
	    add_key_names(ret, table, err) != 0)
		return -1;
	if (!rtree && limit > 0)
		return buf_addf(ret, err, " LIMIT %lld", (long long)limit);
	return 0;
}

int select_values(struct buf *ret, const struct table *table, struct err *err)
{
	for (size_t i = 0; i < table->value_count; i++) {
		if (buf_adds(ret, i == 0 ? "SELECT " : ",", err) != 0 ||
		    literal_add_name(ret, table->values[i], err) != 0)
			return -1;
	}
	return buf_adds(ret, " FROM ", err) != 0 ||
	    literal_add_name(ret, table->name, err) != 0 ||
	    buf_adds(ret, " ORDER BY ", err) != 0 ||
	    add_key_names(ret, table, err) != 0 ? -1 : 0;
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
