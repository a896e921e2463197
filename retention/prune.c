#include "retention/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stamp.h"
#include "retention/census.h"
#include "retention/garbage.h"
#include "retention/remover.h"

/* ---- the report ---- */

static void begin_report(const struct census *c, struct prune_report *report)
{
	report->snapshot_count = c->snapshot_count;
	report->snapshots = mem_calloc(c->snapshot_count + 1, sizeof(*report->snapshots));
	for (size_t i = 0; i < c->snapshot_count; i++) {
		const struct census_snapshot *from = &c->snapshots[i];
		struct prune_snapshot *to = &report->snapshots[i];

		memcpy(to->id, from->id, sizeof(to->id));
		to->label = mem_strdup(from->label);
		to->pinned_until = from->pinned_until;
		to->verdict = from->verdict;
		to->readable = from->unreadable == NULL;
		to->stored_bytes = from->stored_bytes;
	}
}

/* What really became of them: a manifest that a lock keeps, or that is back. */
static void end_report(const struct census *c, struct prune_report *report)
{
	report->removed = 0;
	for (size_t i = 0; i < report->snapshot_count; i++) {
		report->snapshots[i].removed = c->snapshots[i].gone;
		report->removed += c->snapshots[i].gone;
	}
	report->kept = report->snapshot_count - report->removed;
}

void prune_report_release(struct prune_report *report)
{
	for (size_t i = 0; i < report->snapshot_count; i++) {
		free(report->snapshots[i].label);
		retention_fate_release(&report->snapshots[i].fate);
	}
	for (size_t i = 0; i < report->problem_count; i++)
		free(report->problems[i]);
	for (size_t i = 0; report->foreign != NULL && i < PRUNE_FOREIGN_SHOWN; i++)
		free(report->foreign[i]);
	free(report->snapshots);
	free(report->problems);
	free(report->foreign);
	free(report->blocked);
	*report = (struct prune_report){ .kept = 0 };
}

/* ---- one snapshot ---- */

static int remove_beside(struct remover *r, struct census *c, const char *key, struct err *err)
{
	size_t at = census_find(c, key);
	enum removal ignored;

	if (at == CENSUS_NONE)
		return 0;
	c->objects[at].orphaned = true;
	return remover_remove(r, &c->objects[at], &ignored, err);
}

static int leads_to(struct census *c, const char *label_key, const char *id, bool *ret,
    struct err *err)
{
	AUTO_BUF text = BUF_INIT(64);
	struct err local = ERR_INIT;

	*ret = false;
	if (census_find(c, label_key) == CENSUS_NONE)
		return 0;
	if (store_get(c->store, label_key, &text, &local) == 0) {
		*ret = strcmp(buf_str(&text), id) == 0;
		return 0;
	}
	if (local.code == ERR_NOT_FOUND || local.code == ERR_TOO_BIG)
		return 0;
	*err = local;
	return -1;
}

/* Its own label; of one that cannot be read, every label that leads to it and that
 * no other bears. (Such are found by where they lead: retention/census.h.) */
static int remove_labels(struct remover *r, struct census *c, const struct census_snapshot *s,
    struct err *err)
{
	if (s->label != NULL) {
		AUTO_STR key = names_label(s->label);
		bool leads;

		if (leads_to(c, key, s->id, &leads, err) != 0)
			return -1;
		return leads ? remove_beside(r, c, key, err) : 0;
	}
	for (size_t i = 0; i < c->object_count; i++) {
		const struct census_object *o = &c->objects[i];

		if (o->kind == NAMES_LABEL && !o->gone && strcmp(o->id, s->id) == 0 &&
		    remove_beside(r, c, o->key, err) != 0)
			return -1;
	}
	return 0;
}

static int remove_what_lies_beside(struct remover *r, struct census *c,
    const struct census_snapshot *s, struct err *err)
{
	AUTO_STR signature = names_signature(s->id);
	AUTO_STR verdict = names_verdict(s->id);
	AUTO_STR pin = names_pin(s->id);

	if (remove_beside(r, c, signature, err) != 0 || remove_beside(r, c, verdict, err) != 0 ||
	    remove_beside(r, c, pin, err) != 0)
		return -1;
	return remove_labels(r, c, s, err);
}

