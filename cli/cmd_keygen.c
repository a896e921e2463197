/* d1keep keygen: a key pair for signing snapshots. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "storage/sign.h"

static const struct option_def options[] = {
	{ 0, NULL, NULL, NULL },
};

static int write_pair(const char *path, const char *public_path, char public_text[SIGN_PUBLIC_TEXT_SIZE],
    struct err *err)
{
	struct secret private_pem = { 0 };
	struct signer *signer = NULL;
	AUTO_BUF public_pem = BUF_INIT(4096);
	int rc;

	rc = signer_generate(&private_pem, &public_pem, err);
	if (rc == 0 && (signer = signer_new(&private_pem, err)) == NULL)
		rc = -1;
	if (rc == 0) {
		(void)snprintf(public_text, SIGN_PUBLIC_TEXT_SIZE, "%s", signer_public_text(signer));
		rc = file_write(path, private_pem.bytes, private_pem.len, 0600, true, err);
	}
	if (rc == 0 &&
	    (rc = file_write(public_path, public_pem.data, public_pem.len, 0644, true, err)) != 0)
		(void)unlink(path);
	signer_free(signer);
	secret_release(&private_pem);
	return rc;
}

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	char public_text[SIGN_PUBLIC_TEXT_SIZE];
	struct err err = ERR_INIT;
	AUTO_STR public_path = NULL;
	struct args args;
	const char *value, *path;
	int id;

	(void)cli;
	args_init(&args, command, argc, argv);
	while ((id = args_next(&args, &value)) > 0)
		;
	args_release(&args);
	if (id < 0)
		return EXIT_USAGE;
	if (args.rest_count != 1)
		return usage_error(command, "where shall the private key lie? (as in /etc/d1keep/sign.pem)");
	path = args.rest[0];
	public_path = mem_printf("%s.pub", path);
	if (write_pair(path, public_path, public_text, &err) != 0) {
		if (err.code == ERR_EXISTS) {
			err.code = ERR_REFUSED;
			(void)err_hint(&err, "a key that signed snapshots must not be lost: choose another name");
		}
		return fail(&err);
	}
	(void)printf("sign_key     = \"file:%s\"\ntrusted_keys = { \"%s\" }\n", path, public_text);
	log_info("wrote %s (private: keep it secret, keep a copy) and %s; these two lines go into backup.conf",
	    path, public_path);
	return finish_output(EXIT_DONE);
}

const struct command command_keygen = {
	.name = "keygen",
	.arguments = "FILE",
	.summary = "Make a key pair for signing snapshots: FILE (private) and FILE.pub.",
	.details =
	    "Ed25519, as PEM: openssl reads both. The public key goes into trusted_keys of\n"
	    "every configuration that shall trust these snapshots.",
	.options = options,
	.run = run,
};
