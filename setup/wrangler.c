#include "setup/wrangler.h"

#include <string.h>

#include "base/mem.h"

#define LOCAL "local"
#define UUID_LENGTH 36

const char *wrangler_account(struct json_object *document)
{
	return json_get_str(document, "account_id");
}

/* `wrangler dev` files a database under the first of these that there is. */
static const char *local_id(struct json_object *binding)
{
	const char *id = json_get_str(binding, "preview_database_id");

	if (id == NULL)
		id = json_get_str(binding, "database_id");
	return id != NULL ? id : json_get_str(binding, "binding");
}

static const char *name_of(struct json_object *binding)
{
	const char *name = json_get_str(binding, "database_name");

	return name != NULL ? name : json_get_str(binding, "binding");
}

/* A placeholder ("<fill in>", "local") is no database at Cloudflare. */
static bool is_uuid(const char *id)
{
	return id != NULL && strlen(id) == UUID_LENGTH &&
	    strspn(id, "0123456789abcdefABCDEF-") == UUID_LENGTH;
}

static void take_local(struct draft *draft, struct json_object *bindings, const char *project)
{
	for (size_t i = 0; i < json_object_array_length(bindings); i++) {
		struct json_object *binding = json_object_array_get_idx(bindings, i);
		struct draft_environment *e;

		if (name_of(binding) == NULL || local_id(binding) == NULL)
			continue;
		e = draft_environment(draft, LOCAL);
		e->is_local = true;
		draft_add(e, &(struct draft_wish){
			.title = name_of(binding), .name = name_of(binding), .id = local_id(binding),
			.source = DRAFT_WRANGLER, .project = project,
		});
	}
}

static void leave_out(struct draft *draft, const char *environment, const char *name)
{
	draft->left_out = mem_grow(draft->left_out, draft->left_out_count, &draft->left_out_cap,
	    sizeof(*draft->left_out));
	draft->left_out[draft->left_out_count++] = mem_printf("%s: %s", environment, name);
}

/* auth-production of the environment production is "auth". */
static void add_remote(struct draft *draft, const char *environment, const char *name,
    const char *id, const char *note)
{
	const char *const words[] = { environment, NULL };
	AUTO_STR found = NULL;
	AUTO_STR rest = NULL;
	bool evident = group_split(name, words, &found, &rest) && strcmp(found, environment) == 0;

	draft_add(draft_environment(draft, environment), &(struct draft_wish){
		.title = evident ? rest : name, .name = name, .id = id, .note = note,
	});
}

static void take_remote(struct draft *draft, struct json_object *bindings,
    const char *environment, bool has_account, const char *note)
{
	for (size_t i = 0; i < json_object_array_length(bindings); i++) {
		struct json_object *binding = json_object_array_get_idx(bindings, i);
		const char *name = name_of(binding), *id = json_get_str(binding, "database_id");

		if (name == NULL || (note != NULL && !is_uuid(id)))
			continue;
		if (has_account && is_uuid(id))
			add_remote(draft, environment, name, id, note);
		else
			leave_out(draft, environment, name);
	}
}

int wrangler_take(struct draft *draft, struct json_object *document, const char *project,
    bool has_account, struct err *err)
{
	struct json_object *top = json_get(document, "d1_databases", json_type_array);
	struct json_object *environments = json_get(document, "env", json_type_object);
	struct json_object *first = NULL;

	if (top != NULL)
		take_local(draft, top, project);
	if (environments != NULL) {
		json_object_object_foreach(environments, name, environment) {
			struct json_object *bindings = json_get(environment, "d1_databases", json_type_array);

			if (bindings == NULL)
				continue;
			first = bindings;
			/* "local" is the name of the top level's. */
			take_remote(draft, bindings, strcmp(name, LOCAL) == 0 ? "local-remote" : name,
			    has_account, NULL);
		}
	}
	if (first == NULL && top != NULL)
		take_remote(draft, top, "production", has_account,
		    "the project has no environments, so this is where it is deployed to");
	if (draft->count == 0 && draft->left_out_count == 0)
		return err_set(err, ERR_USAGE, "\"%s\": its wrangler configuration has no d1_databases", project);
	return 0;
}