static void stays(struct prune_snapshot *s, const char *why)
{
	retention_fate_release(&s->fate);
	s->fate.kept = true;
	retention_fate_add(&s->fate, mem_strdup(why));
}

static void orphan_chunks(struct census *c, const struct census_snapshot *s)
{
	for (size_t i = 0; i < s->chunk_count; i++)
		c->objects[s->chunks[i]].orphaned = true;
}

/* Somebody may have pinned it since the listing. */
static int is_pinned_meanwhile(const struct remover *r, const char *id, bool *ret,
    struct err *err)
{
	struct err local = ERR_INIT;
	struct pin pin;
	int rc = store_get_pin(r->options->store, id, &pin, &local);

	*ret = (rc == 0 && pin.until >= r->options->policy.now) || local.code == ERR_CORRUPT;
	if (rc == 0 || local.code == ERR_CORRUPT || local.code == ERR_NOT_FOUND)
		return 0;
	*err = local;
	return -1;
}

/* If the manifest stays, all of it stays. */
static int remove_snapshot(struct remover *r, struct census *c, size_t i, struct err *err)
{
	struct census_snapshot *s = &c->snapshots[i];
	AUTO_STR key = names_manifest(s->id);
	size_t at = census_find(c, key);
	enum removal removal;

	c->objects[at].orphaned = true;
	if (remover_remove(r, &c->objects[at], &removal, err) != 0)
		return -1;
	if (removal == REMOVAL_LOCKED)
		stays(&r->report->snapshots[i], "kept by policy: by a lock rule of the bucket");
	else if (removal == REMOVAL_NOT_GONE)
		stays(&r->report->snapshots[i], "the bucket said that it was deleted, but it is still there");
	if (removal != REMOVAL_DONE)
		return 0;
	s->gone = true;
	orphan_chunks(c, s);
	return remove_what_lies_beside(r, c, s, err);
}

