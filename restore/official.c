#include "restore/official.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "restore/replay.h"
#include "storage/manifest.h"

#define PIECE_BYTES (256u << 10)
/* A row of D1 is at most some 8 MiB, and a byte of a blob two of a statement. */
#define STATEMENT_BYTES CHUNK_MAX_BYTES
#define TRIGGERS_BYTES CHUNK_MAX_BYTES

struct load {
	struct replay *replay;
	struct buf pending;      /* read, and not run yet */
	size_t start;            /* what is before it has been run */
	size_t from;             /* behind `start`: no end of a statement before it */
	struct buf triggers;
};

static int run(struct load *l, const char *statement, size_t len, struct err *err)
{
	static const char trigger[] = "CREATE TRIGGER ";
	AUTO_BUF sql = BUF_INIT(2 * STATEMENT_BYTES);

	if (len >= strlen(trigger) && memcmp(statement, trigger, strlen(trigger)) == 0)
		return official_mend(&l->triggers, statement, len, err);
	if (official_mend(&sql, statement, len, err) != 0)
		return -1;
	return replay_apply(l->replay, &sql, err);
}

/* Every statement that is whole. */
static int run_pending(struct load *l, bool last, struct err *err)
{
	size_t len;

	while ((len = official_statement(buf_str(&l->pending) + l->start,
	    l->pending.len - l->start, last, &l->from)) > 0) {
		if (run(l, buf_str(&l->pending) + l->start, len, err) != 0)
			return -1;
		l->start += len;
	}
	if (l->start > 0) {
		l->pending.len -= l->start;
		memmove(l->pending.data, l->pending.data + l->start, l->pending.len);
		l->start = 0;
	}
	if (last && l->pending.len > 0)
		return err_set(err, ERR_CORRUPT, "its last statement is cut off");
	return 0;
}

/* 1 when there was a piece, 0 at the end. */
static int read_piece(struct load *l, int fd, const char *path, struct err *err)
{
	char *room = buf_reserve(&l->pending, PIECE_BYTES, err);
	ssize_t n;

	if (room == NULL)
		return err_set(err, ERR_CORRUPT, "a statement of it is longer than any row can be");
	do
		n = read(fd, room, PIECE_BYTES);
	while (n < 0 && errno == EINTR && !stop_requested());
	if (n < 0)
		return err_sys(err, errno, "cannot read \"%s\"", path);
	buf_commit(&l->pending, (size_t)n);
	return n > 0;
}

static int run_all(struct load *l, int fd, const char *path, struct err *err)
{
	int more = 1;

	while (more == 1) {
		if (stop_check(err) != 0)
			return -1;
		more = read_piece(l, fd, path, err);
		if (more >= 0 && run_pending(l, more == 0, err) != 0)
			return -1;
	}
	return more == 0 ? replay_apply(l->replay, &l->triggers, err) : -1;
}

/* The export empties and fills the table that only an AUTOINCREMENT makes. */
static int make_sequence(struct replay *replay, struct err *err)
{
	return replay_run_own(replay, "CREATE TABLE \"_d1keep_sequence\"(id INTEGER PRIMARY KEY AUTOINCREMENT);"
	    "DROP TABLE \"_d1keep_sequence\"", err);
}

static int load(struct load *l, int fd, const char *from, bool has_sequence, struct err *err)
{
	if (has_sequence && make_sequence(l->replay, err) != 0)
		return -1;
	if (run_all(l, fd, from, err) != 0)
		return err_wrap(err, "Cloudflare's export cannot be read back");
	return replay_commit(l->replay, NULL, err);
}

int official_load(const char *from, const char *to, bool has_sequence, struct err *err)
{
	struct load l = {
		.pending = BUF_INIT(STATEMENT_BYTES), .triggers = BUF_INIT(TRIGGERS_BYTES),
	};
	int fd = open(from, O_RDONLY | O_CLOEXEC), rc = -1;

	if (fd < 0)
		return err_sys(err, errno, "cannot open \"%s\"", from);
	l.replay = replay_open(&(struct replay_options){ .path = to }, err);
	if (l.replay != NULL)
		rc = load(&l, fd, from, has_sequence, err);
	replay_free(l.replay);
	buf_release(&l.pending);
	buf_release(&l.triggers);
	(void)close(fd);
	return rc;
}
