#include "cli/slot.h"

#include <stdbool.h>
#include <string.h>

#include "base/stamp.h"

/* A clock that was set back between the decision and the reading. */
#define BEFORE_S 60
/* Snapshots that are looked at, at most. */
#define MAX_LOADED 50

struct search {
	struct store *store;
	int64_t slot_at, now;
	bool loaded;             /* one could be */
};

/* 1: this one answers the slot. One that cannot be loaded answers nothing. */
static int look_at(struct search *s, const char *id, struct err *err)
{
	struct snapshot snapshot;
	int64_t slot_at;

	if (store_load(s->store, id, &snapshot, err) != 0) {
		if (err->code == ERR_AGAIN || err->code == ERR_DENIED ||
		    err->code == ERR_INTERRUPTED)
			return -1;
		err_clear(err);
		return 0;
	}
	s->loaded = true;
	slot_at = snapshot.manifest.slot_at;
	snapshot_release(&snapshot);
	return slot_at >= s->slot_at && slot_at <= s->now + SLOT_SKEW_S;
}

static int search(struct search *s, const struct store_ids *ids, char ret_id[20],
    struct err *err)
{
	size_t seen = 0;

	for (size_t i = ids->count; i > 0 && seen < MAX_LOADED; i--) {
		const char *id = ids->items[i - 1].id;
		int64_t at = 0;
		int found;

		(void)stamp_parse(id, &at);
		if (s->loaded && at < s->slot_at - BEFORE_S)
			break;
		seen++;
		found = look_at(s, id, err);
		if (found < 0)
			return -1;
		if (found > 0) {
			memcpy(ret_id, id, 20);
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND, "no snapshot answers this slot");
}

int slot_find(struct store *store, int64_t slot_at, int64_t now, char ret_id[20],
    struct err *err)
{
	struct search s = { .store = store, .slot_at = slot_at, .now = now };
	struct store_ids ids;
	int rc;

	if (store_list(store, &ids, err) != 0)
		return -1;
	rc = search(&s, &ids, ret_id, err);
	store_ids_release(&ids);
	return rc;
}
