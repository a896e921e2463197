/*
 * The first page: every database with its state, from what is noted and what
 * goes on; nothing here asks a bucket. A hundred databases a page.
 */
#include <stdlib.h>
#include <string.h>

#include "base/figures.h"
#include "base/mem.h"
#include "control/bars.h"
#include "control/handlers.h"
#include "control/html.h"
#include "control/page.h"
#include "control/request.h"

#define ROWS_A_PAGE 100
#define ROWS_A_PIECE 4
#define REFRESH_S 5

struct overview {
	const struct control_host *host;
	struct survey *survey;
	bool may_all;
	char *environment;       /* only this one's; NULL: all */
	char *state;             /* only those of this health_word, "attention" or "running" */
	size_t page;             /* from 0 */
	size_t *shown;           /* indices into the survey's rows, of this page */
	size_t shown_count;
	size_t fitting;          /* how many there are on all pages */
	size_t at;
	bool begun;
	struct bars bars;
};

static void overview_free(void *ctx)
{
	struct overview *o = ctx;

	survey_free(o->survey);
	free(o->environment);
	free(o->state);
	free(o->shown);
	free(o);
}

/* ---- which */

static bool needs_attention(enum health health)
{
	return health == HEALTH_FAILED || health == HEALTH_STALE;
}

static bool has_state(const struct survey_row *row, const char *state)
{
	if (strcmp(state, "attention") == 0)
		return needs_attention(row->health);
	if (strcmp(state, "running") == 0)
		return row->running || row->waiting;
	return strcmp(state, health_word(row->health)) == 0;
}

static bool is_of(const char *name, const char *environment)
{
	size_t len = strlen(environment);

	return strncmp(name, environment, len) == 0 && name[len] == '/';
}

static void choose(struct overview *o)
{
	size_t first = o->page * ROWS_A_PAGE;

	o->shown = mem_calloc(ROWS_A_PAGE, sizeof(*o->shown));
	for (size_t i = 0; i < o->survey->count; i++) {
		const struct survey_row *row = &o->survey->rows[i];

		if ((o->environment != NULL && !is_of(row->name, o->environment)) ||
		    (o->state != NULL && !has_state(row, o->state)))
			continue;
		if (o->fitting >= first && o->shown_count < ROWS_A_PAGE)
			o->shown[o->shown_count++] = i;
		o->fitting++;
	}
}

/* ---- the head */

/* A link to this page with other choices; state NULL: all. */
static void link_to(const struct overview *o, struct buf *buf, const char *state, size_t page)
{
	const char *separator = "?";

	html_put(buf, "/");
	if (o->environment != NULL) {
		html_put(buf, "?environment=");
		html_query(buf, o->environment);
		separator = "&amp;";
	}
	if (state != NULL) {
		html_putf(buf, "%sstate=", separator);
		html_query(buf, state);
		separator = "&amp;";
	}
	if (page > 0)
		html_putf(buf, "%spage=%zu", separator, page + 1);
}

static void chip(const struct overview *o, struct buf *buf, const char *state,
    const char *words, size_t count)
{
	bool current = state == NULL ? o->state == NULL :
	    o->state != NULL && strcmp(o->state, state) == 0;

	if (count == 0 && !current)
		return;
	html_put(buf, "<li><a href=\"");
	link_to(o, buf, state, 0);
	html_putf(buf, "\"%s>%s<b>%zu</b></a></li>", current ? " aria-current=\"page\"" : "", words, count);
}

static void chips(const struct overview *o, struct buf *buf)
{
	const struct survey *s = o->survey;

	html_put(buf, "<nav aria-label=\"Which databases\"><ul class=\"chips\">");
	chip(o, buf, NULL, "All", s->count);
	chip(o, buf, "failed", "Failed", s->of_health[HEALTH_FAILED]);
	chip(o, buf, "stale", "Too old", s->of_health[HEALTH_STALE]);
	chip(o, buf, "incomplete", "Incomplete", s->of_health[HEALTH_INCOMPLETE]);
	chip(o, buf, "never", "No backup yet", s->of_health[HEALTH_NEVER]);
	chip(o, buf, "good", "Good", s->of_health[HEALTH_GOOD]);
	chip(o, buf, "running", "Running", s->running + s->waiting);
	html_put(buf, "</ul></nav>\n");
}

