#include "tables/references.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/tables/support.h"
#include "tests/unit/unit.h"

#define MOST 100

/* An order that was asked for, and where each table came. */
struct ordered {
	size_t order[MOST], group[MOST], at[MOST];
};

static void put_in_order(const struct references *references, const char *const *names, size_t n,
    struct ordered *ret)
{
	bool seen[MOST] = { false };

	references_order(references, names, n, ret->order, ret->group);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_lt(ret->order[i], n);
		ck_assert(!seen[ret->order[i]]);
		seen[ret->order[i]] = true;
		ret->at[ret->order[i]] = i;
	}
}

static void add(struct references *r, const char *child, const char *parent)
{
	r->items = mem_grow(r->items, r->count, &r->cap, sizeof(*r->items));
	r->items[r->count++] = (struct reference){
		.child = mem_strdup(child), .parent = mem_strdup(parent), .begins = true,
	};
}

START_TEST(parents_come_first)
{
	struct references references = { NULL, 0, 0 };
	char texts[MOST][16];
	const char *names[MOST];
	size_t rank[MOST];
	struct ordered o;

	srand((unsigned)_i);
	for (size_t i = 0; i < MOST; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "t%zu", i);
		names[i] = texts[i];
		rank[i] = (size_t)rand();
	}
	for (size_t i = 0; i < 400; i++) {
		size_t a = (size_t)rand() % MOST, b = (size_t)rand() % MOST;

		if (rank[a] > rank[b])
			add(&references, names[a], names[b]);
	}
	put_in_order(&references, names, MOST, &o);
	for (size_t i = 0; i < references.count; i++) {
		size_t child = strtoul(references.items[i].child + 1, NULL, 10);
		size_t parent = strtoul(references.items[i].parent + 1, NULL, 10);

		ck_assert_uint_lt(o.at[parent], o.at[child]);
		ck_assert_uint_eq(o.group[child], 0);
	}
	references_release(&references);
}
END_TEST

START_TEST(circles_stand_together)
{
	static const char *const names[] = { "leaf", "a", "x", "b", "self", "c", "root", "y" };
	struct references references = { NULL, 0, 0 };
	struct ordered o;
	size_t changes = 0;

	/* a → b → c → a, which refers to root; leaf → a; x ↔ y; names in any case */
	add(&references, "A", "b");
	add(&references, "b", "C");
	add(&references, "c", "a");
	add(&references, "c", "ROOT");
	add(&references, "leaf", "a");
	add(&references, "x", "y");
	add(&references, "y", "x");
	add(&references, "self", "Self");
	add(&references, "self", "nowhere");
	add(&references, "unknown", "a");
	put_in_order(&references, names, 8, &o);
	ck_assert_uint_ne(o.group[1], 0);
	ck_assert_uint_eq(o.group[1], o.group[3]);
	ck_assert_uint_eq(o.group[1], o.group[5]);
	ck_assert_uint_ne(o.group[2], 0);
	ck_assert_uint_eq(o.group[2], o.group[7]);
	ck_assert_uint_ne(o.group[2], o.group[1]);
	ck_assert_uint_ne(o.group[4], 0);
	ck_assert_uint_eq(o.group[0], 0);
	ck_assert_uint_eq(o.group[6], 0);
	/* next to each other, between what they refer to and what refers to them */
	ck_assert_uint_lt(o.at[6], o.at[1]);
	ck_assert_uint_gt(o.at[0], o.at[1]);
	for (size_t i = 1; i < 8; i++)
		changes += o.group[o.order[i]] != o.group[o.order[i - 1]];
	/* Five stretches: root, abc, leaf, xy, self. */
	ck_assert_uint_le(changes, 4);
	ck_assert_uint_eq(o.at[2] > o.at[7] ? o.at[2] - o.at[7] : o.at[7] - o.at[2], 1);
	references_release(&references);
}
END_TEST

START_TEST(a_long_chain_needs_no_stack)
{
	enum { LONG = 3000 };
	struct references references = { NULL, 0, 0 };
	char **names = mem_calloc(LONG, sizeof(*names));
	size_t *order = mem_calloc(2 * LONG, sizeof(*order));

	for (size_t i = 0; i < LONG; i++) {
		names[i] = mem_printf("t%zu", i);
		if (i > 0)
			add(&references, names[i - 1], names[i]);
	}
	references_order(&references, (const char *const *)names, LONG, order, order + LONG);
	for (size_t i = 0; i < LONG; i++) {
		ck_assert_uint_eq(order[i], LONG - 1 - i);
		free(names[i]);
	}
	references_order(&references, NULL, 0, order, order);
	free(names);
	free(order);
	references_release(&references);
}
END_TEST

START_TEST(are_read_from_the_database)
{
	const char *path = file_with("CREATE TABLE \"odd \"\"p\"(a, b, PRIMARY KEY (a, b));"
	    "CREATE TABLE c1(x REFERENCES \"odd \"\"p\" ON DELETE CASCADE, y, z REFERENCES later,"
	    " FOREIGN KEY (x, y) REFERENCES \"odd \"\"p\"(a, b) ON DELETE RESTRICT);"
	    "CREATE TABLE later(id INTEGER PRIMARY KEY, s REFERENCES later ON DELETE SET NULL);"
	    "CREATE VIEW v AS SELECT 1");
	struct references r;
	struct err err = ERR_INIT;
	struct db *db = db_sqlite_open(path, "sqlite", &err);
	size_t acting = 0, composite = 0;

	ck_assert_msg(db != NULL, "%s", err.msg);
	ck_assert_msg(references_read(db, &r, &err) == 0, "%s", err.msg);
	db_free(db);
	ck_assert_uint_eq(r.count, 5);
	for (size_t i = 0; i < r.count; i++) {
		acting += r.items[i].acts;
		composite += strcmp(r.items[i].child, "c1") == 0 &&
		    strcmp(r.items[i].parent, "odd \"p") == 0;
	}
	/* RESTRICT forbids, but not while foreign keys are deferred. */
	ck_assert_uint_eq(acting, 2);
	ck_assert_uint_eq(composite, 3);
	references_release(&r);
}
END_TEST

UNIT_CASE(references)
{
	tcase_add_loop_test(tc, parents_come_first, 1, 21);
	tcase_add_test(tc, circles_stand_together);
	tcase_add_test(tc, a_long_chain_needs_no_stack);
	tcase_add_test(tc, are_read_from_the_database);
}
