/*
 * What is in lease.json (docs/format.md). Pure.
 */
#ifndef D1KEEP_STORAGE_LEASE_RECORD_H
#define D1KEEP_STORAGE_LEASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define LEASE_FORMAT 1
#define LEASE_MAX_BYTES 4096
#define LEASE_MAX_TTL_S 3600

struct lease_record {
	int64_t generation;      /* grows by one with each holder */
	bool held;               /* else it is free, and what follows of a holder is empty */
	char host[72];
	int64_t pid;
	char instance[40];       /* of this one run: 32 hexadecimal digits */
	char what[24];           /* "backup", "prune", … */
	int64_t ttl_s;           /* unrenewed for longer, it is anybody's */
	int64_t acquired_at;     /* Unix seconds by the holder's clock: for people */
	int64_t renewed_at;
	int64_t renewals;        /* so that no two versions are alike */
};

int lease_record_write(const struct lease_record *r, struct buf *ret, struct err *err);

/* ERR_CORRUPT when it is none, or promises what nobody may: a ttl of more than an
 * hour. Texts that are too long are cut, and hold nothing a terminal obeys. */
int lease_record_read(const char *text, size_t len, struct lease_record *ret, struct err *err);

/* "is being backed up by web-1 pid 4123 since 2026-11-28T02:17:00Z" */
void lease_record_describe(const struct lease_record *r, char *ret, size_t size);

#endif
