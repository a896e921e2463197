#include "storage/lease.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "storage/lease_record.h"
#include "tests/unit/storage/fixture.h"
#include "tests/unit/unit.h"

static struct fixture f;

static void setup(void)
{
	fixture_open(&f);
}

static void teardown(void)
{
	fixture_close(&f);
}

static struct lease_options wish(int64_t wait_ms)
{
	return (struct lease_options){
		.store = &f.store, .clock = &clock_system, .subject = "production/auth",
		.what = "backup", .wait_ms = wait_ms,
	};
}

static struct lease *try_lease(int64_t ttl_s, int64_t wait_ms, struct err *err)
{
	struct lease_options o = wish(wait_ms);

	o.ttl_s = ttl_s;
	err_clear(err);
	return lease_acquire(&o, err);
}

static struct lease *take(int64_t ttl_s)
{
	struct err err = ERR_INIT;
	struct lease *lease = try_lease(ttl_s, 0, &err);

	ck_assert_msg(lease != NULL, "%s", err.msg);
	return lease;
}

static void record(struct lease_record *ret)
{
	AUTO_BUF text = BUF_INIT(LEASE_MAX_BYTES);
	struct err err = ERR_INIT;

	fixture_get(&f, "lease.json", &text);
	ck_assert_msg(lease_record_read(buf_str(&text), text.len, ret, &err) == 0, "%s", err.msg);
}

/* As if it had been written so long ago. */
static void set_age(int64_t seconds)
{
	AUTO_STR path = fixture_path(&f, "lease.json");
	struct timespec times[2];

	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A lease of somebody who renews it no more. */
static void leave_behind(int64_t ttl_s)
{
	struct lease_record r = {
		.generation = 7, .held = true, .host = "elsewhere", .pid = 99, .instance = "abc",
		.what = "prune", .ttl_s = ttl_s, .acquired_at = FIXTURE_AT, .renewed_at = FIXTURE_AT,
		.renewals = 3,
	};
	AUTO_BUF text = BUF_INIT(LEASE_MAX_BYTES);

	ck_assert_int_eq(lease_record_write(&r, &text, NULL), 0);
	fixture_put(&f, "lease.json", text.data, text.len);
}

START_TEST(one_holds_it_and_the_next_counts_on)
{
	struct lease *lease = take(0);
	struct lease_record r;
	struct err err = ERR_INIT;

	record(&r);
	ck_assert(r.held);
	ck_assert_int_eq(r.pid, getpid());
	ck_assert_str_eq(r.what, "backup");
	ck_assert_int_eq(r.ttl_s, LEASE_TTL_S);
	ck_assert_int_eq(r.generation, 1);
	ck_assert_int_eq(lease_check(lease, &err), 0);
	ck_assert_ptr_null(try_lease(0, 0, &err));
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_msg(strstr(err.msg, "production/auth is being backed up by ") == err.msg, "%s", err.msg);
	ck_assert_ptr_nonnull(strstr(err.msg, r.host));
	ck_assert_ptr_nonnull(strstr(err.msg, " since 20"));
	ck_assert_ptr_nonnull(strstr(err.hint, "120 s"));
	ck_assert_int_eq(lease_release(lease, &err), 0);
	record(&r);
	ck_assert(!r.held);
	ck_assert_int_eq(r.generation, 1);
	lease = take(0);
	record(&r);
	ck_assert_int_eq(r.generation, 2);
	ck_assert_int_eq(lease_release(lease, &err), 0);
	ck_assert_int_eq(lease_release(NULL, &err), 0);
	ck_assert_int_eq(lease_check(NULL, &err), 0);
}
END_TEST

START_TEST(a_dead_holder_is_followed_after_its_time)
{
	struct err err = ERR_INIT;
	struct lease_record r;
	struct lease *lease;

	leave_behind(LEASE_TTL_S);
	ck_assert_ptr_null(try_lease(0, 0, &err));
	ck_assert_str_eq(err.msg, "production/auth is being pruned by elsewhere pid 99 since 2026-11-22T02:17:00Z");
	set_age(LEASE_TTL_S + 1);   /* an eighth more is granted */
	ck_assert_ptr_null(try_lease(0, 0, &err));
	set_age(LEASE_TTL_S + LEASE_TTL_S / 8 + 1);
	lease = take(0);
	record(&r);
	ck_assert_int_eq(r.generation, 8);
	ck_assert_int_eq(lease_release(lease, &err), 0);
}
END_TEST

/* The folder's clock was months ahead when it was written: then seeing it
 * unchanged is what counts. */
START_TEST(a_time_in_the_future_blocks_nobody_for_ever)
{
	struct err err = ERR_INIT;
	struct lease_record r;
	struct lease *lease;

	leave_behind(1);
	set_age(-10000000);
	lease = try_lease(0, 20000, &err);
	ck_assert_msg(lease != NULL, "%s", err.msg);
	record(&r);
	ck_assert_int_eq(r.generation, 8);
	ck_assert_int_eq(lease_release(lease, &err), 0);
}
END_TEST

/* Nor who comes once a minute, and never waits. */
START_TEST(a_time_in_the_future_is_set_right)
{
	AUTO_STR path = fixture_path(&f, "lease.json");
	struct err err = ERR_INIT;
	struct lease *lease;
	struct stat st;

	leave_behind(1);
	set_age(-10000000);
	ck_assert_ptr_null(try_lease(0, 0, &err));
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_mtime, time(NULL) + 1);
	set_age(2);
	lease = try_lease(0, 0, &err);
	ck_assert_msg(lease != NULL, "%s", err.msg);
	ck_assert_int_eq(lease_release(lease, &err), 0);
}
END_TEST

