/*
 * A key pair for signing snapshots, as two files: `d1keep keygen` and `d1keep
 * init --keygen`.
 */
#ifndef D1KEEP_CLI_KEYPAIR_H
#define D1KEEP_CLI_KEYPAIR_H

#include "base/err.h"
#include "storage/sign.h"

/* Writes `path` (private, 0600) and `path`.pub, neither over an existing file:
 * ERR_REFUSED. The public key as configurations want it in `public_text`. */
int keypair_write(const char *path, char public_text[SIGN_PUBLIC_TEXT_SIZE], struct err *err);

/* The public key that goes with a private one that is there already. */
int keypair_public(const char *path, char public_text[SIGN_PUBLIC_TEXT_SIZE], struct err *err);

#endif
