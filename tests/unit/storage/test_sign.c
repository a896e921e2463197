#include "storage/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/hash.h"
#include "tests/unit/unit.h"

/* RFC 8032, 7.1, test 2: one byte, 0x72. */
#define RFC_PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define RFC_SIGNATURE "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da" \
	"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
/* The private key of that test, as PKCS#8. */
#define RFC_PRIVATE "-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n" \
	"-----END PRIVATE KEY-----\n"

/* The same bytes as a key of another kind. */
#define X25519_PRIVATE "-----BEGIN PRIVATE KEY-----\n" \
	"MC4CAQAwBQYDK2VuBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n" \
	"-----END PRIVATE KEY-----\n"

static struct secret secret_of(const char *text)
{
	return (struct secret){ (char *)text, strlen(text) };
}

START_TEST(round_trips)
{
	struct secret pem = { 0 };
	AUTO_BUF public;
	struct signer *signer;
	struct verifier *verifier = verifier_new();
	unsigned char sig[SIGN_BYTES];
	char id[SIGN_KEY_ID_SIZE] = "";

	buf_init(&public, 4096);
	ck_assert_int_eq(signer_generate(&pem, &public, NULL), 0);
	signer = signer_new(&pem, NULL);
	ck_assert_ptr_nonnull(signer);
	ck_assert_int_eq(verifier_add(verifier, buf_str(&public), NULL), 0);
	ck_assert_int_eq(signer_sign(signer, "hello", 5, sig, NULL), 0);
	ck_assert_int_eq(verifier_check(verifier, "hello", 5, sig, sizeof(sig), id, NULL), 0);
	ck_assert_uint_eq(strlen(id), 16);
	ck_assert_int_eq(signer_sign(signer, "", 0, sig, NULL), 0);
	ck_assert_int_eq(verifier_check(verifier, "", 0, sig, sizeof(sig), NULL, NULL), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&public), "BEGIN PUBLIC KEY"));
	secret_release(&pem);
	signer_free(signer);
	verifier_free(verifier);
}
END_TEST

START_TEST(signs_as_the_rfc_does)
{
	struct secret pem = secret_of(RFC_PRIVATE);
	struct signer *signer = signer_new(&pem, NULL);
	unsigned char sig[SIGN_BYTES];
	char hex[2 * SIGN_BYTES + 1];

	ck_assert_ptr_nonnull(signer);
	ck_assert_str_eq(signer_public_text(signer), "ed25519:" RFC_PUBLIC);
	ck_assert_int_eq(signer_sign(signer, "\x72", 1, sig, NULL), 0);
	hex_encode(sig, sizeof(sig), hex);
	ck_assert_str_eq(hex, RFC_SIGNATURE);
	signer_free(signer);
}
END_TEST

START_TEST(trusts_only_what_it_was_told)
{
	struct verifier *v = verifier_new();
	unsigned char sig[SIGN_BYTES], raw[32];
	char id[SIGN_KEY_ID_SIZE] = "", hash[SHA256_HEX_SIZE];
	struct err err = ERR_INIT;

	ck_assert(hex_decode(RFC_SIGNATURE, 2 * SIGN_BYTES, sig));
	ck_assert_int_ne(verifier_check(v, "\x72", 1, sig, sizeof(sig), NULL, &err), 0);
	ck_assert_int_eq(err.code, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.msg, "no trusted key"));
	/* Another key first: order does not matter. */
	ck_assert_int_eq(verifier_add(v, "ed25519:fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", NULL), 0);
	ck_assert_int_ne(verifier_check(v, "\x72", 1, sig, sizeof(sig), NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "none of the 1 trusted keys"));
	ck_assert_int_eq(verifier_add(v, " \n ed25519:" RFC_PUBLIC "\n", NULL), 0);
	ck_assert_int_eq(verifier_check(v, "\x72", 1, sig, sizeof(sig), id, NULL), 0);
	ck_assert(hex_decode(RFC_PUBLIC, 64, raw));
	sha256_hex(raw, sizeof(raw), hash);
	ck_assert_int_eq(strncmp(id, hash, 16), 0);
	ck_assert_int_ne(verifier_check(v, "\x73", 1, sig, sizeof(sig), NULL, NULL), 0);
	ck_assert_int_ne(verifier_check(v, "\x72", 0, sig, sizeof(sig), NULL, NULL), 0);
	ck_assert_int_ne(verifier_check(v, "\x72", 1, sig, sizeof(sig) - 1, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "63 bytes"));
	for (size_t i = 0; i < sizeof(sig); i++) {
		sig[i] ^= 1;
		ck_assert_int_ne(verifier_check(v, "\x72", 1, sig, sizeof(sig), NULL, NULL), 0);
		sig[i] ^= 1;
	}
	verifier_free(v);
}
END_TEST

