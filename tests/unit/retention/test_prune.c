#include "retention/prune.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/retention/history.h"
#include "tests/unit/retention/shelf.h"
#include "tests/unit/unit.h"

#define DAY 86400
#define MON "2026-11-16T02:17:00Z"
#define TUE "2026-11-17T02:17:00Z"
#define WED "2026-11-18T02:17:00Z"
#define THU "2026-11-19T02:17:00Z"
#define FRI "2026-11-20T02:17:00Z"

static struct shelf s;

static void setup(void)
{
	shelf_open(&s);
}

static void teardown(void)
{
	shelf_close(&s);
}

/* Five days; each shares chunks with its neighbours. Two are to stay. */
static void five_days(void)
{
	shelf_publish(&s, MON, NULL, "abm");
	shelf_publish(&s, TUE, NULL, "bcm");
	shelf_publish(&s, WED, NULL, "cdm");
	shelf_publish(&s, THU, NULL, "dem");
	shelf_publish(&s, FRI, NULL, "efm");
	s.options.policy.keep_last = 2;
}

#define FIVE_DAYS "abcdefm | 2026-11-16 2026-11-17 2026-11-18 2026-11-19 2026-11-20 |" \
	" snapshots/20261116T021700Z.json.sig snapshots/20261117T021700Z.json.sig" \
	" snapshots/20261118T021700Z.json.sig snapshots/20261119T021700Z.json.sig" \
	" snapshots/20261120T021700Z.json.sig"
#define TWO_DAYS "defm | 2026-11-19 2026-11-20 |" \
	" snapshots/20261119T021700Z.json.sig snapshots/20261120T021700Z.json.sig"

START_TEST(removes_what_the_rules_name_and_the_chunks_that_were_theirs_alone)
{
	five_days();
	shelf_verdict(&s, MON, true);
	shelf_verdict(&s, THU, true);
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), "defm | 2026-11-19 2026-11-20 |"
	    " snapshots/20261119T021700Z.json.sig snapshots/20261119T021700Z.verified.json"
	    " snapshots/20261120T021700Z.json.sig");
	shelf_is_whole(&s);
	ck_assert_uint_eq(s.report.removed, 3);
	ck_assert_uint_eq(s.report.kept, 2);
	/* Manifests, signatures, a verdict; a, b, c. */
	ck_assert_uint_eq(s.report.removed_objects, 3 + 3 + 1 + 3);
	ck_assert_uint_eq(s.report.garbage, 0);
	ck_assert_int_gt(s.report.freed_bytes, 'a' + 'b' + 'c');
	ck_assert_ptr_null(s.report.blocked);
	ck_assert_str_eq(shelf_fate(&s, MON), "removed");
	ck_assert_str_eq(shelf_fate(&s, FRI), "kept: the newest");
	/* Twice is once. */
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_uint_eq(s.report.removed_objects, 0);
	ck_assert_uint_eq(s.report.kept, 2);
}
END_TEST

START_TEST(a_dry_run_says_the_same_and_does_nothing)
{
	struct prune_report dry;

	five_days();
	s.options.dry_run = true;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), FIVE_DAYS);
	ck_assert_str_eq(shelf_fate(&s, WED), "removed");
	dry = s.report;
	s.report = (struct prune_report){ .kept = 0 };
	s.options.dry_run = false;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), TWO_DAYS);
	ck_assert_uint_eq(dry.removed, s.report.removed);
	ck_assert_uint_eq(dry.kept, s.report.kept);
	ck_assert_uint_eq(dry.removed_objects, s.report.removed_objects);
	ck_assert_int_eq(dry.freed_bytes, s.report.freed_bytes);
	prune_report_release(&dry);
}
END_TEST

START_TEST(without_a_policy_only_garbage_goes)
{
	five_days();
	s.options.policy.keep_last = 0;
	shelf_put(&s, shelf_chunk('x'), 2 * DAY);
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), FIVE_DAYS);
	ck_assert_uint_eq(s.report.garbage, 1);
	ck_assert_int_eq(s.report.garbage_bytes, 1);
	ck_assert_uint_eq(s.report.removed, 0);
}
END_TEST

/* ---- garbage ---- */

