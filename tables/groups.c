#include "tables/groups.h"

/* Measured: fewer rows in a group cost more, more save no more. */
#define GROUP_KEYS 128
#define GROUP_LEAST_KEYS 8
#define GROUP_BYTES (64 << 10)
/* Keys to a row at most: an estimate of a page's size that is off by no more. */
#define DENSE_SPAN 2
/* Far from where sums would overflow. */
#define KEY_MAX (INT64_C(1) << 60)

void groups_init(struct groups *groups, const struct table *table)
{
	*groups = (struct groups){ .never = !table_has_rowid_key(table) };
}

void groups_saw(struct groups *groups, int64_t first, int64_t last, int64_t rows,
    int64_t bytes)
{
	bool near = first > -KEY_MAX && last < KEY_MAX && first <= last;

	groups->rows = rows;
	groups->span = near ? last - first + 1 : INT64_MAX;
	groups->bytes = bytes;
	groups->behind = last;
}

void groups_forget(struct groups *groups)
{
	groups->rows = 0;
}

bool groups_plan(const struct groups *groups, int64_t rows, struct select_groups *ret)
{
	int64_t keys, fit;

	if (groups->never || groups->rows < 1 || groups->behind >= KEY_MAX ||
	    groups->span / DENSE_SPAN > groups->rows)
		return false;
	fit = GROUP_BYTES / (groups->bytes / groups->rows + 1);
	keys = fit < GROUP_KEYS ? fit : GROUP_KEYS;
	if (keys < GROUP_LEAST_KEYS)
		return false;
	*ret = (struct select_groups){
		.behind = groups->behind,
		.keys = keys,
		.count = (rows * groups->span / groups->rows + keys - 1) / keys,
	};
	return true;
}
