#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/hash.h"
#include "base/address.h"
#include "base/mem.h"
#include "config/path.h"
#include "schedule/zone.h"

#define NAME_MAX_LEN 64
#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static void *field(const struct option *option, void *base)
{
	return (char *)base + option->offset;
}

static void set_string(const struct option *option, void *base, char *value)
{
	char **string = field(option, base);

	free(*string);
	*string = value;
}

bool value_is_name(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= NAME_MAX_LEN && text[0] != '.' && text[0] != '-' &&
	    strspn(text, WORD_CHARACTERS "-_.") == len;
}

static int wrong(struct err *err, const char *text, const char *rule)
{
	return err_set(err, ERR_USAGE, "\"%.100s\" %s", text, rule);
}

static int set_number(const struct option *option, const char *text, void *base, struct err *err)
{
	unsigned *number = field(option, base);
	size_t len = strspn(text, "0123456789");
	unsigned long value = len > 0 && len < 10 ? strtoul(text, NULL, 10) : 0;

	if (len == 0 || text[len] != '\0')
		return wrong(err, text, "is not a whole number");
	if (len >= 10 || value < option->low || value > option->high)
		return err_set(err, ERR_USAGE, "%.20s is not between %u and %u", text, option->low,
		    option->high);
	*number = (unsigned)value;
	return 0;
}

static int not_a_choice(const struct option *option, const char *text, struct err *err)
{
	size_t used;

	(void)err_set(err, ERR_USAGE, "\"%.100s\" is not one of", text);
	for (int i = 0; option->choices[i] != NULL; i++) {
		used = strlen(err->msg);
		(void)snprintf(err->msg + used, sizeof(err->msg) - used, "%s \"%s\"",
		    i > 0 ? "," : "", option->choices[i]);
	}
	return -1;
}

static int set_choice(const struct option *option, const char *text, void *base, struct err *err)
{
	unsigned *choice = field(option, base);
	int index = option_choice(option, text);

	_Static_assert(sizeof(enum config_source) == sizeof(unsigned) &&
	    sizeof(enum config_bucket_type) == sizeof(unsigned) &&
	    sizeof(enum config_consistency) == sizeof(unsigned) &&
	    sizeof(enum config_fallback) == sizeof(unsigned) &&
	    sizeof(enum config_verify) == sizeof(unsigned) &&
	    sizeof(enum config_notify_type) == sizeof(unsigned) &&
	    sizeof(enum config_access) == sizeof(unsigned) &&
	    sizeof(enum config_log_format) == sizeof(unsigned), "choices are set as unsigned");
	if (index >= 0) {
		*choice = (unsigned)index;
		return 0;
	}
	return not_a_choice(option, text, err);
}

/* Words with blanks between: a bit for each. */
static int set_words(const struct option *option, const char *text, void *base, struct err *err)
{
	unsigned bits = 0, *field_bits = field(option, base);

	for (const char *word = text + strspn(text, " \t,"); *word != '\0'; ) {
		size_t len = strcspn(word, " \t,");
		AUTO_STR one = mem_strndup(word, len);
		int index = option_choice(option, one);

		if (index < 0)
			return not_a_choice(option, one, err);
		bits |= 1u << index;
		word += len;
		word += strspn(word, " \t,");
	}
	if (bits == 0)
		return err_set(err, ERR_USAGE, "names nothing");
	*field_bits = bits;
	return 0;
}

/* file:PATH with the path made absolute, env:NAME, credential:NAME. */
static int set_secret(const struct option *option, const char *text, const char *folder,
    void *base, struct err *err)
{
	const char *rest = strchr(text, ':') != NULL ? strchr(text, ':') + 1 : "";
	size_t word = strspn(rest, WORD_CHARACTERS "-_.");
	bool is_word = word > 0 && rest[word] == '\0';
	char *path;

	if (strncmp(text, "file:", 5) == 0) {
		path = path_resolve(folder, rest, err);
		if (path == NULL)
			return -1;
		set_string(option, base, mem_printf("file:%s", path));
		free(path);
		return 0;
	}
	if (strncmp(text, "env:", 4) == 0 || strncmp(text, "credential:", 11) == 0) {
		if (!is_word)
			return err_set(err, ERR_USAGE, "not the name of a secret after \"%.11s\"",
			    text[0] == 'e' ? "env:" : "credential:");
		set_string(option, base, mem_strdup(text));
		return 0;
	}
	(void)err_set(err, ERR_USAGE, "a secret may not stand in the configuration itself");
	return err_hint(err, "write file:PATH, env:NAME or credential:NAME");
}

bool value_is_local(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(host, names[i], len) == 0 && strchr(":/", host[len]) != NULL)
			return true;
	}
	return false;
}

