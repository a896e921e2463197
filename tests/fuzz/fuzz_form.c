/*
 * The body of POST /api/backup/create (control/form.h), and whatever name comes out of it
 * as a page shows it (control/html.h). The first byte says which Content-Type it came with.
 */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "control/form.h"
#include "control/html.h"
#include "tests/fuzz/fuzz.h"

static const char *const types[] = {
	NULL, "application/json", "application/x-www-form-urlencoded",
	"application/x-www-form-urlencoded; charset=utf-8",
};

/* Nothing in there opens a tag, ends an attribute, or is no text. */
static void check_shown(const char *text, void (*show)(struct buf *buf, const char *text))
{
	struct buf buf;

	buf_init(&buf, FUZZ_MAX_BYTES);
	show(&buf, text);
	REQUIRE(strpbrk(buf_str(&buf), "<>\"'") == NULL);
	REQUIRE(strlen(buf_str(&buf)) == buf.len && utf8_valid(buf_str(&buf), buf.len));
	buf_release(&buf);
}

static void check_text(const char *text)
{
	check_shown(text, html_text);
	check_shown(text, html_query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct form form = { .database = NULL };
	struct err err = ERR_INIT;

	if (size == 0)
		return 0;
	if (form_read(types[data[0] % 4], (const char *)data + 1, size - 1, &form, &err) != 0) {
		REQUIRE(err.code == ERR_USAGE && form.database == NULL && form.label == NULL);
		check_text(err.msg);
		return 0;
	}
	REQUIRE(form.database[0] != '\0' && utf8_valid(form.database, strlen(form.database)));
	REQUIRE(form.label == NULL || (form.label[0] != '\0' && form.label[0] != '-' &&
	    strlen(form.label) <= FORM_LABEL_MAX));
	check_text(form.database);
	form_release(&form);
	return 0;
}
