#include "storage/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "storage/names.h"
#include "tests/unit/storage/fixture.h"
#include "tests/unit/unit.h"

static void write_to(struct buf *ret, const struct manifest *m)
{
	struct err err = ERR_INIT;

	ck_assert_msg(manifest_write(m, ret, &err) == 0, "%s", err.msg);
}

static void read_from(const struct buf *text, struct manifest *ret)
{
	struct err err = ERR_INIT;

	*ret = (struct manifest){ 0 };
	ck_assert_msg(manifest_read(buf_str(text), text->len, ret, &err) == 0, "%s", err.msg);
}

static bool is_empty(const struct manifest *m)
{
	static const struct manifest none;

	return memcmp(m, &none, sizeof(none)) == 0;
}

/* Refused, with that in the message, and nothing is kept. */
static void assert_refused(const char *text, size_t len, enum err_code code, const char *named)
{
	struct manifest m = { 0 };
	struct err err = ERR_INIT;

	ck_assert_msg(manifest_read(text, len, &m, &err) != 0, "taken, but for %s", named);
	ck_assert_msg(err.code == code, "%s: %s", named, err.msg);
	ck_assert_msg(strstr(err.msg, named) != NULL, "no %s in: %s", named, err.msg);
	ck_assert(is_empty(&m));
}

/* The good document, to be spoiled. */
static struct json_object *good_document(void)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct manifest m;
	struct json_object *o;

	fixture_manifest(&m);
	m.label = mem_strdup("before-0004");
	write_to(&text, &m);
	manifest_release(&m);
	o = json_read(text.data, text.len, NULL);
	ck_assert_ptr_nonnull(o);
	return o;
}

static void assert_document_refused(struct json_object *o, const char *named)
{
	const char *text = json_object_to_json_string(o);

	assert_refused(text, strlen(text), ERR_CORRUPT, named);
}

/* ---- round trip ---- */

static void assert_same_text(const char *a, const char *b)
{
	ck_assert((a == NULL) == (b == NULL));
	if (a != NULL)
		ck_assert_str_eq(a, b);
}

static void assert_same_heading(const struct manifest *a, const struct manifest *b)
{
	assert_same_text(a->id, b->id);
	assert_same_text(a->label, b->label);
	assert_same_text(a->environment, b->environment);
	assert_same_text(a->database, b->database);
	assert_same_text(a->database_id, b->database_id);
	assert_same_text(a->source, b->source);
	assert_same_text(a->tool, b->tool);
	assert_same_text(a->consistency, b->consistency);
	assert_same_text(a->bookmark_before, b->bookmark_before);
	assert_same_text(a->bookmark_after, b->bookmark_after);
	assert_same_text(a->schema_version, b->schema_version);
	assert_same_text(a->previous_id, b->previous_id);
	assert_same_text(a->previous_sha256, b->previous_sha256);
	ck_assert_int_eq(a->started_at, b->started_at);
	ck_assert_int_eq(a->finished_at, b->finished_at);
	ck_assert_int_eq(a->slot_at, b->slot_at);
	ck_assert_int_eq(a->attempts, b->attempts);
	ck_assert_int_eq(a->requests, b->requests);
	ck_assert_int_eq(a->rows_read, b->rows_read);
	ck_assert_int_eq(a->new_bytes, b->new_bytes);
}

