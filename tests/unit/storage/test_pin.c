#include <string.h>

#include "storage/names.h"
#include "tests/unit/storage/fixture.h"
#include "tests/unit/unit.h"

#define PIN_KEY "snapshots/" FIXTURE_ID ".pinned.json"

START_TEST(a_pin_comes_back_and_is_listed)
{
	int64_t until = _i == 0 ? FIXTURE_AT + 86400 : PINNED_FOR_EVER;
	struct pin pin = { .until = until, .at = FIXTURE_AT + 60 }, again;
	struct store_ids ids;
	struct err err = ERR_INIT;
	struct fixture f;
	char id[20];

	fixture_open(&f);
	fixture_publish(&f.store, "production", FIXTURE_AT, NULL, id);
	fixture_publish(&f.store, "production", FIXTURE_AT + 9, NULL, id);
	ck_assert_int_eq(store_put_pin(&f.store, FIXTURE_ID, &pin, NULL), 0);
	ck_assert_int_eq(store_get_pin(&f.store, FIXTURE_ID, &again, NULL), 0);
	ck_assert(again.until == until && again.at == FIXTURE_AT + 60);
	ck_assert_int_eq(store_list(&f.store, &ids, NULL), 0);
	ck_assert_uint_eq(ids.count, 2);
	ck_assert(ids.items[0].has_pin && !ids.items[1].has_pin && !ids.items[0].has_verdict);
	store_ids_release(&ids);
	ck_assert_int_eq(store_remove_pin(&f.store, FIXTURE_ID, NULL), 0);
	ck_assert_int_eq(store_remove_pin(&f.store, FIXTURE_ID, NULL), 0);
	ck_assert_int_ne(store_get_pin(&f.store, FIXTURE_ID, &again, &err), 0);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	fixture_close(&f);
}
END_TEST

static const char *const unreadable[] = {
	"", "{", "[]", "{\"until\": null}", "{\"at\": \"yesterday\"}",
	"{\"until\": \"soon\", \"at\": \"2026-11-22T02:17:00Z\"}",
	"{\"until\": 1795313820, \"at\": \"2026-11-22T02:17:00Z\"}",
};

START_TEST(a_pin_that_cannot_be_read_holds_for_ever)
{
	struct err err = ERR_INIT;
	struct fixture f;
	struct pin pin;

	fixture_open(&f);
	fixture_put(&f, PIN_KEY, unreadable[_i], strlen(unreadable[_i]));
	ck_assert_int_ne(store_get_pin(&f.store, FIXTURE_ID, &pin, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, PIN_KEY));
	ck_assert(pin.until == PINNED_FOR_EVER);
	fixture_close(&f);
}
END_TEST

START_TEST(knows_what_lies_under_a_key)
{
	static const struct {
		const char *key;
		enum names_kind kind;
	} keys[] = {
		{ "data/users/0123456789abcdef0123456789abcdef.sql.gz", NAMES_CHUNK },
		{ "data/users/0123456789abcdef0123456789abcdef.sql.gz.damaged", NAMES_DAMAGED_MARK },
		{ "data/users/0123456789abcdef0123456789abcdef.sql.gz.damaged.damaged", NAMES_FOREIGN },
		{ "data/users/x.sql.gz", NAMES_FOREIGN },
		{ "data/.damaged", NAMES_FOREIGN },
		{ ".damaged", NAMES_FOREIGN },
		{ "snapshots/" FIXTURE_ID ".json", NAMES_MANIFEST },
		{ "snapshots/" FIXTURE_ID ".json.sig", NAMES_SIGNATURE },
		{ "snapshots/" FIXTURE_ID ".verified.json", NAMES_VERDICT },
		{ PIN_KEY, NAMES_PIN },
		{ "snapshots/" FIXTURE_ID ".json.bak", NAMES_FOREIGN },
		{ "snapshots/" FIXTURE_ID, NAMES_FOREIGN },
		{ "snapshots/2026.json", NAMES_FOREIGN },
		{ "snapshots/", NAMES_FOREIGN },
		{ "snapshots/20261322T021700Z.json", NAMES_FOREIGN },
		{ "labels/before-0004", NAMES_LABEL },
		{ "labels/latest", NAMES_FOREIGN },
		{ "labels/a/b", NAMES_FOREIGN },
		{ "lease.json", NAMES_LEASE },
		{ "notes.txt", NAMES_FOREIGN },
		{ "", NAMES_FOREIGN },
	};
	char id[20];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ck_assert_msg(names_kind_of(keys[i].key, id) == keys[i].kind, "%s", keys[i].key);
		if (keys[i].kind >= NAMES_MANIFEST && keys[i].kind <= NAMES_PIN)
			ck_assert_str_eq(id, FIXTURE_ID);
	}
}
END_TEST

UNIT_CASE(pin)
{
	tcase_add_loop_test(tc, a_pin_comes_back_and_is_listed, 0, 2);
	tcase_add_loop_test(tc, a_pin_that_cannot_be_read_holds_for_ever, 0,
	    (int)(sizeof(unreadable) / sizeof(unreadable[0])));
	tcase_add_test(tc, knows_what_lies_under_a_key);
}
