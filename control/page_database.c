/*
 * One database: its last runs, and its snapshots as the bucket lists them. A
 * bucket that takes its time is not waited for longer than a person would.
 */
#include <string.h>

#include "base/clock.h"
#include "base/figures.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/stamp.h"
#include "control/bars.h"
#include "control/handlers.h"
#include "control/html.h"
#include "control/listing.h"
#include "control/page.h"
#include "control/request.h"

#define WAIT_MS 8000
#define REFRESH_S 5
#define PAGE_MAX (4u << 20)
#define LISTING_SHOWN_MAX (1u << 20)
#define RUNS_SHOWN 10

struct page {
	struct request *request;
	const struct control_host *host;
	struct host_database database;
	struct state_database noted;
	struct survey_verdict verdict;
	struct host_run active;          /* database NULL: none */
	const struct listing *listing;   /* NULL: too many are being fetched */
	int64_t now;
	struct bars bars;
	struct buf *buf;
};

/* ---- what is going on */

static bool find_active(void *ctx, const struct host_run *run)
{
	struct page *page = ctx;

	if (strcmp(run->database, page->database.name) != 0)
		return true;
	page->active = *run;
	return false;
}

static void active_note(const struct page *page)
{
	const struct host_run *run = &page->active;
	char rows[FORMAT_SIZE], bytes[FORMAT_SIZE];

	if (run->database == NULL)
		return;
	html_putf(page->buf, "<div class=\"note\" role=\"status\"><p>Run %lld %s. ", (long long)run->id,
	    run->running ? "is going" : "waits for its turn");
	if (run->running && run->bytes > 0)
		html_putf(page->buf, "%s %s, %s read so far. ", format_count(run->rows, rows),
		    plural(run->rows, "row", "rows"), format_bytes(run->bytes, bytes));
	html_putf(page->buf, "</p><p>This page looks again every %d seconds.</p></div>\n", REFRESH_S);
}

static void alarm_note(const struct page *page)
{
	const struct state_run *last = &page->noted.last;

	if (last->finished_at == 0 || run_outcome(last) == RUN_GOOD || last->message[0] == '\0')
		return;
	html_put(page->buf, "<div class=\"note alarm\" role=\"status\"><p>");
	html_text(page->buf, page_without_name(last->message, page->database.name));
	html_put(page->buf, "</p>");
	if (page->noted.failures > 1)
		html_putf(page->buf, "<p>%d runs in a row have failed.</p>", page->noted.failures);
	if (page->noted.retry_at > 0) {
		html_put(page->buf, "<p>It is tried again ");
		html_when(page->buf, page->noted.retry_at, page->now, page->database.timezone);
		html_put(page->buf, ".</p>");
	}
	html_put(page->buf, "</div>\n");
}

/* ---- facts */

static void when_fact(const struct page *page, const char *name, int64_t at)
{
	html_putf(page->buf, "<div><dt>%s</dt><dd>", name);
	html_when(page->buf, at, page->now, page->database.timezone);
	html_put(page->buf, "</dd></div>");
}

static void facts(const struct page *page)
{
	char text[FORMAT_SIZE];

	html_put(page->buf, "<dl class=\"facts\">");
	when_fact(page, "Last backup", page->noted.last_success_at);
	when_fact(page, "Last verified", page->noted.last_verified_at);
	when_fact(page, "Next run", page->noted.next_at);
	html_put(page->buf, "<div><dt>May be as old as</dt><dd>");
	html_put(page->buf, page->verdict.max_age > 0 ? format_age(page->verdict.max_age, text) : "–");
	html_put(page->buf, "</dd></div></dl>\n");
}

/* ---- runs */