static void assert_same(const struct manifest *a, const struct manifest *b)
{
	assert_same_heading(a, b);
	ck_assert_uint_eq(a->object_count, b->object_count);
	for (size_t i = 0; i < a->object_count; i++) {
		const struct manifest_object *x = &a->objects[i], *y = &b->objects[i];

		ck_assert_int_eq(x->kind, y->kind);
		assert_same_text(x->table, y->table);
		assert_same_text(x->key, y->key);
		ck_assert_int_eq(x->rows, y->rows);
		ck_assert_int_eq(x->sql_bytes, y->sql_bytes);
		assert_same_text(x->sql_sha256, y->sql_sha256);
		ck_assert_int_eq(x->stored_bytes, y->stored_bytes);
		assert_same_text(x->stored_sha256, y->stored_sha256);
		ck_assert_uint_eq(x->end_crc32, y->end_crc32);
	}
	ck_assert_uint_eq(a->table_count, b->table_count);
	for (size_t i = 0; i < a->table_count; i++) {
		assert_same_text(a->tables[i].name, b->tables[i].name);
		ck_assert_int_eq(a->tables[i].rows, b->tables[i].rows);
		assert_same_text(a->tables[i].sql_sha256, b->tables[i].sql_sha256);
	}
	ck_assert_uint_eq(a->exception_count, b->exception_count);
	for (size_t i = 0; i < a->exception_count; i++) {
		assert_same_text(a->exceptions[i].object, b->exceptions[i].object);
		assert_same_text(a->exceptions[i].reason, b->exceptions[i].reason);
	}
}

START_TEST(what_is_written_is_read_back_equal)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct manifest m, again;

	fixture_manifest(&m);
	m.label = mem_strdup("before-0004");
	write_to(&text, &m);
	read_from(&text, &again);
	assert_same(&m, &again);
	manifest_release(&m);
	manifest_release(&again);
	ck_assert(is_empty(&again));
}
END_TEST

START_TEST(what_may_be_missing_stays_missing)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct manifest m, again;

	fixture_manifest(&m);
	mem_free_str(&m.database_id);
	mem_free_str(&m.bookmark_before);
	mem_free_str(&m.bookmark_after);
	mem_free_str(&m.schema_version);
	mem_free_str(&m.previous_id);
	m.previous_sha256[0] = '\0';
	write_to(&text, &m);
	read_from(&text, &again);
	assert_same(&m, &again);
	ck_assert_ptr_null(again.label);
	ck_assert_ptr_null(again.previous_id);
	manifest_release(&m);
	manifest_release(&again);
}
END_TEST

/* It is hashed and signed, and hashes chain. */
START_TEST(the_same_manifest_is_always_the_same_bytes)
{
	AUTO_BUF first = BUF_INIT(1u << 20);
	AUTO_BUF second = BUF_INIT(1u << 20);
	struct manifest m, again;

	fixture_manifest(&m);
	write_to(&first, &m);
	read_from(&first, &again);
	write_to(&second, &again);
	ck_assert_str_eq(buf_str(&first), buf_str(&second));
	ck_assert_int_eq(first.data[first.len - 1], '\n');
	manifest_release(&m);
	manifest_release(&again);
}
END_TEST

START_TEST(ten_thousand_objects_come_back)
{
	AUTO_BUF text = BUF_INIT(MANIFEST_MAX_BYTES);
	struct manifest m, again;

	fixture_manifest(&m);
	for (int i = 0; i < 10000; i++) {
		struct manifest_object *o = manifest_add_object(&m);
		AUTO_STR table = mem_printf("table %d", i);
		struct manifest_table *t = manifest_add_table(&m);

		o->kind = MANIFEST_ROWS;
		sha256_hex(table, strlen(table), o->sql_sha256);
		sha256_hex(table, strlen(table), o->stored_sha256);
		sha256_hex(table, strlen(table), t->sql_sha256);
		o->key = names_chunk(table, o->sql_sha256);
		o->rows = t->rows = i;
		o->sql_bytes = 2 * i;
		o->stored_bytes = i;
		o->table = mem_strdup(table);
		t->name = mem_strdup(table);
	}
	write_to(&text, &m);
	read_from(&text, &again);
	assert_same(&m, &again);
	ck_assert_int_eq(manifest_rows(&again), 12 + 10000 * 9999 / 2);
	ck_assert_int_eq(manifest_sql_bytes(&again), 3012 + 10000 * 9999);
	ck_assert_int_eq(manifest_stored_bytes(&again), 312 + 10000 * 9999 / 2);
	manifest_release(&m);
	manifest_release(&again);
}
END_TEST

