/* D1 has no words for a foreign key that is broken at the end of an import
 * ("internal error; reference = …"), and its snapshot may come from a SQLite file that
 * never looked: so a replay on this machine tells. */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "restore/restore_internal.h"

static int say_what_is_broken(const struct check_result *check, struct err *err)
{
	const struct check_violation *v = check->violations;
	AUTO_STR more = check->violation_count > 1 ?
	    mem_printf(", and %zu other tables", check->violation_count - 1) : mem_strdup("");

	(void)err_set(err, ERR_FAILED, "the snapshot has rows that refer to nothing, which no D1 takes: table \"%s\", %lld %s%s",
	    v->table, (long long)v->rows, v->rows == 1 ? "row" : "rows", more);
	return err_hint(err, "restore it to sqlite:PATH, where PRAGMA foreign_key_check names the rows");
}

static int check_file(const struct restore_options *o, const char *path, struct err *err)
{
	struct db *db = db_sqlite_open(path, "sqlite", NULL);
	struct check_result check = { .tables = 0 };
	int rc = 0;

	if (db == NULL)
		return 0;
	if (check_database(&(struct check_options){
		.db = db, .manifest = o->manifest,
	}, &check, NULL) == 0 && check.violation_count > 0)
		rc = say_what_is_broken(&check, err);
	check_result_release(&check);
	db_free(db);
	return rc;
}

int restore_check_keys(const struct restore_options *options, const char *folder,
    struct err *err)
{
	AUTO_STR path = mem_printf("%s/keys.sqlite", folder);
	int rc = 0;

	if (restore_replay(options, path, NULL) == 0)
		rc = check_file(options, path, err);
	(void)unlink(path);
	return rc;
}
