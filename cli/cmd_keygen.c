/* d1keep keygen: a key pair for signing snapshots. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/keypair.h"

static const struct option_def options[] = {
	{ 0, NULL, NULL, NULL },
};

static int run(const struct cli *cli, const struct command *command, int argc, char **argv)
{
	char public_text[SIGN_PUBLIC_TEXT_SIZE];
	AUTO_STR real = NULL;    /* a relative path begins in the configuration's folder, not in ours */
	struct err err = ERR_INIT;
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
	if (keypair_write(path, public_text, &err) != 0)
		return fail(&err);
	real = realpath(path, NULL);
	(void)printf("sign_key     = \"file:%s\"\ntrusted_keys = { \"%s\" }\n",
	    real != NULL ? real : path, public_text);
	log_info("wrote %s (private: keep it secret, keep a copy) and %s.pub; these two lines go into backup.conf",
	    path, path);
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
