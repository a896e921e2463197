#include "net/d1_errors.h"

#include <string.h>

#include "net/retry.h"

#define HINT_READ "the token needs the permission Account > D1 > Read: https://dash.cloudflare.com/profile/api-tokens"
#define HINT_IDS "check the account's id and the database's id: wrangler d1 list shows them"
#define HINT_NAME "choose another name, or look at what has it: wrangler d1 list"
#define HINT_ROOM "delete a database that is not needed: the account has as many as it may"
#define HINT_VIRTUAL "Cloudflare's own export refuses every database with a virtual table; d1keep's own backup reads them"
#define HINT_CANCELLED "one statement ran longer than D1 waits for a poll (15 s), or the network was away as long"
#define HINT_OVER "it has finished or was rolled back: the database itself tells which"
#define HINT_DAY "the free plan's limits are reset at 00:00 UTC; a paid plan has none"
#define HINT_EXPORT "someone is exporting this database, which blocks it meanwhile: try again when that is done"
#define HINT_IMPORT "someone is importing into this database, which blocks it meanwhile: try again when that is done"

/* How a failure passes: not by itself; in a moment; in a moment, and it was turned
 * away at the door, so that nothing was done. */
#define FINAL false, false
#define PASSING true, false
#define DOOR true, true

/* The first text that occurs in the message decides, so the special ones come
 * first. Those that are too big fail again when they are repeated as they are:
 * the caller asks for less. */
static const struct {
	const char *text;
	struct d1_verdict verdict;
} by_text[] = {
	{ "string or blob too big", { ERR_TOO_BIG, FINAL, NULL } },
	{ "statement too long", { ERR_TOO_BIG, FINAL, NULL } },
	{ "SQLITE_TOOBIG", { ERR_TOO_BIG, FINAL, NULL } },
	{ "exceeded its memory limit", { ERR_TOO_BIG, FINAL, NULL } },
	{ "SQLITE_NOMEM", { ERR_TOO_BIG, FINAL, NULL } },
	{ "exceeded its CPU time limit", { ERR_TOO_BIG, FINAL, NULL } },
	{ "storage operation exceeded timeout", { ERR_TOO_BIG, FINAL, NULL } },
	{ "free tier daily", { ERR_AGAIN, FINAL, HINT_DAY } },
	{ "with Virtual Tables", { ERR_FAILED, FINAL, HINT_VIRTUAL } },
	{ "Cancelled due to no poll", { ERR_AGAIN, FINAL, HINT_CANCELLED } },
	{ "Not currently import", { ERR_AGAIN, FINAL, HINT_OVER } },
	{ "long-running export", { ERR_AGAIN, DOOR, HINT_EXPORT } },
	{ "long-running import", { ERR_AGAIN, DOOR, HINT_IMPORT } },
	{ "D1 DB is overloaded", { ERR_AGAIN, DOOR, NULL } },
	{ "Network connection lost", { ERR_AGAIN, PASSING, NULL } },
	{ "caused object to be reset", { ERR_AGAIN, PASSING, NULL } },
	{ "reset because its code was updated", { ERR_AGAIN, PASSING, NULL } },
	{ "transient issue on remote node", { ERR_AGAIN, PASSING, NULL } },
	{ "D1_RESET_DO", { ERR_AGAIN, PASSING, NULL } },
	{ "internal error; reference", { ERR_AGAIN, PASSING, NULL } },
	{ "SQLITE_BUSY", { ERR_AGAIN, PASSING, NULL } },
};

static const struct {
	int64_t code;
	struct d1_verdict verdict;
} by_code[] = {
	{ 7404, { ERR_NOT_FOUND, FINAL, "list them with: wrangler d1 list" } },
	{ 7502, { ERR_EXISTS, FINAL, HINT_NAME } },   /* create: the name is taken */
	{ 7406, { ERR_REFUSED, FINAL, HINT_ROOM } },  /* create: too many databases */
	{ 7009, { ERR_AGAIN, PASSING, NULL } },       /* upstream service unavailable */
	{ 971, { ERR_AGAIN, DOOR, NULL } },           /* throttled */
	{ 10000, { ERR_DENIED, FINAL, HINT_READ } },  /* authentication error */
	{ 9106, { ERR_DENIED, FINAL, HINT_READ } },   /* no authentication header */
	{ 9109, { ERR_DENIED, FINAL, HINT_READ } },   /* invalid access token */
	{ 6003, { ERR_DENIED, FINAL, HINT_READ } },   /* invalid request headers */
	{ 7000, { ERR_FAILED, FINAL, HINT_IDS } },    /* no route for that URI */
	{ 7003, { ERR_FAILED, FINAL, HINT_IDS } },    /* could not route to … */
	{ 7400, { ERR_FAILED, FINAL, HINT_IDS } },    /* failed to decode id */
};

static bool text_verdict(const char *message, struct d1_verdict *ret)
{
	for (size_t i = 0; i < sizeof(by_text) / sizeof(by_text[0]); i++) {
		if (strcasestr(message, by_text[i].text) != NULL) {
			*ret = by_text[i].verdict;
			return true;
		}
	}
	return false;
}

static bool code_verdict(int64_t code, struct d1_verdict *ret)
{
	for (size_t i = 0; i < sizeof(by_code) / sizeof(by_code[0]); i++) {
		if (by_code[i].code == code) {
			*ret = by_code[i].verdict;
			return true;
		}
	}
	return false;
}

struct d1_verdict d1_classify(int status, int64_t code, const char *message)
{
	struct d1_verdict verdict;

	if (text_verdict(message, &verdict))
		return verdict;
	/* The API's own limit comes under the code of a wrong token, too. */
	if (status == 429)
		return (struct d1_verdict){ ERR_AGAIN, DOOR, NULL };
	if (code_verdict(code, &verdict))
		return verdict;
	if (status == 401 || status == 403)
		return (struct d1_verdict){ ERR_DENIED, FINAL, HINT_READ };
	if (status == 404)
		return (struct d1_verdict){ ERR_NOT_FOUND, FINAL, HINT_IDS };
	if (retry_status(status))
		return (struct d1_verdict){ ERR_AGAIN, PASSING, NULL };
	return (struct d1_verdict){ ERR_FAILED, FINAL, NULL };
}

void d1_printable(const char *text, size_t len, char ret[D1_TEXT_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < D1_TEXT_SIZE; i++) {
		bool plain = text[i] > 0x20 && text[i] < 0x7f;

		if (plain || (n > 0 && ret[n - 1] != ' '))
			ret[n++] = plain ? text[i] : ' ';
	}
	while (n > 0 && ret[n - 1] == ' ')
		n--;
	ret[n] = '\0';
}