static void run_row(const struct page *page, const struct state_run *run)
{
	char words[BARS_WORDS_SIZE], moment[HTML_MOMENT_SIZE];

	html_put(page->buf, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\" class=\"plain fit\">");
	html_text(page->buf, html_moment(run->started_at, page->database.timezone, moment));
	html_put(page->buf, "</th><td role=\"cell\" class=\"right soft fit\">");
	html_when(page->buf, run->started_at, page->now, page->database.timezone);
	html_putf(page->buf, "</td><td role=\"cell\" class=\"soft wide fit\">%s</td><td role=\"cell\" class=\"wide\">",
	    state_cause_word(run->cause));
	html_text(page->buf, bars_words(run, words));
	if (run->message[0] != '\0') {
		html_put(page->buf, "<span class=\"sub\">");
		html_text(page->buf, page_without_name(run->message, page->database.name));
		html_put(page->buf, "</span>");
	}
	html_put(page->buf, "</td></tr>\n");
}

static const char legend[] =
    "<ul class=\"legend\" aria-label=\"What the bars mean\">"
    "<li><svg viewBox=\"0 0 6 12\" aria-hidden=\"true\"><rect class=\"b-good\" width=\"6\" height=\"12\" rx=\"1\"/></svg>good</li>"
    "<li><svg viewBox=\"0 0 6 12\" aria-hidden=\"true\"><path class=\"b-warn\" d=\"M0 0h6v5h-6zM0 7h6v5h-6z\"/></svg>incomplete</li>"
    "<li><svg viewBox=\"0 0 6 12\" aria-hidden=\"true\"><path class=\"b-bad\" d=\"M3 0l4 12h-8z\"/></svg>failed</li>"
    "<li><svg viewBox=\"0 0 6 12\" aria-hidden=\"true\"><path class=\"b-bad b-line\" d=\"M.5 3l5 8m0-8l-5 8\"/></svg>damaged</li>"
    "<li><svg viewBox=\"0 0 6 12\" aria-hidden=\"true\"><rect class=\"b-cut\" x=\".5\" y=\".5\" width=\"5\" height=\"11\" rx=\"1\"/></svg>cut off</li>"
    "<li>height: how long it took</li></ul>\n";