START_TEST(a_manifest_of_nothing_has_sums_of_nothing)
{
	struct manifest m = { 0 };

	ck_assert_int_eq(manifest_rows(&m), 0);
	ck_assert_int_eq(manifest_sql_bytes(&m), 0);
	ck_assert_int_eq(manifest_stored_bytes(&m), 0);
	manifest_release(&m);
}
END_TEST

START_TEST(a_name_that_is_not_utf_8_cannot_be_written)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct manifest m;
	struct err err = ERR_INIT;

	fixture_manifest(&m);
	manifest_add_exception(&m, "t\xff", "x");
	ck_assert_int_ne(manifest_write(&m, &text, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);
	ck_assert_uint_eq(text.len, 0);
	manifest_release(&m);
}
END_TEST

START_TEST(a_manifest_past_the_ceiling_is_too_big)
{
	AUTO_BUF text = BUF_INIT(100);
	struct manifest m;
	struct err err = ERR_INIT;

	fixture_manifest(&m);
	ck_assert_int_ne(manifest_write(&m, &text, &err), 0);
	ck_assert_int_eq(err.code, ERR_TOO_BIG);
	manifest_release(&m);
}
END_TEST

/* ---- members ---- */

/* Where a member lies: in the document, in an object of it, or in the first
 * item of an array of it (the second of objects: the one with rows). */
static const struct member { const char *in, *key; } needed[] = {
	{ NULL, "format" }, { NULL, "id" }, { NULL, "environment" }, { NULL, "database" },
	{ NULL, "source" }, { NULL, "tool" }, { NULL, "started_at" }, { NULL, "finished_at" },
	{ NULL, "consistency" }, { NULL, "new_bytes" }, { NULL, "tables" }, { NULL, "exceptions" },
	{ NULL, "objects" }, { "consistency", "how" }, { "previous", "id" }, { "previous", "sha256" },
	{ "objects", "kind" }, { "objects", "table" }, { "objects", "key" }, { "objects", "rows" },
	{ "objects", "sql_bytes" }, { "objects", "sql_sha256" }, { "objects", "stored_bytes" },
	{ "objects", "stored_sha256" }, { "tables", "name" }, { "tables", "rows" },
	{ "tables", "sql_sha256" }, { "exceptions", "object" }, { "exceptions", "reason" },
};

static const struct member optional[] = {
	{ NULL, "label" }, { NULL, "database_id" }, { NULL, "schema_version" }, { NULL, "previous" }, { NULL, "slot" },
	{ NULL, "cost" }, { "consistency", "bookmark_before" }, { "consistency", "bookmark_after" },
	{ "consistency", "attempts" }, { "cost", "requests" }, { "cost", "rows_read" },
};

static struct json_object *place_of(struct json_object *o, const char *in)
{
	struct json_object *place = o;

	if (in != NULL)
		ck_assert(json_object_object_get_ex(o, in, &place));
	if (json_object_is_type(place, json_type_array))
		place = json_object_array_get_idx(place, strcmp(in, "objects") == 0 ? 1 : 0);
	ck_assert(json_object_is_type(place, json_type_object));
	return place;
}

START_TEST(a_needed_member_that_is_missing_is_named)
{
	AUTO_JSON o = good_document();

	json_object_object_del(place_of(o, needed[_i].in), needed[_i].key);
	assert_document_refused(o, needed[_i].key);
}
END_TEST

