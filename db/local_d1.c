/*
 * Where wrangler keeps a local D1: a Durable Object's file, named by the hash
 * of the database's id (CLOUDFLARE.md 6.3; workerd actor-id-impl.c++).
 */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "db/db.h"

#define UNIQUE_KEY "miniflare-D1DatabaseObject"
#define HALF 16

void local_d1_hash(const char *id, char ret[65])
{
	unsigned char key[SHA256_BYTES], mac[SHA256_BYTES], name[2 * HALF];

	sha256(UNIQUE_KEY, strlen(UNIQUE_KEY), key);
	hmac_sha256(key, sizeof(key), id, strlen(id), mac);
	memcpy(name, mac, HALF);
	hmac_sha256(key, sizeof(key), name, HALF, mac);
	memcpy(name + HALF, mac, HALF);
	hex_encode(name, sizeof(name), ret);
}

char *local_d1_path(const char *project, const char *state, const char *id)
{
	char hash[65];

	local_d1_hash(id, hash);
	return mem_printf("%s%s/v3/d1/%s/%s.sqlite", state != NULL ? state : project,
	    state != NULL ? "" : "/.wrangler/state", UNIQUE_KEY, hash);
}
