#include "cli/daemon_link.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/secret.h"

#define ANSWER_MAX (4u << 20)
#define CONNECT_MS 5000
#define TIMEOUT_MS 30000

struct daemon_link {
	CURL *curl;
	const char *socket;      /* NULL: by TCP */
	char *base;              /* "http://127.0.0.1:8417" */
	char *where;             /* for messages */
	struct curl_slist *headers;
	struct buf answer;
};

/* ---- one request */

static size_t take(char *data, size_t size, size_t count, void *ctx)
{
	struct daemon_link *link = ctx;

	return buf_add(&link->answer, data, size * count, NULL) == 0 ? size * count : 0;
}

static enum err_code code_of(const char *name)
{
	static const struct { const char *name; enum err_code code; } codes[] = {
		{ "usage", ERR_USAGE }, { "not-found", ERR_USAGE }, { "again", ERR_AGAIN },
		{ "unauthorized", ERR_DENIED }, { "forbidden", ERR_DENIED }, { "corrupt", ERR_CORRUPT },
		{ "refused", ERR_REFUSED },
	};

	for (size_t i = 0; name != NULL && i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	}
	return ERR_FAILED;
}

/* {"error":{"code","message","hint"}} */
static int refuse(const struct daemon_link *link, struct json_object *answer, long status,
    struct err *err)
{
	struct json_object *error = json_get(answer, "error", json_type_object);
	const char *message = json_get_str(error, "message"), *hint = json_get_str(error, "hint");

	(void)err_set(err, code_of(json_get_str(error, "code")), "d1keepd at %s: %s", link->where,
	    message != NULL ? message : "it answers, but not as d1keepd does");
	if (message == NULL)
		(void)err_hint(err, "HTTP status %ld", status);
	return hint != NULL ? err_hint(err, "%s", hint) : -1;
}

static int perform(struct daemon_link *link, struct err *err)
{
	CURLcode code = curl_easy_perform(link->curl);

	if (code == CURLE_OK)
		return 0;
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR) {
		(void)err_set(err, ERR_NOT_FOUND, "no d1keepd answers at %s", link->where);
		return err_hint(err, "is it running? d1keep status tells; or back up without --via-daemon");
	}
	return err_set(err, ERR_AGAIN, "d1keepd at %s: %s", link->where, curl_easy_strerror(code));
}

struct json_object *daemon_link_ask(struct daemon_link *link, const char *path,
    struct json_object *body, struct err *err)
{
	AUTO_STR url = mem_printf("%s%s", link->base, path);
	struct json_object *answer;
	long status = 0;

	buf_reset(&link->answer);
	(void)curl_easy_setopt(link->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(link->curl, CURLOPT_HTTPGET, 1L);
	if (body != NULL)
		(void)curl_easy_setopt(link->curl, CURLOPT_COPYPOSTFIELDS,
		    json_object_to_json_string_ext(body, JSON_C_TO_STRING_NOSLASHESCAPE));
	if (perform(link, err) != 0)
		return NULL;
	(void)curl_easy_getinfo(link->curl, CURLINFO_RESPONSE_CODE, &status);
	answer = json_read(buf_str(&link->answer), link->answer.len, NULL);
	if (answer != NULL && status >= 200 && status < 300)
		return answer;
	(void)refuse(link, answer, status, err);
	json_free(&answer);
	return NULL;
}

/* ---- beginning and end */

static void add_token(struct daemon_link *link, const struct secret *token)
{
	char *header = mem_printf("Authorization: Bearer %s", token->bytes);
	struct secret wiped = { .bytes = header, .len = strlen(header) };

	link->headers = curl_slist_append(link->headers, header);
	secret_release(&wiped);
}

/* The one that may do all, or else the one that may look. */
static int load_token(struct daemon_link *link, const struct config *config, struct err *err)
{
	struct secret token = { 0 };
	const char *place = config->control_token != NULL ? config->control_token :
	    config->control_read_token;

	if (place == NULL)
		return 0;
	if (secret_load(&token, place, err) != 0)
		return err_wrap(err, "control_token");
	add_token(link, &token);
	secret_release(&token);
	return 0;
}

static void set_up(struct daemon_link *link)
{
	CURL *curl = link->curl;

	if (link->socket != NULL)
		(void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, link->socket);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, link);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, link->headers);
}

/* Port 0 was the kernel's choice: nobody but the daemon knows it. */
static bool has_address(const struct config *config)
{
	const char *port = config->listen != NULL ? strrchr(config->listen, ':') : NULL;

	return port != NULL && strcmp(port, ":0") != 0;
}

struct daemon_link *daemon_link_open(const struct config *config, struct err *err)
{
	struct daemon_link *link;
	bool by_socket = config->control_socket != NULL && config->control_socket[0] != '\0' &&
	    (access(config->control_socket, F_OK) == 0 || !has_address(config));

	if (!by_socket && !has_address(config)) {
		(void)err_set(err, ERR_NOT_FOUND, "d1keepd cannot be reached: the configuration has neither control_socket nor listen");
		return NULL;
	}
	link = mem_calloc(1, sizeof(*link));
	buf_init(&link->answer, ANSWER_MAX);
	link->socket = by_socket ? config->control_socket : NULL;
	link->where = mem_printf("\"%s\"", by_socket ? config->control_socket : config->listen);
	link->base = by_socket ? mem_strdup("http://localhost") : mem_printf("http://%s", config->listen);
	link->headers = curl_slist_append(NULL, "Content-Type: application/json");
	link->curl = curl_easy_init();
	if (!by_socket && load_token(link, config, err) != 0) {
		daemon_link_close(link);
		return NULL;
	}
	set_up(link);
	return link;
}

void daemon_link_close(struct daemon_link *link)
{
	if (link == NULL)
		return;
	curl_easy_cleanup(link->curl);
	/* The token may stand in there. */
	for (struct curl_slist *item = link->headers; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(link->headers);
	buf_release(&link->answer);
	free(link->base);
	free(link->where);
	free(link);
}
