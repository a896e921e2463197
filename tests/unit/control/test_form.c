#include "control/form.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define FORM "application/x-www-form-urlencoded"

struct form_case {
	const char *type, *body;
	const char *database, *label;    /* database NULL: refused */
};

static const struct form_case cases[] = {
	{ NULL, "{\"database\":\"production/auth\"}", "production/auth", NULL },
	{ "application/json", "{\"database\":\"a/b\",\"label\":\"before-0004\"}", "a/b", "before-0004" },
	{ "text/plain", " {\"label\":null,\"database\":\"a/b\"} ", "a/b", NULL },
	{ "application/json", "{\"database\":\"a/b\",\"label\":\"\"}", "a/b", NULL },
	{ FORM, "database=production%2Fauth", "production/auth", NULL },
	{ FORM "; charset=utf-8", "database=a/b&label=", "a/b", NULL },
	{ FORM, "&&label=x.y_z-1&database=a%2fb&", "a/b", "x.y_z-1" },
	{ FORM, "database=a+b%C3%A4", "a b\xc3\xa4", NULL },

	{ FORM, "{\"database\":\"a/b\"}", "a/b", NULL },   /* curl -d */

	{ NULL, "", NULL, NULL },
	{ NULL, "{}", NULL, NULL },
	{ NULL, "[]", NULL, NULL },
	{ NULL, "null", NULL, NULL },
	{ NULL, "{\"database\":7}", NULL, NULL },
	{ NULL, "{\"database\":\"\"}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\",\"label\":7}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\",\"force\":\"yes\"}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\\u0000c\"}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\"} x", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\",\"label\":\"--all\"}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\",\"label\":\"a/../b\"}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\",\"label\":\"a b\"}", NULL, NULL },
	{ NULL, "{\"database\":\"a/b\",\"label\":\"ä\"}", NULL, NULL },
	{ FORM, "", NULL, NULL },
	{ FORM, "database", NULL, NULL },
	{ FORM, "database=", NULL, NULL },
	{ FORM, "database=a/b&database=c/d", NULL, NULL },
	{ FORM, "database=a/b&other=1", NULL, NULL },
	{ FORM, "database=a%", NULL, NULL },
	{ FORM, "database=a%2", NULL, NULL },
	{ FORM, "database=a%zz", NULL, NULL },
	{ FORM, "database=a%00b", NULL, NULL },
	{ FORM, "database=%ff", NULL, NULL },
	{ FORM, "=a/b", NULL, NULL },
};

START_TEST(bodies)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct form form = { .database = NULL };
		struct err err = ERR_INIT;
		int rc = form_read(cases[i].type, cases[i].body, strlen(cases[i].body), &form, &err);

		if (cases[i].database == NULL) {
			ck_assert_msg(rc == -1 && err.code == ERR_USAGE && err.msg[0] != '\0', "%s", cases[i].body);
			ck_assert_ptr_null(form.database);
			continue;
		}
		ck_assert_msg(rc == 0, "%s: %s", cases[i].body, err.msg);
		ck_assert_str_eq(form.database, cases[i].database);
		ck_assert_pstr_eq(form.label, cases[i].label);
		form_release(&form);
	}
}
END_TEST

START_TEST(lengths_have_an_end)
{
	char body[1024] = "database=", *p = body + strlen(body);
	struct form form;
	struct err err = ERR_INIT;

	memset(p, 'a', 256);
	ck_assert_int_eq(form_read(FORM, body, strlen(body), &form, &err), -1);
	p[255] = '\0';
	ck_assert_int_eq(form_read(FORM, body, strlen(body), &form, &err), 0);
	form_release(&form);
	strcpy(body, "database=a/b&label=");
	p = body + strlen(body);
	memset(p, 'a', FORM_LABEL_MAX + 1);
	p[FORM_LABEL_MAX + 1] = '\0';
	ck_assert_int_eq(form_read(FORM, body, strlen(body), &form, &err), -1);
	p[FORM_LABEL_MAX] = '\0';
	ck_assert_int_eq(form_read(FORM, body, strlen(body), &form, &err), 0);
	form_release(&form);
}
END_TEST

UNIT_CASE(form)
{
	tcase_add_test(tc, bodies);
	tcase_add_test(tc, lengths_have_an_end);
}