/* One value of each type, but the member's own. */
static void assert_other_types_refused(const struct member *member)
{
	static const char *const values[] = { "1", "1.5", "true", "\"text\"", "[]", "{}", "null" };
	bool may_be_null = member >= optional && member < optional + sizeof(optional) / sizeof(optional[0]);

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		AUTO_JSON o = good_document();
		struct json_object *value = json_tokener_parse(values[i]), *place = place_of(o, member->in), *old;

		ck_assert(json_object_object_get_ex(place, member->key, &old));
		if (json_object_get_type(old) == json_object_get_type(value) ||
		    (value == NULL && may_be_null)) {
			(void)json_object_put(value);
			continue;
		}
		json_set(place, member->key, value);
		assert_document_refused(o, strcmp(member->key, "consistency") == 0 ? "how" : member->key);
	}
}

START_TEST(a_needed_member_of_another_type_is_named)
{
	assert_other_types_refused(&needed[_i]);
}
END_TEST

START_TEST(an_optional_member_of_another_type_is_named)
{
	assert_other_types_refused(&optional[_i]);
}
END_TEST

START_TEST(an_optional_member_may_be_missing_or_null)
{
	for (int null = 0; null < 2; null++) {
		AUTO_JSON o = good_document();
		struct manifest m = { 0 };
		struct err err = ERR_INIT;
		const char *text;

		json_object_object_del(place_of(o, optional[_i].in), optional[_i].key);
		if (null)
			json_set(place_of(o, optional[_i].in), optional[_i].key, NULL);
		text = json_object_to_json_string(o);
		ck_assert_msg(manifest_read(text, strlen(text), &m, &err) == 0, "%s", err.msg);
		manifest_release(&m);
	}
}
END_TEST

START_TEST(members_that_are_not_known_are_passed_over)
{
	AUTO_JSON o = good_document();
	struct manifest m = { 0 };
	const char *text;

	json_set_str(o, "sealed_with", "nothing yet");
	json_set_int(place_of(o, "objects"), "colour", 3);
	text = json_object_to_json_string(o);
	ck_assert_int_eq(manifest_read(text, strlen(text), &m, NULL), 0);
	manifest_release(&m);
}
END_TEST

/* ---- values ---- */

static const struct { struct member member; const char *value; } impossible[] = {
	{ { NULL, "new_bytes" }, "-1" }, { { "objects", "rows" }, "-1" },
	{ { "objects", "sql_bytes" }, "-1" }, { { "objects", "stored_bytes" }, "-9223372036854775808" },
	{ { "tables", "rows" }, "-5" }, { { "cost", "requests" }, "-1" },
	{ { "cost", "rows_read" }, "-1" }, { { "consistency", "attempts" }, "-1" },
	/* Sums of these would overflow. */
	{ { "tables", "rows" }, "9223372036854775807" }, { { "tables", "rows" }, "18446744073709551615" },
	{ { "objects", "rows" }, "9223372036854775807" }, { { NULL, "new_bytes" }, "9223372036854775807" },
	{ { NULL, "id" }, "\"latest\"" }, { { NULL, "id" }, "\"20260229T000000Z\"" },
	{ { NULL, "id" }, "\"../../x\"" }, { { NULL, "id" }, "\"20261122T021700Z\\u0000\"" },
	{ { NULL, "started_at" }, "\"yesterday\"" }, { { NULL, "slot" }, "\"noon\"" }, { { NULL, "slot" }, "7" }, { { NULL, "finished_at" }, "\"2026-02-29T00:00:00Z\"" },
	{ { NULL, "label" }, "\"../x\"" }, { { NULL, "label" }, "\"latest\"" }, { { NULL, "label" }, "\"\"" },
	{ { NULL, "label" }, "\"\\u001b[2J\"" },
	{ { "previous", "id" }, "\"x\"" }, { { "previous", "sha256" }, "\"abc\"" },
	{ { "objects", "kind" }, "\"row\"" }, { { "objects", "kind" }, "\"\"" },
	{ { "objects", "sql_sha256" }, "\"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\"" },
	{ { "objects", "stored_sha256" }, "\"\"" },
	{ { "objects", "end_crc32" }, "-1" }, { { "objects", "end_crc32" }, "4294967296" }, { { "objects", "end_crc32" }, "\"1\"" },
	 { { "tables", "sql_sha256" }, "\"zz\"" },
	{ { "objects", "key" }, "\"../../production/other/data/t/0123456789abcdef0123456789abcdef.sql.gz\"" },
	{ { "objects", "key" }, "\"data/../x/0123456789abcdef0123456789abcdef.sql.gz\"" },
	{ { "objects", "key" }, "\"/etc/passwd\"" }, { { "objects", "key" }, "\"\"" },
	{ { "objects", "key" }, "\"snapshots/20261122T021700Z.json\"" },
	{ { "objects", "key" }, "\"data/t/0123456789abcdef0123456789abcdef.sql.gz\\u0000x\"" },
};

