#include "cli/cost.h"

#include <math.h>
#include <stdio.h>

#include "base/json.h"

#define ROWS_READ 0.001e-6
#define WRITES 4.50e-6
#define READS 0.36e-6
#define STORED_BYTE 0.015e-9
/* Two digits that say something, but no more than seven in all. */
#define MOST_DIGITS 7

void cost_add(struct cost *sum, const struct cost *more)
{
	sum->requests += more->requests;
	sum->rows_read += more->rows_read;
	sum->writes += more->writes;
	sum->reads += more->reads;
	sum->deletes += more->deletes;
	sum->stored_bytes += more->stored_bytes;
}

bool cost_is_nothing(const struct cost *cost)
{
	return cost->requests == 0 && cost->rows_read == 0 && cost->writes == 0 && cost->reads == 0 &&
	    cost->deletes == 0;
}

double cost_dollars(const struct cost *cost)
{
	return (double)cost->rows_read * ROWS_READ + (double)cost->writes * WRITES +
	    (double)cost->reads * READS + (double)cost->stored_bytes * STORED_BYTE;
}

char *cost_format(double dollars, char ret[COST_SIZE])
{
	int digits = 2;

	if (dollars > 0 && dollars < 1)
		digits = 1 - (int)floor(log10(dollars));
	(void)snprintf(ret, COST_SIZE, "$%.*f", digits < MOST_DIGITS ? digits : MOST_DIGITS, dollars);
	return ret;
}

struct json_object *cost_json(const struct cost *cost)
{
	struct json_object *o = json_object_new_object();
	char dollars[COST_SIZE];

	json_set_int(o, "requests", cost->requests);
	json_set_int(o, "rows_read", cost->rows_read);
	json_set_int(o, "bucket_writes", cost->writes);
	json_set_int(o, "bucket_reads", cost->reads);
	json_set_int(o, "bucket_deletes", cost->deletes);
	(void)snprintf(dollars, sizeof(dollars), "%.7f", cost_dollars(cost));
	json_set(o, "dollars", json_object_new_double_s(cost_dollars(cost), dollars));
	return o;
}
