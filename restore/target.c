#include "restore/target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int target_parse(const char *text, struct target *ret, struct err *err)
{
	static const struct { const char *prefix; enum target_kind kind; } kinds[] = {
		{ "sqlite:", TARGET_SQLITE }, { "sql:", TARGET_SQL },
		{ "wrangler:", TARGET_WRANGLER }, { "d1:", TARGET_D1 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].prefix);
		bool is_file = kinds[i].kind == TARGET_SQLITE || kinds[i].kind == TARGET_SQL;

		if (strncmp(text, kinds[i].prefix, n) != 0 || text[n] == '\0')
			continue;
		if (kinds[i].kind == TARGET_SQLITE && strcmp(text + n, "-") == 0)
			break;
		*ret = (struct target){
			.kind = kinds[i].kind,
			.path = is_file ? mem_strdup(text + n) : NULL,
			.database = is_file ? NULL : mem_strdup(text + n),
		};
		return 0;
	}
	(void)err_set(err, ERR_USAGE, "\"%s\" is not a target", text);
	return err_hint(err, "write d1:ENV/DB, wrangler:ENV/DB, sqlite:PATH, sql:PATH or sql:- (standard output)");
}

void target_release(struct target *target)
{
	free(target->path);
	free(target->database);
	*target = (struct target){ .path = NULL };
}
