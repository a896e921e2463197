/*
 * An answer of the D1 API: "SSSN…", HTTP status SSS, N statements asked for, then
 * the body. It goes the whole way through net/d1_api.c and db/db_d1.c; only
 * http_do is not the real one: it hands out these bytes.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "db/db.h"
#include "net/d1_api.h"
#include "net/d1_errors.h"
#include "net/http.h"
#include "tests/fuzz/fuzz.h"

static struct {
	int status;
	const char *body;
	size_t len;
} answer;

static void check_error(const struct err *err)
{
	REQUIRE(err->code != ERR_NONE && err->msg[0] != '\0');
	for (const char *p = err->msg; *p != '\0'; p++)
		REQUIRE(*p >= 0x20 && *p < 0x7f);
}

/* As the real one does it: a judge sees the answer, and its last is handed over. */
int http_do(struct http *http, struct http_request *request, struct http_response *ret,
    struct err *err)
{
	(void)http;
	*ret = (struct http_response){ .status = answer.status, .content_length = -1,
		.retry_after_ms = -1, .tries = 1 };
	buf_init(&ret->body, FUZZ_MAX_BYTES);
	REQUIRE(request->sign == NULL || request->sign(request->sign_ctx, request, err) == 0);
	REQUIRE(buf_add(&ret->body, answer.body, answer.len, err) == 0);
	(void)request->judge(request->judge_ctx, ret);
	return 0;
}

void http_response_release(struct http_response *response)
{
	buf_release(&response->body);
}

static bool good_status(void)
{
	return answer.status >= 200 && answer.status < 300;
}

static void check_raw(struct d1_api *api, const char *const *sql, size_t count)
{
	struct err err = ERR_INIT;
	struct d1_raw raw = { .result = NULL };

	if (d1_api_raw(api, "db", sql, count, FUZZ_MAX_BYTES, &raw, &err) != 0) {
		check_error(&err);
		REQUIRE(raw.result == NULL);
		return;
	}
	REQUIRE(good_status() && json_object_array_length(raw.result) == count);
	for (size_t i = 0; i < count; i++) {
		struct json_object *results = json_get(json_object_array_get_idx(raw.result, i), "results",
		    json_type_object);
		struct json_object *rows = json_get(results, "rows", json_type_array);

		REQUIRE(rows != NULL);
		REQUIRE(raw.cut.count == 0 || json_object_array_length(rows) == 0);
		for (size_t j = 0; j < json_object_array_length(rows); j++)
			REQUIRE(json_object_is_type(json_object_array_get_idx(rows, j), json_type_array));
	}
	d1_raw_release(&raw);
}

/* What is cut out and decoded is what json-c makes of the whole. */
static void check_cut(void)
{
	AUTO_BUF text = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF rest = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_JSON whole = json_read(answer.body, answer.len, NULL);
	struct json_object *result = json_get(whole, "result", json_type_array);
	struct d1_cut cut;

	REQUIRE(buf_add(&text, answer.body, answer.len, NULL) == 0);
	if (!d1_rows_find(&cut, buf_str(&text), text.len, &rest))
		return;
	REQUIRE(whole != NULL);
	d1_rows_decode(&cut, text.data);
	for (size_t i = 0; i < cut.count && result != NULL && cut.count == json_object_array_length(result); i++) {
		struct json_object *rows = json_get(json_get(json_object_array_get_idx(result, i), "results",
		    json_type_object), "rows", json_type_array);
		size_t n = cut.sets[i].count, columns = cut.sets[i].columns;

		if (rows == NULL || json_object_array_length(rows) != n)
			continue;   /* a name twice: net/d1_api.c finds out */
		for (size_t j = 0; j < n * columns; j++) {
			struct json_object *value = json_object_array_get_idx(
			    json_object_array_get_idx(rows, j / columns), j % columns);
			struct d1_cell cell = cut.sets[i].cells[j];

			REQUIRE((value == NULL) == (cell.text == NULL));
			if (json_object_is_type(value, json_type_string))
				REQUIRE(cell.len == (size_t)json_object_get_string_len(value) &&
				    memcmp(cell.text, json_object_get_string(value), cell.len) == 0);
		}
	}
	d1_cut_release(&cut);
}

static void check_query(struct d1_api *api, const char *const *sql, size_t count)
{
	struct db *db = db_d1_new(api, "db");
	AUTO_ANSWER ret = { 0 };
	struct err err = ERR_INIT;

	/* Costs add up over the calls of a backup. */
	for (int call = 0; call < 2; call++) {
		db_answer_release(&ret);
		if (db_query(db, sql, count, &ret, &err) != 0) {
			check_error(&err);
			break;
		}
		REQUIRE(ret.count == count);
		REQUIRE(db->cost.rows_read >= 0 && ret.size_bytes >= 0);
		for (size_t i = 0; i < count; i++) {
			for (size_t j = 0; j < ret.rows[i].count * ret.rows[i].columns; j++) {
				struct db_cell cell = ret.rows[i].cells[j];
				int64_t number;

				REQUIRE(cell.text == NULL || cell.text[cell.len] == '\0');
				(void)db_cell_int(cell, &number);
			}
		}
	}
	db_free(db);
}

/* A call that answers with one text: success comes with it, failure with a reason. */
static void check_call(int rc, char **text, const struct err *err)
{
	if (rc == 0)
		REQUIRE(good_status());
	else
		check_error(err);
	REQUIRE(rc == 0 || *text == NULL);
	free(*text);
}

static void check_small_calls(struct d1_api *api)
{
	struct err errs[4] = { ERR_INIT, ERR_INIT, ERR_INIT, ERR_INIT };
	char *texts[4] = { NULL };
	int64_t bytes;

	check_call(d1_api_bookmark(api, "db", &texts[0], &errs[0]), &texts[0], &errs[0]);
	check_call(d1_api_database(api, "db", &texts[1], &bytes, &errs[1]), &texts[1], &errs[1]);
	check_call(d1_api_create(api, "n", NULL, NULL, &texts[2], &errs[2]), &texts[2], &errs[2]);
	check_call(d1_api_restore(api, "db", "0", &texts[3], &errs[3]), &texts[3], &errs[3]);
}

static void check_classify(void)
{
	char line[D1_TEXT_SIZE];
	struct d1_verdict verdict;

	d1_printable(answer.body, answer.len, line);
	REQUIRE(strnlen(line, sizeof(line)) < sizeof(line));
	verdict = d1_classify(answer.status, (int64_t)answer.len, line);
	REQUIRE(verdict.code != ERR_NONE && (!verdict.transient || verdict.code == ERR_AGAIN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const sql[] = { "SELECT 1", "SELECT 2", "SELECT 3" };
	struct secret token = { 0 };
	struct d1_api *api;
	size_t count;

	if (size < 4 || !isdigit(data[0]) || !isdigit(data[1]) || !isdigit(data[2]))
		return 0;
	answer.status = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
	answer.body = (const char *)data + 4;
	answer.len = size - 4;
	count = data[3] % 3 + 1;
	secret_set(&token, "token", 5);
	api = d1_api_new(NULL, NULL, "account", &token);
	check_cut();
	check_raw(api, sql, count);
	check_query(api, sql, count);
	check_small_calls(api);
	check_classify();
	d1_api_free(api);
	secret_release(&token);
	return 0;
}
