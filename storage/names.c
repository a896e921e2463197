#include "storage/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "storage/bucket_key.h"

#define SEGMENT_MAX_BYTES 120
#define CHUNK_HASH_DIGITS 32
#define DAMAGED_TAIL ".damaged"

char *names_folder(const char *prefix, const char *environment, const char *database)
{
	bool bare = prefix == NULL || prefix[0] == '\0';

	return mem_printf("%s%s%s/%s/", bare ? "" : prefix, bare ? "" : "/",
	    environment, database);
}

char *names_chunk(const char *table, const char *sql_sha256)
{
	AUTO_STR segment = names_segment(table);

	return mem_printf("data/%s/%.*s.sql.gz", segment, CHUNK_HASH_DIGITS, sql_sha256);
}

char *names_manifest(const char *id)
{
	return mem_printf("snapshots/%s.json", id);
}

char *names_signature(const char *id)
{
	return mem_printf("snapshots/%s.json.sig", id);
}

char *names_verdict(const char *id)
{
	return mem_printf("snapshots/%s.verified.json", id);
}

char *names_pin(const char *id)
{
	return mem_printf("snapshots/%s.pinned.json", id);
}

char *names_label(const char *label)
{
	return mem_printf("labels/%s", label);
}

static bool plain(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || c == '_' || c == '-' || c == '.');
}

char *names_segment(const char *name)
{
	size_t len = strlen(name), used = 0;
	char *segment = mem_calloc(3 * len + 4, 1);
	char hash[SHA256_HEX_SIZE];

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (plain(c) && !(c == '.' && i == 0))
			segment[used++] = (char)c;
		else
			used += (size_t)snprintf(segment + used, 4, "%%%02X", c);
	}
	if (len == 0)
		segment[0] = '%';
	if (used <= SEGMENT_MAX_BYTES)
		return segment;
	sha256_hex(name, len, hash);
	(void)snprintf(segment + SEGMENT_MAX_BYTES - 17, 18, "+%.16s", hash);
	return segment;
}

static bool is_segment(const char *s, size_t len)
{
	if (len == 0 || len > SEGMENT_MAX_BYTES || s[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!plain((unsigned char)s[i]) && s[i] != '%' && s[i] != '+')
			return false;
	}
	return true;
}

bool names_is_chunk(const char *key)
{
	const char *slash;

	if (strncmp(key, "data/", 5) != 0)
		return false;
	key += 5;
	slash = strchr(key, '/');
	if (slash == NULL || !is_segment(key, (size_t)(slash - key)))
		return false;
	return strspn(slash + 1, "0123456789abcdef") == CHUNK_HASH_DIGITS &&
	    strcmp(slash + 1 + CHUNK_HASH_DIGITS, ".sql.gz") == 0;
}

bool names_is_id(const char *id)
{
	int64_t at;

	return strlen(id) == 16 && stamp_parse(id, &at);
}

bool names_id_of_manifest(const char *file, char ret[20])
{
	if (strlen(file) != 21 || strcmp(file + 16, ".json") != 0)
		return false;
	(void)snprintf(ret, 20, "%.16s", file);
	return names_is_id(ret);
}

static enum names_kind kind_beside_manifest(const char *file, char ret_id[20])
{
	static const struct {
		const char *tail;
		enum names_kind kind;
	} tails[] = {
		{ ".json", NAMES_MANIFEST }, { ".json.sig", NAMES_SIGNATURE },
		{ ".verified.json", NAMES_VERDICT }, { ".pinned.json", NAMES_PIN },
	};

	(void)snprintf(ret_id, 20, "%.16s", file);
	if (!names_is_id(ret_id))
		return NAMES_FOREIGN;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		if (strcmp(file + 16, tails[i].tail) == 0)
			return tails[i].kind;
	}
	return NAMES_FOREIGN;
}

char *names_damaged(const char *chunk_key)
{
	return mem_printf("%s" DAMAGED_TAIL, chunk_key);
}

char *names_chunk_of_mark(const char *key)
{
	size_t len = strlen(key), tail = strlen(DAMAGED_TAIL);
	char *chunk;

	if (len <= tail || strcmp(key + len - tail, DAMAGED_TAIL) != 0)
		return NULL;
	chunk = mem_strndup(key, len - tail);
	if (names_is_chunk(chunk))
		return chunk;
	free(chunk);
	return NULL;
}

static bool is_damaged_mark(const char *key)
{
	AUTO_STR chunk = names_chunk_of_mark(key);

	return chunk != NULL;
}

enum names_kind names_kind_of(const char *key, char ret_id[20])
{
	ret_id[0] = '\0';
	if (strncmp(key, "snapshots/", 10) == 0)
		return kind_beside_manifest(key + 10, ret_id);
	if (strncmp(key, "labels/", 7) == 0)
		return names_check_label(key + 7, NULL) == 0 ? NAMES_LABEL : NAMES_FOREIGN;
	if (strcmp(key, "lease.json") == 0)
		return NAMES_LEASE;
	if (names_is_chunk(key))
		return NAMES_CHUNK;
	return is_damaged_mark(key) ? NAMES_DAMAGED_MARK : NAMES_FOREIGN;
}

int names_check_label(const char *label, struct err *err)
{
	int64_t at;

	if (label[0] == '\0' || strlen(label) > 64)
		return err_set(err, ERR_USAGE, "a label has 1 to 64 characters");
	if (!isalnum((unsigned char)label[0]))
		return err_set(err, ERR_USAGE, "label \"%s\" does not begin with a letter or a digit", label);
	for (const char *p = label; *p != '\0'; p++) {
		if (!plain((unsigned char)*p))
			return err_set(err, ERR_USAGE, "label \"%s\": only letters, digits, '-', '_' and '.' are allowed", label);
	}
	if (bucket_name_is_temporary(label, strlen(label)))
		return err_set(err, ERR_USAGE, "label \"%s\" ends like a file that is being written", label);
	if (strcmp(label, "latest") == 0 || stamp_parse(label, &at))
		return err_set(err, ERR_USAGE, "\"%s\" cannot be a label: it already means a snapshot", label);
	return 0;
}

static int bad_ref(const char *text, struct err *err)
{
	(void)err_set(err, ERR_USAGE, "\"%s\" does not name a database or a snapshot", text);
	return err_hint(err, "write ENVIRONMENT, ENVIRONMENT/DATABASE or ENVIRONMENT/DATABASE@WHICH, as in production/auth@latest");
}

int names_parse(const char *text, struct names_ref *ret, struct err *err)
{
	const char *at = strchr(text, '@');
	size_t len = at != NULL ? (size_t)(at - text) : strlen(text);
	const char *slash = memchr(text, '/', len);
	size_t env_len = slash != NULL ? (size_t)(slash - text) : len;

	if (env_len == 0 || (slash != NULL && slash + 1 == text + len) ||
	    (at != NULL && (slash == NULL || at[1] == '\0')))
		return bad_ref(text, err);
	ret->environment = mem_strndup(text, env_len);
	ret->database = slash != NULL ?
	    mem_strndup(slash + 1, len - env_len - 1) : NULL;
	ret->which = at != NULL ? mem_strdup(at + 1) : NULL;
	return 0;
}

void names_ref_release(struct names_ref *ref)
{
	free(ref->environment);
	free(ref->database);
	free(ref->which);
	*ref = (struct names_ref){ 0 };
}
