/*
 * libConfuse as a source of events. Every option is a string with a callback
 * that notes text and line and never fails, so that reading goes on after a bad
 * value. Three things need a detour:
 *
 * - It gives a section's first line to no callback. A hidden option without a
 *   name, whose default has a callback of its own, is set at each section's
 *   beginning.
 * - It stops at an unknown name, and what it has for skipping one loses its
 *   place in nested sections (and says nothing). So an unknown name is added to
 *   the options, and the text is read again from the start.
 * - It keeps every section, and looks through all of them at each title. Nobody
 *   asks it for them: each is dropped when it has been read.
 * - It copies all options for every section. Those whose names are not in the
 *   text are not offered: that is most of the time it takes.
 * - Callbacks get no argument of ours: hence `reading`. The library's own lexer
 *   is a global, too.
 */
#include <confuse.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/outline.h"
#include "config/problem.h"

#define UNKNOWN_MAX 50

/* A name that is no option in this kind of section. */
struct unknown {
	enum section_kind in;
	char *name;
	int line;                /* where it came first */
	enum section_kind section;   /* SECTION_FILE: an option; else read as this */
};

struct reader {
	struct outline *outline;
	struct config_problems *problems;
	struct unknown unknowns[UNKNOWN_MAX];
	size_t unknown_count;
	bool again;              /* one more was found */
	bool stopped;
	int last_line;
	const struct outline_section *environment;   /* the last one */
	bool *in_text;           /* for each option: is its name in the text? */
	bool offer_all;
};

static struct reader *reading;

/* Sections do not overlap, and an address is used anew only by a later one. */
static struct outline_section *section_of(const cfg_t *cfg)
{
	size_t i = reading->outline->count;

	while (i > 1 && reading->outline->sections[i - 1]->reader != cfg)
		i--;
	return reading->outline->sections[i - 1];
}

static struct outline_section *add_section(const cfg_t *cfg, enum section_kind kind)
{
	struct outline *outline = reading->outline;
	struct outline_section *section = mem_calloc(1, sizeof(*section));

	section->parent = outline->count > 0 ? outline->sections[0] : NULL;
	if (kind == SECTION_DATABASE && reading->environment != NULL)
		section->parent = reading->environment;
	if (kind == SECTION_ENVIRONMENT)
		reading->environment = section;
	section->kind = kind;
	section->title = mem_strdup(cfg->title);
	section->line = cfg->line;
	section->reader = cfg;
	outline->sections = mem_grow(outline->sections, outline->count, &outline->cap,
	    sizeof(struct outline_section *));
	section->number = outline->count;
	outline->sections[outline->count++] = section;
	return section;
}

static struct unknown *find_unknown(enum section_kind in, const char *name)
{
	for (size_t i = 0; i < reading->unknown_count; i++) {
		struct unknown *u = &reading->unknowns[i];

		if (u->in == in && strcmp(u->name, name) == 0)
			return u;
	}
	return NULL;
}

/* The sections that do have such an option. */
static void suggest_place(const char *name)
{
	char places[128] = "";
	size_t used = 0;

	for (int i = SECTION_FILE + 1; i < SECTION_KINDS; i++) {
		if (option_find((enum section_kind)i, name) != NULL)
			used += (size_t)snprintf(places + used, sizeof(places) - used, "%s%s",
			    used > 0 ? " or " : "", section_name((enum section_kind)i));
	}
	if (used > 0)
		problem_hint(reading->problems, "it belongs in %s", places);
	else if (option_find(SECTION_FILE, name) != NULL)
		problem_hint(reading->problems, "it belongs outside of all sections");
}

static void suggest(enum section_kind section, const char *name)
{
	const char *nearest = option_nearest(section, name);

	if (nearest != NULL)
		problem_hint(reading->problems, "did you mean \"%s\"?", nearest);
	else
		suggest_place(name);
}

static void complain_of_unknown(const struct outline_section *section, int line,
    const char *what, const char *name)
{
	AUTO_STR label = section->kind == SECTION_FILE ? NULL : outline_label(section);

	problem_add(reading->problems, line, "unknown %s \"%.64s\"%s%s", what, name,
	    label != NULL ? " in " : "", label != NULL ? label : "");
	suggest(section->kind, name);
}

