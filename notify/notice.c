#include "notify/notice.h"

#include <string.h>

#include "base/json.h"

#define ID_MAX_LEN 64
#define SMALL "abcdefghijklmnopqrstuvwxyz-"

/* Both become headers and variables: so nothing but words. */
static int check_words(const struct notice *notice, struct err *err)
{
	size_t event = strlen(notice->event), id = strlen(notice->id);

	if (event == 0 || event > ID_MAX_LEN || strspn(notice->event, SMALL) != event)
		return err_set(err, ERR_CORRUPT, "a notice whose event is no word");
	if (id == 0 || id > ID_MAX_LEN ||
	    strspn(notice->id, SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != id)
		return err_set(err, ERR_CORRUPT, "a notice whose id is no word");
	return 0;
}

int notice_read(struct notice *ret, const char *text, size_t len, struct err *err)
{
	struct notice notice = { .text = text, .len = len };

	if (len > NOTICE_MAX_BYTES)
		return err_set(err, ERR_TOO_BIG, "a notice of more than %d bytes", NOTICE_MAX_BYTES);
	notice.document = json_read(text, len, err);
	if (notice.document == NULL ||
	    json_need_str(notice.document, "event", &notice.event, err) != 0 ||
	    json_need_str(notice.document, "id", &notice.id, err) != 0 ||
	    check_words(&notice, err) != 0) {
		json_free(&notice.document);
		return err_wrap(err, "notice");
	}
	notice.environment = json_get_str(notice.document, "environment");
	notice.database = json_get_str(notice.document, "database");
	notice.message = json_get_str(notice.document, "message");
	notice.hint = json_get_str(notice.document, "hint");
	*ret = notice;
	return 0;
}

void notice_release(struct notice *notice)
{
	json_free(&notice->document);
	*notice = (struct notice){ .text = NULL };
}
