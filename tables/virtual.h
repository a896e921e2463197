/*
 * CREATE VIRTUAL TABLE texts, pure: which module, and where an FTS5 table has its
 * content (sqlite.org/fts5.html, "external content and contentless tables").
 */
#ifndef D1KEEP_TABLES_VIRTUAL_H
#define D1KEEP_TABLES_VIRTUAL_H

#include <stdbool.h>

enum virtual_kind {
	VIRTUAL_FTS5,              /* with content of its own */
	VIRTUAL_FTS5_EXTERNAL,     /* an index of another table or view */
	VIRTUAL_FTS5_CONTENTLESS,  /* an index of what nobody has any more */
	VIRTUAL_FTS5_VOCAB,        /* the words of an FTS5 table: has no rows of its own */
	VIRTUAL_RTREE,             /* also rtree_i32 */
	VIRTUAL_OTHER,             /* a module that D1 does not have */
};

struct virtual_decl {
	enum virtual_kind kind;
	char *module;
	char *content;             /* VIRTUAL_FTS5_EXTERNAL: of what, and the name of */
	char *content_rowid;       /* its rowid */
	bool keeps_unindexed;      /* contentless_unindexed=1 */
	bool no_columnsize;        /* columnsize=0 */
};

/* False when the text cannot be read; `ret` is then empty. Else release it. */
bool virtual_read(const char *sql, struct virtual_decl *ret);

/* SQLite calls every table a shadow whose name is that of a virtual table, "_" and one
 * of its module's suffixes, also where the virtual table makes none of that name: then
 * it is somebody's own. */
bool virtual_owns(const struct virtual_decl *decl, const char *suffix);

void virtual_release(struct virtual_decl *decl);

#endif
