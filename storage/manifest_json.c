/* The manifest's two ways through JSON. Order and names: docs/format.md. */
#include "storage/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "base/utf8.h"
#include "storage/names.h"

static void set_stamp(struct json_object *o, const char *key, int64_t at)
{
	char text[STAMP_ISO_SIZE];

	json_set_str(o, key, stamp_iso(at, text));
}

static struct json_object *object_json(const struct manifest_object *object)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "kind", manifest_kind_name(object->kind));
	if (object->table != NULL)
		json_set_str(o, "table", object->table);
	json_set_str(o, "key", object->key);
	json_set_int(o, "rows", object->rows);
	json_set_int(o, "sql_bytes", object->sql_bytes);
	json_set_str(o, "sql_sha256", object->sql_sha256);
	json_set_int(o, "stored_bytes", object->stored_bytes);
	json_set_str(o, "stored_sha256", object->stored_sha256);
	if (object->end_crc32 != 0)
		json_set_int(o, "end_crc32", object->end_crc32);
	return o;
}

static struct json_object *objects_json(const struct manifest *m)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < m->object_count; i++)
		(void)json_object_array_add(a, object_json(&m->objects[i]));
	return a;
}

struct json_object *manifest_tables_json(const struct manifest *m)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < m->table_count; i++) {
		struct json_object *o = json_object_new_object();

		json_set_str(o, "name", m->tables[i].name);
		json_set_int(o, "rows", m->tables[i].rows);
		json_set_str(o, "sql_sha256", m->tables[i].sql_sha256);
		(void)json_object_array_add(a, o);
	}
	return a;
}

struct json_object *manifest_exceptions_json(const struct manifest *m)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < m->exception_count; i++) {
		struct json_object *o = json_object_new_object();

		json_set_str(o, "object", m->exceptions[i].object);
		json_set_str(o, "reason", m->exceptions[i].reason);
		(void)json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *consistency_json(const struct manifest *m)
{
	struct json_object *o = json_object_new_object();

	json_set_str(o, "how", m->consistency);
	json_set_str(o, "bookmark_before", m->bookmark_before);
	json_set_str(o, "bookmark_after", m->bookmark_after);
	json_set_int(o, "attempts", m->attempts);
	return o;
}

static struct json_object *previous_json(const struct manifest *m)
{
	struct json_object *o;

	if (m->previous_id == NULL)
		return NULL;
	o = json_object_new_object();
	json_set_str(o, "id", m->previous_id);
	json_set_str(o, "sha256", m->previous_sha256);
	return o;
}

static struct json_object *cost_json(const struct manifest *m)
{
	struct json_object *o = json_object_new_object();

