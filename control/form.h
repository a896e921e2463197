/*
 * The body of POST /api/backup/create, hostile until shown otherwise: a JSON
 * object, or the fields of a form (application/x-www-form-urlencoded). Pure.
 */
#ifndef D1KEEP_CONTROL_FORM_H
#define D1KEEP_CONTROL_FORM_H

#include <stddef.h>

#include "base/err.h"

#define FORM_LABEL_MAX 64

struct form {
	char *database;          /* environment/database, never NULL or empty */
	char *label;             /* or NULL */
};

/* ERR_USAGE says what is wrong: a field that is missing, given twice, too long,
 * not text, or not known. `type` is the Content-Type, or NULL: JSON. */
int form_read(const char *type, const char *body, size_t len, struct form *ret, struct err *err);
void form_release(struct form *form);

#endif
