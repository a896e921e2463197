/*
 * SQL texts as sqlite_schema keeps them, pure. A view's or an index's text may
 * end inside a comment, which would swallow the semicolon behind it and, when
 * it is one that nothing closes, all of the dump that follows.
 */
#ifndef D1KEEP_TABLES_DDL_H
#define D1KEEP_TABLES_DDL_H

/* What ends the comment that `sql` ends in: "\n", or a star and a slash; "" when
 * it does not end in one. */
const char *ddl_comment_end(const char *sql);

#endif
