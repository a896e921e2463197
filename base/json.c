#include "base/json.h"

#include <limits.h>
#include <string.h>

#include "base/utf8.h"

#define JSON_MAX_DEPTH 32

static const char *describe(enum json_tokener_error error)
{
	switch (error) {
	case json_tokener_continue:
		return "it ends too early";
	case json_tokener_success:
		return "something follows it, or it is null";
	default:
		return json_tokener_error_desc(error);
	}
}

struct json_object *json_read(const char *text, size_t len, struct err *err)
{
	struct json_tokener *tok;
	struct json_object *o = NULL;

	if (len > INT_MAX) {
		(void)err_set(err, ERR_TOO_BIG, "JSON of more than 2 GiB");
		return NULL;
	}
	/* json-c's own look at UTF-8 passes overlong forms and surrogates. */
	if (!utf8_valid(text, len)) {
		(void)err_set(err, ERR_CORRUPT, "not valid JSON: not valid UTF-8");
		return NULL;
	}
	tok = json_tokener_new_ex(JSON_MAX_DEPTH);
	if (tok == NULL) {
		(void)err_set(err, ERR_FAILED, "no memory for a JSON reader");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, text, (int)len);
	if (json_tokener_get_error(tok) != json_tokener_success || o == NULL ||
	    json_tokener_get_parse_end(tok) < len) {
		(void)err_set(err, ERR_CORRUPT, "not valid JSON: %s",
		    describe(json_tokener_get_error(tok)));
		json_free(&o);
	}
	json_tokener_free(tok);
	return o;
}

struct json_object *json_get(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &value) ||
	    !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *json_get_str(struct json_object *o, const char *key)
{
	struct json_object *value = json_get(o, key, json_type_string);
	const char *s = value != NULL ? json_object_get_string(value) : NULL;

	/* One that holds a NUL would be read as another, shorter one. */
	return s != NULL && strlen(s) == (size_t)json_object_get_string_len(value) ? s : NULL;
}

int64_t json_get_int(struct json_object *o, const char *key, int64_t otherwise)
{
	struct json_object *value = json_get(o, key, json_type_int);

	return value != NULL ? json_object_get_int64(value) : otherwise;
}

bool json_get_bool(struct json_object *o, const char *key, bool otherwise)
{
	struct json_object *value = json_get(o, key, json_type_boolean);

	return value != NULL ? (bool)json_object_get_boolean(value) : otherwise;
}

int json_need_str(struct json_object *o, const char *key, const char **ret, struct err *err)
{
	const char *s = json_get_str(o, key);

	if (s == NULL)
		return err_set(err, ERR_CORRUPT, "\"%s\" is missing or not a string", key);
	*ret = s;
	return 0;
}

int json_need_int(struct json_object *o, const char *key, int64_t *ret, struct err *err)
{
	struct json_object *value = json_get(o, key, json_type_int);

	if (value == NULL)
		return err_set(err, ERR_CORRUPT, "\"%s\" is missing or not a whole number", key);
	*ret = json_object_get_int64(value);
	return 0;
}

void json_set(struct json_object *o, const char *key, struct json_object *value)
{
	(void)json_object_object_add(o, key, value);
}

void json_set_str(struct json_object *o, const char *key, const char *value)
{
	json_set(o, key, value != NULL ? json_object_new_string(value) : NULL);
}

void json_set_int(struct json_object *o, const char *key, int64_t value)
{
	json_set(o, key, json_object_new_int64(value));
}

void json_set_bool(struct json_object *o, const char *key, bool value)
{
	json_set(o, key, json_object_new_boolean(value));
}

void json_free(struct json_object **o)
{
	if (*o != NULL)
		(void)json_object_put(*o);
	*o = NULL;
}
