/*
 * The table of options: what may stand in backup.conf, where, of which kind,
 * with which default. Reading, checking, inheriting and freeing all go by it,
 * and a test holds backup.conf.example to it.
 */
#ifndef D1KEEP_CONFIG_OPTION_H
#define D1KEEP_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum section_kind {
	SECTION_FILE,            /* outside of all sections */
	SECTION_ACCOUNT,
	SECTION_BUCKET,
	SECTION_NOTIFY,
	SECTION_ENVIRONMENT,
	SECTION_DATABASE,        /* within an environment */
	SECTION_KINDS,
};

/* How the text becomes a field of the structs in config/config.h. */
enum option_kind {
	OPTION_TEXT,             /* char *: any text but none */
	OPTION_NAME,             /* char *: letters, digits, "-_." */
	OPTION_HEX32,            /* char *: 32 hexadecimal digits */
	OPTION_URL,              /* char *: http or https, no slash at the end */
	OPTION_SECRET,           /* char *: file:PATH, env:NAME or credential:NAME */
	OPTION_SECRET_URL,       /* char *: an address (with a query, perhaps), or a secret's place */
	OPTION_ADDRESS,          /* char *: "127.0.0.1:8417", "[::1]:8417" */
	OPTION_PATH,             /* char *: made absolute */
	OPTION_SOCKET,           /* likewise; "" is NULL: none */
	OPTION_PREFIX,           /* char *: "" or a relative path, no slashes at its ends */
	OPTION_SPAN,             /* char *: "30d" */
	OPTION_ZONE,             /* char *: a time zone of this machine */
	OPTION_SCHEDULE,         /* char *, and policy->cron; "" is NULL: never */
	OPTION_BLACKOUT,         /* char *, and policy->blackout_windows; "" is NULL: none */
	OPTION_KEYS,             /* list: config->trusted_keys */
	OPTION_NUMBER,           /* unsigned, low to high */
	OPTION_CHOICE,           /* an enum: the index in choices */
	OPTION_WORDS,            /* unsigned: bits by the index in choices, words with blanks between */
	OPTION_ACCOUNT,          /* const struct config_account * by its title */
	OPTION_BUCKET,           /* const struct config_bucket * */
};

struct option {
	const char *name;
	unsigned sections;       /* bit n: enum section_kind n */
	enum option_kind kind;
	size_t offset;           /* in the section's struct, or in struct config_policy */
	const char *fallback;    /* the default as it would be written, or NULL */
	unsigned low, high;
	const char *const *choices;   /* ends with NULL */
	unsigned only_for;       /* bits of a bucket's or notify's type, a database's source; 0: all */
	unsigned needed_for;     /* likewise; OPTION_NEEDED where there is neither */
	const char *help;
};

#define IN(section) (1u << (section))
#define OPTION_NEEDED (~0u)

extern const struct option option_table[];
extern const size_t option_count;

/* NULL when the section has no such option. */
const struct option *option_find(enum section_kind section, const char *name);

/* Its field is in struct config_policy: a database inherits it. */
bool option_is_inherited(const struct option *option);

/* Its field is a string of its own. */
bool option_is_string(const struct option *option);

/* The index of a choice, or -1. */
int option_choice(const struct option *option, const char *text);

const char *section_name(enum section_kind section);

/* The kind of section that may stand in `parent` under this name; SECTION_FILE
 * when there is none. With `nearly`, a few wrong letters do not matter. */
enum section_kind section_find(enum section_kind parent, const char *name, bool nearly);

/* The option or section of this section that was probably meant, or NULL. */
const char *option_nearest(enum section_kind section, const char *name);

/* How unlike two words are: letters to insert, drop, replace or swap. */
size_t word_distance(const char *a, const char *b);

/* Near enough to be a slip of the fingers? */
bool word_is_near(const char *meant, const char *written);

#endif
