#include "storage/drafts.h"

#include <stdbool.h>
#include <string.h>

#include "base/crash.h"

/* Synced before it has its name: else a power cut could leave half an object, or
 * nothing in the place of an older one. */
static int finish(struct file_draft *draft, struct err *err)
{
	crash_point("settle.before-name");
	if (file_draft_finish(draft, false, err) != 0)
		return -1;
	crash_point("settle.after-name");
	file_give_to_owner_of_folder(draft->path);
	return 0;
}

static bool lie_together(const char *a, const char *b)
{
	size_t len = (size_t)(strrchr(a, '/') + 1 - a);

	return strncmp(a, b, len) == 0 && strchr(b + len, '/') == NULL;
}

/* Each folder once. */
static int sync_folders(const struct file_draft *drafts, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (!lie_together(drafts[first].path, drafts[i].path))
			first++;
		if (first == i && dir_sync_parent(drafts[i].path, err) != 0)
			return -1;
	}
	return 0;
}

static int finish_all(struct file_draft *drafts, size_t count, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = finish(&drafts[i], err);
	if (rc == 0)
		rc = sync_folders(drafts, count, err);
	for (size_t i = 0; i < count; i++)
		file_draft_release(&drafts[i]);
	return rc;
}

/* What is lost was said to be there, to whoever put it: nothing that is settled later
 * makes up for it. */
static int fail_for_ever(struct drafts *d, const struct err *why, struct err *err)
{
	(void)pthread_mutex_lock(&d->lock);
	if (!d->failed)
		d->why = *why;
	d->failed = true;
	(void)pthread_mutex_unlock(&d->lock);
	if (err != NULL)
		*err = *why;
	return -1;
}

/* Other threads put meanwhile. */
static int settle(struct drafts *d, struct file_draft *taken, size_t count, struct err *err)
{
	struct err local = ERR_INIT;

	return finish_all(taken, count, &local) == 0 ? 0 : fail_for_ever(d, &local, err);
}

/* Under the lock. */
static int check(const struct drafts *d, struct err *err)
{
	if (!d->failed)
		return 0;
	if (err != NULL)
		*err = d->why;
	return -1;
}

/* Under the lock: those so far are `ret`'s. */
static size_t take_all(struct drafts *d, struct file_draft ret[DRAFTS_MAX])
{
	size_t count = d->count;

	memcpy(ret, d->items, count * sizeof(*ret));
	d->count = 0;
	return count;
}

int drafts_settle(struct drafts *drafts, struct err *err)
{
	struct file_draft taken[DRAFTS_MAX];
	size_t count;
	int failed;

	(void)pthread_mutex_lock(&drafts->lock);
	count = take_all(drafts, taken);
	failed = check(drafts, err);
	(void)pthread_mutex_unlock(&drafts->lock);
	return settle(drafts, taken, count, failed != 0 ? NULL : err) != 0 ? -1 : failed;
}

int drafts_add(struct drafts *drafts, const struct file_draft *draft, struct err *err)
{
	struct file_draft taken[DRAFTS_MAX];
	size_t count = 0;
	int failed;

	(void)pthread_mutex_lock(&drafts->lock);
	if (drafts->count == DRAFTS_MAX)
		count = take_all(drafts, taken);
	drafts->items[drafts->count++] = *draft;
	failed = check(drafts, err);
	(void)pthread_mutex_unlock(&drafts->lock);
	return settle(drafts, taken, count, failed != 0 ? NULL : err) != 0 ? -1 : failed;
}

void drafts_init(struct drafts *drafts)
{
	drafts->count = 0;
	drafts->failed = false;
	(void)pthread_mutex_init(&drafts->lock, NULL);
}

void drafts_release(struct drafts *drafts)
{
	for (size_t i = 0; i < drafts->count; i++)
		file_draft_release(&drafts->items[i]);
	(void)pthread_mutex_destroy(&drafts->lock);
}
