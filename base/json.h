/*
 * JSON glue over json-c: strict reading of hostile text, and getters that
 * check the type. Reading refuses trailing bytes, invalid UTF-8 and nesting
 * deeper than 32. Where json-c is lenient even so, it stays: names in single
 * quotes, control characters in strings, NaN, `1.`; of two members of one name
 * the last counts; an integer past 64 bits becomes the nearest one.
 *
 * Building: json_object_new_* and json_set take ownership as json-c does.
 */
#ifndef D1KEEP_BASE_JSON_H
#define D1KEEP_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A document of its own (json_object_put it), or NULL with ERR_CORRUPT. */
struct json_object *json_read(const char *text, size_t len, struct err *err);

/* Members by name. A missing member, a null, one of another type, or a
 * string that holds a NUL gives NULL (or `otherwise`); strings live as long as the document. */
struct json_object *json_get(struct json_object *o, const char *key, enum json_type type);
const char *json_get_str(struct json_object *o, const char *key);
int64_t json_get_int(struct json_object *o, const char *key, int64_t otherwise);
bool json_get_bool(struct json_object *o, const char *key, bool otherwise);

/* Members that must be there: ERR_CORRUPT names the one that is not. */
int json_need_str(struct json_object *o, const char *key, const char **ret, struct err *err);
int json_need_int(struct json_object *o, const char *key, int64_t *ret, struct err *err);

void json_set(struct json_object *o, const char *key, struct json_object *value);
void json_set_str(struct json_object *o, const char *key, const char *value); /* NULL: null */
void json_set_int(struct json_object *o, const char *key, int64_t value);
void json_set_bool(struct json_object *o, const char *key, bool value);

/* For __attribute__((cleanup)). */
void json_free(struct json_object **o);
#define AUTO_JSON __attribute__((cleanup(json_free))) struct json_object *

#endif
