#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define SECRET_MAX_BYTES 16384

void secret_set(struct secret *s, const char *bytes, size_t len)
{
	char *copy = mem_strndup(bytes, len);

	secret_release(s);
	s->bytes = copy;
	s->len = len;
}

void secret_release(struct secret *s)
{
	if (s->bytes != NULL)
		OPENSSL_cleanse(s->bytes, s->len);
	free(s->bytes);
	*s = (struct secret){ 0 };
}

/* A token ends where its line ends; more than one line is a key file, kept
 * whole but for the last newline. */
static void take_trimmed(struct secret *ret, char *bytes, size_t len)
{
	while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	secret_set(ret, bytes, len);
}

static int check_mode(const char *path, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_USAGE, "secret file \"%s\" is not a regular file", path);
	if ((st->st_mode & 027) == 0)
		return 0;
	(void)err_set(err, ERR_REFUSED, "secret file \"%s\" can be read or changed by others (mode %04o)",
	    path, (unsigned)st->st_mode & 07777u);
	return err_hint(err, "chmod 600 %s", path);
}

static int load_fd(struct secret *ret, int fd, const char *path, bool strict,
    struct err *err)
{
	char bytes[SECRET_MAX_BYTES + 1];
	struct stat st;
	size_t len = 0;
	ssize_t n = 0;

	if (fstat(fd, &st) != 0)
		return err_sys(err, errno, "secret file \"%s\"", path);
	if (strict && check_mode(path, &st, err) != 0)
		return -1;
	while (len < sizeof(bytes) &&
	    (n = read(fd, bytes + len, sizeof(bytes) - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		(void)err_sys(err, errno, "secret file \"%s\"", path);
	else if (len > SECRET_MAX_BYTES)
		n = err_set(err, ERR_USAGE, "secret file \"%s\" is larger than %d bytes",
		    path, SECRET_MAX_BYTES);
	else
		take_trimmed(ret, bytes, len);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return n < 0 ? -1 : 0;
}

static int load_file(struct secret *ret, const char *path, bool strict, struct err *err)
{
	/* Without O_NONBLOCK a named pipe would be waited for, before its mode
	 * can be looked at. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0) {
		rc = errno;
		(void)err_sys(err, rc, "secret file \"%s\"", path);
		return rc != EACCES ? -1 : err_hint(err, "this is for those who may read it: its owner, or root");
	}
	rc = load_fd(ret, fd, path, strict, err);
	(void)close(fd);
	return rc;
}

static int load_env(struct secret *ret, const char *name, struct err *err)
{
	const char *value = getenv(name);

	if (value == NULL)
		return err_set(err, ERR_NOT_FOUND, "environment variable %s is not set", name);
	secret_set(ret, value, strlen(value));
	return 0;
}

static int load_credential(struct secret *ret, const char *name, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	AUTO_STR path = NULL;

	if (dir == NULL) {
		(void)err_set(err, ERR_NOT_FOUND, "credential \"%s\": CREDENTIALS_DIRECTORY is not set", name);
		return err_hint(err, "in a systemd service, LoadCredential=%s:PATH sets it; by hand, name the folder: CREDENTIALS_DIRECTORY=/etc/d1keep d1keep …", name);
	}
	if (strchr(name, '/') != NULL)
		return err_set(err, ERR_USAGE, "credential name \"%s\" has a slash", name);
	path = mem_printf("%s/%s", dir, name);
	/* systemd owns these files and their access list; the mode says little. */
	return load_file(ret, path, false, err);
}

static const char *after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

int secret_load(struct secret *ret, const char *spec, struct err *err)
{
	const char *rest;
	int rc;

	if ((rest = after(spec, "file:")) != NULL)
		rc = load_file(ret, rest, true, err);
	else if ((rest = after(spec, "env:")) != NULL)
		rc = load_env(ret, rest, err);
	else if ((rest = after(spec, "credential:")) != NULL)
		rc = load_credential(ret, rest, err);
	else {
		(void)err_set(err, ERR_USAGE, "a secret may not stand in the configuration itself");
		return err_hint(err, "write file:PATH, env:NAME or credential:NAME");
	}
	if (rc == 0 && ret->len == 0) {
		secret_release(ret);
		return err_set(err, ERR_USAGE, "the secret %s is empty", spec);
	}
	return rc;
}

void secret_protect_process(void)
{
	struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
