/*
 * A small, strict reader of the XML that S3 servers send: elements and text,
 * nothing else. It does no I/O, allocates nothing and trusts nothing: no
 * document types (so no entities but the five and numbers), no processing
 * instructions after the first line, no CDATA, at most XML_MAX_DEPTH deep.
 */
#ifndef D1KEEP_NET_XML_H
#define D1KEEP_NET_XML_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define XML_MAX_DEPTH 8
#define XML_MAX_NAME 48

enum xml_event {
	XML_START,   /* `name` was opened, and is now the innermost element */
	XML_TEXT,    /* characters of the innermost element are in the caller's buf */
	XML_STOP,    /* `name` was closed */
	XML_END,     /* the document is over, and was whole */
};

struct xml {
	const char *at, *end;
	size_t depth;
	char names[XML_MAX_DEPTH][XML_MAX_NAME];
	char name[XML_MAX_NAME];      /* of the last START or STOP */
	int empty;                    /* "<a/>": a STOP is due */
	int seen_root;
};

/* `text` must outlive the reader. */
void xml_init(struct xml *xml, const char *text, size_t len);

/* The next event. Text, with its entities replaced, is put into `text`, whose
 * earlier contents are dropped; blanks outside the root are not reported.
 * ERR_CORRUPT when the document is not well-formed, ERR_TOO_BIG when a text
 * passes the ceiling of `text`. */
int xml_next(struct xml *xml, enum xml_event *ret, struct buf *text, struct err *err);

#endif