START_TEST(an_impossible_value_is_refused_by_its_members_name)
{
	AUTO_JSON o = good_document();
	const struct member *member = &impossible[_i].member;

	json_set(place_of(o, member->in), member->key, json_tokener_parse(impossible[_i].value));
	assert_document_refused(o, member->key);
}
END_TEST

START_TEST(a_chunk_is_at_most_64_mib)
{
	static const char *const keys[] = { "sql_bytes", "stored_bytes" };
	AUTO_JSON o = good_document();
	struct manifest m = { 0 };
	const char *text;

	json_set_int(place_of(o, "objects"), keys[_i], CHUNK_MAX_BYTES);
	text = json_object_to_json_string(o);
	ck_assert_int_eq(manifest_read(text, strlen(text), &m, NULL), 0);
	manifest_release(&m);
	json_set_int(place_of(o, "objects"), keys[_i], CHUNK_MAX_BYTES + 1);
	assert_document_refused(o, "chunk");
}
END_TEST

START_TEST(a_newer_format_asks_for_a_newer_tool)
{
	AUTO_JSON o = good_document();
	struct manifest m = { 0 };
	struct err err = ERR_INIT;
	const char *text;

	json_set_int(o, "format", MANIFEST_FORMAT + 1);
	text = json_object_to_json_string(o);
	ck_assert_int_ne(manifest_read(text, strlen(text), &m, &err), 0);
	ck_assert_int_eq(err.code, ERR_FAILED);   /* not damaged, only not ours */
	ck_assert_ptr_nonnull(strstr(err.hint, "newer d1keep"));
	ck_assert(is_empty(&m));
	err_clear(&err);
	json_set_int(o, "format", 0);
	text = json_object_to_json_string(o);
	ck_assert_int_ne(manifest_read(text, strlen(text), &m, &err), 0);
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(what_is_no_object_is_no_manifest)
{
	static const char *const bad[] = { "", "null", "[]", "1 ", "\"x\"", "{}", "{\"format\":1}", "{\"format\":1" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], strlen(bad[i]), ERR_CORRUPT, "");
}
END_TEST

START_TEST(an_item_of_a_list_that_is_no_object_is_refused)
{
	static const char *const lists[] = { "objects", "tables", "exceptions" };
	static const char *const items[] = { "1", "null", "[]", "\"x\"" };

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		AUTO_JSON o = good_document();
		struct json_object *list = NULL;

		ck_assert(json_object_object_get_ex(o, lists[_i], &list));
		ck_assert_int_eq(json_object_array_put_idx(list, 0, json_tokener_parse(items[i])), 0);
		assert_document_refused(o, " 0: ");
	}
}
END_TEST