START_TEST(garbage_waits_for_its_time)
{
	five_days();
	shelf_put(&s, shelf_chunk('x'), DAY - 60);
	shelf_put(&s, shelf_chunk('y'), DAY + 60);
	shelf_age(&s, shelf_chunk('m'), 400 * DAY);       /* old, and named */
	shelf_put(&s, "snapshots/20260101T000000Z.json.sig", 2 * DAY);
	shelf_put(&s, "snapshots/20260102T000000Z.json.sig", 60);
	shelf_put(&s, "snapshots/20260101T000000Z.pinned.json", 2 * DAY);
	shelf_put(&s, "snapshots/20260101T000000Z.verified.json", 2 * DAY);
	shelf_put(&s, "labels/forgotten", 2 * DAY);
	shelf_put(&s, "labels/about-to-be", 60);
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), "defmx | 2026-11-19 2026-11-20 | labels/about-to-be"
	    " snapshots/20260102T000000Z.json.sig"
	    " snapshots/20261119T021700Z.json.sig snapshots/20261120T021700Z.json.sig");
	ck_assert_uint_eq(s.report.young, 3);
	ck_assert_uint_eq(s.report.garbage, 5);
	s.options.garbage_grace = 0;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), TWO_DAYS);
}
END_TEST

START_TEST(marks_of_damage_go_with_their_chunks)
{
	AUTO_STR of_a = mem_printf("%s.damaged", shelf_chunk('a'));
	AUTO_STR of_m = mem_printf("%s.damaged", shelf_chunk('m'));
	AUTO_STR of_x = mem_printf("%s.damaged", shelf_chunk('x'));
	AUTO_STR of_y = mem_printf("%s.damaged", shelf_chunk('y'));
	const char *contents;

	five_days();
	shelf_put(&s, of_a, 60);             /* of a chunk that goes */
	shelf_put(&s, of_m, 2 * DAY);        /* … that stays */
	shelf_put(&s, of_x, 2 * DAY);        /* … that is not there */
	shelf_put(&s, of_y, 60);
	ck_assert_int_eq(shelf_prune(&s), 0);
	contents = shelf_contents(&s);
	ck_assert_ptr_null(strstr(contents, of_a));
	ck_assert_ptr_nonnull(strstr(contents, of_m));
	ck_assert_ptr_null(strstr(contents, of_x));
	ck_assert_ptr_nonnull(strstr(contents, of_y));
}
END_TEST

START_TEST(what_is_not_ours_is_left_alone_and_said)
{
	static const char *const keys[] = { "notes.txt", "data/t/notes.txt", "snapshots/notes.json",
		"data/t/0123456789abcdef0123456789abcdef.sql", "labels/x/y", "other/z" };

	five_days();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		shelf_put(&s, keys[i], 400 * DAY);
	shelf_put(&s, "lease.json", 400 * DAY);
	ck_assert_int_eq(shelf_prune(&s), 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		ck_assert_msg(strstr(shelf_contents(&s), keys[i]) != NULL, "%s", keys[i]);
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "lease.json"));
	ck_assert_uint_eq(s.report.foreign_count, 6);
	ck_assert_str_eq(s.report.foreign[0], "data/t/0123456789abcdef0123456789abcdef.sql");
}
END_TEST

START_TEST(one_manifest_that_cannot_be_trusted_blocks_all_garbage)
{
	AUTO_STR signature = fixture_path(&s.fixture, "snapshots/20261117T021700Z.json.sig");

	five_days();
	shelf_put(&s, shelf_chunk('x'), 2 * DAY);
	ck_assert_int_eq(unlink(signature), 0);
	ck_assert_int_eq(shelf_prune(&s), 0);
	/* It stays, and so does every chunk; the others went. */
	ck_assert_str_eq(shelf_contents(&s), "abcdefmx | 2026-11-17 2026-11-19 2026-11-20 |"
	    " snapshots/20261119T021700Z.json.sig snapshots/20261120T021700Z.json.sig");
	ck_assert_str_eq(shelf_fate(&s, TUE), "kept: it is not signed, and trusted_keys is set");
	ck_assert_str_eq(s.report.blocked,
	    "no garbage is removed: snapshot 20261117T021700Z: it is not signed, and trusted_keys is set");
	ck_assert_uint_eq(s.report.removed, 2);
	ck_assert_uint_eq(s.report.garbage, 0);
}
END_TEST

