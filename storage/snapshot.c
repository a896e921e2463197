/* Snapshots of a store: load, find, publish. */
#include "storage/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/lease.h"
#include "storage/names.h"
#include "storage/pack.h"
#include "storage/sign.h"
#include "storage/store_internal.h"

/* How many seconds after its moment a snapshot may look for a free id. */
#define ID_TRIES 30
/* How far ahead of its reading a snapshot's id may be, so that ids sort as the
 * snapshots came: what retention takes for a clock that is right. */
#define AHEAD_MAX_S 300
/* How far ahead of this machine's clock the latest may be: the clock may be the one
 * that is wrong. */
#define LATEST_AHEAD_MAX_S 86400
#define SIGNATURE_MAX_BYTES 4096
/* What a small packed manifest may unpack to. */
#define LEAST_CEILING (1u << 20)

const char *signature_name(enum signature signature)
{
	static const char *const names[] = { "good", "none", "unchecked", "bad" };

	return names[signature];
}

void snapshot_release(struct snapshot *snapshot)
{
	manifest_release(&snapshot->manifest);
	*snapshot = (struct snapshot){ .signature = SIGNATURE_NONE };
}

/* ---- load ---- */

/* What a listing alone tells of it; else SIGNATURE_BAD, and it has to be read. */
static enum signature listed_signature(const struct store *store, const struct store_seen *seen)
{
	if (seen != NULL && seen->bytes < 0)
		return SIGNATURE_NONE;
	return seen != NULL && store->verifier == NULL && seen->bytes <= SIGNATURE_MAX_BYTES ?
	    SIGNATURE_UNCHECKED : SIGNATURE_BAD;
}

static int check_signature(struct store *store, const char *id, const struct store_seen *seen,
    const struct buf *stored, enum signature *ret, struct err *err)
{
	AUTO_STR key = names_signature(id);
	AUTO_BUF sig = BUF_INIT(SIGNATURE_MAX_BYTES);
	struct err get_err = ERR_INIT;

	*ret = listed_signature(store, seen);
	if (*ret != SIGNATURE_BAD)
		return 0;
	if (store_get_seen(store, key, seen, &sig, &get_err) != 0) {
		if (get_err.code != ERR_NOT_FOUND && get_err.code != ERR_TOO_BIG) {
			*err = get_err;
			return -1;
		}
		*ret = get_err.code == ERR_NOT_FOUND ? SIGNATURE_NONE : SIGNATURE_BAD;
	} else if (store->verifier == NULL) {
		*ret = SIGNATURE_UNCHECKED;
	} else {
		*ret = verifier_check(store->verifier, buf_str(stored), stored->len, buf_str(&sig),
		    sig.len, NULL, &get_err) == 0 ? SIGNATURE_GOOD : SIGNATURE_BAD;
	}
	return 0;
}

static int judge_signature(struct store *store, enum signature signature, struct err *err)
{
	if (signature == SIGNATURE_BAD) {
		(void)err_set(err, ERR_CORRUPT, "its signature is by no trusted key, or the manifest was changed");
		return err_hint(err, "the bucket may have been tampered with: use another snapshot, and find out who can write there");
	}
	if (signature == SIGNATURE_NONE && store->verifier != NULL) {
		(void)err_set(err, ERR_CORRUPT, "it is not signed, and trusted_keys is set");
		return err_hint(err, "to read unsigned snapshots, remove trusted_keys from the configuration");
	}
	return 0;
}

/* A manifest copied over from another database or under another id is not this
 * snapshot, however well signed. */
static int check_identity(struct store *store, const char *id, const struct manifest *m,
    struct err *err)
{
	AUTO_STR tail = mem_printf("%s/%s/", m->environment, m->database);
	size_t len = strlen(tail), folder_len = strlen(store->folder);