static void add_value(struct outline_section *section, const struct option *option,
    const char *text, int line)
{
	const struct outline_value *first = outline_find(section, option->name);

	if (first != NULL && option->kind != OPTION_KEYS) {
		problem_add(reading->problems, line, "%s is set twice, first in line %d",
		    option->name, first->line);
		return;
	}
	section->values = mem_grow(section->values, section->count, &section->cap,
	    sizeof(*section->values));
	section->values[section->count++] =
	    (struct outline_value){ option, mem_strdup(text), line };
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct outline_section *section = section_of(cfg);
	const struct option *option = option_find(section->kind, opt->name);

	reading->last_line = cfg->line;
	if (option != NULL)
		add_value(section, option, text, cfg->line);
	else if (opt->nvalues == 1)   /* of a list, once */
		complain_of_unknown(section, cfg->line, "option", opt->name);
	*(const char **)result = text;
	return 0;
}

/* What a section's name stands for, also when it is misspelled. */
static enum section_kind kind_of(const char *name)
{
	for (int i = SECTION_FILE + 1; i < SECTION_KINDS; i++) {
		if (strcmp(section_name((enum section_kind)i), name) == 0)
			return (enum section_kind)i;
	}
	for (size_t i = 0; i < reading->unknown_count; i++) {
		if (reading->unknowns[i].section != SECTION_FILE &&
		    strcmp(reading->unknowns[i].name, name) == 0)
			return reading->unknowns[i].section;
	}
	return SECTION_FILE;
}

static int on_section(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct outline_section *section = add_section(cfg, kind_of(cfg->name));

	(void)opt;
	reading->last_line = cfg->line;
	if (strcmp(section_name(section->kind), cfg->name) != 0)
		complain_of_unknown(section->parent, cfg->line, "section", cfg->name);
	*(const char **)result = text;
	return 0;
}

/* Each section has its own copy of all the options; drop it with them. */
static int on_section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	(void)cfg_free_value(opt);
	return 0;
}

static void stop(int line, const char *message)
{
	if (reading->stopped)
		return;
	reading->stopped = true;
	problem_add(reading->problems, line, "%s", message);
	problem_hint(reading->problems, "reading stopped here: what follows has not been checked");
}

/* A name nobody knows: learn it and begin again. */
static void learn(const struct outline_section *section, int line, const char *name)
{
	/* Written with escapes, which note_words does not see through. */
	if (option_find(section->kind, name) != NULL && !reading->offer_all) {
		reading->offer_all = true;
		reading->again = true;
		return;
	}
	if (reading->unknown_count == UNKNOWN_MAX || find_unknown(section->kind, name) != NULL) {
		AUTO_STR message = mem_printf("unexpected \"%.64s\"", name);

		stop(line, message);
		return;
	}
	reading->unknowns[reading->unknown_count++] =
	    (struct unknown){ section->kind, mem_strdup(name), line, SECTION_FILE };
	reading->again = true;
}

/* An unknown name without "=" is a section, or a word too many. */
static void learn_section(struct unknown *unknown)
{
	bool elsewhere = kind_of(unknown->name) != SECTION_FILE;
	AUTO_STR message = mem_printf(elsewhere ? "a section \"%.64s\" cannot stand here" :
	    "unexpected \"%.64s\"", unknown->name);
	enum section_kind nearest = section_find(unknown->in, unknown->name, true);

	if (nearest != SECTION_FILE) {
		unknown->section = nearest;
		reading->again = true;
		return;
	}
	stop(unknown->line, message);
}

/* `message` is one of libConfuse's; those two name the option in quotes. */
static char *quoted_name(const char *message)
{
	const char *begin = strchr(message, '\''), *end = strrchr(message, '\'');

	return begin != NULL && end > begin ? mem_strndup(begin + 1, (size_t)(end - begin - 1)) :
	    mem_strdup("");
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	const struct outline_section *section = section_of(cfg);
	AUTO_STR name = NULL;
	struct unknown *unknown;
	char message[512];

	if (reading->again || reading->stopped)
		return;
	(void)vsnprintf(message, sizeof(message), fmt, ap);
	name = quoted_name(message);
	unknown = find_unknown(section->kind, name);
	if (strstr(fmt, "no such option") != NULL)
		learn(section, cfg->line, name);
	else if (strstr(fmt, "missing equal sign") != NULL && unknown != NULL)
		learn_section(unknown);
	else
		stop(cfg->line, message);
}

