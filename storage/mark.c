/* Marks of damage: an object beside the chunk. */
#include "storage/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/names.h"

int store_mark_damaged(struct store *store, const char *chunk_key, int64_t found_at,
    struct err *err)
{
	AUTO_STR key = names_damaged(chunk_key);
	char stamp[STAMP_ISO_SIZE];
	int rc;

	(void)stamp_iso(found_at, stamp);
	crash_point("mark.before-put");
	rc = store_put(store, key, stamp, strlen(stamp), false, err);
	crash_point("mark.after-put");
	return rc;
}

int store_unmark_damaged(struct store *store, const char *chunk_key, struct err *err)
{
	AUTO_STR key = names_damaged(chunk_key);
	int rc;

	crash_point("mark.before-remove");
	rc = store_remove(store, key, err);
	crash_point("mark.after-remove");
	return rc;
}
