#include "control/bars.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/figures.h"
#include "control/host.h"
#include "control/html.h"

#define STEP 8           /* from one bar to the next; a bar is 6 wide */
#define HEIGHT 32
#define LOWEST 7.0

static int keep(void *ctx, const struct state_run *run, struct err *err)
{
	struct bars *bars = ctx;

	(void)err;
	if (bars->count < BARS_COUNT)
		bars->runs[bars->count++] = *run;
	return 0;
}

void bars_read(struct bars *bars, struct state *state, const char *database)
{
	bars->count = 0;
	if (state != NULL)
		(void)state_each_run(state, database, BARS_COUNT, keep, bars, NULL);
}

static int64_t duration_ms(const struct state_run *run)
{
	return run->took_ms > 0 ? run->took_ms : (run->finished_at - run->started_at) * 1000;
}

char *bars_words(const struct state_run *run, char ret[BARS_WORDS_SIZE])
{
	char took[FORMAT_SIZE], rows[FORMAT_SIZE], stored[FORMAT_SIZE];

	if (run->finished_at == 0)
		(void)snprintf(ret, BARS_WORDS_SIZE, "running");
	else if (run->snapshot[0] == '\0')
		(void)snprintf(ret, BARS_WORDS_SIZE, "%s, %s", run_outcome_word(run_outcome(run)),
		    format_duration_ms(duration_ms(run), took));
	else
		(void)snprintf(ret, BARS_WORDS_SIZE, "%s, %s, %s %s, %s",
		    run_outcome_word(run_outcome(run)),
		    format_duration_ms(duration_ms(run), took), format_count(run->rows, rows),
		    plural(run->rows, "row", "rows"), format_bytes(run->stored_bytes, stored));
	return ret;
}

/* The square root, so that one long run does not make dots of all others. */
static double height_of(const struct state_run *run, int64_t longest_ms)
{
	int64_t ms = run->finished_at != 0 ? duration_ms(run) : 0;

	if (longest_ms <= 0 || ms <= 0)
		return LOWEST;
	return LOWEST + (HEIGHT - 2 - LOWEST) * sqrt((double)ms / (double)longest_ms);
}

static void shape(struct buf *buf, const struct state_run *run, int x, double h)
{
	double top = HEIGHT - h;

	if (run->finished_at == 0) {
		html_putf(buf, "<rect class=\"b-busy\" x=\"%d.5\" y=\"%.1f\" width=\"5\" height=\"%.1f\" rx=\"1\"/>",
		    x, top + 0.5, h - 1);
		return;
	}
	switch (run_outcome(run)) {
	case RUN_GOOD:
		html_putf(buf, "<rect class=\"b-good\" x=\"%d\" y=\"%.1f\" width=\"6\" height=\"%.1f\" rx=\"1\"/>",
		    x, top, h);
		break;
	case RUN_INCOMPLETE:     /* parted in the middle */
		html_putf(buf, "<path class=\"b-warn\" d=\"M%d %.1fh6v%.1fh-6zM%d %.1fh6v%.1fh-6z\"/>",
		    x, top, h / 2 - 1, x, top + h / 2 + 1, h / 2 - 1);
		break;
	case RUN_FAILED:         /* a triangle */
		html_putf(buf, "<path class=\"b-bad\" d=\"M%d %.1fl4 %.1fh-8z\"/>", x + 3, top, h);
		break;
	case RUN_DAMAGED:        /* a cross */
		html_putf(buf, "<path class=\"b-bad b-line\" d=\"M%d.5 %dl5 8m0-8l-5 8\"/>", x, HEIGHT - 9);
		break;
	default:                 /* hollow */
		html_putf(buf, "<rect class=\"b-cut\" x=\"%d.5\" y=\"%.1f\" width=\"5\" height=\"%.1f\" rx=\"1\"/>",
		    x, top + 0.5, h - 1);
		break;
	}
}

static void draw_one(struct buf *buf, const struct state_run *run, int x, double h,
    const char *zone)
{
	char words[BARS_WORDS_SIZE], moment[HTML_MOMENT_SIZE];

	html_put(buf, "<g><title>");
	html_text(buf, html_moment(run->started_at, zone, moment));
	html_put(buf, ": ");
	html_text(buf, bars_words(run, words));
	if (run->message[0] != '\0') {
		html_put(buf, ": ");
		html_text(buf, run->message);
	}
	/* The whole height shows the title. */
	html_putf(buf, "</title><rect class=\"b-hit\" x=\"%d\" width=\"8\" height=\"32\"/>", x - 1);
	shape(buf, run, x, h);
	html_put(buf, "</g>");
}

static void summarize(const struct bars *bars, struct buf *buf)
{
	size_t of[RUN_OUTCOME_COUNT] = { 0 }, ended = 0;

	for (size_t i = 0; i < bars->count; i++) {
		if (bars->runs[i].finished_at == 0)
			continue;
		of[run_outcome(&bars->runs[i])]++;
		ended++;
	}
	html_putf(buf, "last %zu %s", ended, plural((int64_t)ended, "run", "runs"));
	for (enum run_outcome i = 0; i < RUN_OUTCOME_COUNT; i++) {
		if (of[i] > 0)
			html_putf(buf, ", %zu %s", of[i], run_outcome_word(i));
	}
}

void bars_draw(const struct bars *bars, struct buf *buf, const char *zone)
{
	int64_t longest_ms = 0;

	if (bars->count == 0) {
		html_put(buf, "<span class=\"none\">no run yet</span>");
		return;
	}
	for (size_t i = 0; i < bars->count; i++) {
		if (bars->runs[i].finished_at != 0 && duration_ms(&bars->runs[i]) > longest_ms)
			longest_ms = duration_ms(&bars->runs[i]);
	}
	html_put(buf, "<svg class=\"bars\" viewBox=\"0 0 240 33\" preserveAspectRatio=\"xMinYMax\" role=\"img\" aria-label=\"");
	summarize(bars, buf);
	html_put(buf, "\"><path class=\"b-base\" d=\"M0 32.5h240\"/>");
	for (size_t i = bars->count; i > 0; i--) {
		int x = (BARS_COUNT - (int)i) * STEP + 1;

		draw_one(buf, &bars->runs[i - 1], x, height_of(&bars->runs[i - 1], longest_ms), zone);
	}
	html_put(buf, "</svg>");
}
