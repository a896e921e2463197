#include "net/d1_export_check.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "net/d1_errors.h"

#define PIECE_BYTES 65536
#define TAIL_BYTES 4096

/* Up to `len` bytes from `offset` on. */
static int read_piece(int fd, int64_t offset, char *ret, size_t len, size_t *ret_len,
    struct err *err)
{
	*ret_len = 0;
	while (*ret_len < len) {
		ssize_t n = pread(fd, ret + *ret_len, len - *ret_len, (off_t)offset + (off_t)*ret_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "cannot read the export's file");
		if (n == 0)
			break;
		*ret_len += (size_t)n;
	}
	return 0;
}

static int first_line_bytes(int fd, int64_t *ret, struct err *err)
{
	char piece[PIECE_BYTES];
	size_t len;

	for (int64_t at = 0; ; at += (int64_t)len) {
		const char *end;

		if (read_piece(fd, at, piece, sizeof(piece), &len, err) != 0)
			return -1;
		end = len > 0 ? memchr(piece, '\n', len) : NULL;
		if (end != NULL || len == 0) {
			*ret = at + (end != NULL ? end - piece + 1 : 0);
			return 0;
		}
	}
}

/* The last line, where it starts a statement: after the ";" of the one before, or
 * as the only one (of a `whole` file). */
static const char *last_statement_line(const char *tail, size_t len, bool whole,
    size_t *ret_len)
{
	size_t end = len, start;

	while (end > 0 && tail[end - 1] == '\n')
		end--;
	for (start = end; start > 0 && tail[start - 1] != '\n'; start--)
		;
	*ret_len = end - start;
	if (start == 0)
		return whole ? tail : NULL;
	return start >= 2 && tail[start - 2] == ';' ? tail + start : NULL;
}

/* Whether the exporter writes a line end after its last statement is not told. */
static bool ends_with_statement(const char *tail, size_t len)
{
	while (len > 0 && strchr("\r\n \t", tail[len - 1]) != NULL && tail[len - 1] != '\0')
		len--;
	return len > 0 && tail[len - 1] == ';';
}

int d1_export_check(int fd, int64_t bytes, struct err *err)
{
	char tail[TAIL_BYTES], shown[D1_TEXT_SIZE];
	const char *line;
	size_t len, line_len;
	int64_t first;

	if (bytes == 0)
		return err_set(err, ERR_CORRUPT, "Cloudflare's export is an empty file");
	if (read_piece(fd, bytes > TAIL_BYTES ? bytes - TAIL_BYTES : 0, tail, sizeof(tail), &len, err) != 0)
		return -1;
	line = last_statement_line(tail, len, (int64_t)len == bytes, &line_len);
	if (line != NULL && line_len >= 5 && memcmp(line, "ERROR", 5) == 0) {
		d1_printable(line, line_len, shown);
		return err_set(err, ERR_CORRUPT, "Cloudflare's export ends with its own failure: %s", shown);
	}
	if (!ends_with_statement(tail, len))
		return err_set(err, ERR_CORRUPT, "Cloudflare's export is cut off: it does not end with a whole statement");
	if (first_line_bytes(fd, &first, err) != 0)
		return -1;
	if (first >= bytes)
		return err_set(err, ERR_CORRUPT, "Cloudflare's export has a single line, so no table");
	return 0;
}
