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
 * fits (fts5_config.c, fts5ConfigParseSpecial). What is left out begins otherwise. */
static char **option_of(struct virtual_decl *d, const char *name)
{
	size_t n = strlen(name);

	if (n == 0)
		return NULL;
	if (strncasecmp("content", name, n) == 0)
		return &d->content;
	return strncasecmp("content_rowid", name, n) == 0 ? &d->content_rowid : NULL;
}

/* "content=…" and "content_rowid=…"; anything else is not our concern. Nothing
 * behind the "=" is the empty name. */
static void read_option(struct virtual_decl *d, const char *p)
{
	AUTO_STR name = NULL;
	char **value;

	p = skip_space(read_token(skip_space(p), &name));
	if (name == NULL || *p != '=')
		return;
	value = option_of(d, name);
	if (value == NULL)
		return;
	free(*value);
	*value = NULL;
	(void)read_token(skip_space(p + 1), value);
	if (*value == NULL)
		*value = mem_strdup("");
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

void virtual_release(struct virtual_decl *decl)
{
	free(decl->module);
	free(decl->content);
	free(decl->content_rowid);
	*decl = (struct virtual_decl){ .kind = VIRTUAL_OTHER };
}
