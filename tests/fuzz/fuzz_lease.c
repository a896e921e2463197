/*
 * A lease.json out of a bucket (storage/lease_record.h): what is accepted promises no
 * more than an hour, can be written, reads again as the same bytes, and its holder
 * can be shown to a person.
 */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "storage/lease_record.h"
#include "tests/fuzz/fuzz.h"

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	REQUIRE(len < size && utf8_valid(text, len));
	for (size_t i = 0; i < len; i++)
		REQUIRE((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static void check_record(const struct lease_record *r)
{
	char words[200];

	REQUIRE(r->ttl_s >= 1 && r->ttl_s <= LEASE_MAX_TTL_S);
	REQUIRE(r->generation >= 0 && r->generation + 1 > r->generation && r->renewals >= 0);
	check_text(r->host, sizeof(r->host));
	check_text(r->instance, sizeof(r->instance));
	check_text(r->what, sizeof(r->what));
	REQUIRE(r->held || (r->host[0] == '\0' && r->pid == 0));
	lease_record_describe(r, words, sizeof(words));
	check_text(words, sizeof(words));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF first = BUF_INIT(FUZZ_MAX_BYTES);
	AUTO_BUF second = BUF_INIT(FUZZ_MAX_BYTES);
	struct lease_record r = { .ttl_s = -7 }, again;
	struct err err = ERR_INIT;

	if (lease_record_read((const char *)data, size, &r, &err) != 0) {
		REQUIRE(err.code == ERR_CORRUPT && err.msg[0] != '\0' && r.ttl_s == -7);
		return 0;
	}
	check_record(&r);
	REQUIRE(lease_record_write(&r, &first, &err) == 0 && first.len <= LEASE_MAX_BYTES);
	REQUIRE(lease_record_read(first.data, first.len, &again, &err) == 0);
	REQUIRE(lease_record_write(&again, &second, &err) == 0);
	REQUIRE(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	return 0;
}
