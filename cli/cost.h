/*
 * What work costs, and what Cloudflare charges for it. List prices of 2026-11, US
 * dollars, beyond what a plan includes (Workers Paid: 25 thousand million rows read a
 * month; R2: a million writes, ten million reads and 10 GB a month):
 *
 *   D1 rows read                       0.001 a million
 *   R2 writes, lists ("Class A")       4.50 a million
 *   R2 reads ("Class B")               0.36 a million
 *   R2 storage                         0.015 a GB and month
 *
 * Requests to the API, deletions and traffic are free
 * (developers.cloudflare.com/d1/platform/pricing, …/r2/pricing).
 */
#ifndef D1KEEP_CLI_COST_H
#define D1KEEP_CLI_COST_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

struct cost {
	int64_t requests;        /* to the API */
	int64_t rows_read;       /* as D1 counts them; of a file none are */
	int64_t writes, reads;   /* of an R2 (or another S3): classes A and B */
	int64_t deletes;         /* free */
	int64_t stored_bytes;    /* kept for a month; 0 where that is not asked */
};

void cost_add(struct cost *sum, const struct cost *more);
bool cost_is_nothing(const struct cost *cost);
double cost_dollars(const struct cost *cost);

/* "$0.00042", with two digits that say something. */
#define COST_SIZE 32
char *cost_format(double dollars, char ret[COST_SIZE]);

/* An object of its own. */
struct json_object *cost_json(const struct cost *cost);

#endif
