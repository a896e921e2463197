/* An account: its token, the clock, the budget of requests. */
#include <stdlib.h>

#include "base/mem.h"
#include "cli/doctor.h"
#include "cli/format.h"
#include "base/budget.h"
#include "net/d1_api.h"

/* Any database of the account; there is none without, as the caller goes by them. */
static const struct config_database *database_of(const struct doctor *d,
    const struct config_account *account)
{
	for (size_t i = 0; i < d->database_count; i++) {
		if (d->databases[i]->source == CONFIG_SOURCE_D1 && d->databases[i]->policy.account == account)
			return d->databases[i];
	}
	return NULL;
}

static void check_budget(struct doctor *d, const char *subject, struct budget *budget,
    unsigned allowed)
{
	unsigned left;
	int64_t blocked_ms;
	char span[FORMAT_SIZE];

	if (budget == NULL)
		return;
	budget_left(budget, &left, &blocked_ms);
	if (blocked_ms > 0)
		doctor_say(d, FINDING_WARNING, subject, "budget",
		    "wait; if it comes often, lower request_budget: others use the same token",
		    "Cloudflare has asked this host to wait, for %s more", format_span((blocked_ms + 999) / 1000, span));
	else
		doctor_say(d, FINDING_GOOD, subject, "budget", NULL,
		    "%u requests could go out now, %u in five minutes", left, allowed);
}

/* A missing database is that database's finding, not the token's. */
static void check_token(struct doctor *d, const char *subject, const struct config_account *account,
    struct d1_api *api, const char *database_id)
{
	struct err err = ERR_INIT;

	if (d1_api_database(api, database_id, NULL, NULL, &err) == 0 || err.code == ERR_NOT_FOUND) {
		doctor_say(d, FINDING_GOOD, subject, "token", NULL, "it may read D1");
		return;
	}
	doctor_give_up(d, account);
	doctor_say_err(d, FINDING_PROBLEM, subject, "token", &err, err.code == ERR_AGAIN ?
	    "can this machine reach Cloudflare? curl -I https://api.cloudflare.com" :
	    "make a token with Account > D1 > Read, and put it where api_token says");
}

void doctor_check_account(struct doctor *d, const struct config_account *account)
{
	AUTO_STR subject = mem_printf("account %s", account->name);
	const struct config_database *database = database_of(d, account);
	struct err err = ERR_INIT;
	struct open_db open;

	if (database == NULL)
		return;
	if (open_db(d->session, database, &open, &err) != 0) {
		doctor_give_up(d, account);
		doctor_say_err(d, FINDING_PROBLEM, subject, "token", &err, "put the token where api_token says, mode 0600");
		return;
	}
	check_token(d, subject, account, open.api, database->id);
	doctor_clock(d, subject, open.http);
	check_budget(d, subject, open.budget, account->request_budget);
	close_db(&open);
}
