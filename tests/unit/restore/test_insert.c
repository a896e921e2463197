#include "restore/insert.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/quote.h"
#include "tests/unit/chance.h"
#include "tests/unit/unit.h"

#define HEAD "INSERT INTO \"t\"(\"a\",\"b\"\"c\") VALUES\n"

static size_t read_text(struct insert *insert, const char *sql)
{
	return insert_read(insert, sql, sql + strlen(sql));
}

static void assert_bytes(const struct db_value *v, enum db_type type, const char *bytes, size_t len)
{
	ck_assert_int_eq((int)v->type, (int)type);
	ck_assert_uint_eq(v->len, len);
	ck_assert_ptr_nonnull(v->bytes);
	ck_assert_mem_eq(v->bytes, bytes, len);
}

START_TEST(rows_become_values)
{
	static const char sql[] = HEAD "(-12,'it''s ''it'''),\n(NULL,X'00FF'),\n(CAST(X'C32700' AS TEXT),''),\n(X'',-0.5);\n";
	AUTO_BUF text = BUF_INIT(1000);
	struct insert insert = { 0 };

	ck_assert_int_eq(buf_adds(&text, sql, NULL), 0);
	ck_assert_int_eq(buf_adds(&text, "DROP TABLE t;", NULL), 0);
	ck_assert_uint_eq(read_text(&insert, buf_str(&text)), strlen(sql));
	ck_assert_uint_eq(insert.columns, 2);
	ck_assert_uint_eq(insert.count, 8);
	ck_assert_uint_eq(insert.head_len, strlen(HEAD));
	ck_assert_uint_eq(insert.name_len, 1);
	ck_assert_int_eq(insert.values[0].integer, -12);
	assert_bytes(&insert.values[1], DB_TEXT, "it's 'it'", 9);
	ck_assert_int_eq((int)insert.values[2].type, DB_NULL);
	assert_bytes(&insert.values[3], DB_BLOB, "\0\377", 2);
	assert_bytes(&insert.values[4], DB_TEXT, "\303'\0", 3);
	assert_bytes(&insert.values[5], DB_TEXT, "", 0);
	assert_bytes(&insert.values[6], DB_BLOB, "", 0);
	ck_assert(insert.values[7].type == DB_REAL && insert.values[7].real == -0.5);
	insert_release(&insert);
}
END_TEST

/* What was read first does not move under what is read later. */
START_TEST(bytes_that_are_respelled_stay_where_they_are)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct insert insert = { 0 };

	ck_assert_int_eq(buf_adds(&text, "INSERT INTO \"t\"(\"a\") VALUES\n(X'')", NULL), 0);
	for (int i = 0; i < 5000; i++)
		ck_assert_int_eq(buf_addf(&text, NULL, ",\n('''%d')", i), 0);
	ck_assert_int_eq(buf_adds(&text, ";\n", NULL), 0);
	ck_assert_uint_eq(read_text(&insert, buf_str(&text)), text.len);
	for (int i = 0; i < 5000; i++) {
		char expected[16];

		(void)snprintf(expected, sizeof(expected), "'%d", i);
		assert_bytes(&insert.values[i + 1], DB_TEXT, expected, strlen(expected));
	}
	insert_release(&insert);
}
END_TEST

static const struct { const char *literal; int64_t value; } integers[] = {
	{ "0", 0 }, { "-0", 0 }, { "007", 7 }, { "9223372036854775807", INT64_MAX },
	{ "-9223372036854775808", INT64_MIN }, { "999999999999999999", 999999999999999999 },
};

/* … also when it is long, and little is left behind it. Found by tests/fuzz/fuzz_insert.c. */
START_TEST(a_long_text_stays_where_it_is)
{
	AUTO_BUF text = BUF_INIT(1u << 20);
	struct insert insert = { 0 };

	ck_assert_int_eq(buf_adds(&text, "INSERT INTO \"t\"(\"a\") VALUES\n('''", NULL), 0);
	for (int i = 0; i < 1289; i++)
		ck_assert_int_eq(buf_adds(&text, "x", NULL), 0);
	ck_assert_int_eq(buf_adds(&text, "'),\n('''yyyyyyyy'),\n('''zzzzzzzz');\n", NULL), 0);
	ck_assert_uint_eq(read_text(&insert, buf_str(&text)), text.len);
	ck_assert_uint_eq(insert.count, 3);
	ck_assert_uint_eq(insert.values[0].len, 1290);
	ck_assert_mem_eq(insert.values[0].bytes, "'xxxxxxxx", 9);
	assert_bytes(&insert.values[1], DB_TEXT, "'yyyyyyyy", 9);
	assert_bytes(&insert.values[2], DB_TEXT, "'zzzzzzzz", 9);
	insert_release(&insert);
}
END_TEST

START_TEST(integers_are_what_they_are)
{
	struct insert insert = { 0 };
	char sql[200];

	(void)snprintf(sql, sizeof(sql), HEAD "(%s,NULL);\n", integers[_i].literal);
	ck_assert_uint_eq(read_text(&insert, sql), strlen(sql));
	ck_assert_int_eq((int)insert.values[0].type, DB_INTEGER);
	ck_assert_int_eq(insert.values[0].integer, integers[_i].value);
	insert_release(&insert);
}
END_TEST