START_TEST(refuses_other_keys)
{
	static const char *const public[] = {
		"", "ed25519:", "ed25519:12", "ed25519:" RFC_PUBLIC "00", "ed25519:g" RFC_PUBLIC,
		RFC_PUBLIC, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", RFC_PRIVATE,
	};
	static const char *const private[] = {
		"", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		X25519_PRIVATE,
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg=\n-----END ENCRYPTED PRIVATE KEY-----\n",
	};
	struct verifier *v = verifier_new();
	unsigned char sig[SIGN_BYTES] = { 0 };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
		ck_assert_msg(verifier_add(v, public[i], &err) != 0, "%s", public[i]);
		ck_assert_int_eq(err.code, ERR_USAGE);
	}
	ck_assert_ptr_nonnull(strstr(err.hint, "this is the private key"));
	ck_assert_int_ne(verifier_check(v, "", 0, sig, sizeof(sig), NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "no trusted key"));
	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		struct secret pem = secret_of(private[i]);

		ck_assert_ptr_null(signer_new(&pem, &err));
		ck_assert_int_eq(err.code, ERR_USAGE);
	}
	ck_assert_ptr_null(signer_new(&(struct secret){ 0 }, &err));
	signer_free(NULL);
	verifier_free(NULL);
	verifier_free(v);
}
END_TEST

static int run(const char *folder, const char *command)
{
	char line[1024];
	int status;

	(void)snprintf(line, sizeof(line), "cd %s && { %s; } >/dev/null 2>&1", folder, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void save(const char *folder, const char *name, const void *data, size_t len)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(file_write(path, data, len, 0600, false, NULL), 0);
}

static void load(const char *folder, const char *name, struct buf *ret)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(file_read(path, ret, NULL), 0);
}

START_TEST(agrees_with_the_openssl_command)
{
	const char *folder = unit_folder();
	struct secret pem;
	struct signer *signer;
	struct verifier *verifier = verifier_new();
	unsigned char sig[SIGN_BYTES];
	AUTO_BUF private;
	AUTO_BUF public;
	AUTO_BUF theirs;

	buf_init(&private, 4096);
	buf_init(&public, 4096);
	buf_init(&theirs, 4096);
	ck_assert_int_eq(run(folder, "openssl genpkey -algorithm ed25519 -out key.pem && "
	    "openssl pkey -in key.pem -pubout -out pub.pem && printf hello >f && "
	    "openssl pkeyutl -sign -inkey key.pem -rawin -in f -out theirs.sig"), 0);
	load(folder, "key.pem", &private);
	load(folder, "pub.pem", &public);
	load(folder, "theirs.sig", &theirs);
	pem = secret_of(buf_str(&private));
	signer = signer_new(&pem, NULL);
	ck_assert_ptr_nonnull(signer);
	ck_assert_int_eq(verifier_add(verifier, buf_str(&public), NULL), 0);
	ck_assert_int_eq(verifier_check(verifier, "hello", 5, theirs.data, theirs.len, NULL, NULL), 0);
	ck_assert_int_eq(signer_sign(signer, "hello", 5, sig, NULL), 0);
	save(folder, "f.sig", sig, sizeof(sig));
	ck_assert_int_eq(run(folder, "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in f -sigfile f.sig"), 0);
	sig[0] ^= 1;
	save(folder, "f.sig", sig, sizeof(sig));
	ck_assert_int_ne(run(folder, "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in f -sigfile f.sig"), 0);
	signer_free(signer);
	verifier_free(verifier);
}
END_TEST

START_TEST(makes_keys_the_openssl_command_reads)
{
	const char *folder = unit_folder();
	struct secret pem = { 0 };
	AUTO_BUF public;
	AUTO_BUF theirs;

	buf_init(&public, 4096);
	buf_init(&theirs, 4096);
	ck_assert_int_eq(signer_generate(&pem, &public, NULL), 0);
	save(folder, "key.pem", pem.bytes, pem.len);
	ck_assert_int_eq(run(folder, "openssl pkey -in key.pem -pubout -out pub.pem"), 0);
	load(folder, "pub.pem", &theirs);
	ck_assert_str_eq(buf_str(&theirs), buf_str(&public));
	secret_release(&pem);
	/* A key with a password is refused, and nobody is asked for it. */
	ck_assert_int_eq(run(folder, "openssl pkey -in key.pem -aes256 -passout pass:x -out locked.pem"), 0);
	buf_reset(&theirs);
	load(folder, "locked.pem", &theirs);
	pem = secret_of(buf_str(&theirs));
	ck_assert_ptr_null(signer_new(&pem, NULL));
}
END_TEST

UNIT_CASE(sign)
{
	tcase_add_test(tc, round_trips);
	tcase_add_test(tc, signs_as_the_rfc_does);
	tcase_add_test(tc, trusts_only_what_it_was_told);
	tcase_add_test(tc, refuses_other_keys);
	tcase_add_test(tc, agrees_with_the_openssl_command);
	tcase_add_test(tc, makes_keys_the_openssl_command_reads);
}
