#include "net/d1_api.h"

#include <string.h>

#include "base/mem.h"
#include "net/d1_call.h"
#include "net/sigv4.h"

#define MAX_TAIL 1024
#define MAX_BOOKMARK 200

static struct json_object *batch_of(const char *const *sql, size_t count)
{
	struct json_object *body = json_object_new_object();
	struct json_object *batch = json_object_new_array();

	json_set(body, "batch", batch);
	for (size_t i = 0; i < count; i++) {
		struct json_object *statement = json_object_new_object();

		json_set_str(statement, "sql", sql[i]);
		(void)json_object_array_add(batch, statement);
	}
	return body;
}

static bool is_row_set(struct json_object *statement)
{
	struct json_object *results = json_get(statement, "results", json_type_object);
	struct json_object *columns = json_get(results, "columns", json_type_array);
	struct json_object *rows = json_get(results, "rows", json_type_array);

	if (columns == NULL || rows == NULL)
		return false;
	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);

		if (!json_object_is_type(row, json_type_array) ||
		    json_object_array_length(row) != json_object_array_length(columns))
			return false;
	}
	return true;
}

/* What is relied on later, looked at once here. */
static int check_results(struct json_object *result, size_t count, struct err *err)
{
	if (!json_object_is_type(result, json_type_array))
		return err_set(err, ERR_FAILED, "the D1 API's result is not an array");
	if (json_object_array_length(result) != count)
		return err_set(err, ERR_FAILED, "the D1 API answered %zu statements with %zu results",
		    count, (size_t)json_object_array_length(result));
	for (size_t i = 0; i < count; i++) {
		struct json_object *statement = json_object_array_get_idx(result, i);

		if (!json_get_bool(statement, "success", true))
			return err_set(err, ERR_FAILED, "statement %zu of %zu failed without a reason", i + 1, count);
		if (!is_row_set(statement))
			return err_set(err, ERR_FAILED, "the D1 API's result %zu of %zu has no rows", i + 1, count);
	}
	return 0;
}

/* The rows that were cut out belong to these statements. */
static int check_cut(const struct d1_cut *cut, struct json_object *result, struct err *err)
{
	if (cut->count == 0)
		return 0;
	if (cut->count != json_object_array_length(result))
		return err_set(err, ERR_FAILED, "the D1 API answered a statement with two sets of rows");
	for (size_t i = 0; i < cut->count; i++) {
		struct json_object *results = json_get(json_object_array_get_idx(result, i), "results",
		    json_type_object);
		struct json_object *columns = json_get(results, "columns", json_type_array);

		if (cut->sets[i].count > 0 &&
		    cut->sets[i].columns != json_object_array_length(columns))
			return err_set(err, ERR_FAILED, "the D1 API's result %zu of %zu has rows of %zu values for %zu columns",
			    i + 1, cut->count, cut->sets[i].columns,
			    (size_t)json_object_array_length(columns));
	}
	return 0;
}

static void take_reply(struct d1_reply *reply, struct d1_raw *ret)
{
	ret->cut = reply->answer.cut;
	reply->answer.cut = (struct d1_cut){ .sets = NULL };
	ret->text = reply->response.body;
	buf_init(&reply->response.body, 0);
	if (ret->cut.count > 0)
		d1_rows_decode(&ret->cut, ret->text.data);
	else
		buf_release(&ret->text);
}

int d1_api_raw(struct d1_api *api, const char *database_id, const char *const *sql,
    size_t count, size_t max_answer_bytes, struct d1_raw *ret, struct err *err)
{
	AUTO_JSON body = batch_of(sql, count);
	AUTO_JSON result = NULL;
	struct d1_call call = {
		.database_id = database_id, .tail = "/raw", .post = true, .body = body,
		.max_answer_bytes = max_answer_bytes, .cut_rows = true,
	};
	struct d1_reply reply;
	int rc = d1_call(api, &call, &reply, err);

	if (rc == 0)
		rc = d1_reply_result(api, &call, &reply, &result, err);
	if (rc == 0 && (check_results(result, count, err) != 0 ||
	    check_cut(&reply.answer.cut, result, err) != 0))
		rc = err_wrap(err, "database %s", database_id);
	if (rc == 0) {
		*ret = (struct d1_raw){ .result = json_object_get(result) };
		take_reply(&reply, ret);
	}
	d1_reply_release(&reply);
	return rc;
}

void d1_raw_release(struct d1_raw *raw)
{
	json_free(&raw->result);
	d1_cut_release(&raw->cut);
	buf_release(&raw->text);
}

/* People paste it into a shell, behind `d1keep undo`: a word, and no option. Whatever
 * else it may be one day (base64, say), a shell must leave it alone. */