static int set_url(const struct option *option, const char *text, void *base, struct err *err)
{
	bool tls = strncmp(text, "https://", 8) == 0;
	const char *host = text + (tls ? 8 : 7);
	size_t len = strlen(text);

	if (!tls && strncmp(text, "http://", 7) != 0)
		return wrong(err, text, "does not begin with https:// or http://");
	if (*host == '\0' || *host == '/' || strpbrk(text, " \t\r\n?#@\"<>\\") != NULL)
		return err_set(err, ERR_USAGE, "not an address of a server and a path");
	/* An endpoint's requests are signed; the API's carry the token itself. */
	if (!tls && (option->sections & IN(SECTION_ACCOUNT)) != 0 && !value_is_local(host))
		return wrong(err, text, "would send the token unencrypted");
	while (text[len - 1] == '/')
		len--;
	set_string(option, base, mem_strndup(text, len));
	return 0;
}

/* Such an address is a secret itself, often: it is never quoted. A path, a query,
 * whatever the other side wants. */
static int set_secret_url(const struct option *option, const char *text, const char *folder,
    void *base, struct err *err)
{
	bool tls = strncmp(text, "https://", 8) == 0;

	if (!tls && strncmp(text, "http://", 7) != 0) {
		if (set_secret(option, text, folder, base, err) == 0)
			return 0;
		(void)err_set(err, ERR_USAGE, "neither an address (https://…) nor the place of one");
		return err_hint(err, "write https://…, file:PATH, env:NAME or credential:NAME");
	}
	if (strlen(text) < (tls ? 9 : 8) || strpbrk(text, " \t\r\n\"<>\\") != NULL)
		return err_set(err, ERR_USAGE, "not an address");
	set_string(option, base, mem_strdup(text));
	return 0;
}

static int set_address(const struct option *option, const char *text, void *base, struct err *err)
{
	struct address address;

	if (address_parse(text, &address, err) != 0)
		return -1;
	set_string(option, base, mem_strdup(text));
	return 0;
}

static int set_hex32(const struct option *option, const char *text, void *base, struct err *err)
{
	if (strspn(text, "0123456789abcdefABCDEF") != 32 || text[32] != '\0')
		return wrong(err, text, "is not 32 hexadecimal digits");
	set_string(option, base, mem_strdup(text));
	return 0;
}

/* A number and a unit. No "m": it would be read as minutes or as months. */
static int set_span(const struct option *option, const char *text, void *base, struct err *err)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 6 || strchr("hdwy", text[len]) == NULL || text[len] == '\0' ||
	    text[len + 1] != '\0')
		return wrong(err, text, "is not a span such as 12h, 30d, 8w or 1y");
	set_string(option, base, mem_strdup(text));
	return 0;
}

static int set_zone(const struct option *option, const char *text, void *base, struct err *err)
{
	if (zone_check(text, err) != 0)
		return -1;
	set_string(option, base, mem_strdup(text));
	return 0;
}

static int set_schedule(const struct option *option, const char *text, struct config_policy *policy,
    struct err *err)
{
	if (text[0] != '\0' && cron_parse(text, &policy->cron, err) != 0)
		return -1;
	set_string(option, policy, text[0] != '\0' ? mem_strdup(text) : NULL);
	return 0;
}

static int set_blackout(const struct option *option, const char *text, struct config_policy *policy,
    struct err *err)
{
	if (blackout_parse(text, &policy->blackout_windows, err) != 0)
		return -1;
	set_string(option, policy, text[0] != '\0' ? mem_strdup(text) : NULL);
	return 0;
}

static int add_key(const char *text, const struct value_scope *scope, struct err *err)
{
	struct config *config = scope->config;
	unsigned char key[SHA256_BYTES];
	char *item;

	if (strncmp(text, "ed25519:", 8) == 0) {
		if (strlen(text) != 8 + 64 || !hex_decode(text + 8, 64, key))
			return wrong(err, text, "is not ed25519: and 64 hexadecimal digits");
		item = mem_strdup(text);
	} else {
		item = path_resolve(scope->folder, strncmp(text, "file:", 5) == 0 ? text + 5 : text, err);
		if (item == NULL)
			return -1;
	}
	config->trusted_keys = mem_realloc(config->trusted_keys, config->trusted_key_count + 1,
	    sizeof(char *));
	config->trusted_keys[config->trusted_key_count++] = item;
	return 0;
}