START_TEST(what_cannot_be_read_is_replaced_in_time)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"format\": 1}", "{\"format\":1,\"generation\":1,\"holder\":null,\"ttl_s\":99999999,"
		"\"acquired_at\":\"2026-11-22T02:17:00Z\",\"renewed_at\":\"2026-11-22T02:17:00Z\",\"renewals\":1}",
	};
	struct err err = ERR_INIT;
	AUTO_STR large = mem_calloc(LEASE_MAX_BYTES + 2, 1);

	memset(large, ' ', LEASE_MAX_BYTES + 1);
	for (size_t i = 0; i <= sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = i < sizeof(texts) / sizeof(texts[0]) ? texts[i] : large;
		struct lease_record r;
		struct lease *lease;

		fixture_put(&f, "lease.json", text, strlen(text));
		ck_assert_ptr_null(try_lease(0, 0, &err));
		ck_assert_int_eq(err.code, ERR_HELD);
		ck_assert_msg(strstr(err.msg, "cannot be read") != NULL, "%s", err.msg);
		set_age(LEASE_TTL_S + LEASE_TTL_S / 8 + 1);
		lease = try_lease(0, 0, &err);
		ck_assert_msg(lease != NULL, "%zu: %s", i, err.msg);
		record(&r);
		ck_assert_int_gt(r.generation, 1000000000);
		ck_assert_int_eq(lease_release(lease, &err), 0);
	}
}
END_TEST

static int waits;

static void on_waiting(void *ctx, const char *holder)
{
	(void)ctx;
	ck_assert_ptr_nonnull(strstr(holder, "is being pruned by elsewhere"));
	waits++;
}

START_TEST(waits_as_long_as_it_is_told)
{
	struct lease_options o = wish(300);
	struct err err = ERR_INIT;
	int64_t begun = clock_monotonic_ms();

	leave_behind(LEASE_TTL_S);
	o.waiting = on_waiting;
	ck_assert_ptr_null(lease_acquire(&o, &err));
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_int_eq(waits, 1);
	ck_assert_int_ge(clock_monotonic_ms() - begun, 300);
	stop_request();
	o.wait_ms = 60000;
	ck_assert_ptr_null(lease_acquire(&o, &err));
	ck_assert_int_eq(err.code, ERR_INTERRUPTED);
	stop_clear();
}
END_TEST

static void sleep_ms(int64_t ms)
{
	clock_wait_ms(&clock_system, ms);
}

START_TEST(is_renewed_while_it_is_held)
{
	struct lease *lease = take(1);
	struct lease_record r = { .renewals = 0 };
	struct err err = ERR_INIT;

	for (int64_t end = clock_monotonic_ms() + 20000; r.renewals < 5 && clock_monotonic_ms() < end; ) {
		sleep_ms(20);
		record(&r);
	}
	ck_assert_int_ge(r.renewals, 5);   /* more than its time to live */
	ck_assert_ptr_null(try_lease(1, 0, &err));
	ck_assert_int_eq(lease_check(lease, &err), 0);
	ck_assert_int_eq(lease_release(lease, &err), 0);
}
END_TEST

