#include "schedule/cron.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"
#define FIELD_MAX 256

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL,
};
static const char *const weekday_names[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL,
};

static const struct field {
	const char *name;
	int low, high;
	const char *const *names;   /* the first one stands for `low` */
} fields[] = {
	{ "minute", 0, 59, NULL },
	{ "hour", 0, 23, NULL },
	{ "day of month", 1, 31, NULL },
	{ "month", 1, 12, month_names },
	{ "day of week", 0, 7, weekday_names },
};
enum { MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, FIELDS };

static const struct { const char *name, *meaning; } shorthands[] = {
	{ "@hourly", "0 * * * *" },
	{ "@daily", "0 0 * * *" },
	{ "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" },
	{ "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

/* One of the field's names, or -1. */
static int named_value(const struct field *field, const char *word, size_t len)
{
	for (int i = 0; field->names != NULL && field->names[i] != NULL; i++) {
		if (len == 3 && strncasecmp(word, field->names[i], 3) == 0)
			return field->low + i;
	}
	return -1;
}

/* A number or a name at `*pos`, which moves past it. */
static int read_value(const struct field *field, const char **pos, int *ret, struct err *err)
{
	const char *word = *pos;
	size_t len = 0;
	int value = 0;

	while (isalnum((unsigned char)word[len]))
		len++;
	*pos = word + len;
	*ret = named_value(field, word, len);
	if (*ret >= 0)
		return 0;
	for (size_t i = 0; i < len && value <= 9999; i++) {
		if (!isdigit((unsigned char)word[i]))
			return err_set(err, ERR_USAGE, "%s: \"%.*s\" is neither a number nor a name",
			    field->name, (int)len, word);
		value = value * 10 + (word[i] - '0');
	}
	if (len == 0)
		return err_set(err, ERR_USAGE, "%s: a number is missing before \"%s\"",
		    field->name, word);
	if (value < field->low || value > field->high)
		return err_set(err, ERR_USAGE, "%s: %.*s is not between %d and %d", field->name,
		    (int)len, word, field->low, field->high);
	*ret = value;
	return 0;
}

/* "/N" after a range. */
static int read_step(const struct field *field, const char **pos, int *ret, struct err *err)
{
	size_t len = strspn(*pos + 1, "0123456789");
	int step = 0;

	for (size_t i = 1; i <= len && step <= field->high; i++)
		step = step * 10 + ((*pos)[i] - '0');
	if (step < 1 || step > field->high)
		return err_set(err, ERR_USAGE, "%s: the step after \"/\" must be between 1 and %d",
		    field->name, field->high);
	*pos += 1 + len;
	*ret = step;
	return 0;
}

/* Cron has no ranges round midnight or the week's end. */
static int backwards(const struct field *field, int low, int high, struct err *err)
{
	int last = field->names == weekday_names ? 6 : field->high;

	(void)err_set(err, ERR_USAGE, "%s: the range %d-%d runs backwards", field->name, low, high);
	return err_hint(err, "as two ranges: %d-%d,%d-%d", low, last, field->low, high);
}

/* "~" is OpenBSD's: a time at random, another one after each start. */
static int no_random(const struct field *field, struct err *err)
{
	(void)err_set(err, ERR_USAGE, "%s: \"~\" is not taken", field->name);
	return err_hint(err, "spread = 300 gives each database an offset of its own, for ever the same");
}

static int read_range(const struct field *field, const char **pos, int *ret_low, int *ret_high,
    struct err *err)
{
	if (**pos == '*') {
		++*pos;
		*ret_low = field->low;
		/* 7 is Sunday again: a step would count it twice. */
		*ret_high = field->names == weekday_names ? 6 : field->high;
		return 0;
	}
	if (read_value(field, pos, ret_low, err) != 0)
		return -1;
	*ret_high = *ret_low;
	if (**pos == '/')
		return err_set(err, ERR_USAGE, "%s: a step needs a range before it, such as %d-%d%s",
		    field->name, *ret_low, field->high, *pos);
	if (**pos != '-')
		return 0;
	++*pos;
	if (read_value(field, pos, ret_high, err) != 0)
		return -1;
	/* "sat-sun": at the end of a range Sunday is day 7. */
	if (field->names == weekday_names && *ret_high == 0 && *ret_low > 0)
		*ret_high = 7;
	return *ret_high < *ret_low ? backwards(field, *ret_low, *ret_high, err) : 0;
}

/* A list of ranges to a set of bits. */
static int read_field(const struct field *field, const char *text, uint64_t *ret, struct err *err)
{
	const char *pos = text;

	if (strchr(text, '~') != NULL)
		return no_random(field, err);
	for (*ret = 0;; pos++) {
		int low, high, step = 1;

		if (read_range(field, &pos, &low, &high, err) != 0)
			return -1;
		if (*pos == '/' && read_step(field, &pos, &step, err) != 0)
			return -1;
		for (int value = low; value <= high; value += step)
			*ret |= UINT64_C(1) << value;
		if (*pos == '\0')
			return 0;
		if (*pos != ',')
			return err_set(err, ERR_USAGE, "%s: \"%s\" makes no sense in \"%s\"",
			    field->name, pos, text);
	}
}

/* Does a day of the set exist in a month of the set? */
static bool days_exist(const struct cron *cron)
{
	static const int longest[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	for (int month = 1; month <= 12; month++) {
		uint32_t days = (uint32_t)((UINT64_C(2) << longest[month - 1]) - 2);

		if ((cron->months >> month & 1) != 0 && (cron->days & days) != 0)
			return true;
	}
	return false;
}

static int read_fields(char words[FIELDS][FIELD_MAX], struct cron *ret, struct err *err)
{
	uint64_t bits[FIELDS];

	for (int i = 0; i < FIELDS; i++) {
		if (read_field(&fields[i], words[i], &bits[i], err) != 0)
			return -1;
	}
	ret->minutes = bits[MINUTE];
	ret->hours = (uint32_t)bits[HOUR];
	ret->days = (uint32_t)bits[DAY_OF_MONTH];
	ret->months = (uint16_t)bits[MONTH];
	ret->weekdays = (uint8_t)((bits[DAY_OF_WEEK] | bits[DAY_OF_WEEK] >> 7) & 0x7f);
	ret->every_hour = words[HOUR][0] == '*';
	ret->any_day = words[DAY_OF_MONTH][0] == '*';
	ret->any_weekday = words[DAY_OF_WEEK][0] == '*';
	if ((ret->any_day || ret->any_weekday) && !days_exist(ret))
		return err_set(err, ERR_USAGE, "no month of it has such a day");
	return 0;
}

/* Five words, each cut to a string of its own. */
static int split(const char *text, char words[FIELDS][FIELD_MAX], struct err *err)
{
	int count = 0;

	for (text += strspn(text, BLANKS); *text != '\0'; text += strspn(text, BLANKS)) {
		size_t len = strcspn(text, BLANKS);

		if (len >= FIELD_MAX)
			return err_set(err, ERR_USAGE, "a field is longer than %d characters",
			    FIELD_MAX - 1);
		if (count < FIELDS) {
			memcpy(words[count], text, len);
			words[count][len] = '\0';
		}
		count++;
		text += len;
	}
	if (count == FIELDS)
		return 0;
	(void)err_set(err, ERR_USAGE, "%d field%s instead of five", count, count == 1 ? "" : "s");
	return err_hint(err, "minute hour day-of-month month day-of-week, such as \"17 2 * * *\"");
}

/* The five fields that `text` stands for, or NULL with an error. */
static const char *expand(const char *text, struct err *err)
{
	size_t len;

	text += strspn(text, BLANKS);
	if (*text != '@')
		return text;
	len = strcspn(text, BLANKS);
	for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
		if (strlen(shorthands[i].name) == len && text[len + strspn(text + len, BLANKS)] == '\0' &&
		    strncasecmp(text, shorthands[i].name, len) == 0)
			return shorthands[i].meaning;
	}
	(void)err_set(err, ERR_USAGE, "no such shorthand");
	(void)err_hint(err, "@hourly, @daily, @weekly, @monthly, @yearly or five fields");
	return NULL;
}

int cron_parse(const char *text, struct cron *ret, struct err *err)
{
	char words[FIELDS][FIELD_MAX];
	struct cron cron = { 0 };
	const char *expanded = expand(text, err);

	if (expanded == NULL || split(expanded, words, err) != 0 ||
	    read_fields(words, &cron, err) != 0)
		return err_wrap(err, "schedule \"%.100s\"", text);
	*ret = cron;
	return 0;
}