START_TEST(a_snapshot_that_appears_meanwhile_blocks_all_garbage)
{
	five_days();
	s.faults.meanwhile = "20261122T000000Z";
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_ptr_nonnull(strstr(s.report.blocked, "snapshot 20261122T000000Z appeared meanwhile"));
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "abcdefm |"));
	ck_assert_uint_eq(s.report.removed, 3);
}
END_TEST

START_TEST(nothing_goes_while_the_newest_is_damaged)
{
	five_days();
	shelf_put(&s, shelf_chunk('x'), 2 * DAY);
	shelf_verdict(&s, FRI, false);
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "abcdefmx | 2026-11-16 "));
	ck_assert_ptr_nonnull(strstr(s.report.blocked, "newest snapshot is one that is damaged"));
	ck_assert_uint_eq(s.report.removed_objects, 0);
	ck_assert_uint_eq(s.report.kept, 5);
	shelf_verdict(&s, FRI, true);
	s.options.policy.last_run_failed = true;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_uint_eq(s.report.removed_objects, 0);
	ck_assert_ptr_nonnull(strstr(s.report.blocked, "last backup is one that failed"));
}
END_TEST

START_TEST(labels_and_pins_keep)
{
	shelf_publish(&s, MON, "before-0004", "a");
	shelf_publish(&s, TUE, NULL, "b");
	shelf_publish(&s, WED, NULL, "c");
	shelf_publish(&s, THU, NULL, "d");
	shelf_pin(&s, TUE);
	fixture_put(&s.fixture, "snapshots/20261118T021700Z.pinned.json", "what?", 5);
	s.options.policy.keep_last = 1;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_uint_eq(s.report.removed, 0);
	ck_assert_str_eq(shelf_fate(&s, MON), "kept: labelled");
	ck_assert_str_eq(shelf_fate(&s, TUE), "kept: pinned");
	ck_assert_str_eq(shelf_fate(&s, WED), "kept: pinned");
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "labels/before-0004"));
}
END_TEST

/* ---- deletes that are none ---- */

START_TEST(a_locked_manifest_keeps_all_of_its_snapshot)
{
	five_days();
	shelf_verdict(&s, MON, true);
	shelf_verdict(&s, FRI, true);
	s.faults.locked = "20261116T021700Z.json";
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), "abdefm | 2026-11-16 2026-11-19 2026-11-20 |"
	    " snapshots/20261116T021700Z.json.sig snapshots/20261116T021700Z.verified.json"
	    " snapshots/20261119T021700Z.json.sig snapshots/20261120T021700Z.json.sig"
	    " snapshots/20261120T021700Z.verified.json");
	shelf_is_whole(&s);
	ck_assert_str_eq(shelf_fate(&s, MON), "kept: kept by policy: by a lock rule of the bucket");
	ck_assert_uint_eq(s.report.kept_by_policy, 1);
	ck_assert_uint_eq(s.report.removed, 2);
	ck_assert_uint_eq(s.report.not_gone, 0);
	ck_assert_ptr_null(s.report.blocked);
}
END_TEST

START_TEST(locked_chunks_are_no_error)
{
	five_days();
	s.faults.locked = "/data/";
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_uint_eq(s.report.kept_by_policy, 3);
	ck_assert_uint_eq(s.report.problem_count, 0);
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "abcdefm | 2026-11-19 2026-11-20 |"));
	/* The lock ends, and so do they, once they are old. */
	s.faults.locked = NULL;
	s.options.garbage_grace = 0;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), TWO_DAYS);
}
END_TEST

START_TEST(what_is_not_gone_is_counted_and_tried_again)
{
	five_days();
	s.faults.stuck = shelf_chunk('b');
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_uint_eq(s.report.not_gone, 1);
	ck_assert_uint_eq(s.report.problem_count, 1);
	ck_assert_ptr_nonnull(strstr(s.report.problems[0], "still there"));
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "bdefm | 2026-11-19 2026-11-20 |"));
	s.faults.stuck = NULL;
	s.options.garbage_grace = 0;
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_str_eq(shelf_contents(&s), TWO_DAYS);
}
END_TEST