static int remove_chosen(struct remover *r, struct census *c, bool even_pinned, struct err *err)
{
	for (size_t i = 0; i < c->snapshot_count; i++) {
		struct prune_snapshot *s = &r->report->snapshots[i];
		bool pinned = false;

		if (s->fate.kept)
			continue;
		if (!even_pinned && !r->options->dry_run && is_pinned_meanwhile(r, s->id, &pinned, err) != 0)
			return -1;
		if (pinned)
			stays(s, "pinned meanwhile");
		else if (remove_snapshot(r, c, i, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- by the rules ---- */

/* Whether anything may be removed. */
static bool decide(const struct census *c, const struct retention_policy *policy,
    struct prune_report *report)
{
	struct retention_snapshot *in = mem_calloc(c->snapshot_count + 1, sizeof(*in));
	struct retention_fate *fates = mem_calloc(c->snapshot_count + 1, sizeof(*fates));
	bool may;

	for (size_t i = 0; i < c->snapshot_count; i++) {
		const struct census_snapshot *s = &c->snapshots[i];

		memcpy(in[i].id, s->id, sizeof(in[i].id));
		(void)stamp_parse(s->id, &in[i].at);
		in[i].labelled = s->label != NULL;
		in[i].pinned_until = s->pinned_until;
		in[i].verdict = s->verdict;
		in[i].unreadable = s->unreadable;
	}
	may = retention_decide(in, c->snapshot_count, policy, fates);
	for (size_t i = 0; i < c->snapshot_count; i++)
		report->snapshots[i].fate = fates[i];
	if (!may)
		report->blocked = mem_strdup(retention_why_held(in, c->snapshot_count, policy));
	free(in);
	free(fates);
	return may;
}

int prune_store(const struct prune_options *options, struct prune_report *ret, struct err *err)
{
	struct err local = ERR_INIT;
	struct remover remover;
	struct census census;
	int rc = 0;

	*ret = (struct prune_report){ .kept = 0 };
	if (census_take(options->store, options->workers, &census, err) != 0)
		return -1;
	remover_init(&remover, options, ret);
	begin_report(&census, ret);
	if (decide(&census, &options->policy, ret)) {
		rc = remove_chosen(&remover, &census, false, &local);
		if (rc == 0)
			rc = garbage_remove(&remover, &census, false, &local);
	}
	end_report(&census, ret);
	remover_release(&remover);
	census_release(&census);
	if (rc != 0 && err != NULL)
		*err = local;
	return rc;
}

/* ---- by hand ---- */

static int worth(const struct census_snapshot *s)
{
	if (s->unreadable != NULL || s->verdict == RETENTION_BAD)
		return 0;
	return s->verdict == RETENTION_GOOD ? 2 : 1;
}

/* Does one as good remain? */
static bool has_equal(const struct census *c, const struct prune_report *report, size_t i)
{
	for (size_t j = 0; j < c->snapshot_count; j++) {
		if (report->snapshots[j].fate.kept && worth(&c->snapshots[j]) >= worth(&c->snapshots[i]))
			return true;
	}
	return worth(&c->snapshots[i]) == 0;
}

static bool is_pinned(const struct census_snapshot *s, int64_t now)
{
	return s->pinned_until != 0 && s->pinned_until >= now;
}

static bool is_labelled(const struct census *c, const struct census_snapshot *s)
{
	for (size_t i = 0; i < c->object_count; i++) {
		if (c->objects[i].kind == NAMES_LABEL && strcmp(c->objects[i].id, s->id) == 0)
			return true;
	}
	return s->label != NULL;
}

static int may_be_removed(const struct census *c, const struct prune_report *report, size_t i,
    int64_t now, struct err *err)
{
	const struct census_snapshot *s = &c->snapshots[i];
	int rc = 0;

	if (is_labelled(c, s))
		rc = err_set(err, ERR_REFUSED, "snapshot %s bears a label", s->id);
	else if (is_pinned(s, now))
		rc = err_set(err, ERR_REFUSED, "snapshot %s is pinned", s->id);
	else if (!has_equal(c, report, i))
		rc = err_set(err, ERR_REFUSED, "snapshot %s is the last one that is %s", s->id,
		    worth(s) == 2 ? "known to be good" : "not damaged");
	return rc == 0 ? 0 : err_hint(err, "nothing was removed; --force removes it all the same");
}

static int choose(const struct census *c, const char *const *ids, size_t count,
    struct prune_report *report, struct err *err)
{
	for (size_t i = 0; i < c->snapshot_count; i++)
		report->snapshots[i].fate.kept = true;
	for (size_t i = 0; i < count; i++) {
		size_t at = census_find_snapshot(c, ids[i]);

		if (at == CENSUS_NONE)
			return err_set(err, ERR_NOT_FOUND, "there is no snapshot %s", ids[i]);
		report->snapshots[at].fate.kept = false;
	}
	return 0;
}

static int check_all(const struct census *c, const struct prune_report *report, int64_t now,
    struct err *err)
{
	for (size_t i = 0; i < c->snapshot_count; i++) {
		if (!report->snapshots[i].fate.kept && may_be_removed(c, report, i, now, err) != 0)
			return -1;
	}
	return 0;
}

int prune_remove(const struct prune_options *options, const char *const *ids, size_t count,
    bool force, struct prune_report *ret, struct err *err)
{
	struct err local = ERR_INIT;
	struct remover remover;
	struct census census;
	int rc;

	*ret = (struct prune_report){ .kept = 0 };
	if (census_take(options->store, options->workers, &census, err) != 0)
		return -1;
	remover_init(&remover, options, ret);
	begin_report(&census, ret);
	rc = choose(&census, ids, count, ret, &local);
	if (rc == 0 && !force)
		rc = check_all(&census, ret, options->policy.now, &local);
	if (rc == 0)
		rc = remove_chosen(&remover, &census, force, &local);
	if (rc == 0)
		rc = garbage_remove(&remover, &census, true, &local);
	end_report(&census, ret);
	remover_release(&remover);
	census_release(&census);
	if (rc != 0 && err != NULL)
		*err = local;
	return rc;
}
