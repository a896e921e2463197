#include "schedule/tzfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define HEADER_BYTES 44
#define OFFSET_MAX 93600         /* RFC 8536 3.2: less than 26 hours */

struct tzfile {
	int64_t *changes;        /* ascending */
	uint8_t *types_after;    /* the number of the type that begins there */
	size_t change_count;
	struct tztype *types;
	size_t type_count;
	bool has_rule;           /* for what comes after the last change */
	struct tzrule rule;
};

/* One of the two blocks: first with times of four bytes, then with eight. */
struct block {
	const unsigned char *data;
	size_t time_bytes;
	size_t changes, types, chars, leaps, standards, universals;
};

static int64_t read_int(const unsigned char *p, size_t bytes)
{
	uint64_t value = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return (int64_t)value;
}

static size_t read_count(const unsigned char *header, size_t number)
{
	return (size_t)(read_int(header + 20 + 4 * number, 4) & 0xffffffff);
}

static size_t block_bytes(const struct block *b)
{
	return b->changes * (b->time_bytes + 1) + b->types * 6 + b->chars +
	    b->leaps * (b->time_bytes + 4) + b->standards + b->universals;
}

/* The header at `data` and the block after it, all within `len` bytes. */
static bool read_block(const unsigned char *data, size_t len, size_t time_bytes,
    struct block *ret)
{
	if (len < HEADER_BYTES || memcmp(data, "TZif", 4) != 0)
		return false;
	*ret = (struct block){
		.data = data + HEADER_BYTES, .time_bytes = time_bytes,
		.universals = read_count(data, 0), .standards = read_count(data, 1),
		.leaps = read_count(data, 2), .changes = read_count(data, 3),
		.types = read_count(data, 4), .chars = read_count(data, 5),
	};
	/* Each alone, so that their sum cannot overflow. */
	return ret->universals <= len && ret->standards <= len && ret->leaps <= len &&
	    ret->changes <= len && ret->types <= len && ret->chars <= len &&
	    block_bytes(ret) <= len - HEADER_BYTES;
}

static bool read_types(struct tzfile *file, const struct block *b)
{
	const unsigned char *p = b->data + b->changes * (b->time_bytes + 1);
	const char *chars = (const char *)p + b->types * 6;

	file->type_count = b->types;
	file->types = mem_calloc(b->types, sizeof(*file->types));
	for (size_t i = 0; i < b->types; i++, p += 6) {
		struct tztype *type = &file->types[i];
		size_t len = p[5] < b->chars ? strnlen(chars + p[5], b->chars - p[5]) : TZ_NAME_SIZE;

		type->offset_s = (int32_t)read_int(p, 4);
		type->is_dst = p[4] != 0;
		if (p[4] > 1 || type->offset_s >= OFFSET_MAX || type->offset_s <= -OFFSET_MAX ||
		    len >= TZ_NAME_SIZE || p[5] + len >= b->chars)
			return false;
		memcpy(type->name, chars + p[5], len);
	}
	return b->types > 0 && b->types <= 256;
}

static bool read_changes(struct tzfile *file, const struct block *b)
{
	const unsigned char *types = b->data + b->changes * b->time_bytes;

	file->change_count = b->changes;
	file->changes = mem_calloc(b->changes, sizeof(*file->changes));
	file->types_after = mem_calloc(b->changes, 1);
	for (size_t i = 0; i < b->changes; i++) {
		file->changes[i] = read_int(b->data + i * b->time_bytes, b->time_bytes);
		file->types_after[i] = types[i];
		if (types[i] >= b->types || (i > 0 && file->changes[i] <= file->changes[i - 1]))
			return false;
	}
	return true;
}

/* "\nRULE\n", after the second block; none where the future is not known. */
static bool read_rule(struct tzfile *file, const unsigned char *p, size_t len)
{
	const unsigned char *end = len > 1 ? memchr(p + 1, '\n', len - 1) : NULL;
	AUTO_STR text = end != NULL ? mem_strndup((const char *)p + 1, (size_t)(end - p - 1)) : NULL;

	if (text == NULL || p[0] != '\n')
		return false;
	file->has_rule = text[0] != '\0';
	return !file->has_rule || tzrule_parse(text, &file->rule);
}

static bool read_file(struct tzfile *file, const unsigned char *data, size_t len,
    bool *ret_leaps)
{
	struct block b;
	size_t used;

	if (!read_block(data, len, 4, &b))
		return false;
	if (data[4] != '\0') {
		used = HEADER_BYTES + block_bytes(&b);
		if (!read_block(data + used, len - used, 8, &b))
			return false;
		used += HEADER_BYTES + block_bytes(&b);
		if (!read_rule(file, data + used, len - used))
			return false;
	}
	*ret_leaps = b.leaps > 0;
	return read_types(file, &b) && read_changes(file, &b);
}

struct tzfile *tzfile_new(const void *bytes, size_t len, struct err *err)
{
	struct tzfile *file = mem_calloc(1, sizeof(*file));
	bool leaps = false;

	if (len > TZFILE_MAX_BYTES || !read_file(file, bytes, len, &leaps))
		(void)err_set(err, ERR_CORRUPT, "not a file of the time zone database");
	else if (leaps)
		(void)err_set(err, ERR_CORRUPT, "counts leap seconds, as Unix time does not");
	else
		return file;
	tzfile_free(file);
	return NULL;
}

void tzfile_free(struct tzfile *file)
{
	if (file == NULL)
		return;
	free(file->changes);
	free(file->types_after);
	free(file->types);
	free(file);
}

const struct tztype *tzfile_at(const struct tzfile *file, int64_t at)
{
	size_t low = 0, high = file->change_count;

	/* Before all changes, type 0 (RFC 8536 3.2). */
	if (high == 0 || at < file->changes[0])
		return file->has_rule && high == 0 ? tzrule_at(&file->rule, at) : &file->types[0];
	if (at >= file->changes[high - 1] && file->has_rule)
		return tzrule_at(&file->rule, at);
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (file->changes[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return &file->types[file->types_after[low]];
}
