#include "control/form.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#define NAME_MAX_BYTES 255

void form_release(struct form *form)
{
	free(form->database);
	free(form->label);
	*form = (struct form){ .database = NULL };
}

/* ---- application/x-www-form-urlencoded */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* "%41" to 'A', '+' to a space; -1 when it is neither that nor a plain character. */
static int decode_one(const char *text, size_t len, size_t *at)
{
	char c = text[(*at)++];
	int high, low;

	if (c != '%')
		return c == '+' ? ' ' : (unsigned char)c;
	if (len - *at < 2)
		return -1;
	high = hex_digit(text[(*at)++]);
	low = hex_digit(text[(*at)++]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* A string of its own; NULL when it is not well-formed text without NUL. */
static char *decode(const char *text, size_t len)
{
	char *ret = mem_calloc(len + 1, 1);
	size_t used = 0, at = 0;

	while (at < len) {
		int c = decode_one(text, len, &at);

		if (c <= 0) {
			free(ret);
			return NULL;
		}
		ret[used++] = (char)c;
	}
	if (utf8_valid(ret, used))
		return ret;
	free(ret);
	return NULL;
}

/* Takes `value` over. */
static int set(struct form *form, const char *name, char *value, struct err *err)
{
	char **field = strcmp(name, "database") == 0 ? &form->database :
	    strcmp(name, "label") == 0 ? &form->label : NULL;

	if (field != NULL && *field == NULL) {
		*field = value;
		return 0;
	}
	free(value);
	if (field != NULL)
		return err_set(err, ERR_USAGE, "\"%s\" is given twice", name);
	(void)err_set(err, ERR_USAGE, "a field of another name than \"database\" and \"label\"");
	return -1;
}

static int read_pair(struct form *form, const char *pair, size_t len, struct err *err)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
	AUTO_STR name = decode(pair, name_len);
	char *value = equals != NULL ? decode(equals + 1, len - name_len - 1) : mem_strdup("");

	if (name == NULL || value == NULL) {
		free(value);
		return err_set(err, ERR_USAGE, "the body is no form");
	}
	return set(form, name, value, err);
}

static int read_pairs(struct form *form, const char *body, size_t len, struct err *err)
{
	size_t at = 0;

	while (at < len) {
		const char *end = memchr(body + at, '&', len - at);
		size_t pair = end != NULL ? (size_t)(end - body) - at : len - at;

		if (pair > 0 && read_pair(form, body + at, pair, err) != 0)
			return -1;
		at += pair + 1;
	}
	return 0;
}

/* ---- JSON */

static int read_json(struct form *form, const char *body, size_t len, struct err *err)
{
	AUTO_JSON o = json_read(body, len, err);

	if (o == NULL) {
		if (err != NULL)
			err->code = ERR_USAGE;
		return err_hint(err, "send {\"database\": \"production/auth\"}");
	}
	if (!json_object_is_type(o, json_type_object))
		return err_set(err, ERR_USAGE, "the body is no JSON object");
	json_object_object_foreach(o, key, value) {
		const char *text = json_get_str(o, key);

		if (value == NULL && strcmp(key, "label") == 0)
			continue;
		if (text == NULL)
			return err_set(err, ERR_USAGE, "a member that is no text");
		if (set(form, key, mem_strdup(text), err) != 0)
			return -1;
	}
	return 0;
}

/* ---- */

/* The characters of storage/names.h; the job itself looks again. */
static bool is_label(const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strlen(text);

	return len > 0 && len <= FORM_LABEL_MAX && strchr(plain, text[0]) != NULL &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

static int check(struct form *form, struct err *err)
{
	if (form->database == NULL || form->database[0] == '\0' ||
	    strlen(form->database) > NAME_MAX_BYTES) {
		(void)err_set(err, ERR_USAGE, "which database? \"database\" is missing");
		return err_hint(err, "send {\"database\": \"production/auth\"}");
	}
	/* An empty field of a form was not filled in. */
	if (form->label != NULL && form->label[0] == '\0') {
		free(form->label);
		form->label = NULL;
	}
	if (form->label == NULL || is_label(form->label))
		return 0;
	(void)err_set(err, ERR_USAGE, "that is no label");
	return err_hint(err, "letters, digits, '-', '_' and '.', at most %d, first a letter or digit",
	    FORM_LABEL_MAX);
}

/* `curl -d '{…}'` says that it sends a form: no form begins so. */
static bool is_form(const char *type, const char *body, size_t len)
{
	static const char form[] = "application/x-www-form-urlencoded";

	return (len == 0 || body[0] != '{') && type != NULL && strncasecmp(type, form, sizeof(form) - 1) == 0;
}

int form_read(const char *type, const char *body, size_t len, struct form *ret, struct err *err)
{
	struct form form = { .database = NULL };
	int rc = is_form(type, body, len) ? read_pairs(&form, body, len, err) :
	    read_json(&form, body, len, err);

	if (rc == 0)
		rc = check(&form, err);
	if (rc == 0)
		*ret = form;
	else
		form_release(&form);
	return rc;
}
