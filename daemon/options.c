#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "usage: d1keepd [-c FILE] [--foreground] [--once] [--verbose]\n"
    "\n"
    "Takes backups of Cloudflare D1 databases when backup.conf says they are due, by\n"
    "starting `d1keep backup` for each. A backup that was missed while d1keepd was not\n"
    "running is made up once.\n"
    "\n"
    "  -c, --config FILE   the configuration; else $D1KEEP_CONFIG, ./backup.conf or\n"
    "                      /etc/d1keep/backup.conf\n"
    "      --foreground    log for a person at a terminal, with times. This is all it\n"
    "                      does: d1keepd never goes to the background by itself, it\n"
    "                      leaves that to its supervisor (systemd/d1keepd.service)\n"
    "      --once          take the backups that are due now, missed ones and those of\n"
    "                      databases that never had one among them; then leave with 0,\n"
    "                      or with 1 if one failed\n"
    "  -v, --verbose       log more\n"
    "  -V, --version       print the version\n"
    "  -h, --help          print this\n"
    "\n"
    "Signals: HUP reads the configuration again (a broken one is told, and the old one\n"
    "kept); TERM and INT end running backups, for up to 30 seconds, and leave. A backup\n"
    "that was ended so is made up at the next start.\n"
    "\n"
    "Exit codes: 0 left as asked, 1 failed, 2 usage or configuration, 75 another d1keepd\n"
    "works in the same state_dir.\n";

enum { OPTION_FOREGROUND = 256, OPTION_ONCE };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "foreground", no_argument, NULL, OPTION_FOREGROUND },
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool leave(int status, int *ret_status)
{
	*ret_status = status;
	return false;
}

bool options_read(int argc, char **argv, struct options *ret, int *ret_status)
{
	int option;

	*ret = (struct options){ 0 };
	while ((option = getopt_long(argc, argv, "c:vVh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': ret->config = optarg; break;
		case 'v': ret->verbose = true; break;
		case OPTION_FOREGROUND: ret->foreground = true; break;
		case OPTION_ONCE: ret->once = true; break;
		case 'V':
			(void)printf("d1keepd %s\n", D1KEEP_VERSION);
			return leave(0, ret_status);
		case 'h':
			(void)fputs(help, stdout);
			return leave(0, ret_status);
		default:        /* getopt_long has said what is wrong */
			(void)fputs("hint: d1keepd --help\n", stderr);
			return leave(2, ret_status);
		}
	}
	if (optind == argc)
		return true;
	(void)fprintf(stderr, "d1keepd: error: \"%s\": it takes options only\nhint: d1keepd --help\n",
	    argv[optind]);
	return leave(2, ret_status);
}
