#include "tables/select.h"

#include <string.h>

#include "base/mem.h"
#include "tables/literal.h"

/* Function arguments at once: D1 documents 32, one is the format. */
#define FORMAT_ARGUMENTS 30
/* No table that is read has such a name. */
#define GROUPS "_d1keep_groups"
/* Each puts two operators on top of each other. */
#define TESTS_TOGETHER 25
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
	[SELECT_GROUPED] = quote, \
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

static bool is_plain(enum select_mode mode)
{
	return mode == SELECT_PLAIN || mode == SELECT_GROUPED;
}

/* The value's, where a column's values differ in how they are shown. */
static const char *format_at(const struct table *t, size_t place, enum select_mode mode)
{
	if (is_plain(mode) && table_affinity(t, place) != AFFINITY_REAL)
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

/* What printf() itself makes of a value costs less than what quote() makes for it:
 * of texts, and of rowids, which are integers whatever comes. */
static const char *plain_directive(const struct table *t, size_t place)
{
	if (t->values[place] == t->rowid)
		return "%d";
	return table_affinity(t, place) == AFFINITY_TEXT ? "%Q" : NULL;
}

static const char *directive(const struct table *t, size_t place, enum select_mode mode)
{
	const char *plain = is_plain(mode) ? plain_directive(t, place) : NULL;

	return plain != NULL ? plain : "%s";
}

/* The value at `place`, for its directive. A sketch shows keys in full: the row is
 * found by them. */
static int add_value_at(struct buf *ret, const struct table *t, size_t place,
    enum select_mode mode, struct err *err)
{
	if (is_plain(mode) && plain_directive(t, place) != NULL)
		return literal_add_name(ret, t->values[place], err);
	if (mode == SELECT_SKETCH && is_key(t, place))
		mode = SELECT_HEX;
	return add_value(ret, t->values[place], format_at(t, place, mode), err);
}

/* printf('%s,%s,…',v,v,…) of the values from `from` up to `to`; the first of a
 * tuple's opens the parenthesis, and the last closes it. */
static int add_format(struct buf *ret, const struct table *t, enum select_mode mode,
    size_t from, size_t to, struct err *err)
{
	if (buf_adds(ret, from == 0 ? "printf('(" : "||printf(',", err) != 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (buf_adds(ret, i == from ? "" : ",", err) != 0 ||
		    buf_adds(ret, directive(t, i, mode), err) != 0)
			return -1;
	}
	if (buf_adds(ret, to == t->value_count ? ")'" : "'", err) != 0)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (buf_adds(ret, ",", err) != 0 || add_value_at(ret, t, i, mode, err) != 0)
			return -1;
	}
	return buf_adds(ret, ")", err);
}

/* printf(…)||printf(…): few operators, however many columns, since the depth of an
 * expression is limited. */
static int add_tuple(struct buf *ret, const struct table *t, enum select_mode mode,
    struct err *err)
{
	for (size_t from = 0; from < t->value_count; from += FORMAT_ARGUMENTS) {
		size_t to = from + FORMAT_ARGUMENTS;

		if (to > t->value_count)
			to = t->value_count;
		if (add_format(ret, t, mode, from, to, err) != 0)
			return -1;
	}
	return 0;
}

/* What printf('%Q') and quote() would not show: a blob among texts, as blobs are
 * more than any text; a NUL in a text, as texts are less than any blob. */
static int add_value_test(struct buf *ret, const char *name, enum affinity affinity,
    struct err *err)
{
	AUTO_BUF quoted = BUF_INIT(1u << 20);

	if (literal_add_name(&quoted, name, err) != 0)
		return -1;
	return buf_addf(ret, err, affinity == AFFINITY_TEXT ?
	    "%1$s>=x'' OR instr(%1$s,char(0))" : "(%1$s<x'' AND instr(%1$s,char(0)))",
	    buf_str(&quoted));
}

