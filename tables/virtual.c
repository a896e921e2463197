#include "tables/virtual.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* ---- tokens ---- */

static const char *skip_space(const char *p)
{
	for (;;) {
		const char *end;

		while (isspace((unsigned char)*p))
			p++;
		if (p[0] == '-' && p[1] == '-')
			end = strchr(p, '\n');
		else if (p[0] == '/' && p[1] == '*')
			end = strstr(p + 2, "*/");
		else
			return p;
		if (end == NULL)
			return p + strlen(p);
		p = end + (*end == '\n' ? 1 : 2);
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind the word or quoted text at `p`; its meaning in `*ret` (owned) when that
 * is not NULL. `p` itself when there is none. */
static const char *read_token(const char *p, char **ret)
{
	char close = *p == '[' ? ']' : *p;
	const char *start = p;
	char *text, *to;

	if (*p == '\0' || strchr("'\"`[", *p) == NULL) {
		while (is_word(*p))
			p++;
		if (ret != NULL && p > start)
			*ret = mem_printf("%.*s", (int)(p - start), start);
		return p;
	}
	text = to = mem_calloc(strlen(p) + 1, 1);
	for (p++; *p != '\0' && (*p != close || (close != ']' && p[1] == close)); p++) {
		p += *p == close;
		*to++ = *p;
	}
	if (ret != NULL)
		*ret = text;
	else
		free(text);
	return *p == close ? p + 1 : p;
}

static const char *skip_keyword(const char *p, const char *word)
{
	size_t n = strlen(word);

	p = skip_space(p);
	return strncasecmp(p, word, n) == 0 && !is_word(p[n]) ? p + n : NULL;
}

/* Behind the argument at `p`: at the comma or parenthesis that ends it. */
static const char *skip_argument(const char *p)
{
	int depth = 0;

	while (*p != '\0') {
		if (depth == 0 && (*p == ',' || *p == ')'))
			return p;
		depth += (*p == '(') - (*p == ')');
		if (strchr("'\"`[", *p) != NULL)
			p = read_token(p, NULL);
		else if (skip_space(p) > p)
			p = skip_space(p);
		else
			p++;
	}
	return p;
}

/* ---- what they mean ---- */

/* FTS5 takes any beginning of an option's name for it, and the first of these that
 * fits (fts5_config.c, fts5ConfigParseSpecial). Others begin otherwise. */
enum option {
	OPTION_CONTENT, OPTION_CONTENTLESS_DELETE, OPTION_CONTENTLESS_UNINDEXED,
	OPTION_CONTENT_ROWID, OPTION_COLUMNSIZE, OPTION_OTHER,
};

static enum option option_of(const char *name)
{
	static const char *const names[OPTION_OTHER] = {
		"content", "contentless_delete", "contentless_unindexed", "content_rowid", "columnsize",
	};
	int i = 0;

	while (i < OPTION_OTHER && (*name == '\0' || strncasecmp(names[i], name, strlen(name)) != 0))
		i++;
	return (enum option)i;
}

/* Takes `value`. */
static void take_option(struct virtual_decl *d, enum option option, char *value)
{
	char **place = option == OPTION_CONTENT ? &d->content : &d->content_rowid;

	if (option == OPTION_CONTENT || option == OPTION_CONTENT_ROWID) {
		free(*place);
		*place = value;
		return;
	}
	if (option == OPTION_CONTENTLESS_UNINDEXED)
		d->keeps_unindexed = strcmp(value, "0") != 0;
	if (option == OPTION_COLUMNSIZE)
		d->no_columnsize = strcmp(value, "0") == 0;
	free(value);
}

/* Nothing behind the "=" is the empty text. */
static void read_option(struct virtual_decl *d, const char *p)
{
	AUTO_STR name = NULL;
	char *value = NULL;

	p = skip_space(read_token(skip_space(p), &name));
	if (name == NULL || *p != '=')
		return;
	(void)read_token(skip_space(p + 1), &value);
	take_option(d, option_of(name), value != NULL ? value : mem_strdup(""));
}

static enum virtual_kind kind_of(const struct virtual_decl *d)
{
	if (strcasecmp(d->module, "fts5vocab") == 0)
		return VIRTUAL_FTS5_VOCAB;
	if (strcasecmp(d->module, "rtree") == 0 || strcasecmp(d->module, "rtree_i32") == 0)
		return VIRTUAL_RTREE;
	if (strcasecmp(d->module, "fts5") != 0)
		return VIRTUAL_OTHER;
	if (d->content == NULL)
		return VIRTUAL_FTS5;
	return d->content[0] == '\0' ? VIRTUAL_FTS5_CONTENTLESS : VIRTUAL_FTS5_EXTERNAL;
}

bool virtual_read(const char *sql, struct virtual_decl *ret)
{
	const char *p;

	*ret = (struct virtual_decl){ .kind = VIRTUAL_OTHER };
	if ((p = skip_keyword(sql, "CREATE")) == NULL || (p = skip_keyword(p, "VIRTUAL")) == NULL ||
	    (p = skip_keyword(p, "TABLE")) == NULL)
		return false;
	p = read_token(skip_space(p), NULL);
	p = skip_keyword(p, "USING");
	if (p == NULL)
		return false;
	p = skip_space(read_token(skip_space(p), &ret->module));
	if (ret->module == NULL)
		return false;
	while (*p == '(' || *p == ',') {
		read_option(ret, p + 1);
		p = skip_argument(p + 1);
	}
	ret->kind = kind_of(ret);
	if (ret->kind == VIRTUAL_FTS5_EXTERNAL && ret->content_rowid == NULL)
		ret->content_rowid = mem_strdup("rowid");
	return true;
}

bool virtual_owns(const struct virtual_decl *decl, const char *suffix)
{
	if (strcasecmp(suffix, "content") == 0)
		return decl->content == NULL || (decl->content[0] == '\0' && decl->keeps_unindexed);
	return strcasecmp(suffix, "docsize") != 0 || !decl->no_columnsize;
}

void virtual_release(struct virtual_decl *decl)
{
	free(decl->module);
	free(decl->content);
	free(decl->content_rowid);
	*decl = (struct virtual_decl){ .kind = VIRTUAL_OTHER };
}
