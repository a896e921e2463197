#include "storage/lease_record.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/printable.h"
#include "base/stamp.h"

static void set_stamp(struct json_object *o, const char *key, int64_t at)
{
	char text[STAMP_ISO_SIZE];

	json_set_str(o, key, stamp_iso(at, text));
}

static struct json_object *holder_json(const struct lease_record *r)
{
	struct json_object *o;

	if (!r->held)
		return NULL;
	o = json_object_new_object();
	json_set_str(o, "host", r->host);
	json_set_int(o, "pid", r->pid);
	json_set_str(o, "instance", r->instance);
	json_set_str(o, "what", r->what);
	return o;
}

int lease_record_write(const struct lease_record *r, struct buf *ret, struct err *err)
{
	AUTO_JSON o = json_object_new_object();

	json_set_int(o, "format", LEASE_FORMAT);
	json_set_int(o, "generation", r->generation);
	json_set(o, "holder", holder_json(r));
	json_set_int(o, "ttl_s", r->ttl_s);
	set_stamp(o, "acquired_at", r->acquired_at);
	set_stamp(o, "renewed_at", r->renewed_at);
	json_set_int(o, "renewals", r->renewals);
	return buf_addf(ret, err, "%s\n", json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int need_text(struct json_object *o, const char *key, char *ret, size_t size,
    struct err *err)
{
	const char *s;
	size_t len;

	if (json_need_str(o, key, &s, err) != 0)
		return -1;
	len = strlen(s);
	if (len >= size)
		len = size - 1;
	/* Back to the first byte of the character that is cut. */
	while (s[len] != '\0' && len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	memcpy(ret, s, len);
	ret[len] = '\0';
	(void)printable(ret);
	return 0;
}

static int need_stamp(struct json_object *o, const char *key, int64_t *ret, struct err *err)
{
	const char *s;

	if (json_need_str(o, key, &s, err) != 0)
		return -1;
	return stamp_parse(s, ret) ? 0 : err_set(err, ERR_CORRUPT, "\"%s\" is not a moment", key);
}

static int read_holder(struct json_object *o, struct lease_record *r, struct err *err)
{
	struct json_object *holder = json_get(o, "holder", json_type_object), *any;

	if (holder == NULL)
		return json_object_object_get_ex(o, "holder", &any) && any == NULL ? 0 :
		    err_set(err, ERR_CORRUPT, "\"holder\" is missing");
	r->held = true;
	return need_text(holder, "host", r->host, sizeof(r->host), err) != 0 ||
	    json_need_int(holder, "pid", &r->pid, err) != 0 ||
	    need_text(holder, "instance", r->instance, sizeof(r->instance), err) != 0 ||
	    need_text(holder, "what", r->what, sizeof(r->what), err) != 0 ? -1 : 0;
}

static int read_record(struct json_object *o, struct lease_record *r, struct err *err)
{
	int64_t format;

	if (json_need_int(o, "format", &format, err) != 0 ||
	    json_need_int(o, "generation", &r->generation, err) != 0 ||
	    json_need_int(o, "ttl_s", &r->ttl_s, err) != 0 ||
	    json_need_int(o, "renewals", &r->renewals, err) != 0 ||
	    need_stamp(o, "acquired_at", &r->acquired_at, err) != 0 ||
	    need_stamp(o, "renewed_at", &r->renewed_at, err) != 0 ||
	    read_holder(o, r, err) != 0)
		return -1;
	if (format != LEASE_FORMAT)
		return err_set(err, ERR_CORRUPT, "lease format %lld is not known", (long long)format);
	if (r->generation < 0 || r->generation >= INT64_MAX / 2 || r->renewals < 0)
		return err_set(err, ERR_CORRUPT, "\"generation\" or \"renewals\" is impossible");
	if (r->ttl_s < 1 || r->ttl_s > LEASE_MAX_TTL_S)
		return err_set(err, ERR_CORRUPT, "\"ttl_s\" is not between 1 and %d", LEASE_MAX_TTL_S);
	return 0;
}

int lease_record_read(const char *text, size_t len, struct lease_record *ret, struct err *err)
{
	AUTO_JSON o = json_read(text, len, err);
	struct lease_record r = { .held = false };

	if (o == NULL || read_record(o, &r, err) != 0)
		return -1;
	*ret = r;
	return 0;
}

void lease_record_describe(const struct lease_record *r, char *ret, size_t size)
{
	static const char *const words[][2] = {
		{ "backup", "is being backed up" },
		{ "prune", "is being pruned" },
	};
	char since[STAMP_ISO_SIZE];
	const char *doing = NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i][0], r->what) == 0)
			doing = words[i][1];
	}
	(void)snprintf(ret, size, "%s%s by %s pid %lld since %s",
	    doing != NULL ? doing : "is held for ", doing != NULL ? "" : r->what, r->host,
	    (long long)r->pid, stamp_iso(r->acquired_at, since));
}