/* What a person wants to know, in one sentence. */
static void headline(const struct survey *s, struct buf *buf)
{
	size_t bad = s->of_health[HEALTH_FAILED] + s->of_health[HEALTH_STALE];

	html_put(buf, "<h1>");
	if (s->count == 0)
		html_put(buf, "No databases are configured");
	else if (bad > 0)
		html_putf(buf, "%zu of %zu %s attention", bad, s->count,
		    bad == 1 ? "databases needs" : "databases need");
	else if (s->of_health[HEALTH_NEVER] > 0)
		html_putf(buf, "%zu of %zu databases %s no backup yet", s->of_health[HEALTH_NEVER],
		    s->count, plural((int64_t)s->of_health[HEALTH_NEVER], "has", "have"));
	else if (s->count == 1)
		html_put(buf, "The database is backed up");
	else
		html_putf(buf, "All %zu databases are backed up", s->count);
	html_put(buf, "</h1>\n<p class=\"lead\">");
	if (s->running + s->waiting > 0)
		html_putf(buf, "%zu running, %zu waiting. This page looks again every %d seconds.",
		    s->running, s->waiting, REFRESH_S);
	else
		html_put(buf, "Nothing is running.");
	html_put(buf, "</p>\n");
}

static void begin(struct overview *o, struct buf *buf)
{
	const char *why = o->host->not_ready(o->host->ctx);
	bool busy = o->survey->running + o->survey->waiting > 0;

	page_begin(buf, "Backups – d1keep", true, busy ? REFRESH_S : 0);
	headline(o->survey, buf);
	if (why != NULL) {
		html_put(buf, "<div class=\"note alarm\" role=\"status\"><p>d1keepd is not ready: ");
		html_text(buf, why);
		html_put(buf, "</p></div>\n");
	}
	chips(o, buf);
	if (o->shown_count == 0 && o->survey->count > 0)
		html_put(buf, "<p class=\"soft\">None is like that. <a href=\"/\">Show all</a></p>\n");
}

/* ---- a table for each environment */