/* ---- 20,000 mutations ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void mutate(struct buf *text, uint32_t *seed)
{
	static const char letters[] = "\"{}[],:-0919e.\\u\0\xff\x80 n";

	for (uint32_t i = 0, changes = 1 + next_random(seed) % 4; i < changes && text->len > 2; i++) {
		size_t at = next_random(seed) % text->len, n = 1 + next_random(seed) % 8;

		if (n > text->len - at)
			n = text->len - at;
		switch (next_random(seed) % 4) {
		case 0:                               /* one letter */
			text->data[at] = letters[next_random(seed) % sizeof(letters)];
			break;
		case 1:                               /* one bit */
			text->data[at] = (char)(text->data[at] ^ 1 << next_random(seed) % 8);
			break;
		case 2:                               /* some bytes less */
			memmove(text->data + at, text->data + at + n, text->len - at - n);
			text->len -= n;
			break;
		default:                              /* some copied from elsewhere */
			memmove(text->data + at, text->data + next_random(seed) % (text->len - n + 1), n);
		}
	}
}

/* Read from memory of its own size, for a sanitizer to see its end. */
static void read_any(const struct buf *text, int *taken)
{
	struct manifest m = { 0 }, again;
	AUTO_BUF written = BUF_INIT(1u << 20);
	struct err err = ERR_INIT;
	char *bytes = mem_calloc(text->len, 1);

	memcpy(bytes, text->data, text->len);
	if (manifest_read(bytes, text->len, &m, &err) == 0) {
		write_to(&written, &m);
		read_from(&written, &again);
		assert_same(&m, &again);
		manifest_release(&again);
		manifest_release(&m);
		(*taken)++;
	} else {
		ck_assert(err.code == ERR_CORRUPT || (err.code == ERR_FAILED && strstr(err.msg, "format") != NULL));
		ck_assert_str_ne(err.msg, "");
	}
	ck_assert(is_empty(&m));
	free(bytes);
}

START_TEST(any_mutation_is_read_or_refused)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	AUTO_BUF mutant = BUF_INIT(1u << 20);
	struct manifest m;
	uint32_t seed = 20261122;
	int taken = 0;

	fixture_manifest(&m);
	m.label = mem_strdup("before-0004");
	write_to(&text, &m);
	manifest_release(&m);
	for (int i = 0; i < 20000; i++) {
		buf_reset(&mutant);
		ck_assert_int_eq(buf_add(&mutant, text.data, text.len, NULL), 0);
		mutate(&mutant, &seed);
		read_any(&mutant, &taken);
	}
	/* Both ways are taken, or this tests nothing. */
	ck_assert_int_gt(taken, 1000);
	ck_assert_int_lt(taken, 19000);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

UNIT_CASE(manifest)
{
	tcase_add_test(tc, what_is_written_is_read_back_equal);
	tcase_add_test(tc, what_may_be_missing_stays_missing);
	tcase_add_test(tc, the_same_manifest_is_always_the_same_bytes);
	tcase_add_test(tc, ten_thousand_objects_come_back);
	tcase_add_test(tc, a_manifest_of_nothing_has_sums_of_nothing);
	tcase_add_test(tc, a_name_that_is_not_utf_8_cannot_be_written);
	tcase_add_test(tc, a_manifest_past_the_ceiling_is_too_big);
	tcase_add_loop_test(tc, a_needed_member_that_is_missing_is_named, 0, COUNT(needed));
	tcase_add_loop_test(tc, a_needed_member_of_another_type_is_named, 0, COUNT(needed));
	tcase_add_loop_test(tc, an_optional_member_of_another_type_is_named, 0, COUNT(optional));
	tcase_add_loop_test(tc, an_optional_member_may_be_missing_or_null, 0, COUNT(optional));
	tcase_add_test(tc, members_that_are_not_known_are_passed_over);
	tcase_add_loop_test(tc, an_impossible_value_is_refused_by_its_members_name, 0, COUNT(impossible));
	tcase_add_loop_test(tc, a_chunk_is_at_most_64_mib, 0, 2);
	tcase_add_test(tc, a_newer_format_asks_for_a_newer_tool);
	tcase_add_test(tc, what_is_no_object_is_no_manifest);
	tcase_add_loop_test(tc, an_item_of_a_list_that_is_no_object_is_refused, 0, 3);
	tcase_add_test(tc, any_mutation_is_read_or_refused);
}
