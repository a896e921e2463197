/* Pins: a small object beside the manifest that keeps retention off. Not signed: who
 * can write into the bucket can also delete there. */
#include "storage/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/names.h"
#include "storage/store_internal.h"

#define PIN_MAX_BYTES 4096

int store_put_pin(struct store *store, const char *id, const struct pin *pin, struct err *err)
{
	AUTO_JSON o = json_object_new_object();
	AUTO_STR key = names_pin(id);
	char until[STAMP_ISO_SIZE], at[STAMP_ISO_SIZE];
	const char *text;

	json_set_str(o, "until",
	    pin->until == PINNED_FOR_EVER ? NULL : stamp_iso(pin->until, until));
	json_set_str(o, "at", stamp_iso(pin->at, at));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY);
	return store_put(store, key, text, strlen(text), false, err);
}

static int read_pin(const struct buf *text, struct pin *ret, struct err *err)
{
	AUTO_JSON o = json_read(buf_str(text), text->len, err);
	struct json_object *until;
	const char *at;

	if (o == NULL || json_need_str(o, "at", &at, err) != 0)
		return -1;
	if (!stamp_parse(at, &ret->at))
		return err_set(err, ERR_CORRUPT, "\"at\" is not a moment");
	if (!json_object_object_get_ex(o, "until", &until) || until == NULL)
		return 0;
	if (json_get_str(o, "until") == NULL || !stamp_parse(json_get_str(o, "until"), &ret->until))
		return err_set(err, ERR_CORRUPT, "\"until\" is not a moment");
	return 0;
}

static int get_pin(struct store *store, const char *id, const struct store_seen *seen,
    struct pin *ret, struct err *err)
{
	AUTO_STR key = names_pin(id);
	AUTO_BUF text = BUF_INIT(PIN_MAX_BYTES);
	struct err local = ERR_INIT;
	int rc;

	*ret = (struct pin){ .until = PINNED_FOR_EVER };
	rc = store_get_seen(store, key, seen, &text, &local);
	if (rc == 0)
		rc = read_pin(&text, ret, &local);
	else if (local.code == ERR_TOO_BIG)
		local.code = ERR_CORRUPT;
	if (rc == 0)
		return 0;
	if (local.code == ERR_CORRUPT)
		*ret = (struct pin){ .until = PINNED_FOR_EVER };
	if (err != NULL)
		*err = local;
	return err_wrap(err, "%s", key);
}

int store_get_pin(struct store *store, const char *id, struct pin *ret, struct err *err)
{
	return get_pin(store, id, NULL, ret, err);
}

int store_get_pin_listed(struct store *store, const struct store_id *listed, struct pin *ret,
    struct err *err)
{
	return get_pin(store, listed->id, &listed->pin, ret, err);
}

int store_remove_pin(struct store *store, const char *id, struct err *err)
{
	AUTO_STR key = names_pin(id);

	return store_remove(store, key, err);
}
