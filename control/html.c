#include "control/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/figures.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/stamp.h"
#include "base/utf8.h"
#include "schedule/zone.h"

void html_put(struct buf *buf, const char *markup)
{
	(void)buf_adds(buf, markup, NULL);
}

void html_putf(struct buf *buf, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)buf_adds(buf, text, NULL);
}

static const char *entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

void html_text(struct buf *buf, const char *text)
{
	AUTO_STR shown = printable(mem_strdup(text));
	bool valid = utf8_valid(shown, strlen(shown));

	for (const char *p = shown; *p != '\0'; p++) {
		const char *instead = entity(*p);

		if (!valid && ((unsigned char)*p & 0x80) != 0)
			instead = "\xef\xbf\xbd";
		if (instead != NULL)
			html_put(buf, instead);
		else
			(void)buf_add(buf, p, 1, NULL);
	}
}

void html_query(struct buf *buf, const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

	for (const char *p = text; *p != '\0'; p++) {
		if (strchr(plain, *p) != NULL)
			(void)buf_add(buf, p, 1, NULL);
		else
			(void)buf_addf(buf, NULL, "%%%02X", (unsigned char)*p);
	}
}

char *html_moment(int64_t at, const char *zone, char ret[HTML_MOMENT_SIZE])
{
	struct tm tm;

	zone_local(zone, at, &tm);
	if (strftime(ret, HTML_MOMENT_SIZE, "%Y-%m-%d %H:%M %Z", &tm) == 0)
		ret[0] = '\0';
	return ret;
}

char *html_moment_seconds(int64_t at, const char *zone, char ret[HTML_MOMENT_SIZE])
{
	struct tm tm;

	zone_local(zone, at, &tm);
	if (strftime(ret, HTML_MOMENT_SIZE, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		ret[0] = '\0';
	return ret;
}

void html_when(struct buf *buf, int64_t at, int64_t now, const char *zone)
{
	char age[FORMAT_SIZE], iso[STAMP_ISO_SIZE], moment[HTML_MOMENT_SIZE];
	bool future = at > now;

	if (at == 0) {
		html_put(buf, "<span class=\"none\">–</span>");
		return;
	}
	html_putf(buf, "<time datetime=\"%s\" title=\"", stamp_iso(at, iso));
	html_text(buf, html_moment(at, zone, moment));
	html_put(buf, "\">");
	(void)format_age(future ? at - now : now - at, age);
	html_putf(buf, future ? "in %s" : "%s ago", age);
	html_put(buf, "</time>");
}
