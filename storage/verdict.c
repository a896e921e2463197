/* Verdicts: what a verification found, kept beside the snapshot. They are not
 * signed: they are information. What makes the next backup store a chunk anew is
 * its mark (mark.c). */
#include "storage/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/names.h"
#include "storage/store_internal.h"

#define VERDICT_MAX_BYTES MANIFEST_MAX_BYTES   /* it names no more chunks */

void verdict_add_damaged(struct verdict *v, const char *key)
{
	v->damaged = mem_grow(v->damaged, v->damaged_count, &v->damaged_cap, sizeof(*v->damaged));
	v->damaged[v->damaged_count++] = mem_strdup(key);
}

void verdict_add_problem(struct verdict *v, const char *problem)
{
	v->problems = mem_grow(v->problems, v->problem_count, &v->problem_cap,
	    sizeof(*v->problems));
	v->problems[v->problem_count++] = mem_strdup(problem);
}

void verdict_release(struct verdict *v)
{
	for (size_t i = 0; i < v->damaged_count; i++)
		free(v->damaged[i]);
	free(v->damaged);
	for (size_t i = 0; i < v->problem_count; i++)
		free(v->problems[i]);
	free(v->problems);
	*v = (struct verdict){ 0 };
}

static struct json_object *strings_json(char *const *strings, size_t count)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		(void)json_object_array_add(a, json_object_new_string(strings[i]));
	return a;
}

int store_put_verdict(struct store *store, const char *id, const struct verdict *v,
    struct err *err)
{
	AUTO_JSON o = json_object_new_object();
	AUTO_STR key = names_verdict(id);
	char stamp[STAMP_ISO_SIZE];
	const char *text;

	json_set_str(o, "id", id);
	json_set_str(o, "verified_at", stamp_iso(v->verified_at, stamp));
	json_set_str(o, "how", v->how);
	json_set_bool(o, "good", v->good);
	json_set(o, "damaged", strings_json(v->damaged, v->damaged_count));
	json_set(o, "problems", strings_json(v->problems, v->problem_count));
	json_set_int(o, "broken_references", v->broken_references);
	text = json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	crash_point("verdict.before-put");
	if (store_put(store, key, text, strlen(text), false, err) != 0)
		return -1;
	crash_point("verdict.after-put");
	return 0;
}

static void read_strings(struct json_object *o, const char *name, struct verdict *ret,
    void (*add)(struct verdict *v, const char *text))
{
	struct json_object *a = json_get(o, name, json_type_array);

	for (size_t i = 0; a != NULL && i < json_object_array_length(a); i++) {
		struct json_object *text = json_object_array_get_idx(a, i);

		if (json_object_is_type(text, json_type_string))
			add(ret, json_object_get_string(text));
	}
}

static int read_verdict(const struct buf *text, struct verdict *ret, struct err *err)
{
	AUTO_JSON o = json_read(buf_str(text), text->len, err);
	const char *at, *how;

	if (o == NULL || json_need_str(o, "verified_at", &at, err) != 0 ||
	    json_need_str(o, "how", &how, err) != 0)
		return -1;
	if (!stamp_parse(at, &ret->verified_at))
		return err_set(err, ERR_CORRUPT, "\"verified_at\" is not a moment");
	(void)snprintf(ret->how, sizeof(ret->how), "%s", how);
	ret->good = json_get_bool(o, "good", false);
	ret->broken_references = json_get_int(o, "broken_references", 0);
	read_strings(o, "damaged", ret, verdict_add_damaged);
	read_strings(o, "problems", ret, verdict_add_problem);
	return 0;
}

static int get_verdict(struct store *store, const char *id, const struct store_seen *seen,
    struct verdict *ret, struct err *err)
{
	AUTO_STR key = names_verdict(id);
	AUTO_BUF text = BUF_INIT(VERDICT_MAX_BYTES);

	*ret = (struct verdict){ 0 };
	if (store_get_seen(store, key, seen, &text, err) != 0)
		return -1;
	if (read_verdict(&text, ret, err) != 0) {
		verdict_release(ret);
		return err_wrap(err, "%s", key);
	}
	return 0;
}

int store_get_verdict(struct store *store, const char *id, struct verdict *ret,
    struct err *err)
{
	return get_verdict(store, id, NULL, ret, err);
}

int store_get_verdict_listed(struct store *store, const struct store_id *listed,
    struct verdict *ret, struct err *err)
{
	return get_verdict(store, listed->id, &listed->verdict, ret, err);
}
