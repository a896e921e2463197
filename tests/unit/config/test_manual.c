/* man/backup.conf.5 holds what the table of options holds. */
#include <check.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "config/option.h"
#include "tests/unit/unit.h"

#define MANUAL "man/backup.conf.5"

/* A part of the page begins with `.Ss account`; that of the file with another
 * title. */
static enum section_kind section_of(const char *title)
{
	for (int i = SECTION_FILE + 1; i < SECTION_KINDS; i++) {
		if (strcmp(title, section_name((enum section_kind)i)) == 0)
			return (enum section_kind)i;
	}
	return SECTION_FILE;
}

/* `.It Ic jobs Ar number Pq default: 2` */
static bool line_tells(const char *line, const struct option *option)
{
	size_t len = strlen(option->name);
	AUTO_STR number = mem_printf("Pq default: %s", option->fallback);
	AUTO_STR text = mem_printf("Pq default: \\(dq%s\\(dq", option->fallback);
	const char *told;

	if (strncmp(line, ".It Ic ", 7) != 0 || strncmp(line + 7, option->name, len) != 0 ||
	    line[7 + len] != ' ')
		return false;
	told = strstr(line, "Pq default: ");
	if (option->fallback == NULL || option->fallback[0] == '\0')
		return told == NULL;
	return told != NULL && (strcmp(told, number) == 0 || strcmp(told, text) == 0);
}

static bool manual_tells(const char *text, enum section_kind section, const struct option *option)
{
	AUTO_STR copy = mem_strdup(text);
	enum section_kind now = SECTION_KINDS;
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, ".Ss ", 4) == 0)
			now = section_of(line + 4);
		else if (strncmp(line, ".Sh ", 4) == 0)
			now = SECTION_KINDS;
		else if (now == section && line_tells(line, option))
			return true;
	}
	return false;
}

static void read_manual(struct buf *ret)
{
	struct err err = ERR_INIT;

	buf_init(ret, 1 << 20);
	ck_assert_msg(file_read(MANUAL, ret, &err) == 0, "%s", err.msg);
}

START_TEST(the_manual_tells_every_option)
{
	AUTO_BUF text = BUF_INIT(1);

	read_manual(&text);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		for (int section = 0; section < SECTION_KINDS; section++) {
			if ((o->sections & IN(section)) == 0 ||
			    (section == SECTION_DATABASE && option_is_inherited(o)))
				continue;
			ck_assert_msg(manual_tells(text.data, (enum section_kind)section, o),
			    "%s: no line \".It Ic %s … Pq default: %s\" in the part \"%s\"", MANUAL, o->name,
			    o->fallback != NULL ? o->fallback : "(none)",
			    section_name((enum section_kind)section));
		}
	}
}
END_TEST

static bool is_an_option(enum section_kind section, const char *line)
{
	char name[64];
	size_t len = strcspn(line, " ");

	ck_assert_uint_lt(len, sizeof(name));
	memcpy(name, line, len);
	name[len] = '\0';
	return option_find(section, name) != NULL;
}

START_TEST(the_manual_tells_no_other_option)
{
	AUTO_BUF text = BUF_INIT(1);
	enum section_kind now = SECTION_KINDS;
	char *rest = NULL;

	read_manual(&text);
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, ".Ss ", 4) == 0)
			now = section_of(line + 4);
		else if (strncmp(line, ".Sh ", 4) == 0)
			now = SECTION_KINDS;
		else if (now != SECTION_KINDS && strncmp(line, ".It Ic ", 7) == 0)
			ck_assert_msg(is_an_option(now, line + 7), "%s: %s", MANUAL, line);
	}
}
END_TEST

UNIT_CASE(manual)
{
	tcase_add_test(tc, the_manual_tells_every_option);
	tcase_add_test(tc, the_manual_tells_no_other_option);
}