	if (strcmp(m->id, id) != 0)
		return err_set(err, ERR_CORRUPT, "the manifest calls itself %s", m->id);
	/* Whole segments: "production/" is no end of "preproduction/". */
	if (folder_len < len || strcmp(store->folder + folder_len - len, tail) != 0 ||
	    (folder_len > len && store->folder[folder_len - len - 1] != '/'))
		return err_set(err, ERR_CORRUPT, "the manifest is of %s/%s",
		    m->environment, m->database);
	return 0;
}

/* A manifest packs to a quarter, one of thousands of alike tables to a fiftieth. */
static size_t most_unpacked(size_t stored)
{
	size_t most = stored * 200 > LEAST_CEILING ? stored * 200 : LEAST_CEILING;

	return most < MANIFEST_MAX_BYTES ? most : MANIFEST_MAX_BYTES;
}

/* Packed; what d1keep wrote before 2026-11-28 is not. */
static int read_stored(const struct buf *stored, struct manifest *ret, struct err *err)
{
	AUTO_BUF text = BUF_INIT(MANIFEST_MAX_BYTES);

	if (!pack_is_gzip(buf_str(stored), stored->len))
		return manifest_read(buf_str(stored), stored->len, ret, err);
	text.max = most_unpacked(stored->len);
	if (pack_gunzip_member(stored->data, stored->len, &text, err) != 0)
		return err_wrap(err, "the manifest");
	return manifest_read(buf_str(&text), text.len, ret, err);
}

/* The signature is of the bytes that are stored: what is not to be trusted is not
 * unpacked either. `listed` may be NULL. */
static int load(struct store *store, const char *id, const struct store_id *listed,
    struct snapshot *ret, struct err *err)
{
	AUTO_STR key = names_manifest(id);
	AUTO_BUF stored = BUF_INIT(MANIFEST_MAX_BYTES);

	if (store_get_seen(store, key, listed != NULL ? &listed->manifest : NULL, &stored, err) != 0 ||
	    check_signature(store, id, listed != NULL ? &listed->signature : NULL, &stored,
	    &ret->signature, err) != 0 ||
	    judge_signature(store, ret->signature, err) != 0 ||
	    read_stored(&stored, &ret->manifest, err) != 0 ||
	    check_identity(store, id, &ret->manifest, err) != 0)
		return -1;
	sha256_hex(stored.data, stored.len, ret->manifest_sha256);
	return 0;
}

int store_load(struct store *store, const char *id, struct snapshot *ret, struct err *err)
{
	*ret = (struct snapshot){ .signature = SIGNATURE_NONE };
	if (load(store, id, NULL, ret, err) == 0)
		return 0;
	snapshot_release(ret);
	return err_wrap(err, "snapshot %s", id);
}

int store_load_listed(struct store *store, const struct store_id *listed, struct snapshot *ret,
    struct err *err)
{
	*ret = (struct snapshot){ .signature = SIGNATURE_NONE };
	if (load(store, listed->id, listed, ret, err) == 0)
		return 0;
	snapshot_release(ret);
	return err_wrap(err, "snapshot %s", listed->id);
}

/* ---- find ---- */

static int none_found(struct store *store, const char *which, struct err *err)
{
	int len = (int)strlen(store->folder) - 1;

	(void)err_set(err, ERR_NOT_FOUND, "no snapshot \"%s\" of %.*s", which, len,
	    store->folder);
	return err_hint(err, "d1keep list shows what there is");
}

/* One that a wrong clock dated into next year would be the latest until then, while
 * newer ones come. Where all are ahead it is ours that is behind. */
static const char *latest_of(const struct store_ids *ids)
{
	int64_t end = clock_now(&clock_system) + LATEST_AHEAD_MAX_S;

	for (size_t i = ids->count; i > 0; i--) {
		int64_t at;

		if (stamp_parse(ids->items[i - 1].id, &at) && at <= end)
			return ids->items[i - 1].id;
	}
	return ids->items[ids->count - 1].id;
}

