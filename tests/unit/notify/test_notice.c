#include "notify/notice.h"

#include <string.h>

#include "tests/unit/unit.h"

static int read_it(struct notice *ret, const char *text, struct err *err)
{
	return notice_read(ret, text, strlen(text), err);
}

START_TEST(tells_its_members)
{
	struct notice n;

	ck_assert_int_eq(read_it(&n, "{\"event\":\"failure\",\"id\":\"0aF-9\",\"environment\":\"shop\","
	    "\"database\":\"shop/a\",\"message\":\"so\",\"hint\":null,\"more\":{}}", NULL), 0);
	ck_assert_str_eq(n.event, "failure");
	ck_assert_str_eq(n.id, "0aF-9");
	ck_assert_str_eq(n.environment, "shop");
	ck_assert_str_eq(n.database, "shop/a");
	ck_assert_str_eq(n.message, "so");
	ck_assert_ptr_null(n.hint);
	notice_release(&n);
}
END_TEST

static const struct { const char *text, *says; } wrong[] = {
	{ "", "notice: " },
	{ "[]", "notice: " },
	{ "{\"id\":\"1\"}", "event" },
	{ "{\"event\":\"test\"}", "id" },
	{ "{\"event\":\"test\\r\\nX-Evil: 1\",\"id\":\"1\"}", "event is no word" },
	{ "{\"event\":\"\",\"id\":\"1\"}", "event is no word" },
	{ "{\"event\":\"test\",\"id\":\"1 2\"}", "id is no word" },
	{ "{\"event\":\"test\",\"id\":\"12345678901234567890123456789012345678901234567890123456789012345\"}",
	  "id is no word" },
};

START_TEST(refuses_what_is_none)
{
	struct notice n;
	struct err err = ERR_INIT;

	ck_assert_int_eq(read_it(&n, wrong[_i].text, &err), -1);
	ck_assert_msg(strstr(err.msg, wrong[_i].says) != NULL, "%s", err.msg);
}
END_TEST

UNIT_CASE(notice)
{
	tcase_add_test(tc, tells_its_members);
	tcase_add_loop_test(tc, refuses_what_is_none, 0, sizeof(wrong) / sizeof(wrong[0]));
}