static void assert_real(double value)
{
	struct insert insert = { 0 };
	char literal[QUOTE_REAL_SIZE], sql[300];
	size_t len;

	quote_real(value, literal);
	(void)snprintf(sql, sizeof(sql), HEAD "(%s,NULL);\n", literal);
	len = read_text(&insert, sql);
	if (strpbrk(literal, "*/") == NULL) {
		ck_assert_msg(len == strlen(sql), "%s", sql);
		ck_assert_int_eq((int)insert.values[0].type, DB_REAL);
		ck_assert_msg(memcmp(&insert.values[0].real, &value, sizeof(value)) == 0, "%s", literal);
	} else {
		ck_assert_uint_eq(len, 0);
	}
	insert_release(&insert);
}

/* Of any size, and of the sizes that people have. */
START_TEST(reals_come_back_bit_by_bit)
{
	static const double special[] = { 0.0, -0.0, 0.1, 1e22, 1e23, 1e-22, 1e60, 1e-60, 1e61, 5e-324, INFINITY, -INFINITY };
	struct chance c = { 20261128 };

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		assert_real(special[i]);
	for (int i = 0; i < 2000; i++) {
		uint64_t bits = chance_next(&c);
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (!isnan(value))
			assert_real(value);
		assert_real((double)(int64_t)(bits >> 20) / 100);
		assert_real((double)(bits >> 11) * 0x1p-53);
	}
}
END_TEST

static const char *const left_to_sqlite[] = {
	"", "INSERT", HEAD, HEAD "(1,2)", HEAD "(1,2);", HEAD "(1);\n", HEAD "(1,2,3);\n", HEAD "(1, 2);\n",
	HEAD "(1,2),(3,4);\n", HEAD "(1,2),\n;\n", HEAD "(1,'x);\n", HEAD "(1,x'00');\n", HEAD "(1,X'0');\n",
	HEAD "(1,X'0a');\n", HEAD "(1,CAST(X'00' AS BLOB));\n", HEAD "(1,null);\n", HEAD "(1,NULLS);\n",
	HEAD "(9223372036854775808,2);\n", HEAD "(-9223372036854775809,2);\n", HEAD "(10000000000000000000,2);\n",
	HEAD "(99999999999999999999,2);\n", HEAD "(+1,2);\n", HEAD "(--1,2);\n", HEAD "(1,0x10);\n", HEAD "(1,1.);\n",
	HEAD "(1,.5);\n", HEAD "(1,1.0e);\n", HEAD "(1,1.0e5);\n", HEAD "(1,1e+5);\n", HEAD "(1,1.0e+99999);\n",
	HEAD "(1,9.1e+999);\n", HEAD "(1,1.5e+61);\n", HEAD "(1,1.5e-61);\n", HEAD "(1,Inf);\n",
	HEAD "(1,1.00000000000000000000001);\n", HEAD "(1,2*1.5);\n", HEAD "(1,random());\n", HEAD "(1,(SELECT 1));\n",
	HEAD "(1,2) RETURNING a;\n", HEAD "(1,2) ON CONFLICT DO NOTHING;\n", HEAD "(1,2);\r\n",
	"INSERT INTO t(\"a\") VALUES\n(1);\n", "INSERT INTO \"t\" VALUES\n(1);\n", "INSERT INTO \"t\"() VALUES\n();\n",
	"INSERT INTO \"t\"(a) VALUES\n(1);\n", "INSERT INTO \"main\".\"t\"(\"a\") VALUES\n(1);\n",
	"INSERT OR REPLACE INTO \"t\"(\"a\") VALUES\n(1);\n", "REPLACE INTO \"t\"(\"a\") VALUES\n(1);\n",
	"INSERT INTO \"t\"(\"a\") VALUES(1);\n", "INSERT INTO \"t\"(\"a\") SELECT\n(1);\n", "INSERT INTO \"t(\"a\") VALUES\n(1);\n",
};

START_TEST(anything_else_is_not_touched)
{
	struct insert insert = { 0 };

	ck_assert_msg(read_text(&insert, left_to_sqlite[_i]) == 0, "%s", left_to_sqlite[_i]);
	insert_release(&insert);
}
END_TEST

UNIT_CASE(insert)
{
	tcase_add_test(tc, rows_become_values);
	tcase_add_test(tc, bytes_that_are_respelled_stay_where_they_are);
	tcase_add_test(tc, a_long_text_stays_where_it_is);
	tcase_add_loop_test(tc, integers_are_what_they_are, 0, sizeof(integers) / sizeof(integers[0]));
	tcase_add_test(tc, reals_come_back_bit_by_bit);
	tcase_add_loop_test(tc, anything_else_is_not_touched, 0, sizeof(left_to_sqlite) / sizeof(left_to_sqlite[0]));
}