START_TEST(a_manifest_that_is_not_gone_keeps_its_chunks)
{
	five_days();
	s.faults.stuck = "20261117T021700Z.json";
	ck_assert_int_eq(shelf_prune(&s), 0);
	ck_assert_uint_eq(s.report.not_gone, 1);
	ck_assert_uint_eq(s.report.removed, 2);
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "bcdefm | 2026-11-17 2026-11-19 2026-11-20 |"));
	shelf_is_whole(&s);
	ck_assert_ptr_nonnull(strstr(shelf_fate(&s, TUE), "still there"));
}
END_TEST

START_TEST(without_the_right_to_delete_it_ends_with_a_hint)
{
	five_days();
	s.faults.denied = "/snapshots/";
	ck_assert_int_ne(shelf_prune(&s), 0);
	ck_assert_int_eq(s.err.code, ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "remove \"snapshots/20261116T021700Z.json\""));
	ck_assert_ptr_nonnull(strstr(s.err.hint, "Object Read & Write"));
	ck_assert_str_eq(shelf_contents(&s), FIVE_DAYS);
	ck_assert_uint_eq(s.report.removed, 0);
}
END_TEST

static int lose_lease(void *ctx, struct err *err)
{
	int *left = ctx;

	return (*left)-- > 0 ? 0 : err_set(err, ERR_HELD, "another has taken over");
}

START_TEST(asks_before_every_delete)
{
	int left = 4;

	five_days();
	s.options.may_go_on = lose_lease;
	s.options.may_go_on_ctx = &left;
	ck_assert_int_ne(shelf_prune(&s), 0);
	ck_assert_int_eq(s.err.code, ERR_HELD);
	ck_assert_int_eq(s.faults.removals, 4);
	ck_assert_uint_eq(s.report.removed_objects, 4);
	ck_assert_uint_eq(s.report.removed, 2);
	shelf_is_whole(&s);
}
END_TEST

/* ---- death at every delete ---- */

START_TEST(whenever_it_dies_whole_snapshots_and_garbage_remain)
{
	int steps = 0;

	for (int die_after = 0; ; die_after++) {
		AUTO_STR mark = mem_printf("%s.damaged", shelf_chunk('a'));
		int rc;

		five_days();
		shelf_verdict(&s, MON, true);
		shelf_verdict(&s, WED, true);
		shelf_put(&s, mark, 60);
		shelf_put(&s, shelf_chunk('x'), 2 * DAY);
		shelf_put(&s, "snapshots/20260101T000000Z.json.sig", 2 * DAY);
		s.faults.die_after = die_after;
		s.options.workers = 3;
		rc = shelf_prune(&s);
		shelf_is_whole(&s);
		if (rc == 0)
			break;
		ck_assert_int_eq(s.err.code, ERR_INTERRUPTED);
		steps++;
		/* The next run, when all is old enough, leaves nothing of it. */
		s.faults.die_after = -1;
		s.options.garbage_grace = 0;
		ck_assert_int_eq(shelf_prune(&s), 0);
		ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "cdefm | 2026-11-18 2026-11-19 2026-11-20 |"));
		ck_assert_ptr_null(strstr(shelf_contents(&s), "2026011"));
		shelf_is_whole(&s);
		shelf_close(&s);
		shelf_open(&s);
	}
	/* Manifests, signatures and a verdict of two; a, b; a mark, x, a signature. */
	ck_assert_int_eq(steps, 2 + 2 + 1 + 2 + 3);
}
END_TEST

/* ---- by hand ---- */

static int remove_by_hand(bool force, const char *id)
{
	const char *const ids[] = { id };

	prune_report_release(&s.report);
	s.err = (struct err)ERR_INIT;
	return prune_remove(&s.options, ids, 1, force, &s.report, &s.err);
}

START_TEST(removes_one_by_hand)
{
	five_days();
	shelf_put(&s, shelf_chunk('x'), 2 * DAY);
	ck_assert_int_eq(remove_by_hand(false, "20261116T021700Z"), 0);
	/* Its own chunk goes; other garbage is no business of this. */
	ck_assert_ptr_nonnull(strstr(shelf_contents(&s), "bcdefmx | 2026-11-17 "));
	ck_assert_uint_eq(s.report.removed, 1);
	ck_assert_int_ne(remove_by_hand(false, "20261116T021700Z"), 0);
	ck_assert_int_eq(s.err.code, ERR_NOT_FOUND);
	shelf_is_whole(&s);
}
END_TEST

