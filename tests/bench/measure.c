/*
 * measure FILE COMMAND…: runs it and writes one line to FILE: milliseconds it
 * took, milliseconds of CPU it and its children used, KiB of memory the largest of
 * them had at once. Its exit status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	double began = now_ms();
	struct rusage used;
	int status = 0;
	FILE *out;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (pid == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 1;
	out = fopen(argv[1], "w");
	if (out == NULL)
		return 1;
	fprintf(out, "%.1f %.1f %ld\n", now_ms() - began, ms(used.ru_utime) + ms(used.ru_stime),
	    used.ru_maxrss);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
