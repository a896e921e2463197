#include "cli/lease_scope.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "storage/lease.h"

static void on_waiting(void *ctx, const char *holder)
{
	log_info("waiting: %s %s", (const char *)ctx, holder);
}

/* Tests that wait for an expiry have programs of their own (make CRASH=1). */
static int64_t ttl_s(void)
{
#ifdef D1KEEP_CRASH_POINTS
	const char *ttl = getenv("D1KEEP_LEASE_TTL");

	if (ttl != NULL)
		return atoi(ttl);
#endif
	return LEASE_TTL_S;
}

int lease_scope_begin(struct open_store *open, const struct config_database *database,
    const char *what, int64_t wait_s, struct err *err)
{
	AUTO_STR subject = mem_printf("%s/%s", database->environment->name, database->name);

	open->store.lease = lease_acquire(&(struct lease_options){
		.store = &open->store, .clock = &clock_system, .subject = subject, .what = what,
		.ttl_s = ttl_s(), .wait_ms = wait_s * 1000,
		.waiting = on_waiting, .waiting_ctx = subject,
	}, err);
	return open->store.lease != NULL ? 0 : -1;
}

void lease_scope_end(struct open_store *open)
{
	struct err err = ERR_INIT;

	if (lease_release(open->store.lease, &err) != 0)
		log_warning("the lease of %s is left to expire: %s", open->store.folder, err.msg);
	open->store.lease = NULL;
}
