#include "control/page.h"

#include <microhttpd.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "control/html.h"
#include "control/refuse.h"
#include "control/request.h"

#define PAGE_MAX 65536

/* A disk on a shelf. */
#define ICON "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E" \
	"%3Crect width='16' height='16' rx='4' fill='%230b6b5d'/%3E" \
	"%3Cpath d='M4 5h8M4 8h8M4 11h5' stroke='%23fff' stroke-width='1.6' stroke-linecap='round'/%3E%3C/svg%3E"

char *page_csp(void)
{
	unsigned char sha[SHA256_BYTES], base64[64];

	sha256(style_css, strlen(style_css), sha);
	(void)EVP_EncodeBlock(base64, sha, sizeof(sha));
	return mem_printf("default-src 'none'; style-src 'sha256-%s'; img-src data:; "
	    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'", base64);
}

void page_begin(struct buf *buf, const char *title, bool overview, unsigned refresh_s)
{
	html_put(buf, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n");
	if (refresh_s > 0)
		html_putf(buf, "<meta http-equiv=\"refresh\" content=\"%u\">\n", refresh_s);
	html_put(buf, "<link rel=\"icon\" href=\"" ICON "\">\n<title>");
	html_text(buf, title);
	html_put(buf, "</title>\n<style>");
	html_put(buf, style_css);
	html_put(buf, "</style>\n</head>\n<body>\n"
	    "<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
	    "<header class=\"top\"><div class=\"wrap\">"
	    "<svg class=\"mark\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><rect width=\"16\" height=\"16\" rx=\"4\"/>"
	    "<path d=\"M4 5h8M4 8h8M4 11h5\"/></svg>");
	html_put(buf, overview ? "<span class=\"name\">d1keep</span>" :
	    "<a class=\"name\" href=\"/\">d1keep</a>");
	html_put(buf, "</div></header>\n<main id=\"main\" class=\"wrap\">\n");
}

void page_end(struct buf *buf, const char *version)
{
	html_put(buf, "</main>\n<footer class=\"wrap\">d1keep ");
	html_text(buf, version);
	html_put(buf, " · <a href=\"/metrics\">metrics</a> · <a href=\"/api/backup/runs\">runs as JSON</a>"
	    "</footer>\n</body>\n</html>\n");
}

void page_error(struct request *request, unsigned status, const char *message, const char *hint)
{
	AUTO_BUF buf = BUF_INIT(PAGE_MAX);

	page_begin(&buf, "d1keep", false, 0);
	html_putf(&buf, "<section class=\"error\"><p class=\"status\">%u</p><h1>", status);
	html_text(&buf, message);
	html_put(&buf, "</h1>\n");
	if (hint != NULL && hint[0] != '\0') {
		html_put(&buf, "<p>");
		html_text(&buf, hint);
		html_put(&buf, "</p>\n");
	}
	html_put(&buf, "<p><a href=\"/\">To the overview</a></p></section>\n");
	page_end(&buf, request->control->host.version);
	request_answer(request, status, "text/html; charset=utf-8", &buf);
}

/* ---- signs: a form each, so that colour is not all there is */

struct sign {
	const char *word, *colour, *shape;
};

static const struct sign signs[HEALTH_COUNT] = {
	[HEALTH_FAILED] = { "failed", "bad", "<path d=\"M8 1.5 15 14H1z\"/>" },
	[HEALTH_STALE] = { "too old", "warn", "<path d=\"M8 1 15 8 8 15 1 8z\"/>" },
	[HEALTH_INCOMPLETE] = { "incomplete", "warn", "<path d=\"M8 1a7 7 0 0 0 0 14z\"/><circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6\"/>" },
	[HEALTH_NEVER] = { "no backup yet", "quiet", "<circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6\"/>" },
	[HEALTH_GOOD] = { "good", "good", "<circle cx=\"8\" cy=\"8\" r=\"6.5\"/>" },
};

static void badge(struct buf *buf, const struct sign *sign)
{
	html_putf(buf, "<span class=\"badge %s\"><svg viewBox=\"0 0 16 16\" aria-hidden=\"true\">%s</svg>%s</span>",
	    sign->colour, sign->shape, sign->word);
}

void page_badge(struct buf *buf, enum health health)
{
	badge(buf, &signs[health]);
}

void page_badge_active(struct buf *buf, bool running)
{
	static const struct sign runs = { "running", "busy", "<path d=\"M3 2l11 6-11 6z\"/>" };
	static const struct sign waits = { "waiting", "busy", "<path d=\"M3 2h3v12H3zM10 2h3v12h-3z\"/>" };

	badge(buf, running ? &runs : &waits);
}

void page_button(struct buf *buf, const char *database, bool with_label)
{
	html_put(buf, "<form method=\"post\" action=\"/api/backup/create\" class=\"now\">"
	    "<input type=\"hidden\" name=\"database\" value=\"");
	html_text(buf, database);
	html_put(buf, "\">");
	if (with_label)
		html_put(buf, "<label>Label <input name=\"label\" maxlength=\"64\" "
		    "pattern=\"[A-Za-z0-9][A-Za-z0-9._\\-]*\" placeholder=\"optional\" autocomplete=\"off\"></label>");
	html_put(buf, "<button aria-label=\"Back up ");
	html_text(buf, database);
	html_put(buf, " now\">Back up now</button></form>");
}

const char *page_without_name(const char *message, const char *name)
{
	size_t len = strlen(name);

	return strncmp(message, name, len) == 0 && strncmp(message + len, ": ", 2) == 0 ?
	    message + len + 2 : message;
}

bool page_may_all(struct request *request)
{
	return refuse_would_pass(request, RIGHT_ALL);
}