/* "(0 OR …) OR (0 OR …)": few operators deep. */
static int add_row_test(struct buf *ret, const struct table *t, struct err *err)
{
	size_t tested = 0;

	if (buf_adds(ret, "(0", err) != 0)
		return -1;
	for (size_t i = 0; i < t->value_count; i++) {
		/* A text among numbers, which may have a NUL, is seen when it comes. */
		if (table_affinity(t, i) >= AFFINITY_INTEGER)
			continue;
		if (buf_adds(ret, ++tested % TESTS_TOGETHER == 0 ? ") OR (0 OR " : " OR ", err) != 0 ||
		    add_value_test(ret, t->values[i], table_affinity(t, i), err) != 0)
			return -1;
	}
	return buf_adds(ret, ")", err);
}

static int add_shown(struct buf *ret, const struct table *t, enum select_mode mode,
    struct err *err)
{
	if (!is_plain(mode))
		return add_tuple(ret, t, mode, err);
	return buf_adds(ret, "CASE WHEN ", err) != 0 || add_row_test(ret, t, err) != 0 ||
	    buf_addf(ret, err, " THEN '%c' ELSE ", TUPLE_MARK) != 0 ||
	    add_tuple(ret, t, mode, err) != 0 || buf_adds(ret, " END", err) != 0 ? -1 : 0;
}

/* Names stand three times in a plain statement. */
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

/* A group without rows says "0". What a row's tuple is too long for is NULL, which
 * group_concat() would pass over in silence. */
int select_groups(struct buf *ret, const struct table *table, const struct select_groups *groups,
    struct err *err)
{
	AUTO_BUF key = BUF_INIT(1u << 20);

	if (literal_add_name(&key, table->rowid, err) != 0 ||
	    buf_addf(ret, err, "WITH RECURSIVE " GROUPS "(behind) AS (VALUES(%lld) UNION ALL "
	    "SELECT behind+%lld FROM " GROUPS " LIMIT %lld) SELECT (SELECT count(*)||"
	    "ifnull(group_concat(ifnull(", (long long)groups->behind, (long long)groups->keys,
	    (long long)groups->count) != 0 ||
	    add_shown(ret, table, SELECT_GROUPED, err) != 0 ||
	    buf_addf(ret, err, ",'%c'),',\n'),'') FROM ", TUPLE_MARK) != 0 ||
	    literal_add_name(ret, table->name, err) != 0)
		return -1;
	return buf_addf(ret, err, " WHERE %s>" GROUPS ".behind AND %s<=" GROUPS ".behind+%lld) FROM " GROUPS,
	    buf_str(&key), buf_str(&key), (long long)groups->keys);
}

int select_key_behind(struct buf *ret, const struct table *table, int64_t behind, struct err *err)
{
	AUTO_BUF key = BUF_INIT(1u << 20);

	if (literal_add_name(&key, table->rowid, err) != 0 ||
	    buf_addf(ret, err, "SELECT CAST(min(%s) AS TEXT) FROM ", buf_str(&key)) != 0 ||
	    literal_add_name(ret, table->name, err) != 0)
		return -1;
	return buf_addf(ret, err, " WHERE %s>%lld", buf_str(&key), (long long)behind);
}

static int add_range(struct buf *ret, const struct table *t, const struct rowids *range,
    struct err *err)
{
	if (range == NULL)
		return 0;
	return buf_adds(ret, " WHERE ", err) != 0 || literal_add_name(ret, t->rowid, err) != 0 ||
	    buf_addf(ret, err, " BETWEEN %lld AND %lld", (long long)range->first,
	    (long long)range->last) != 0 ? -1 : 0;
}

int select_values(struct buf *ret, const struct table *table, const struct rowids *range,
    struct err *err)
{
	for (size_t i = 0; i < table->value_count; i++) {
		if (buf_adds(ret, i == 0 ? "SELECT " : ",", err) != 0 ||
		    literal_add_name(ret, table->values[i], err) != 0)
			return -1;
	}
	return buf_adds(ret, " FROM ", err) != 0 ||
	    literal_add_name(ret, table->name, err) != 0 ||
	    add_range(ret, table, range, err) != 0 ||
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
