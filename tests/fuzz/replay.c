/*
 * Feeds a fuzz target the files of its corpus, without libFuzzer: fuzz_NAME
 * [FILE-OR-FOLDER…], by default tests/fuzz/corpus/NAME. Each file counts as a
 * test. A child process does the work and notes in shared memory how far it
 * came; when it dies, that file has failed and a new child goes on behind it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

struct files {
	char **names;
	size_t count, cap;
};

static void add_file(struct files *files, char *name)
{
	files->names = mem_grow(files->names, files->count, &files->cap, sizeof(*files->names));
	files->names[files->count++] = name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_path(struct files *files, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;

	if (folder == NULL && errno == ENOTDIR) {
		add_file(files, mem_strdup(path));
		return true;
	}
	if (folder == NULL)
		return false;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] != '.')
			add_file(files, mem_printf("%s/%s", path, entry->d_name));
	}
	(void)closedir(folder);
	qsort(files->names, files->count, sizeof(*files->names), by_name);
	return true;
}

/* The target gets memory of exactly the right size, so that ASan sees a byte read
 * too many; an empty file is NULL, as nothing may be read there. */
static void feed(const char *path)
{
	struct err err = ERR_INIT;
	AUTO_BUF text = BUF_INIT(FUZZ_MAX_BYTES);
	uint8_t *exact;

	if (file_read(path, &text, &err) != 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		_exit(2);
	}
	exact = mem_calloc(text.len > 0 ? text.len : 1, 1);
	if (text.len > 0)
		memcpy(exact, text.data, text.len);
	(void)LLVMFuzzerTestOneInput(text.len > 0 ? exact : NULL, text.len);
	free(exact);
}

/* True when the child has fed all files that were left. */
static bool feed_rest(const struct files *files, volatile size_t *next)
{
	pid_t child;
	int status;

	(void)fflush(stdout);
	child = fork();
	if (child < 0)
		exit(2);
	if (child == 0) {
		for (; *next < files->count; ++*next)
			feed(files->names[*next]);
		exit(0);   /* not _exit: leaks are looked for on the way out */
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			exit(2);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static size_t replay(const struct files *files)
{
	volatile size_t *next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t failed = 0;

	if (next == MAP_FAILED)
		exit(2);
	*next = 0;
	while (*next < files->count && !feed_rest(files, next)) {
		failed++;
		printf("not ok - %s\n", *next < files->count ? files->names[*next] : "something leaks");
		++*next;
	}
	return failed;
}

int main(int argc, char **argv)
{
	const char *dash = strchr(program_invocation_short_name, '_');
	AUTO_STR usual = mem_printf("tests/fuzz/corpus/%s", dash != NULL ? dash + 1 : "");
	struct files files = { 0 };
	size_t failed;

	for (int i = 1; i < argc || (argc == 1 && i == 1); i++) {
		const char *path = argc > 1 ? argv[i] : usual;

		if (!add_path(&files, path)) {
			(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return 2;
		}
	}
	failed = replay(&files);
	printf("%zu passed, %zu failed\n", files.count > failed ? files.count - failed : 0, failed);
	for (size_t i = 0; i < files.count; i++)
		free(files.names[i]);
	free(files.names);
	return failed > 0 || files.count == 0;
}
