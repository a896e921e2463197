/*
 * A snapshot of real chunks in a directory bucket of the running test.
 */
#ifndef D1KEEP_TESTS_RESTORE_FIXTURE_H
#define D1KEEP_TESTS_RESTORE_FIXTURE_H

#include "storage/manifest.h"
#include "storage/store.h"

struct fixture {
	const char *folder;          /* of the test: "<folder>/bucket", and room beside it */
	struct bucket *bucket;
	struct store store;          /* production/auth, not signed */
	struct snapshot snapshot;
};

/* Without a chunk. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* Pack it, put it, and name it in the manifest. `table` is NULL for kinds that
 * have none. */
void fixture_add(struct fixture *f, enum manifest_kind kind, const char *table, const char *sql,
    int64_t rows);
/* The manifest says that a table has so many rows. */
void fixture_expect(struct fixture *f, const char *table, int64_t rows);

/* Two tables, an index, a view and a trigger, in five chunks. */
void fixture_fill(struct fixture *f);
#define FIXTURE_CHUNKS 5

/* The file that holds chunk `i`, and "<folder>/<name>". */
char *fixture_chunk_path(struct fixture *f, size_t i);
char *fixture_path(struct fixture *f, const char *name);

/* Its bytes; and other ones in their place. */
void fixture_read(const char *path, struct buf *ret);
void fixture_write(const char *path, const void *data, size_t len);

/* How many entries the test's folder has, but for the bucket. */
int fixture_entries(struct fixture *f);

/* The first column of the only row, as text. */
char *fixture_query(const char *path, const char *sql);

#endif
