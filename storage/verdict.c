/* Verdicts: what a verification found, kept beside the snapshot. They are not
 * signed: a good one is information, a bad one only makes the next backup
 * upload more. */
#include "storage/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/names.h"

#define VERDICT_MAX_BYTES MANIFEST_MAX_BYTES   /* it names no more chunks */

void verdict_add_damaged(struct verdict *v, const char *key)
{
	v->damaged = mem_grow(v->damaged, v->damaged_count, &v->damaged_cap, sizeof(*v->damaged));
	v->damaged[v->damaged_count++] = mem_strdup(key);
}

void verdict_release(struct verdict *v)
{
	for (size_t i = 0; i < v->damaged_count; i++)
		free(v->damaged[i]);
	free(v->damaged);
	*v = (struct verdict){ 0 };
}

int store_put_verdict(struct store *store, const char *id, const struct verdict *v,
    struct err *err)
{
	AUTO_JSON o = json_object_new_object();
	struct json_object *damaged = json_object_new_array();
	AUTO_STR key = names_verdict(id);
	char stamp[STAMP_ISO_SIZE];
	const char *text;

	json_set_str(o, "id", id);
	json_set_str(o, "verified_at", stamp_iso(v->verified_at, stamp));
	json_set_str(o, "how", v->how);
	json_set_bool(o, "good", v->good);
	for (size_t i = 0; i < v->damaged_count; i++)
		(void)json_object_array_add(damaged, json_object_new_string(v->damaged[i]));
	json_set(o, "damaged", damaged);
	text = json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	return store_put(store, key, text, strlen(text), false, err);
}

static int read_verdict(const struct buf *text, struct verdict *ret, struct err *err)
{
	AUTO_JSON o = json_read(buf_str(text), text->len, err);
	struct json_object *damaged;
	const char *at, *how;

	if (o == NULL || json_need_str(o, "verified_at", &at, err) != 0 ||
	    json_need_str(o, "how", &how, err) != 0)
		return -1;
	if (!stamp_parse(at, &ret->verified_at))
		return err_set(err, ERR_CORRUPT, "\"verified_at\" is not a moment");
	(void)snprintf(ret->how, sizeof(ret->how), "%s", how);
	ret->good = json_get_bool(o, "good", false);
	damaged = json_get(o, "damaged", json_type_array);
	for (size_t i = 0; damaged != NULL && i < json_object_array_length(damaged); i++) {
		struct json_object *key = json_object_array_get_idx(damaged, i);

		if (json_object_is_type(key, json_type_string))
			verdict_add_damaged(ret, json_object_get_string(key));
	}
	return 0;
}

int store_get_verdict(struct store *store, const char *id, struct verdict *ret,
    struct err *err)
{
	AUTO_STR key = names_verdict(id);
	AUTO_BUF text = BUF_INIT(VERDICT_MAX_BYTES);

	*ret = (struct verdict){ 0 };
	if (store_get(store, key, &text, err) != 0)
		return -1;
	if (read_verdict(&text, ret, err) != 0) {
		verdict_release(ret);
		return err_wrap(err, "%s", key);
	}
	return 0;
}