/* Another came while this one stood still. */
START_TEST(the_loser_finds_out)
{
	struct lease *lease = take(1);
	struct lease_record r;
	struct err err = ERR_INIT;

	leave_behind(LEASE_TTL_S);   /* unconditionally: as if it had taken over */
	while (lease_check(lease, &err) == 0)
		sleep_ms(20);
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_msg(strstr(err.msg, "the lease of production/auth was lost") == err.msg, "%s", err.msg);
	ck_assert_msg(strstr(err.msg, "now it is being pruned by elsewhere pid 99") != NULL, "%s", err.msg);
	ck_assert_int_eq(lease_release(lease, &err), 0);
	record(&r);
	ck_assert_int_eq(r.generation, 7);   /* left alone */
	ck_assert(r.held);
}
END_TEST

START_TEST(what_was_lost_is_not_published)
{
	struct lease *lease = take(1);
	struct manifest m;
	struct store_ids ids;
	struct err err = ERR_INIT;

	f.store.lease = lease;
	leave_behind(LEASE_TTL_S);
	while (lease_check(lease, &err) == 0)
		sleep_ms(20);
	fixture_manifest(&m);
	m.label = mem_strdup("mine");
	ck_assert_int_ne(store_publish(&f.store, &m, &err), 0);
	ck_assert_int_eq(err.code, ERR_HELD);
	manifest_release(&m);
	ck_assert_int_eq(store_list(&f.store, &ids, &err), 0);
	ck_assert_uint_eq(ids.count, 0);
	err_clear(&err);
	ck_assert_int_eq(store_check_label(&f.store, "mine", &err), 0);
	ck_assert_int_eq(lease_release(lease, &err), 0);
}
END_TEST

/* A stop is no reason to leave it held. */
START_TEST(is_released_after_a_stop)
{
	struct lease *lease = take(0);
	struct lease_record r;
	struct err err = ERR_INIT;

	stop_request();
	ck_assert_int_eq(lease_release(lease, &err), 0);
	stop_clear();
	record(&r);
	ck_assert(!r.held);
}
END_TEST

/* ---- races ---- */

#define RACERS 8
#define ROUNDS 15

static int in_child(int start, int64_t wait_ms)
{
	struct err err = ERR_INIT;
	struct lease *lease;
	AUTO_STR alone = fixture_path(&f, "alone");
	char byte;
	int fd;

	if (read(start, &byte, 1) != 0)   /* until it is closed */
		return 9;
	lease = try_lease(0, wait_ms, &err);
	if (lease == NULL)
		return err.code == ERR_HELD ? 1 : 8;
	if (wait_ms == 0)
		return 0;   /* and keeps it */
	fd = open(alone, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (fd < 0)
		return 7;   /* not alone */
	sleep_ms(2);
	(void)close(fd);
	(void)unlink(alone);
	return lease_release(lease, &err) == 0 ? 0 : 6;
}

/* How many of the racers ended with 0, all others with 1. */
static int race(int64_t wait_ms)
{
	int pipe_fds[2], winners = 0;
	pid_t children[RACERS];

	ck_assert_int_eq(pipe(pipe_fds), 0);
	for (int i = 0; i < RACERS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			(void)close(pipe_fds[1]);
			_exit(in_child(pipe_fds[0], wait_ms));
		}
	}
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	for (int i = 0; i < RACERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_le(WEXITSTATUS(status), 1);
		winners += WEXITSTATUS(status) == 0;
	}
	return winners;
}

START_TEST(of_many_one_wins)
{
	struct lease_record r;

	for (int round = 1; round <= ROUNDS; round++) {
		ck_assert_int_eq(race(0), 1);
		record(&r);
		ck_assert_int_eq(r.generation, round);
		set_age(LEASE_TTL_S * 2);
	}
}
END_TEST

START_TEST(of_many_each_has_its_turn_alone)
{
	struct lease_record r;

	ck_assert_int_eq(race(60000), RACERS);
	record(&r);
	ck_assert_int_eq(r.generation, RACERS);
	ck_assert(!r.held);
}
END_TEST

/* ---- a bucket that cannot, or does not say ---- */

static struct bucket_ops odd_ops;
static atomic_bool odd_refuses, odd_is_mute, odd_loses_answers;
static const struct bucket_ops *real_ops;

static int odd_replace(struct bucket *b, const char *key, const void *data, size_t len,
    char etag[BUCKET_ETAG_SIZE], struct err *err)
{
	char before[BUCKET_ETAG_SIZE];

	memcpy(before, etag, sizeof(before));
	if (odd_refuses)
		return err_set(err, ERR_USAGE, "it cannot store an object only where none is");
	if (real_ops->replace(b, key, data, len, etag, err) != 0)
		return -1;
	if (odd_loses_answers) {
		memcpy(etag, before, sizeof(before));
		odd_loses_answers = false;
		return err_set(err, ERR_AGAIN, "no answer");
	}
	return 0;
}

