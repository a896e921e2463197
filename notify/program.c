#include "notify/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"

#define LONGEST_WAIT_MS 1000    /* a stop is noticed at the latest then */
#define LOOK_MS 20              /* where the kernel has no pidfd */
#define VARIABLES_MAX 64

extern char **environ;

/* ---- its environment */

struct variables {
	char *items[VARIABLES_MAX + 1];
	size_t count;
};

static void add_variable(struct variables *v, const char *name, const char *value)
{
	if (value != NULL && v->count < VARIABLES_MAX)
		v->items[v->count++] = mem_printf("%s=%s", name, value);
}

static void add_ours(struct variables *v)
{
	static const char *const names[] = {
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_variable(v, names[i], getenv(names[i]));
	for (char **e = environ; *e != NULL; e++) {
		if (strncmp(*e, "LC_", 3) == 0 && v->count < VARIABLES_MAX)
			v->items[v->count++] = mem_strdup(*e);
	}
}

static void fill(struct variables *v, const struct program *program, const struct notice *notice)
{
	add_variable(v, "D1KEEP_EVENT", notice->event);
	add_variable(v, "D1KEEP_ID", notice->id);
	add_variable(v, "D1KEEP_ENVIRONMENT", notice->environment);
	add_variable(v, "D1KEEP_DATABASE", notice->database);
	add_variable(v, "D1KEEP_MESSAGE", notice->message);
	add_variable(v, "D1KEEP_HINT", notice->hint);
	add_variable(v, "D1KEEP_CONFIG", program->config_path);
	add_ours(v);
}

static void release(struct variables *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
}

/* ---- its beginning */

/* A file in memory: a program that does not read its input holds nobody up. */
static int open_input(const struct notice *notice, struct err *err)
{
	int fd = memfd_create("notice", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "cannot make its input");
	if (file_write_fd(fd, notice->text, notice->len, "its input", err) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* A group of its own, so that what it starts can be ended with it; signals as
 * they were before we caught or ignored some. */
static void set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawnattr_setsigmask(attributes, &none);
	(void)posix_spawnattr_setsigdefault(attributes, &all);
	(void)posix_spawnattr_setpgroup(attributes, 0);
	(void)posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static pid_t spawn(const struct program *program, const struct notice *notice, int input,
    int output, struct err *err)
{
	struct variables variables = { .count = 0 };
	char *args[] = { (char *)program->path, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	pid_t pid = -1;
	int rc;

	fill(&variables, program, notice);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, input, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, output, 1);
	(void)posix_spawn_file_actions_adddup2(&actions, output, 2);
	(void)posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	(void)posix_spawnattr_init(&attributes);
	set_attributes(&attributes);
	rc = posix_spawn(&pid, program->path, &actions, &attributes, args, variables.items);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	release(&variables);
	return rc == 0 ? pid : err_sys(err, rc, "cannot start \"%s\"", program->path);
}

/* ---- its life */

struct child {
	const struct program *program;
	pid_t pid;
	int pidfd;
	int output;              /* our end of the pipe, or -1 */
	int64_t began_ms;
	bool terminated, killed, stopped;
};

/* What fits is kept, the rest read all the same, or the program would stand. */
static void read_output(struct child *child, struct buf *ret)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(child->output, bytes, sizeof(bytes))) > 0) {
		size_t room = ret->max - ret->len;

		(void)buf_add(ret, bytes, (size_t)n < room ? (size_t)n : room, NULL);
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	(void)close(child->output);
	child->output = -1;
}

static int64_t end_if_late(struct child *child)
{
	int64_t past = clock_monotonic_ms() - child->began_ms;
	int64_t limit = child->program->limit_ms;

	if (stop_requested() && !child->stopped) {
		child->stopped = true;
		(void)kill(-child->pid, SIGTERM);
	}
	if (past >= limit && !child->terminated) {
		child->terminated = true;
		(void)kill(-child->pid, SIGTERM);
	}
	limit += child->program->kill_after_ms;
	if (past >= limit && !child->killed) {
		child->killed = true;
		(void)kill(-child->pid, SIGKILL);
	}
	return child->terminated ? limit - past : child->program->limit_ms - past;
}

/* Is it over? Its exit status to `ret`. */
static bool is_over(const struct child *child, int *ret)
{
	pid_t pid = waitpid(child->pid, ret, WNOHANG);

	return pid == child->pid || (pid < 0 && errno != EINTR);
}

static int wait_for_end(struct child *child, struct buf *ret_output)
{
	int status = 0;

	while (!is_over(child, &status)) {
		struct pollfd fds[] = {
			{ .fd = child->pidfd, .events = POLLIN },
			{ .fd = child->output, .events = POLLIN },
		};
		int64_t wait = end_if_late(child);

		if (wait > LONGEST_WAIT_MS || wait < 1)
			wait = LONGEST_WAIT_MS;
		(void)poll(fds, 2, child->pidfd >= 0 ? (int)wait : LOOK_MS);
		if (child->output >= 0)
			read_output(child, ret_output);
	}
	if (child->output >= 0)
		read_output(child, ret_output);
	return status;
}

static int judge(const struct child *child, int status, struct err *err)
{
	if (child->terminated)
		return err_set(err, ERR_FAILED, "stopped: it took longer than %lld s",
		    (long long)child->program->limit_ms / 1000);
	if (child->stopped)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (WIFSIGNALED(status))
		return err_set(err, ERR_FAILED, "ended by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_FAILED, "ended with exit code %d", WEXITSTATUS(status));
	return 0;
}

static int run_with(const struct program *program, const struct notice *notice, int input,
    const int ends[2], struct buf *ret_output, struct err *err)
{
	struct child child = { .program = program, .output = ends[0] };
	int status;

	child.pid = spawn(program, notice, input, ends[1], err);
	(void)close(ends[1]);
	if (child.pid < 0) {
		(void)close(child.output);
		return -1;
	}
	child.began_ms = clock_monotonic_ms();
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	status = wait_for_end(&child, ret_output);
	if (child.pidfd >= 0)
		(void)close(child.pidfd);
	if (child.output >= 0)
		(void)close(child.output);
	return judge(&child, status, err);
}

int program_run(const struct program *program, const struct notice *notice,
    struct buf *ret_output, struct err *err)
{
	int input = open_input(notice, err), ends[2], rc;

	if (input < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		rc = err_sys(err, errno, "cannot make a pipe");
	} else {
		/* Our end alone does not block: it is another open file. */
		(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
		rc = run_with(program, notice, input, ends, ret_output, err);
	}
	(void)close(input);
	return rc;
}