START_TEST(by_hand_what_is_dear_takes_force)
{
	shelf_publish(&s, MON, "before-0004", "a");
	shelf_publish(&s, TUE, NULL, "b");
	shelf_publish(&s, WED, NULL, "c");
	shelf_pin(&s, TUE);
	shelf_verdict(&s, WED, true);
	ck_assert_int_ne(remove_by_hand(false, "20261116T021700Z"), 0);
	ck_assert_int_eq(s.err.code, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "bears a label"));
	ck_assert_int_ne(remove_by_hand(false, "20261117T021700Z"), 0);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "is pinned"));
	ck_assert_int_ne(remove_by_hand(false, "20261118T021700Z"), 0);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "the last one that is known to be good"));
	ck_assert_int_eq(remove_by_hand(true, "20261116T021700Z"), 0);
	ck_assert_int_eq(remove_by_hand(true, "20261117T021700Z"), 0);
	ck_assert_int_eq(remove_by_hand(true, "20261118T021700Z"), 0);
	ck_assert_str_eq(shelf_contents(&s), " | |");
}
END_TEST

START_TEST(by_hand_goes_what_cannot_be_trusted)
{
	AUTO_STR signature = fixture_path(&s.fixture, "snapshots/20261117T021700Z.json.sig");

	five_days();
	ck_assert_int_eq(unlink(signature), 0);
	fixture_put(&s.fixture, "labels/old", "20261117T021700Z", 16);
	ck_assert_int_ne(remove_by_hand(false, "20261117T021700Z"), 0);
	ck_assert_ptr_nonnull(strstr(s.err.msg, "bears a label"));
	ck_assert_int_eq(remove_by_hand(true, "20261117T021700Z"), 0);
	/* Nobody knows which chunks were its own: they become garbage. */
	ck_assert_str_eq(shelf_contents(&s), "abcdefm | 2026-11-16 2026-11-18 2026-11-19 2026-11-20 |"
	    " snapshots/20261116T021700Z.json.sig snapshots/20261118T021700Z.json.sig"
	    " snapshots/20261119T021700Z.json.sig snapshots/20261120T021700Z.json.sig");
	ck_assert_ptr_null(s.report.blocked);
}
END_TEST

UNIT_CASE(prune)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, removes_what_the_rules_name_and_the_chunks_that_were_theirs_alone);
	tcase_add_test(tc, a_dry_run_says_the_same_and_does_nothing);
	tcase_add_test(tc, without_a_policy_only_garbage_goes);
	tcase_add_test(tc, garbage_waits_for_its_time);
	tcase_add_test(tc, marks_of_damage_go_with_their_chunks);
	tcase_add_test(tc, what_is_not_ours_is_left_alone_and_said);
	tcase_add_test(tc, one_manifest_that_cannot_be_trusted_blocks_all_garbage);
	tcase_add_test(tc, a_snapshot_that_appears_meanwhile_blocks_all_garbage);
	tcase_add_test(tc, nothing_goes_while_the_newest_is_damaged);
	tcase_add_test(tc, labels_and_pins_keep);
	tcase_add_test(tc, a_locked_manifest_keeps_all_of_its_snapshot);
	tcase_add_test(tc, locked_chunks_are_no_error);
	tcase_add_test(tc, what_is_not_gone_is_counted_and_tried_again);
	tcase_add_test(tc, a_manifest_that_is_not_gone_keeps_its_chunks);
	tcase_add_test(tc, without_the_right_to_delete_it_ends_with_a_hint);
	tcase_add_test(tc, asks_before_every_delete);
	tcase_add_test(tc, whenever_it_dies_whole_snapshots_and_garbage_remain);
	tcase_add_test(tc, removes_one_by_hand);
	tcase_add_test(tc, by_hand_what_is_dear_takes_force);
	tcase_add_test(tc, by_hand_goes_what_cannot_be_trusted);
}