static int odd_get(struct bucket *b, const char *key, struct buf *ret,
    struct bucket_version *ret_version, struct err *err)
{
	int rc = real_ops->get(b, key, ret, ret_version, err);

	if (ret_version != NULL && odd_is_mute)
		ret_version->age_ms = -1;
	return rc;
}

static int (*guard)(void *ctx, struct err *err);
static void *guard_ctx;

static void odd_guard(struct bucket *b, int (*may_send)(void *ctx, struct err *err), void *ctx)
{
	(void)b;
	guard = may_send;
	guard_ctx = ctx;
}

static void make_odd(void)
{
	real_ops = f.bucket->ops;
	odd_ops = *real_ops;
	odd_ops.replace = odd_replace;
	odd_ops.get = odd_get;
	odd_ops.guard = odd_guard;
	f.bucket->ops = &odd_ops;
}

START_TEST(a_bucket_without_conditions_is_told)
{
	struct err err = ERR_INIT;

	make_odd();
	odd_refuses = true;
	ck_assert_ptr_null(try_lease(0, 0, &err));
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

/* It does not tell how old a lease is. */
START_TEST(a_mute_bucket_is_good_enough)
{
	struct lease_record r;
	struct err err = ERR_INIT;
	struct lease *lease;

	make_odd();
	odd_is_mute = true;
	lease = take(1);
	do {
		sleep_ms(20);
		record(&r);
	} while (r.renewals < 2);
	ck_assert_int_eq(lease_check(lease, &err), 0);
	ck_assert_int_eq(lease_release(lease, &err), 0);
	leave_behind(LEASE_TTL_S);   /* its noted time is long past */
	lease = take(0);
	ck_assert_int_eq(lease_release(lease, &err), 0);
}
END_TEST

START_TEST(a_renewal_whose_answer_was_lost_is_recognised)
{
	struct lease_record r;
	struct err err = ERR_INIT;
	struct lease *lease;

	make_odd();
	lease = take(1);
	odd_loses_answers = true;
	do {
		sleep_ms(20);
		record(&r);
	} while (r.renewals < 4);
	ck_assert_int_eq(lease_check(lease, &err), 0);
	odd_loses_answers = true;
	while (odd_loses_answers)
		sleep_ms(5);
	ck_assert_int_eq(lease_release(lease, &err), 0);
	record(&r);
	ck_assert(!r.held);
}
END_TEST

/* A request that is tried again for minutes must not outlast it. */
START_TEST(the_bucket_asks_for_it)
{
	struct err err = ERR_INIT;
	struct lease *lease;

	make_odd();
	lease = take(1);
	ck_assert_ptr_nonnull(guard);
	ck_assert_int_eq(guard(guard_ctx, &err), 0);
	leave_behind(LEASE_TTL_S);
	while (guard(guard_ctx, &err) == 0)
		sleep_ms(20);
	ck_assert_int_eq(err.code, ERR_HELD);
	ck_assert_int_eq(lease_release(lease, NULL), 0);
	ck_assert_ptr_null(guard);
}
END_TEST

UNIT_CASE(lease)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, one_holds_it_and_the_next_counts_on);
	tcase_add_test(tc, the_bucket_asks_for_it);
	tcase_add_test(tc, a_dead_holder_is_followed_after_its_time);
	tcase_add_test(tc, a_time_in_the_future_blocks_nobody_for_ever);
	tcase_add_test(tc, a_time_in_the_future_is_set_right);
	tcase_add_test(tc, what_cannot_be_read_is_replaced_in_time);
	tcase_add_test(tc, waits_as_long_as_it_is_told);
	tcase_add_test(tc, is_renewed_while_it_is_held);
	tcase_add_test(tc, the_loser_finds_out);
	tcase_add_test(tc, what_was_lost_is_not_published);
	tcase_add_test(tc, is_released_after_a_stop);
	tcase_add_test(tc, of_many_one_wins);
	tcase_add_test(tc, of_many_each_has_its_turn_alone);
	tcase_add_test(tc, a_bucket_without_conditions_is_told);
	tcase_add_test(tc, a_mute_bucket_is_good_enough);
	tcase_add_test(tc, a_renewal_whose_answer_was_lost_is_recognised);
}
