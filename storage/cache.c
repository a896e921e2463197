#include "storage/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

/* "<SHA-256 of what follows> <asked_at>\n", and the object. */
#define HEAD_SIZE (SHA256_HEX_SIZE + 21)
#define ASKED_AT_CHARS 20
/* Ages and the moments they come from are whole seconds, each cut off. */
#define ROUNDING_S 2

struct cache {
	char *folder;
	const struct clock *clock;
};

struct cache *cache_open(const char *folder, const struct clock *clock)
{
	struct cache *cache;

	if (dir_make(folder, 0700, NULL) != 0)
		return NULL;
	cache = mem_calloc(1, sizeof(*cache));
	cache->folder = mem_strdup(folder);
	cache->clock = clock;
	return cache;
}

void cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	free(cache->folder);
	free(cache);
}

int64_t cache_now(const struct cache *cache)
{
	return clock_now(cache->clock);
}

/* ---- one copy ---- */

static bool is_whole(const struct buf *text, int64_t bytes, int64_t *ret_asked_at)
{
	char hex[SHA256_HEX_SIZE];
	const char *rest = buf_str(text) + SHA256_HEX_SIZE;

	if (text->len != HEAD_SIZE + (size_t)bytes || rest[ASKED_AT_CHARS] != '\n')
		return false;
	sha256_hex(rest, text->len - SHA256_HEX_SIZE, hex);
	*ret_asked_at = strtoll(rest, NULL, 10);
	return memcmp(hex, buf_str(text), SHA256_HEX_SIZE - 1) == 0;
}

/* Whoever wrote the object after it was asked for made it younger than that. */
static bool still_holds(const struct cache *cache, int64_t asked_at, int64_t age_s)
{
	int64_t now = clock_now(cache->clock);

	return now >= asked_at && age_s >= now - asked_at + ROUNDING_S;
}

bool cache_get(const struct cache *cache, const char *name, int64_t bytes, int64_t age_s,
    struct buf *ret)
{
	AUTO_STR path = mem_printf("%s/%s", cache->folder, name);
	AUTO_BUF text = BUF_INIT(HEAD_SIZE + CACHE_OBJECT_MAX_BYTES);
	int64_t asked_at;

	if (bytes < 0 || bytes > CACHE_OBJECT_MAX_BYTES || age_s < 0 ||
	    buf_reserve(&text, HEAD_SIZE + (size_t)bytes, NULL) == NULL ||
	    file_read(path, &text, NULL) != 0)
		return false;
	return is_whole(&text, bytes, &asked_at) && still_holds(cache, asked_at, age_s) &&
	    buf_add(ret, text.data + HEAD_SIZE, (size_t)bytes, NULL) == 0;
}

/* Not synced: after a power cut it is whole by its hash, or made again. */
static void write_whole(const char *path, const struct buf *text)
{
	AUTO_STR tmp = mem_printf("%s.tmp-XXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	bool written;

	if (fd < 0)
		return;
	written = file_write_fd(fd, text->data, text->len, tmp, NULL) == 0;
	written = close(fd) == 0 && written;
	if (written && rename(tmp, path) == 0) {
		file_give_to_owner_of_folder(path);
		return;
	}
	(void)unlink(tmp);
}

void cache_put(const struct cache *cache, const char *name, int64_t asked_at,
    const void *data, size_t len)
{
	AUTO_STR path = mem_printf("%s/%s", cache->folder, name);
	AUTO_BUF text = BUF_INIT(HEAD_SIZE + CACHE_OBJECT_MAX_BYTES);
	char hex[SHA256_HEX_SIZE] = "";

	if (len > CACHE_OBJECT_MAX_BYTES ||
	    buf_addf(&text, NULL, "%*s%*" PRId64 "\n", SHA256_HEX_SIZE, "", ASKED_AT_CHARS, asked_at) != 0 ||
	    buf_add(&text, data, len, NULL) != 0)
		return;
	sha256_hex(text.data + SHA256_HEX_SIZE, text.len - SHA256_HEX_SIZE, hex);
	memcpy(text.data, hex, SHA256_HEX_SIZE - 1);
	write_whole(path, &text);
}

/* ---- all of them ---- */

void cache_trim(const struct cache *cache, bool (*keep)(void *ctx, const char *name), void *ctx)
{
	DIR *folder = opendir(cache->folder);
	struct dirent *entry;
	int64_t kept = 0;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		struct stat st;

		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		kept += st.st_size;
		if (kept <= CACHE_MAX_BYTES && keep(ctx, entry->d_name))
			continue;
		kept -= st.st_size;
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	}
	if (folder != NULL)
		(void)closedir(folder);
}
