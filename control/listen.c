#include "control/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define BACKLOG 128
#define KIND (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static int unix_address(const char *path, struct sockaddr_un *ret, struct err *err)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path)) {
		(void)err_set(err, ERR_USAGE, "control socket \"%s\": a socket's path may have %zu bytes",
		    path, sizeof(ret->sun_path) - 1);
		return err_hint(err, "give it a shorter one: control_socket = \"/run/d1keep/control.sock\"");
	}
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

static bool somebody_answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, KIND, 0);
	/* A full backlog is somebody too. */
	bool answers = fd >= 0 && (connect(fd, (const struct sockaddr *)address,
	    sizeof(*address)) == 0 || errno == EAGAIN || errno == EINPROGRESS);

	if (fd >= 0)
		(void)close(fd);
	return answers;
}

static int make_room(const struct sockaddr_un *address, struct err *err)
{
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "control socket \"%s\"", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_EXISTS, "control socket \"%s\": something else has that name", path);
	if (somebody_answers(address))
		return err_set(err, ERR_EXISTS, "control socket \"%s\": another process answers there", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_sys(err, errno, "control socket \"%s\"", path);
	return 0;
}

/* The umask is the process's, and this process has one thread that makes files. */
static int bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
	mode_t before = umask(0777 & ~mode);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;

	(void)umask(before);
	errno = error;
	return rc;
}

int listen_unix(const char *path, bool group, struct listen_file *ret, struct err *err)
{
	struct sockaddr_un address;
	struct stat st;
	int fd;

	*ret = (struct listen_file){ .path = NULL };
	if (unix_address(path, &address, err) != 0 || make_room(&address, err) != 0)
		return -1;
	fd = socket(AF_UNIX, KIND, 0);
	if (fd < 0)
		return err_sys(err, errno, "control socket \"%s\"", path);
	if (bind_with_mode(fd, &address, group ? 0660 : 0600) != 0 || lstat(path, &st) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		(void)err_sys(err, errno, "control socket \"%s\"", path);
		(void)close(fd);
		return -1;
	}
	*ret = (struct listen_file){ mem_strdup(path), st.st_dev, st.st_ino };
	return fd;
}

void listen_file_remove(struct listen_file *file)
{
	struct stat st;

	if (file->path != NULL && lstat(file->path, &st) == 0 && st.st_dev == file->dev &&
	    st.st_ino == file->ino)
		(void)unlink(file->path);
	free(file->path);
	*file = (struct listen_file){ .path = NULL };
}

int listen_tcp(const struct address *address, const char *text, struct err *err)
{
	int on = 1, fd = socket(address->storage.ss_family, KIND, 0);

	if (fd < 0)
		return err_sys(err, errno, "cannot listen at %s", text);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->storage.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address->storage, address->len) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		(void)err_sys(err, errno, "cannot listen at %s", text);
		(void)close(fd);
		return -1;
	}
	return fd;
}

unsigned listen_port(int fd)
{
	struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(storage);

	if (getsockname(fd, (struct sockaddr *)&storage, &len) != 0)
		return 0;
	return ntohs(storage.ss_family == AF_INET6 ?
	    ((const struct sockaddr_in6 *)&storage)->sin6_port :
	    ((const struct sockaddr_in *)&storage)->sin_port);
}
