/*
 * wrangler's configuration has its own dialects (TOML, JSON with comments) and
 * rules, and only wrangler knows them all: where it is installed, it reads the
 * file. Else JSON is read here, and TOML is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/init.h"
#include "setup/jsonc.h"

#define MAX_CONFIG (1u << 20)
#define NODE_TIMEOUT_MS 60000

/* Answers on descriptor 3, as wrangler talks on the others. */
static const char script[] =
    "const path = require('path'), fs = require('fs'), [dir, config] = process.argv.slice(1);\n"
    "const find = () => {\n"
    "  const from = (process.env.PATH ?? '').split(':').map((p) => path.join(p, 'wrangler'));\n"
    "  const places = [() => dir, ...from.map((p) => () => path.dirname(fs.realpathSync(p)))];\n"
    "  for (const place of places) try { return require.resolve('wrangler', { paths: [place()] }); } catch {}\n"
    "};\n"
    "const answer = () => {\n"
    "  const at = find();\n"
    "  if (!at) return { missing: true };\n"
    "  const read = require(at).experimental_readRawConfig;\n"
    "  if (!read) return { error: 'this version of wrangler cannot tell its configuration' };\n"
    "  return { config: read({ config }).rawConfig };\n"
    "};\n"
    "let told;\n"
    "try { told = answer(); } catch (e) { told = { error: String(e.message) }; }\n"
    "fs.writeSync(3, JSON.stringify(told));\n"
    "process.exit(0);\n";

/* ---- running node ---- */

extern char **environ;

static int spawn_node(const char *folder, const char *file, int fd, pid_t *ret_pid)
{
	char *const argv[] = { (char *)"node", (char *)"-e", (char *)script, (char *)"--",
		(char *)folder, (char *)file, NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, 3);
	rc = posix_spawnp(ret_pid, "node", &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Until it is closed; false after NODE_TIMEOUT_MS. */
static bool read_all(int fd, struct buf *ret)
{
	int64_t until = clock_monotonic_ms() + NODE_TIMEOUT_MS;
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left = until - clock_monotonic_ms();
		char *room = buf_reserve(ret, 4096, NULL);
		ssize_t n;

		if (room == NULL || left <= 0)
			return false;
		if (poll(&wait, 1, (int)left) <= 0)
			continue;
		n = read(fd, room, 4096);
		if (n == 0)
			return true;
		if (n > 0)
			buf_commit(ret, (size_t)n);
		else if (errno != EINTR)
			return false;
	}
}

/* What the script answered, or NULL: no node, or nothing sensible. */
static struct json_object *ask_node(const char *folder, const char *file)
{
	AUTO_BUF text = BUF_INIT(MAX_CONFIG + 4096);
	struct json_object *answer = NULL;
	int pair[2], status;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) != 0)
		return NULL;
	status = spawn_node(folder, file, pair[1], &pid);
	(void)close(pair[1]);
	if (status == 0) {
		if (read_all(pair[0], &text))
			answer = json_read(buf_str(&text), text.len, NULL);
		else
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(pair[0]);
	return answer;
}

/* ---- the file ---- */

/* In wrangler's own order. A string of its own, or NULL. */
static char *find_file(const char *folder)
{
	static const char *const names[] = { "wrangler.json", "wrangler.jsonc", "wrangler.toml" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = mem_printf("%s/%s", folder, names[i]);

		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int read_json(const char *file, struct json_object **ret, struct err *err)
{
	AUTO_BUF text = BUF_INIT(MAX_CONFIG);

	if (file_read(file, &text, err) != 0)
		return -1;
	if (text.len > 0)
		jsonc_strip(text.data, text.len);
	*ret = json_read(buf_str(&text), text.len, err);
	if (*ret != NULL)
		return 0;
	err->code = ERR_USAGE;
	return err_wrap(err, "\"%s\"", file);
}

static int read_without(const char *file, struct json_object **ret, struct err *err)
{
	const char *ending = strrchr(file, '.');

	if (strcmp(ending, ".toml") != 0)
		return read_json(file, ret, err);
	(void)err_set(err, ERR_USAGE, "\"%s\" is for wrangler to read, and neither the project nor PATH has it (with node)", file);
	return err_hint(err, "npm install wrangler in the project, or write wrangler.jsonc; or do without: --account and --token");
}

int init_read_wrangler(const char *folder, struct json_object **ret, struct err *err)
{
	AUTO_STR file = find_file(folder);
	AUTO_JSON answer = NULL;
	struct json_object *config;
	const char *problem;

	if (file == NULL)
		return err_set(err, ERR_USAGE, "\"%s\" has no wrangler.json, wrangler.jsonc or wrangler.toml", folder);
	answer = ask_node(folder, file);
	config = json_get(answer, "config", json_type_object);
	problem = json_get_str(answer, "error");
	if (config != NULL) {
		*ret = json_object_get(config);
		return 0;
	}
	if (problem != NULL && strcmp(strrchr(file, '.'), ".toml") == 0)
		return err_set(err, ERR_USAGE, "\"%s\": wrangler says: %s", file, problem);
	return read_without(file, ret, err);
}