static cfg_opt_t *make_options(enum section_kind kind);

static cfg_opt_t make_section(const char *name, enum section_kind kind)
{
	cfg_opt_t opt = CFG_SEC(name, make_options(kind), CFGF_MULTI | CFGF_TITLE);

	opt.validcb = on_section_end;
	return opt;
}

/* The options of a kind of section for libConfuse, which copies them. */
static cfg_opt_t *make_options(enum section_kind kind)
{
	cfg_opt_t *opts = mem_calloc(option_count + UNKNOWN_MAX + SECTION_KINDS + 2, sizeof(*opts));
	size_t n = 0;

	if (kind != SECTION_FILE)
		opts[n++] = (cfg_opt_t)CFG_STR_LIST_CB("", "{begin}", CFGF_NONE, on_section);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		if ((o->sections & IN(kind)) == 0 || !(reading->in_text[i] || reading->offer_all))
			continue;
		if (o->kind == OPTION_KEYS)
			opts[n++] = (cfg_opt_t)CFG_STR_LIST_CB(o->name, NULL, CFGF_NODEFAULT, on_value);
		else
			opts[n++] = (cfg_opt_t)CFG_STR_CB(o->name, NULL, CFGF_NODEFAULT, on_value);
	}
	for (int i = SECTION_FILE + 1; i < SECTION_KINDS; i++) {
		const char *name = section_name((enum section_kind)i);

		if (section_find(kind, name, false) == (enum section_kind)i)
			opts[n++] = make_section(name, (enum section_kind)i);
	}
	for (size_t i = 0; i < reading->unknown_count; i++) {
		const struct unknown *u = &reading->unknowns[i];

		if (u->in == kind && u->section == SECTION_FILE)
			opts[n++] = (cfg_opt_t)CFG_STR_LIST_CB(u->name, NULL, CFGF_NODEFAULT, on_value);
		else if (u->in == kind)
			opts[n++] = make_section(u->name, u->section);
	}
	return opts;
}

static void free_options(cfg_opt_t *opts)
{
	for (size_t i = 0; opts[i].name != NULL; i++) {
		if (opts[i].subopts != NULL)
			free_options(opts[i].subopts);
	}
	free(opts);
}

static void note_word(const char *word, size_t len, bool *in_text)
{
	for (size_t i = 0; i < option_count; i++) {
		const char *name = option_table[i].name;

		if (name[0] == word[0] && strncmp(name, word, len) == 0 && name[len] == '\0')
			in_text[i] = true;
	}
}

/* Which options' names are words of the text, wherever they stand. */
static void note_words(const char *text, bool *in_text)
{
	while (*text != '\0') {
		size_t len = 0;

		while (isalnum((unsigned char)text[len]) || text[len] == '_')
			len++;
		if (len > 0 && islower((unsigned char)*text))
			note_word(text, len, in_text);
		text += len > 0 ? len : 1;
	}
}

static void read_once(const char *text)
{
	cfg_opt_t *opts = make_options(SECTION_FILE);
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);
	int rc;

	(void)cfg_set_error_function(cfg, on_error);
	cfg->line = 0;
	(void)add_section(cfg, SECTION_FILE);
	reading->last_line = 1;
	rc = cfg_parse_buf(cfg, text);
	if (rc != CFG_SUCCESS && !reading->again)
		stop(reading->last_line, "after this line comes something that makes no sense");
	(void)cfg_free(cfg);
	free_options(opts);
}

void outline_read(struct outline *ret, const char *text, struct config_problems *problems)
{
	struct reader reader = { .outline = ret, .problems = problems };
	size_t before = problems->count;

	reading = &reader;
	reader.in_text = mem_calloc(option_count, sizeof(bool));
	note_words(text, reader.in_text);
	*ret = (struct outline){ 0 };
	do {
		outline_release(ret);
		problem_truncate(problems, before);
		reader.again = false;
		reader.environment = NULL;
		read_once(text);
	} while (reader.again);
	for (size_t i = 0; i < reader.unknown_count; i++)
		free(reader.unknowns[i].name);
	free(reader.in_text);
	reading = NULL;
}
