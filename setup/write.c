/* The draft as the text of backup.conf. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "setup/draft.h"

struct writer {
	const struct draft_places *places;
	struct buf *out;
	struct err *err;
	int rc;
};

__attribute__((format(printf, 2, 3)))
static void say(struct writer *w, const char *fmt, ...)
{
	va_list ap;
	char *room;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (w->rc != 0)
		return;
	room = buf_reserve(w->out, (size_t)len + 1, w->err);
	if (room == NULL) {
		w->rc = -1;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(room, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buf_commit(w->out, (size_t)len);
}

/* A text in double quotes; '$' would be the beginning of a variable. */
static void say_quoted(struct writer *w, const char *text)
{
	char one[3] = { '\\', '\0', '\0' };

	say(w, "\"");
	for (; *text != '\0'; text++) {
		one[1] = *text;
		say(w, "%s", strchr("\"\\$", *text) != NULL ? one : one + 1);
	}
	say(w, "\"");
}

static void say_option(struct writer *w, const char *indent, const char *name, const char *value)
{
	if (value == NULL)
		return;
	say(w, "%s%s = ", indent, name);
	say_quoted(w, value);
	say(w, "\n");
}

/* A name from outside within a comment: it may not end it. */
static void say_comment(struct writer *w, const char *indent, const char *text)
{
	say(w, "%s# ", indent);
	for (; *text != '\0'; text++)
		say(w, "%c", (unsigned char)*text < ' ' || *text == 127 ? '?' : *text);
	say(w, "\n");
}

/* Where d1keep will look for a secret: "file:/etc/d1keep/b.key", or "credential:b.key". */
static char *place_of(const struct draft_places *places, const char *bucket, const char *ending)
{
	return places->credentials ? mem_printf("credential:%s.%s", bucket, ending) :
	    mem_printf("file:%s/%s.%s", places->folder, bucket, ending);
}

static bool has_remote(const struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		if (!draft->environments[i].is_local)
			return true;
	}
	return false;
}

static bool has_local(const struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		if (draft->environments[i].is_local)
			return true;
	}
	return false;
}

static void write_top(struct writer *w)
{
	const struct draft_places *p = w->places;

	say(w, "# Written by d1keep init on %s. What was guessed is marked with \"guessed\".\n"
	    "# `d1keep check` reads it, `d1keep doctor` tries it; backup.conf(5) tells every option.\n\n",
	    p->date);
	say_option(w, "", "timezone", p->timezone);
	if (p->sign_key != NULL) {
		say_option(w, "", "sign_key", p->sign_key);
		say(w, "trusted_keys = { \"%s\" }\n", p->public_key);
	} else {
		say(w, "# Snapshots are not signed. `d1keep keygen` makes a key, and prints these two lines:\n"
		    "#sign_key = \"file:%s/sign.pem\"\n#trusted_keys = { \"ed25519:...\" }\n", p->folder);
	}
}

static void write_account(struct writer *w)
{
	const struct draft_places *p = w->places;

	say(w, "\naccount \"cloudflare\" {\n");
	say_option(w, "    ", "id", p->account_id);
	if (p->token_is_to_come)
		say(w, "    # To fill in: make an API token (Account > D1 > Read), and put it there.\n");
	say_option(w, "    ", "api_token", p->token);
	say_option(w, "    ", "api_base", p->api_base);
	say_option(w, "    ", "ca_file", p->ca_file);
	say(w, "}\n");
}

/* The name of an environment's bucket where the account has none that fits. */
static char *bucket_name(const struct draft_environment *e)
{
	return e->bucket != NULL ? mem_strdup(e->bucket) : mem_printf("d1-backups-%s", e->name);
}

static void write_keys(struct writer *w, const char *bucket)
{
	const struct draft_places *p = w->places;
	AUTO_STR id = place_of(p, bucket, "id");
	AUTO_STR secret = place_of(p, bucket, "key");

	if (p->key_id == NULL)
		say(w, "    # To fill in: make an R2 API token (Object Read & Write, this bucket), and put\n"
		    "    # its Access Key ID and its Secret Access Key there.\n");
	say_option(w, "    ", "access_key_id", p->key_id != NULL ? p->key_id : id);
	say_option(w, "    ", "secret_access_key", p->key_secret != NULL ? p->key_secret : secret);
}