static int resolve_latest(struct store *store, char ret_id[20], struct err *err)
{
	struct store_ids ids;

	if (store_list(store, &ids, err) != 0)
		return -1;
	if (ids.count > 0)
		memcpy(ret_id, latest_of(&ids), sizeof(ids.items->id));
	memcpy(store->latest_id, ret_id, sizeof(store->latest_id));
	store_ids_release(&ids);
	if (ret_id[0] != '\0')
		return 0;
	(void)err_set(err, ERR_NOT_FOUND, "%.*s has no snapshot yet", (int)strlen(store->folder) - 1,
	    store->folder);
	return err_hint(err, "d1keep backup takes one; look into the configuration's bucket and prefix if there should be one");
}

static int resolve_label(struct store *store, const char *label, char ret_id[20],
    struct err *err)
{
	AUTO_STR key = names_label(label);
	AUTO_BUF text = BUF_INIT(64);

	if (names_check_label(label, NULL) != 0)
		return none_found(store, label, err);
	if (store_get(store, key, &text, err) != 0)
		return err->code == ERR_NOT_FOUND ? none_found(store, label, err) : -1;
	/* Its length too: behind a NUL may lie more than `ret_id` has room for. */
	if (strlen(buf_str(&text)) != text.len || !names_is_id(buf_str(&text)))
		return err_set(err, ERR_CORRUPT, "label \"%s\" does not hold the id of a snapshot", label);
	memcpy(ret_id, text.data, text.len + 1);
	return 0;
}

static bool is_label(const char *which)
{
	int64_t at;

	return which != NULL && strcmp(which, "latest") != 0 && !stamp_parse(which, &at);
}

int store_resolve(struct store *store, const char *which, char ret_id[20], struct err *err)
{
	int64_t at;

	memset(ret_id, 0, 20);
	if (which == NULL || strcmp(which, "latest") == 0)
		return resolve_latest(store, ret_id, err);
	if (!stamp_parse(which, &at))
		return resolve_label(store, which, ret_id, err);
	(void)stamp_compact(at, ret_id);
	return 0;
}

/* Labels are not signed, manifests are: one that was moved to another snapshot
 * is found out here. */
static int check_label(const char *label, struct snapshot *snapshot, struct err *err)
{
	const struct manifest *m = &snapshot->manifest;

	if (m->label != NULL && strcmp(m->label, label) == 0)
		return 0;
	(void)err_set(err, ERR_CORRUPT, "label \"%s\" leads to snapshot %s, which does not bear it", label, m->id);
	snapshot_release(snapshot);
	return err_hint(err, "the bucket may have been tampered with: d1keep list shows which snapshot bears it");
}

int store_find(struct store *store, const char *which, struct snapshot *ret, struct err *err)
{
	char id[20];

	if (store_resolve(store, which, id, err) != 0)
		return -1;
	if (store_load(store, id, ret, err) == 0)
		return is_label(which) ? check_label(which, ret, err) : 0;
	if (err->code == ERR_NOT_FOUND)
		return none_found(store, which != NULL ? which : "latest", err);
	return -1;
}

/* ---- publish ---- */

static int manifest_exists(struct store *store, const char *id, bool *ret, struct err *err)
{
	AUTO_STR key = names_manifest(id);
	AUTO_STR full = mem_printf("%s%s", store->folder, key);
	int64_t bytes;

	*ret = bucket_head(store->bucket, full, &bytes, err) == 0;
	return *ret || err->code == ERR_NOT_FOUND ? 0 : -1;
}

int store_check_label(struct store *store, const char *label, struct err *err)
{
	char id[20] = "";
	bool taken;

	if (names_check_label(label, err) != 0)
		return -1;
	if (resolve_label(store, label, id, err) != 0) {
		if (err->code != ERR_NOT_FOUND)
			return -1;
		err_clear(err);
		return 0;
	}
	if (manifest_exists(store, id, &taken, err) != 0)
		return -1;
	if (!taken) {
		err_clear(err);
		return 0;
	}
	(void)err_set(err, ERR_REFUSED, "label \"%s\" is already borne by snapshot %s", label, id);
	return err_hint(err, "choose another label");
}