static void runs(const struct page *page)
{
	html_put(page->buf, "<section><h2>Runs</h2>\n");
	if (page->bars.count == 0) {
		html_put(page->buf, "<p class=\"soft\">d1keepd has run nothing yet.</p></section>\n");
		return;
	}
	html_put(page->buf, "<div class=\"card\"><div class=\"pad big\">");
	bars_draw(&page->bars, page->buf, page->database.timezone);
	html_put(page->buf, legend);
	html_put(page->buf, "</div><table class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">"
	    "<th scope=\"col\" role=\"columnheader\">Started</th>"
	    "<th scope=\"col\" role=\"columnheader\">Age</th>"
	    "<th scope=\"col\" role=\"columnheader\">Because of</th>"
	    "<th scope=\"col\" role=\"columnheader\">Outcome</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
	for (size_t i = 0; i < page->bars.count && i < RUNS_SHOWN; i++)
		run_row(page, &page->bars.runs[i]);
	html_put(page->buf, "</tbody></table></div></section>\n");
}

/* ---- snapshots */

static void verified_cell(const struct page *page, struct json_object *o)
{
	const char *verified = json_get_str(o, "verified");
	const char *how = json_get_str(o, "verified_how");

	if (verified != NULL && strcmp(verified, "good") == 0)
		html_put(page->buf, how != NULL && strcmp(how, "replay") == 0 ? "rebuilt" : "good");
	else if (verified != NULL && strcmp(verified, "damaged") == 0)
		html_put(page->buf, "<span class=\"bad\">damaged</span>");
	else
		html_put(page->buf, "<span class=\"none\">not yet</span>");
}

static void download_link(const struct page *page, const char *name)
{
	html_put(page->buf, "<a href=\"/api/backup/download?snapshot=");
	html_query(page->buf, name);
	html_put(page->buf, "\" download aria-label=\"Download ");
	html_text(page->buf, name);
	html_put(page->buf, "\">.sql.gz</a>");
}

static void snapshot_row(const struct page *page, struct json_object *o, bool may_all)
{
	const char *name = json_get_str(o, "snapshot"), *label = json_get_str(o, "label");
	const char *id = json_get_str(o, "id");
	char figure[FORMAT_SIZE], moment[HTML_MOMENT_SIZE];
	int64_t at;

	if (name == NULL || id == NULL || !stamp_parse(id, &at))
		return;
	html_put(page->buf, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
	html_text(page->buf, html_moment_seconds(at, page->database.timezone, moment));
	if (label != NULL) {
		html_put(page->buf, "<span class=\"sub\">");
		html_text(page->buf, label);
		html_put(page->buf, "</span>");
	}
	html_put(page->buf, "</th><td role=\"cell\" class=\"soft right\">");
	html_when(page->buf, at, page->now, page->database.timezone);
	html_putf(page->buf, "</td><td role=\"cell\" class=\"num\" data-name=\"Rows\">%s</td>",
	    format_count(json_get_int(o, "rows", 0), figure));
	html_putf(page->buf, "<td role=\"cell\" class=\"num right\" data-name=\"Size\">%s</td>",
	    format_bytes(json_get_int(o, "stored_bytes", 0), figure));
	html_putf(page->buf, "<td role=\"cell\" class=\"num\" data-name=\"New\">%s</td><td role=\"cell\" class=\"right\">",
	    format_bytes(json_get_int(o, "new_bytes", 0), figure));
	verified_cell(page, o);
	html_put(page->buf, "</td><td role=\"cell\" class=\"fit\">");
	if (may_all)
		download_link(page, name);
	html_put(page->buf, "</td></tr>\n");
}

static void snapshot_table(const struct page *page, struct json_object *array)
{
	bool may_all = page_may_all(page->request);

	html_put(page->buf, "<div class=\"card\"><table class=\"stack\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">"
	    "<th scope=\"col\" role=\"columnheader\">Snapshot</th>"
	    "<th scope=\"col\" role=\"columnheader\">Age</th>"
	    "<th scope=\"col\" role=\"columnheader\" class=\"num\">Rows</th>"
	    "<th scope=\"col\" role=\"columnheader\" class=\"num\">Size</th>"
	    "<th scope=\"col\" role=\"columnheader\" class=\"num\">New</th>"
	    "<th scope=\"col\" role=\"columnheader\">Verified</th>"
	    "<th scope=\"col\" role=\"columnheader\">Download</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
	for (size_t i = 0; i < json_object_array_length(array); i++)
		snapshot_row(page, json_object_array_get_idx(array, i), may_all);
	html_put(page->buf, "</tbody></table></div>\n");
}

static void problems(const struct page *page)
{
	const struct child_end *end = &page->listing->end;

	for (size_t i = 0; i < end->error_count; i++) {
		html_put(page->buf, "<div class=\"note alarm\" role=\"status\"><p>");
		html_text(page->buf, end->errors[i].message);
		html_put(page->buf, "</p>");
		if (end->errors[i].hint[0] != '\0') {
			html_put(page->buf, "<p>");
			html_text(page->buf, end->errors[i].hint);
			html_put(page->buf, "</p>");
		}
		html_put(page->buf, "</div>\n");
	}
	if (end->timed_out)
		html_put(page->buf, "<div class=\"note alarm\" role=\"status\"><p>The bucket did not answer in time.</p></div>\n");
}

static void snapshot_list(const struct page *page)
{
	const struct buf *text = &page->listing->text;
	AUTO_JSON document = text->len <= LISTING_SHOWN_MAX ?
	    json_read(buf_str(text), text->len, NULL) : NULL;
	struct json_object *array = json_get(document, "snapshots", json_type_array);

	problems(page);
	if (text->len > LISTING_SHOWN_MAX)
		html_put(page->buf, "<p class=\"soft\">There are too many to show here: d1keep list has them all.</p>\n");
	else if (array != NULL && json_object_array_length(array) > 0)
		snapshot_table(page, array);
	else if (array != NULL && page->listing->end.error_count == 0)
		html_put(page->buf, "<p class=\"soft\">There is none yet.</p>\n");
	else if (array == NULL && page->listing->end.error_count == 0 && !page->listing->end.timed_out)
		html_putf(page->buf, "<p class=\"soft\">They could not be listed (exit code %d).</p>\n",
		    page->listing->end.exit_code);
}

static void snapshots(const struct page *page)
{
	html_put(page->buf, "<section id=\"snapshots\"><h2>Snapshots</h2>\n");
	if (page->listing == NULL || !page->listing->done)
		html_putf(page->buf, "<p class=\"soft\" role=\"status\">The bucket has not answered yet. "
		    "This page looks again every %d seconds.</p>\n", REFRESH_S);
	else
		snapshot_list(page);
	html_put(page->buf, "</section>\n");
}

/* ---- the whole */

static void title(const struct page *page)
{
	const char *name = page->database.name;
	size_t len = strcspn(name, "/");
	AUTO_STR environment = mem_strndup(name, len);

	html_put(page->buf, "<div class=\"headline\"><div><h1><span class=\"env\">");
	html_text(page->buf, environment);
	html_put(page->buf, "/</span>");
	html_text(page->buf, name + len + 1);
	html_put(page->buf, "</h1>\n<p class=\"lead\">");
	page_badge(page->buf, page->verdict.health);
	html_put(page->buf, "</p></div>\n");
	if (page_may_all(page->request)) {
		html_put(page->buf, "<div class=\"primary\">");
		page_button(page->buf, name, true);
		html_put(page->buf, "</div>");
	}
	html_put(page->buf, "</div>\n");
}

static void answer(struct request *request)
{
	const struct control_host *host = &request->control->host;
	AUTO_BUF buf = BUF_INIT(PAGE_MAX);
	struct page page = {
		.request = request, .host = host, .listing = request->job, .buf = &buf,
		.now = clock_now(host->clock),
	};
	struct state *state = host->state(host->ctx);
	bool again;

	if (!host->find(host->ctx, request_argument(request, "name"), &page.database)) {
		request_error(request, MHD_HTTP_NOT_FOUND, "not-found", "it is not configured any more", NULL);
		return;
	}
	if (state == NULL || state_get(state, page.database.name, &page.noted, NULL) != 0)
		page.noted = (struct state_database){ .next_at = 0 };
	page.verdict = survey_verdict(host, page.database.name, &page.noted, page.now);
	bars_read(&page.bars, state, page.database.name);
	host->each_active(host->ctx, find_active, &page);
	again = page.active.database != NULL || page.listing == NULL || !page.listing->done;
	page_begin(&buf, page.database.name, false, again ? REFRESH_S : 0);
	title(&page);
	active_note(&page);
	alarm_note(&page);
	facts(&page);
	runs(&page);
	snapshots(&page);
	page_end(&buf, host->version);
	request_answer(request, MHD_HTTP_OK, "text/html; charset=utf-8", &buf);
}

static void release(void *job)
{
	listing_release(job);
}

void page_database(struct request *request)
{
	const struct control_host *host = &request->control->host;
	const char *name = request_argument(request, "name");
	struct host_database database;
	struct listing *listing;

	if (name == NULL || !host->find(host->ctx, name, &database)) {
		request_error(request, MHD_HTTP_NOT_FOUND, "not-found",
		    "there is no such database in the configuration", NULL);
		return;
	}
	listing = listings_get(request->control->listings, name);
	request->job = listing;
	request->job_free = release;
	if (listing == NULL || listing->done) {
		answer(request);
		return;
	}
	request_wait(request, answer);
	request->wake_at_ms = clock_monotonic_ms() + WAIT_MS;
}
