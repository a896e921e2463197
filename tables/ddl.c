#include "tables/ddl.h"

#include <string.h>

/* Behind the quoted name or text that begins at `p`, or the end. A doubled
 * quote reads as two texts side by side, which is as good here. */
static const char *skip_quoted(const char *p)
{
	const char *end = strchr(p + 1, *p == '[' ? ']' : *p);

	return end != NULL ? end + 1 : p + strlen(p);
}

/* sqlite.org/lang_comment.html */
const char *ddl_comment_end(const char *sql)
{
	const char *p = sql, *end;

	while (*p != '\0') {
		if (strchr("'\"`[", *p) != NULL) {
			p = skip_quoted(p);
		} else if (p[0] == '-' && p[1] == '-') {
			end = strchr(p, '\n');
			if (end == NULL)
				return "\n";
			p = end + 1;
		} else if (p[0] == '/' && p[1] == '*') {
			end = strstr(p + 2, "*/");
			if (end == NULL)
				return "*/";
			p = end + 2;
		} else {
			p++;
		}
	}
	return "";
}
