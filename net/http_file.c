#include "net/http_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool http_file_begin(struct http_file_io *io)
{
	if (io->sink == NULL)
		return true;
	io->sink->bytes = 0;
	if (ftruncate(io->sink->fd, 0) == 0)
		return true;
	io->sys = errno;
	io->writing = true;
	return false;
}

bool http_file_write(struct http_file_io *io, const char *data, size_t len)
{
	struct http_sink *sink = io->sink;

	if ((int64_t)len > sink->max_bytes - sink->bytes) {
		io->too_big = true;
		return false;
	}
	while (len > 0) {
		ssize_t n = pwrite(sink->fd, data, len, (off_t)sink->bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			io->sys = errno;
			io->writing = true;
			return false;
		}
		data += n;
		len -= (size_t)n;
		sink->bytes += n;
	}
	return true;
}

size_t http_file_read(char *data, size_t size, size_t count, void *ctx)
{
	struct http_file_io *io = ctx;
	int64_t left = io->source->bytes - io->sent;
	size_t len = size * count;
	ssize_t n;

	if ((int64_t)len > left)
		len = (size_t)left;
	do
		n = pread(io->source->fd, data, len, (off_t)io->sent);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		io->sys = errno;
	/* Less than was announced: libcurl would wait for the rest for ever. */
	io->shrunk = n == 0 && left > 0;
	if (n < 0 || io->shrunk)
		return CURL_READFUNC_ABORT;
	io->sent += n;
	return (size_t)n;
}

int http_file_seek(void *ctx, curl_off_t offset, int origin)
{
	struct http_file_io *io = ctx;

	if (io->source == NULL || origin != SEEK_SET || offset < 0 || offset > io->source->bytes)
		return CURL_SEEKFUNC_FAIL;
	io->sent = offset;
	return CURL_SEEKFUNC_OK;
}

void http_file_failure(const struct http_file_io *io, struct try_outcome *ret)
{
	ret->result = TRY_FILE;
	if (io->shrunk)
		(void)snprintf(ret->what, sizeof(ret->what), "the file became shorter while it was sent");
	else
		(void)snprintf(ret->what, sizeof(ret->what), "%s: %s", io->writing ?
		    "cannot write the answer to its file" : "cannot read the file that is to be sent",
		    strerror(io->sys));
}