static void begin_table(struct overview *o, struct buf *buf, const char *name)
{
	AUTO_STR environment = mem_strndup(name, strcspn(name, "/"));

	html_put(buf, "<section><h2>");
	html_text(buf, environment);
	html_put(buf, "</h2>\n<div class=\"card\"><table class=\"stack all\" role=\"table\">"
	    "<colgroup><col><col class=\"c-state\"><col class=\"c-last\"><col class=\"c-size\">"
	    "<col class=\"c-bars\"><col class=\"c-next\">");
	if (o->may_all)
		html_put(buf, "<col class=\"c-do\">");
	html_put(buf, "</colgroup>"
	    "<thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">Database</th>"
	    "<th scope=\"col\" role=\"columnheader\">State</th>"
	    "<th scope=\"col\" role=\"columnheader\">Last backup</th>"
	    "<th scope=\"col\" role=\"columnheader\" class=\"num\">Size</th>"
	    "<th scope=\"col\" role=\"columnheader\">Last 30 runs</th>"
	    "<th scope=\"col\" role=\"columnheader\">Next</th>");
	if (o->may_all)
		html_put(buf, "<th scope=\"col\" role=\"columnheader\"><span class=\"hidden\">Action</span></th>");
	html_put(buf, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
}

static void end_table(struct buf *buf)
{
	html_put(buf, "</tbody></table></div></section>\n");
}

static void name_cell(struct buf *buf, const struct survey_row *row, const char *message)
{
	html_put(buf, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\"><a href=\"/database?name=");
	html_query(buf, row->name);
	html_put(buf, "\">");
	html_text(buf, row->name + strcspn(row->name, "/") + 1);
	html_put(buf, "</a>");
	if (row->health == HEALTH_FAILED && message[0] != '\0') {
		html_put(buf, "<span class=\"why\">");
		html_text(buf, page_without_name(message, row->name));
		html_put(buf, "</span>");
	}
	html_put(buf, "</th><td role=\"cell\" class=\"right\">");
	if (row->running || row->waiting)
		page_badge_active(buf, row->running);
	else
		page_badge(buf, row->health);
	html_put(buf, "</td>");
}

static void rest_of_row(struct overview *o, struct buf *buf, const struct survey_row *row,
    const char *zone)
{
	char size[FORMAT_SIZE];

	html_put(buf, "<td role=\"cell\" class=\"fit\" data-name=\"Last\">");
	html_when(buf, row->success_at, o->survey->now, zone);
	html_putf(buf, "</td><td role=\"cell\" class=\"num right\">%s</td><td role=\"cell\" class=\"wide\">",
	    row->success_at != 0 ? format_bytes(row->stored_bytes, size) : "–");
	bars_draw(&o->bars, buf, zone);
	html_put(buf, "</td><td role=\"cell\" class=\"fit\" data-name=\"Next\">");
	html_when(buf, row->next_at, o->survey->now, zone);
	html_put(buf, "</td>");
	if (o->may_all) {
		html_put(buf, "<td role=\"cell\" class=\"fit right\">");
		page_button(buf, row->name, false);
		html_put(buf, "</td>");
	}
	html_put(buf, "</tr>\n");
}

static const char *last_message(const struct bars *bars)
{
	for (size_t i = 0; i < bars->count; i++) {
		if (bars->runs[i].finished_at != 0)
			return bars->runs[i].message;
	}
	return "";
}

static void one_row(struct overview *o, struct buf *buf, size_t i)
{
	const struct survey_row *row = &o->survey->rows[o->shown[i]];
	const struct survey_row *before = i > 0 ? &o->survey->rows[o->shown[i - 1]] : NULL;
	size_t len = strcspn(row->name, "/") + 1;
	struct host_database database = { .timezone = "UTC" };

	if (before == NULL || strncmp(before->name, row->name, len) != 0) {
		if (before != NULL)
			end_table(buf);
		begin_table(o, buf, row->name);
	}
	(void)o->host->find(o->host->ctx, row->name, &database);
	bars_read(&o->bars, o->host->state(o->host->ctx), row->name);
	name_cell(buf, row, last_message(&o->bars));
	rest_of_row(o, buf, row, database.timezone);
}

/* ---- the foot */

static void pages(const struct overview *o, struct buf *buf)
{
	size_t last = o->fitting > 0 ? (o->fitting - 1) / ROWS_A_PAGE : 0;

	if (last == 0)
		return;
	html_put(buf, "<nav class=\"pages\" aria-label=\"Pages\">");
	if (o->page > 0) {
		html_put(buf, "<a rel=\"prev\" href=\"");
		link_to(o, buf, o->state, o->page - 1);
		html_put(buf, "\">Previous</a>");
	}
	html_putf(buf, "<span class=\"soft\">Page %zu of %zu</span>", o->page + 1, last + 1);
	if (o->page < last) {
		html_put(buf, "<a rel=\"next\" href=\"");
		link_to(o, buf, o->state, o->page + 1);
		html_put(buf, "\">Next</a>");
	}
	html_put(buf, "</nav>\n");
}

static bool more(void *ctx, struct buf *buf)
{
	struct overview *o = ctx;
	size_t end = o->at + ROWS_A_PIECE;

	if (!o->begun) {
		begin(o, buf);
		o->begun = true;
		return true;
	}
	for (; o->at < end && o->at < o->shown_count; o->at++)
		one_row(o, buf, o->at);
	if (o->at < o->shown_count)
		return true;
	if (o->shown_count > 0)
		end_table(buf);
	pages(o, buf);
	page_end(buf, o->host->version);
	return false;
}

/* ---- */

static bool step(struct request *request)
{
	return survey_step(((struct overview *)request->job)->survey);
}

static void answer(struct request *request)
{
	struct overview *o = request->job;

	request->job = NULL;
	request->job_free = NULL;
	choose(o);
	request_answer_stream(request, MHD_HTTP_OK, "text/html; charset=utf-8",
	    &(struct request_stream){ more, overview_free, o });
}

void page_overview(struct request *request)
{
	struct overview *o = mem_calloc(1, sizeof(*o));
	const char *page = request_argument(request, "page");
	long number = page != NULL ? strtol(page, NULL, 10) : 1;

	o->host = &request->control->host;
	o->survey = survey_new(o->host);
	o->may_all = page_may_all(request);
	o->environment = mem_strdup(request_argument(request, "environment"));
	o->state = mem_strdup(request_argument(request, "state"));
	o->page = number > 1 && number < 100000 ? (size_t)number - 1 : 0;
	request->job = o;
	request->job_free = overview_free;
	request_work(request, step, answer);
}
