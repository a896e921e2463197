/*
 * What a child of d1keepd writes on its pipe (daemon/lines.h, daemon/event.h).
 * The first byte says in pieces of which size it arrives: the lines are the same.
 */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "daemon/event.h"
#include "daemon/lines.h"
#include "tests/fuzz/fuzz.h"

#define LINE_MAX_BYTES 512

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	REQUIRE(len < size && utf8_valid(text, len));
}

static void add_line(void *ctx, const char *line, size_t len, bool cut)
{
	struct event_sum *sum = ctx, before = *sum;
	struct err err = ERR_INIT;

	REQUIRE(len <= LINE_MAX_BYTES && (!cut || len == LINE_MAX_BYTES) && line[len] == '\0');
	REQUIRE(memchr(line, '\n', len) == NULL);
	if (event_add(sum, line, len, &err) != 0) {
		REQUIRE(err.code == ERR_CORRUPT && memcmp(sum, &before, sizeof(before)) == 0);
		return;
	}
	check_text(sum->snapshot, sizeof(sum->snapshot));
	check_text(sum->code, sizeof(sum->code));
	REQUIRE(sum->rows >= 0 && sum->sql_bytes >= 0 && sum->stored_bytes >= 0 &&
	    sum->new_bytes >= 0 && sum->freed_bytes >= 0 && sum->requests >= 0 &&
	    sum->retries >= 0 && sum->rows_read >= 0 && sum->took_ms >= 0);
	check_text(sum->message, sizeof(sum->message));
	check_text(sum->hint, sizeof(sum->hint));
}

static struct event_sum read_pieces(const char *data, size_t len, size_t piece)
{
	struct event_sum sum;
	struct lines lines;

	memset(&sum, 0, sizeof(sum));
	lines_init(&lines, LINE_MAX_BYTES, add_line, &sum);
	for (size_t at = 0; at < len; at += piece)
		lines_feed(&lines, data + at, len - at < piece ? len - at : piece);
	lines_finish(&lines);
	lines_release(&lines);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_sum whole, pieces;

	if (size < 2)
		return 0;
	whole = read_pieces((const char *)data + 1, size - 1, size - 1);
	pieces = read_pieces((const char *)data + 1, size - 1, data[0] % 16 + 1);
	REQUIRE(whole.done == pieces.done && whole.rows == pieces.rows &&
	    whole.taken == pieces.taken && whole.verified == pieces.verified &&
	    strcmp(whole.code, pieces.code) == 0);
	REQUIRE(strcmp(whole.snapshot, pieces.snapshot) == 0 &&
	    strcmp(whole.message, pieces.message) == 0 && strcmp(whole.hint, pieces.hint) == 0);
	return 0;
}