static int set_account(const struct option *option, const char *text, const struct config *config,
    void *base, struct err *err)
{
	const struct config_account **account = field(option, base);

	for (size_t i = 0; i < config->account_count; i++) {
		if (strcmp(config->accounts[i]->name, text) == 0) {
			*account = config->accounts[i];
			return 0;
		}
	}
	(void)wrong(err, text, "is not an account of this file");
	for (size_t i = 0; i < config->account_count; i++) {
		if (word_is_near(config->accounts[i]->name, text))
			(void)err_hint(err, "did you mean \"%s\"?", config->accounts[i]->name);
	}
	return -1;
}

static int set_bucket(const struct option *option, const char *text, const struct config *config,
    void *base, struct err *err)
{
	const struct config_bucket **bucket = field(option, base);

	for (size_t i = 0; i < config->bucket_count; i++) {
		if (strcmp(config->buckets[i]->name, text) == 0) {
			*bucket = config->buckets[i];
			return 0;
		}
	}
	(void)wrong(err, text, "is not a bucket of this file");
	for (size_t i = 0; i < config->bucket_count; i++) {
		if (word_is_near(config->buckets[i]->name, text))
			(void)err_hint(err, "did you mean \"%s\"?", config->buckets[i]->name);
	}
	return -1;
}

static int set_path(const struct option *option, const char *text, const char *folder, void *base,
    struct err *err)
{
	char *path = option->kind == OPTION_PREFIX ? path_prefix(text, err) :
	    path_resolve(folder, text, err);

	if (path == NULL)
		return -1;
	set_string(option, base, path);
	return 0;
}

/* What bind(2) takes; "" is none. */
static int set_socket(const struct option *option, const char *text, const char *folder,
    void *base, struct err *err)
{
	struct sockaddr_un address;

	if (text[0] == '\0') {
		set_string(option, base, NULL);
		return 0;
	}
	if (set_path(option, text, folder, base, err) != 0)
		return -1;
	if (strlen(*(char **)field(option, base)) < sizeof(address.sun_path))
		return 0;
	return err_set(err, ERR_USAGE, "a socket's path is at most %zu bytes long",
	    sizeof(address.sun_path) - 1);
}

static int set_text(const struct option *option, const char *text, void *base, struct err *err)
{
	if (text[0] == '\0')
		return err_set(err, ERR_USAGE, "is empty");
	if (option->kind == OPTION_NAME && strspn(text, WORD_CHARACTERS "-_.") != strlen(text))
		return wrong(err, text, "has more than letters, digits, \"-\", \"_\" and \".\"");
	set_string(option, base, mem_strdup(text));
	return 0;
}

static int set_by_kind(const struct option *o, const char *text, const struct value_scope *scope,
    void *base, struct err *err)
{
	switch (o->kind) {
	case OPTION_TEXT:
	case OPTION_NAME:
		return set_text(o, text, base, err);
	case OPTION_HEX32:
		return set_hex32(o, text, base, err);
	case OPTION_URL:
		return set_url(o, text, base, err);
	case OPTION_SECRET:
		return set_secret(o, text, scope->folder, base, err);
	case OPTION_SECRET_URL:
		return set_secret_url(o, text, scope->folder, base, err);
	case OPTION_ADDRESS:
		return set_address(o, text, base, err);
	case OPTION_SOCKET:
		return set_socket(o, text, scope->folder, base, err);
	case OPTION_PATH:
	case OPTION_PREFIX:
		return set_path(o, text, scope->folder, base, err);
	case OPTION_SPAN:
		return set_span(o, text, base, err);
	case OPTION_ZONE:
		return set_zone(o, text, base, err);
	case OPTION_SCHEDULE:
		return set_schedule(o, text, base, err);
	case OPTION_BLACKOUT:
		return set_blackout(o, text, base, err);
	case OPTION_KEYS:
		return add_key(text, scope, err);
	case OPTION_NUMBER:
		return set_number(o, text, base, err);
	case OPTION_CHOICE:
		return set_choice(o, text, base, err);
	case OPTION_WORDS:
		return set_words(o, text, base, err);
	case OPTION_ACCOUNT:
		return set_account(o, text, scope->config, base, err);
	case OPTION_BUCKET:
		return set_bucket(o, text, scope->config, base, err);
	}
	return 0;
}

int value_set(const struct option *option, const char *text, const struct value_scope *scope,
    void *base, struct err *err)
{
	if (set_by_kind(option, text, scope, base, err) == 0)
		return 0;
	/* These name their subject themselves. */
	return option->kind == OPTION_SCHEDULE || option->kind == OPTION_BLACKOUT ? -1 : err_wrap(err, "%s", option->name);
}

void value_release(enum section_kind section, bool inherited, void *base)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &option_table[i];

		if ((o->sections & IN(section)) != 0 && option_is_string(o) &&
		    option_is_inherited(o) == inherited)
			set_string(o, base, NULL);
	}
}
