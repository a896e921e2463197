/*
 * Unit tests with Check, one program a layer. A test file says
 *
 *     START_TEST(keeps_its_ceiling) { … } END_TEST
 *     UNIT_CASE(buf) { tcase_add_test(tc, keeps_its_ceiling); }
 *
 * and needs to be named nowhere else: UNIT_CASE registers itself.
 */
#ifndef D1KEEP_TESTS_UNIT_H
#define D1KEEP_TESTS_UNIT_H

#include <check.h>

void unit_register(const char *name, void (*fill)(TCase *));

#define UNIT_CASE(name)                                          \
	static void unit_fill_##name(TCase *tc);                 \
	__attribute__((constructor)) static void unit_add_##name(void) \
	{                                                        \
		unit_register(#name, unit_fill_##name);          \
	}                                                        \
	static void unit_fill_##name(TCase *tc)

/* A fresh folder of the running test, removed when the test program ends.
 * The string lives as long as the process. */
const char *unit_folder(void);

#endif