static bool is_bookmark(const char *text)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:+/=%@,~";

	return text != NULL && *text != '\0' && strchr("-~=", *text) == NULL && strlen(text) <= MAX_BOOKMARK &&
	    text[strspn(text, chars)] == '\0';
}

int d1_api_bookmark(struct d1_api *api, const char *database_id, char **ret, struct err *err)
{
	AUTO_JSON result = NULL;
	struct d1_call call = { .database_id = database_id, .tail = "/time_travel/bookmark" };
	const char *bookmark;

	if (d1_call_result(api, &call, &result, err) != 0)
		return -1;
	bookmark = json_get_str(result, "bookmark");
	if (!is_bookmark(bookmark))
		return err_set(err, ERR_FAILED, "database %s: the D1 API answered %s", database_id,
		    bookmark == NULL || *bookmark == '\0' ? "without a bookmark" :
		    "with something that is no bookmark");
	*ret = mem_strdup(bookmark);
	return 0;
}

int d1_api_database(struct d1_api *api, const char *database_id, char **ret_name,
    int64_t *ret_bytes, struct err *err)
{
	AUTO_JSON result = NULL;
	struct d1_call call = { .database_id = database_id, .tail = "" };
	const char *name;

	if (d1_call_result(api, &call, &result, err) != 0)
		return -1;
	name = json_get_str(result, "name");
	if (name == NULL)
		return err_set(err, ERR_FAILED, "database %s: the D1 API answered without its name",
		    database_id);
	if (ret_name != NULL)
		*ret_name = mem_strdup(name);
	if (ret_bytes != NULL)
		*ret_bytes = json_get_int(result, "file_size", -1);
	return 0;
}

/* A call that changes something; its result is taken out of the envelope. Where
 * it may have been carried out all the same, the error says so. */
static int change(struct d1_api *api, const struct d1_call *call, const char *where_to_look,
    struct json_object **ret, struct err *err)
{
	struct d1_reply reply;
	int rc = d1_call(api, call, &reply, err);

	if (rc == 0) {
		rc = d1_reply_result(api, call, &reply, ret, err);
		if (rc != 0 && reply.in_doubt)
			(void)err_wrap(err, "whether it was carried out is not known");
	}
	if (rc != 0 && reply.in_doubt)
		(void)err_hint(err, "%s", where_to_look);
	d1_reply_release(&reply);
	return rc;
}

int d1_api_create(struct d1_api *api, const char *name, const char *location,
    const char *jurisdiction, char **ret_id, struct err *err)
{
	AUTO_JSON body = json_object_new_object();
	AUTO_JSON result = NULL;
	struct d1_call call = {
		.subject = name, .tail = "", .post = true, .body = body, .changes = true,
	};
	const char *id;

	json_set_str(body, "name", name);
	if (location != NULL)
		json_set_str(body, "primary_location_hint", location);
	if (jurisdiction != NULL)
		json_set_str(body, "jurisdiction", jurisdiction);
	if (change(api, &call, "look whether it exists now: wrangler d1 list", &result, err) != 0)
		return -1;
	id = json_get_str(result, "uuid");
	if (id == NULL || *id == '\0')
		return err_set(err, ERR_FAILED, "database %s: the D1 API created it and did not say its id", name);
	*ret_id = mem_strdup(id);
	return 0;
}

int d1_api_restore(struct d1_api *api, const char *database_id, const char *bookmark,
    char **ret_previous, struct err *err)
{
	AUTO_BUF tail = BUF_INIT(MAX_TAIL);
	AUTO_JSON result = NULL;
	const char *previous;
	struct err why = ERR_INIT;
	struct d1_call call = { .database_id = database_id, .post = true, .changes = true };

	if (buf_adds(&tail, "/time_travel/restore?bookmark=", err) != 0 ||
	    sigv4_encode(&tail, bookmark, 0, err) != 0)
		return -1;
	call.tail = buf_str(&tail);
	if (change(api, &call, "compare the database with what it should be before trying again",
	    &result, &why) != 0) {
		/* The API has no code of its own for this. */
		if (why.code == ERR_FAILED && strcasestr(why.msg, "bookmark") != NULL) {
			why.code = ERR_USAGE;
			why.hint[0] = '\0';
			(void)err_hint(&why, "a bookmark belongs to its own database, and is known for 30 days (on the free plan 7)");
		}
		if (err != NULL)
			*err = why;
		return -1;
	}
	previous = json_get_str(result, "previous_bookmark");
	*ret_previous = is_bookmark(previous) ? mem_strdup(previous) : NULL;
	return 0;
}
