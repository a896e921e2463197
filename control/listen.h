/*
 * Sockets that listen: a Unix socket file, a TCP address.
 */
#ifndef D1KEEP_CONTROL_LISTEN_H
#define D1KEEP_CONTROL_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/address.h"
#include "base/err.h"

struct listen_file {
	char *path;              /* NULL: none */
	dev_t dev;               /* which file it was, so that only ours is removed */
	ino_t ino;
};

/* A descriptor that does not block, or -1. The file has its mode from its first
 * moment on. One that is left over from a dead process is replaced; where
 * somebody answers: ERR_EXISTS. What is no socket is left alone. */
int listen_unix(const char *path, bool group, struct listen_file *ret, struct err *err);

/* Remove the file, if it is still the one that was made. */
void listen_file_remove(struct listen_file *file);

/* IPv6 addresses take no IPv4. */
int listen_tcp(const struct address *address, const char *text, struct err *err);

/* The port it really is, where 0 let the kernel choose. */
unsigned listen_port(int fd);

#endif
