#include "tables/tuple.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables/literal.h"

void tuple_scan_init(struct tuple_scan *scan, const char *text, size_t len, size_t columns)
{
	*scan = (struct tuple_scan){
		.text = text, .at = text, .end = text + len,
		.columns = columns, .plain = literal_may_be_quoted(text, len),
	};
}

static int not_a_tuple(const struct tuple_scan *scan, struct err *err)
{
	return err_set(err, ERR_CORRUPT,
	    "the database's answer is not a list of rows (at byte %zu)",
	    (size_t)(scan->at - scan->text));
}

struct look {
	bool respell;            /* a literal may need another spelling */
	bool doubtful;
};

static enum affinity affinity_at(const struct tuple_scan *scan, size_t place)
{
	return scan->affinities != NULL ? scan->affinities[place] : AFFINITY_OTHER;
}

static void look_at_real(const struct tuple_scan *scan, size_t place, const char *p, size_t len,
    struct look *ret)
{
	bool trusted = !scan->as_quoted || affinity_at(scan, place) == AFFINITY_REAL;

	ret->respell = true;
	if (!trusted && !literal_real_is_ordinary(p, len))
		ret->doubtful = true;
}

static void look_at_text(const struct tuple_scan *scan, size_t place, struct look *ret)
{
	if (scan->as_quoted && affinity_at(scan, place) >= AFFINITY_INTEGER)
		ret->doubtful = true;
}

/* From '(' to behind ')'. */
static const char *scan_tuple(const struct tuple_scan *scan, struct look *ret)
{
	const char *p = scan->at, *end = scan->end;

	if (p == end || *p != '(')
		return NULL;
	for (size_t i = 0; i < scan->columns; i++) {
		size_t len;

		p++;
		if (p >= end)
			return NULL;
		len = literal_length(p, end);
		if (len == 0)
			return NULL;
		if (*p == 'C')
			ret->respell = true;
		else if (*p == '\'')
			look_at_text(scan, i, ret);
		else if (!scan->exact_reals && literal_is_real(p, len))
			look_at_real(scan, i, p, len, ret);
		p += len;
		if (p == end || *p != (i + 1 < scan->columns ? ',' : ')'))
			return NULL;
	}
	return p + 1;
}

static int respell(struct span tuple, struct buf *spare, struct span *ret, struct err *err)
{
	const char *p = tuple.text + 1, *end = tuple.text + tuple.len;

	buf_reset(spare);
	if (buf_adds(spare, "(", err) != 0)
		return -1;
	while (p < end) {
		size_t len = literal_length(p, end);

		if (literal_add_canonical(spare, p, len, err) != 0 ||
		    buf_add(spare, p + len, 1, err) != 0)   /* ',' or ')' */
			return -1;
		p += len + 1;
	}
	*ret = (struct span){ spare->data, spare->len };
	return 1;
}

int tuple_next(struct tuple_scan *scan, struct buf *spare, struct span *ret, struct err *err)
{
	struct look look = { .respell = false };
	const char *start, *end;

	if (scan->at == scan->end)
		return 0;
	if (scan->at != scan->text) {
		size_t n = strlen(TUPLE_SEPARATOR);

		if ((size_t)(scan->end - scan->at) <= n ||
		    memcmp(scan->at, TUPLE_SEPARATOR, n) != 0)
			return not_a_tuple(scan, err);
		scan->at += n;
	}
	start = scan->at;
	if (scan->as_quoted && start < scan->end && *start == TUPLE_MARK)
		return TUPLE_DOUBTFUL;
	end = scan_tuple(scan, &look);
	if (end == NULL)
		return not_a_tuple(scan, err);
	if (look.doubtful)
		return TUPLE_DOUBTFUL;
	scan->at = end;
	*ret = (struct span){ start, (size_t)(end - start) };
	if (look.respell || (!scan->plain && !literal_may_be_quoted(ret->text, ret->len)))
		return respell(*ret, spare, ret, err);
	return 1;
}

struct span tuple_literal(struct span tuple, size_t index)
{
	const char *p = tuple.text + 1, *end = tuple.text + tuple.len;
	size_t len = literal_length(p, end);

	for (; index > 0; index--) {
		p += len + 1;
		assert(p < end);
		len = literal_length(p, end);
	}
	return (struct span){ p, len };
}

bool tuple_integer(struct span tuple, size_t index, int64_t *ret)
{
	struct span literal = tuple_literal(tuple, index);

	char *end;

	/* What follows a literal ends the number. */
	errno = 0;
	*ret = strtoll(literal.text, &end, 10);
	return errno == 0 && end == literal.text + literal.len;
}
