/*
 * The dump: a snapshot as SQL text, made chunk by chunk (docs/format.md).
 *
 *   schema   PRAGMA defer_foreign_keys=TRUE; and every CREATE TABLE, also of FTS5
 *            tables with content of their own and of rtrees; where there
 *            are foreign keys, also every CREATE UNIQUE INDEX: one may refer to
 *            columns that only such an index makes unique, and then no row can
 *            be inserted without it
 *   rows     INSERT INTO "t"("a",…) VALUES … with many tuples, table by table
 *   post     sqlite_sequence, (the other) indexes, views, the other virtual
 *            tables (FTS5 indexes of other tables are rebuilt), triggers,
 *            sqlite_stat1
 *
 * No statement is longer than 100,000 bytes (D1's limit, CLOUDFLARE.md 5.1) with
 * its LF, as D1's import counts the LF before a statement; and none crosses a chunk. A table of more than 100 values a row (100 columns and
 * a rowid that is none of them) has an INSERT for each row. The long values of a row whose own INSERT would be
 * longer are put together in a table of their own first (backup/long_row.c).
 */
#ifndef D1KEEP_BACKUP_DUMP_H
#define D1KEEP_BACKUP_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/schema.h"
#include "tables/tuple.h"
#include "base/buf_pool.h"
#include "base/err.h"
#include "base/hash_aside.h"
#include "backup/boundary.h"
#include "backup/ends.h"
#include "storage/manifest.h"

#define STATEMENT_MAX_BYTES 99999
/* D1 takes so many columns in a VALUES of several rows; a table of a hundred
 * columns and its rowid have one more. A VALUES of one row has no such limit. */
#define MANY_ROWS_MAX_VALUES 100

struct chunk {
	size_t index;               /* in the dump */
	enum manifest_kind kind;
	char *table;                /* kind rows; else NULL */
	int64_t rows;
	uint32_t end_crc32;         /* as in the manifest */
	struct buf sql;
};

void chunk_free(struct chunk *chunk);

/* Takes the chunk over, also when it fails. */
typedef int chunk_sink(void *ctx, struct chunk *chunk, struct err *err);

struct dump {
	chunk_sink *sink;
	void *ctx;
	struct buf_pool *pool;      /* for chunks; may be NULL */
	const struct ends *ends;    /* of the snapshot before, not owned; may be NULL */
	struct chunk *chunk;        /* being filled, or NULL */
	size_t next_index;
	/* the table being written */
	const struct table *table;
	struct buf head;            /* INSERT INTO … VALUES\n */
	size_t statement_bytes;     /* of the open INSERT; 0: none is open */
	size_t tuple_bytes;         /* in this chunk */
	struct boundary_tuple last; /* of its tuples, if a chunk may end here */
	int64_t rows;               /* of the table */
	struct hash_aside *hash;    /* of the table's tuples */
};

void dump_init(struct dump *dump, chunk_sink *sink, void *ctx);
void dump_release(struct dump *dump);

int dump_schema(struct dump *dump, const struct schema *schema, struct err *err);

/* begin, row by row, end: which tells the table's rows and their hash. */
int dump_table_begin(struct dump *dump, const struct table *table, struct err *err);
int dump_row(struct dump *dump, struct span tuple, struct err *err);
int dump_table_end(struct dump *dump, int64_t *ret_rows, char ret_sha256[SHA256_HEX_SIZE],
    struct err *err);

/* Tuples of SQLite's own tables, joined by ",\n". */
struct dump_end {
	struct buf sequence;        /* (name,seq) of sqlite_sequence */
	struct buf stat;            /* (tbl,idx,stat) of sqlite_stat1 */
};

int dump_post(struct dump *dump, const struct schema *schema, const struct dump_end *end,
    struct err *err);

/* Append the statements for a row that is too long for one: `head` is its
 * "INSERT INTO … VALUES\n". */
int long_row_write(struct buf *ret, const struct buf *head, struct span tuple,
    struct err *err);

#endif
