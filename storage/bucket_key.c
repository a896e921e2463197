#include "storage/bucket_key.h"

#include <string.h>

#define MAX_KEY_BYTES 1024
#define TEMPORARY ".tmp-"
#define TEMPORARY_DIGITS 6   /* what mkostemp makes of XXXXXX */

static bool is_alphanumeric(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool bucket_name_is_temporary(const char *name, size_t len)
{
	size_t mark = strlen(TEMPORARY);

	if (len < mark + TEMPORARY_DIGITS)
		return false;
	for (size_t i = len - TEMPORARY_DIGITS; i < len; i++) {
		if (!is_alphanumeric(name[i]))
			return false;
	}
	return memcmp(name + len - TEMPORARY_DIGITS - mark, TEMPORARY, mark) == 0;
}

static bool segment_ok(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_alphanumeric(s[i]) && strchr("-_.=@%+", s[i]) == NULL)
			return false;
	}
	return len > 0 && !(len == 1 && s[0] == '.') && !(len == 2 && s[0] == '.' && s[1] == '.');
}

bool bucket_key_ok(const char *key)
{
	if (strlen(key) > MAX_KEY_BYTES)
		return false;
	for (;;) {
		size_t len = strcspn(key, "/");

		if (!segment_ok(key, len))
			return false;
		if (key[len] == '\0')
			return !bucket_name_is_temporary(key, len);
		key += len + 1;
	}
}

/* "a/b/" and "a/b" begin "a/b/-" and "a/b-". A letter in its place could make a
 * temporary name of a good beginning. */
bool bucket_prefix_ok(const char *prefix)
{
	char key[MAX_KEY_BYTES + 2];
	size_t len = strlen(prefix);

	if (len >= MAX_KEY_BYTES)
		return false;
	memcpy(key, prefix, len);
	memcpy(key + len, "-", 2);
	return bucket_key_ok(key);
}