/* The reservation of a backup that died before its manifest is replaced; the
 * label itself was checked to be free before the backup began. */
static int put_label(struct store *store, const struct manifest *m, struct err *err)
{
	AUTO_STR key = NULL;

	if (m->label == NULL)
		return 0;
	if (store_check_label(store, m->label, err) != 0)
		return -1;
	key = names_label(m->label);
	crash_point("publish.before-label");
	if (store_put(store, key, m->id, strlen(m->id), false, err) != 0)
		return -1;
	crash_point("publish.after-label");
	return 0;
}

static int put_signature(struct store *store, const struct manifest *m,
    const struct buf *stored, struct err *err)
{
	AUTO_STR key = names_signature(m->id);
	unsigned char sig[SIGN_BYTES];

	if (store->signer == NULL)
		return 0;
	if (signer_sign(store->signer, stored->data, stored->len, sig, err) != 0)
		return -1;
	crash_point("publish.before-signature");
	if (store_put(store, key, sig, sizeof(sig), true, err) != 0)
		return -1;
	crash_point("publish.after-signature");
	return 0;
}

/* The bytes that are stored, and signed. */
static int make_stored(const struct manifest *m, struct buf *ret, struct err *err)
{
	AUTO_BUF text = BUF_INIT(MANIFEST_MAX_BYTES);

	return manifest_write(m, &text, err) != 0 || pack_gzip(NULL, text.data, text.len, ret, err) != 0 ? -1 : 0;
}

static int try_publish(struct store *store, struct manifest *m, struct err *err)
{
	AUTO_STR key = names_manifest(m->id);
	AUTO_BUF stored = BUF_INIT(MANIFEST_MAX_BYTES);
	bool taken;

	/* Without a signature to go first, a taken id would show only at the
	 * manifest, after the label has been moved to it. */
	if (manifest_exists(store, m->id, &taken, err) != 0)
		return -1;
	if (taken)
		return err_set(err, ERR_EXISTS, "snapshot %s exists", m->id);
	err_clear(err);
	crash_point("publish.begin");
	if (lease_check(store->lease, err) != 0 || make_stored(m, &stored, err) != 0 ||
	    put_signature(store, m, &stored, err) != 0 ||
	    put_label(store, m, err) != 0 || lease_check(store->lease, err) != 0)
		return -1;
	crash_point("publish.before-manifest");
	if (store_put(store, key, stored.data, stored.len, true, err) != 0)
		return -1;
	crash_point("publish.after-manifest");
	return 0;
}

/* Behind the snapshot before it, also when that cannot be trusted, was taken in the same second (and
 * is followed by one whose id has become free), or when the clock was set back a
 * little. One that is further ahead was dated wrongly: it moves nobody. */
static int64_t first_id_at(const struct store *store, const struct manifest *m)
{
	const char *previous = m->previous_id != NULL ? m->previous_id : store->latest_id;
	int64_t previous_at;

	if (!stamp_parse(previous, &previous_at) ||
	    previous_at < m->started_at || previous_at > m->started_at + AHEAD_MAX_S)
		return m->started_at;
	return previous_at + 1;
}

int store_publish(struct store *store, struct manifest *manifest, struct err *err)
{
	int64_t first = first_id_at(store, manifest);

	for (int64_t later = 0; later < ID_TRIES; later++) {
		char id[STAMP_COMPACT_SIZE];

		free(manifest->id);
		manifest->id = mem_strdup(stamp_compact(first + later, id));
		if (try_publish(store, manifest, err) == 0)
			return 0;
		if (err->code != ERR_EXISTS)
			return err_wrap(err, "publish snapshot %s", manifest->id);
	}
	return err_wrap(err, "no free id for this snapshot");
}