static void write_bucket(struct writer *w, const struct draft_environment *e)
{
	AUTO_STR name = bucket_name(e);

	say(w, "\nbucket \"%s\" {\n", name);
	if (e->bucket == NULL)
		say(w, "    # Guessed: no bucket is known that is called the backups of %s.\n"
		    "    # Make it (wrangler r2 bucket create %s), or write another name here.\n", e->name, name);
	else
		say(w, "    # Guessed, by its name.\n");
	say(w, "    type = \"r2\"\n    account = \"cloudflare\"\n");
	say_option(w, "    ", "endpoint", w->places->endpoint);
	say_option(w, "    ", "ca_file", w->places->endpoint != NULL ? w->places->ca_file : NULL);
	write_keys(w, name);
	say(w, "}\n");
}

static bool is_first_with_its_bucket(const struct draft *draft, size_t index)
{
	AUTO_STR name = bucket_name(&draft->environments[index]);

	for (size_t i = 0; i < index; i++) {
		AUTO_STR other = bucket_name(&draft->environments[i]);

		if (!draft->environments[i].is_local && strcmp(name, other) == 0)
			return false;
	}
	return true;
}

static void write_buckets(struct writer *w, const struct draft *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		if (!draft->environments[i].is_local && is_first_with_its_bucket(draft, i))
			write_bucket(w, &draft->environments[i]);
	}
	if (!has_local(draft))
		return;
	say(w, "\nbucket \"local\" {\n    type = \"directory\"\n");
	say_option(w, "    ", "path", w->places->directory);
	say(w, "}\n");
}

static void write_database(struct writer *w, const struct draft_database *d)
{
	if (d->note != NULL)
		say(w, "    # Guessed: %s\n", d->note);
	if (strcmp(d->title, d->name) != 0)
		say_comment(w, "    ", d->name);
	say(w, "    database \"%s\" {", d->title);
	if (d->source == DRAFT_D1) {
		say(w, " id = ");
		say_quoted(w, d->id);
		say(w, " }\n");
		return;
	}
	say(w, "\n");
	say_option(w, "        ", "source", "wrangler");
	say_option(w, "        ", "project", d->project);
	say_option(w, "        ", "id", d->id);
	say(w, "    }\n");
}

/* A schedule that is not everybody's midnight, and a keeping that ends. */
static void write_policy(struct writer *w, const struct draft_environment *e)
{
	bool production = strcmp(e->name, "production") == 0 || strcmp(e->name, "live") == 0;
	AUTO_STR bucket = bucket_name(e);

	if (e->is_local) {
		say(w, "    bucket = \"local\"\n    keep_last = 10\n\n");
		return;
	}
	say(w, "    account = \"cloudflare\"\n    bucket = \"%s\"\n", bucket);
	say(w, "    # Guessed: when, and what is kept.\n"
	    "    schedule = \"%s\"\n    keep_last = 3\n    keep_daily = %d\n    keep_weekly = 4\n",
	    production ? "17 2 * * *" : "47 3 * * *", production ? 14 : 7);
	if (production)
		say(w, "    keep_monthly = 12\n");
	say(w, "\n");
}

static void write_environment(struct writer *w, const struct draft_environment *e)
{
	say(w, "\nenvironment \"%s\" {\n", e->name);
	write_policy(w, e);
	for (size_t i = 0; i < e->count; i++)
		write_database(w, &e->databases[i]);
	say(w, "}\n");
}

int draft_write(const struct draft *draft, const struct draft_places *places, struct buf *ret,
    struct err *err)
{
	struct writer w = { places, ret, err, 0 };

	write_top(&w);
	if (has_remote(draft))
		write_account(&w);
	write_buckets(&w, draft);
	for (size_t i = 0; i < draft->count; i++)
		write_environment(&w, &draft->environments[i]);
	if (draft->left_out_count > 0)
		say(&w, "\n# Left out, as they belong to other environments:\n");
	for (size_t i = 0; i < draft->left_out_count; i++)
		say_comment(&w, "", draft->left_out[i]);
	return w.rc;
}