	json_set_int(o, "requests", m->requests);
	json_set_int(o, "rows_read", m->rows_read);
	return o;
}

int manifest_write(const struct manifest *m, struct buf *ret, struct err *err)
{
	AUTO_JSON o = json_object_new_object();
	const char *text;
	size_t len;

	json_set_int(o, "format", MANIFEST_FORMAT);
	json_set_str(o, "id", m->id);
	json_set_str(o, "label", m->label);
	json_set_str(o, "environment", m->environment);
	json_set_str(o, "database", m->database);
	json_set_str(o, "database_id", m->database_id);
	json_set_str(o, "source", m->source);
	json_set_str(o, "tool", m->tool);
	set_stamp(o, "started_at", m->started_at);
	set_stamp(o, "finished_at", m->finished_at);
	if (m->slot_at != 0)
		set_stamp(o, "slot", m->slot_at);
	json_set(o, "consistency", consistency_json(m));
	json_set_str(o, "schema_version", m->schema_version);
	json_set(o, "previous", previous_json(m));
	json_set(o, "cost", cost_json(m));
	json_set_int(o, "new_bytes", m->new_bytes);
	json_set(o, "tables", manifest_tables_json(m));
	json_set(o, "exceptions", manifest_exceptions_json(m));
	json_set(o, "objects", objects_json(m));
	text = json_object_to_json_string_length(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (text == NULL || !utf8_valid(text, len))
		return err_set(err, ERR_FAILED, "a name in this database is not valid UTF-8: its manifest cannot be written");
	return buf_add(ret, text, len, err) != 0 || buf_adds(ret, "\n", err) != 0 ? -1 : 0;
}

/* ---- reading ---- */

/* Large enough for any database, and small enough that no sum over a manifest
 * of MANIFEST_MAX_BYTES passes 63 bits. */
#define COUNT_MAX (INT64_C(1) << 43)

static int need_size(struct json_object *o, const char *key, int64_t *ret, struct err *err)
{
	if (json_need_int(o, key, ret, err) != 0)
		return -1;
	if (*ret < 0)
		return err_set(err, ERR_CORRUPT, "\"%s\" is negative", key);
	if (*ret > COUNT_MAX)
		return err_set(err, ERR_CORRUPT, "\"%s\" is impossibly large", key);
	return 0;
}

static int need_copy(struct json_object *o, const char *key, char **ret, struct err *err)
{
	const char *s;

	if (json_need_str(o, key, &s, err) != 0)
		return -1;
	*ret = mem_strdup(s);
	return 0;
}

/* ---- members that may be missing or null, but are of no other type ---- */

static bool absent(struct json_object *o, const char *key)
{
	struct json_object *value;

	return !json_object_object_get_ex(o, key, &value) || value == NULL;
}

static int may_copy(struct json_object *o, const char *key, char **ret, struct err *err)
{
	return absent(o, key) ? 0 : need_copy(o, key, ret, err);
}

static int may_size(struct json_object *o, const char *key, int64_t *ret, struct err *err)
{
	return absent(o, key) ? 0 : need_size(o, key, ret, err);
}

static int may_object(struct json_object *o, const char *key, struct json_object **ret,
    struct err *err)
{
	*ret = json_get(o, key, json_type_object);
	return *ret != NULL || absent(o, key) ? 0 :
	    err_set(err, ERR_CORRUPT, "\"%s\" is not an object", key);
}

static int need_sha256(struct json_object *o, const char *key, char ret[SHA256_HEX_SIZE],
    struct err *err)
{
	const char *s;

	if (json_need_str(o, key, &s, err) != 0)
		return -1;
	if (!hex_is_sha256(s))
		return err_set(err, ERR_CORRUPT, "\"%s\" is not a SHA-256 in hexadecimal", key);
	memcpy(ret, s, SHA256_HEX_SIZE);
	return 0;
}

static int need_stamp(struct json_object *o, const char *key, int64_t *ret, struct err *err)
{
	const char *s;

	if (json_need_str(o, key, &s, err) != 0)
		return -1;
	if (!stamp_parse(s, ret))
		return err_set(err, ERR_CORRUPT, "\"%s\" is not a moment", key);
	return 0;
}

static int may_stamp(struct json_object *o, const char *key, int64_t *ret, struct err *err)
{
	return absent(o, key) ? 0 : need_stamp(o, key, ret, err);
}

static int read_kind(struct json_object *o, enum manifest_kind *ret, struct err *err)
{
	const char *s;

	if (json_need_str(o, "kind", &s, err) != 0)
		return -1;
	for (int kind = MANIFEST_SCHEMA; kind <= MANIFEST_POST; kind++) {
		if (strcmp(s, manifest_kind_name((enum manifest_kind)kind)) == 0) {
			*ret = (enum manifest_kind)kind;
			return 0;
		}
	}
	return err_set(err, ERR_CORRUPT, "\"kind\" is \"%.40s\"", s);
}

static int read_end(struct json_object *o, uint32_t *ret, struct err *err)
{
	int64_t crc32 = 0;

	if (may_size(o, "end_crc32", &crc32, err) != 0)
		return -1;
	if (crc32 > UINT32_MAX)
		return err_set(err, ERR_CORRUPT, "\"end_crc32\" is no CRC-32");
	*ret = (uint32_t)crc32;
	return 0;
}

static int read_object(struct json_object *o, struct manifest_object *ret, struct err *err)
{
	if (read_kind(o, &ret->kind, err) != 0 ||
	    (ret->kind == MANIFEST_ROWS && need_copy(o, "table", &ret->table, err) != 0) ||
	    need_copy(o, "key", &ret->key, err) != 0 ||
	    need_size(o, "rows", &ret->rows, err) != 0 ||
	    need_size(o, "sql_bytes", &ret->sql_bytes, err) != 0 ||
	    need_sha256(o, "sql_sha256", ret->sql_sha256, err) != 0 ||
	    need_size(o, "stored_bytes", &ret->stored_bytes, err) != 0 ||
	    need_sha256(o, "stored_sha256", ret->stored_sha256, err) != 0 ||
	    read_end(o, &ret->end_crc32, err) != 0)
		return -1;
	if (!names_is_chunk(ret->key))
		return err_set(err, ERR_CORRUPT, "\"key\" is not the name of a chunk");
	if (ret->sql_bytes > CHUNK_MAX_BYTES || ret->stored_bytes > CHUNK_MAX_BYTES)
		return err_set(err, ERR_CORRUPT, "a chunk of more than %u bytes", CHUNK_MAX_BYTES);
	return 0;
}

static int read_table(struct json_object *o, struct manifest_table *ret, struct err *err)
{
	return need_copy(o, "name", &ret->name, err) != 0 ||
	    need_size(o, "rows", &ret->rows, err) != 0 ||
	    need_sha256(o, "sql_sha256", ret->sql_sha256, err) != 0 ? -1 : 0;
}

static int need_array(struct json_object *o, const char *key, struct json_object **ret,
    struct err *err)
{
	*ret = json_get(o, key, json_type_array);
	return *ret != NULL ? 0 :
	    err_set(err, ERR_CORRUPT, "\"%s\" is missing or not an array", key);
}

static int read_lists(struct json_object *o, struct manifest *m, struct err *err)
{
	struct json_object *objects, *tables, *exceptions;

	if (need_array(o, "objects", &objects, err) != 0 ||
	    need_array(o, "tables", &tables, err) != 0 ||
	    need_array(o, "exceptions", &exceptions, err) != 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(objects); i++) {
		if (read_object(json_object_array_get_idx(objects, i),
		    manifest_add_object(m), err) != 0)
			return err_wrap(err, "object %zu", i);
	}
	for (size_t i = 0; i < json_object_array_length(tables); i++) {
		if (read_table(json_object_array_get_idx(tables, i),
		    manifest_add_table(m), err) != 0)
			return err_wrap(err, "table %zu", i);
	}
	for (size_t i = 0; i < json_object_array_length(exceptions); i++) {
		struct json_object *e = json_object_array_get_idx(exceptions, i);
		const char *object, *reason;

		if (json_need_str(e, "object", &object, err) != 0 ||
		    json_need_str(e, "reason", &reason, err) != 0)
			return err_wrap(err, "exception %zu", i);
		manifest_add_exception(m, object, reason);
	}
	return 0;
}

static int read_consistency(struct json_object *o, struct manifest *m, struct err *err)
{
	struct json_object *c = json_get(o, "consistency", json_type_object);

	m->attempts = 1;
	if (need_copy(c, "how", &m->consistency, err) != 0 ||
	    may_copy(c, "bookmark_before", &m->bookmark_before, err) != 0 ||
	    may_copy(c, "bookmark_after", &m->bookmark_after, err) != 0 ||
	    may_size(c, "attempts", &m->attempts, err) != 0)
		return err_wrap(err, "consistency");
	return 0;
}

static int read_previous(struct json_object *o, struct manifest *m, struct err *err)
{
	struct json_object *p;

	if (may_object(o, "previous", &p, err) != 0)
		return -1;
	if (p == NULL)
		return 0;
	if (need_copy(p, "id", &m->previous_id, err) != 0 ||
	    need_sha256(p, "sha256", m->previous_sha256, err) != 0)
		return err_wrap(err, "previous");
	if (!names_is_id(m->previous_id))
		return err_set(err, ERR_CORRUPT, "previous: \"id\" is not a snapshot's id");
	return 0;
}

static int read_cost(struct json_object *o, struct manifest *m, struct err *err)
{
	struct json_object *cost;

	if (may_object(o, "cost", &cost, err) != 0)
		return -1;
	if (may_size(cost, "requests", &m->requests, err) != 0 ||
	    may_size(cost, "rows_read", &m->rows_read, err) != 0)
		return err_wrap(err, "cost");
	return 0;
}

static int read_heading(struct json_object *o, struct manifest *m, struct err *err)
{
	int64_t format;

	if (json_need_int(o, "format", &format, err) != 0)
		return -1;
	if (format != MANIFEST_FORMAT) {
		(void)err_set(err, ERR_FAILED, "manifest format %lld is not known", (long long)format);
		return format < MANIFEST_FORMAT ? -1 :
		    err_hint(err, "it was written by a newer d1keep: use that one");
	}
	if (need_copy(o, "id", &m->id, err) != 0 ||
	    need_copy(o, "environment", &m->environment, err) != 0 ||
	    need_copy(o, "database", &m->database, err) != 0 ||
	    need_copy(o, "source", &m->source, err) != 0 ||
	    need_copy(o, "tool", &m->tool, err) != 0 ||
	    need_stamp(o, "started_at", &m->started_at, err) != 0 ||
	    need_stamp(o, "finished_at", &m->finished_at, err) != 0 ||
	    may_stamp(o, "slot", &m->slot_at, err) != 0 ||
	    need_size(o, "new_bytes", &m->new_bytes, err) != 0 ||
	    may_copy(o, "label", &m->label, err) != 0 ||
	    may_copy(o, "database_id", &m->database_id, err) != 0 ||
	    may_copy(o, "schema_version", &m->schema_version, err) != 0)
		return -1;
	if (!names_is_id(m->id))
		return err_set(err, ERR_CORRUPT, "\"id\" is not a snapshot's id");
	if (m->label != NULL && names_check_label(m->label, NULL) != 0)
		return err_set(err, ERR_CORRUPT, "\"label\" cannot be a label");
	return 0;
}

int manifest_read(const char *text, size_t len, struct manifest *ret, struct err *err)
{
	AUTO_JSON o = json_read(text, len, err);

	if (o == NULL)
		return -1;
	if (read_heading(o, ret, err) != 0 || read_consistency(o, ret, err) != 0 ||
	    read_previous(o, ret, err) != 0 || read_cost(o, ret, err) != 0 ||
	    read_lists(o, ret, err) != 0) {
		manifest_release(ret);
		return -1;
	}
	return 0;
}
