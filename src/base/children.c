/* Reading the kernel's list of children. */
#include "base/children.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A number cut off at the end of the buffer is not one: only those with a space behind them count. */
static size_t parse(char *text, pid_t out[CHILDREN_MAX])
{
	char *end = strrchr(text, ' '), *rest = text, *word;
	size_t n = 0;

	if (end == NULL)
		return 0;
	*end = '\0';
	while (n < CHILDREN_MAX && (word = strsep(&rest, " ")) != NULL) {
		long pid = strtol(word, NULL, 10);

		if (pid > 1)
			out[n++] = (pid_t)pid;
	}
	return n;
}

static int open_list(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool children_told(void)
{
	int fd = open_list();

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

size_t children_list(pid_t out[CHILDREN_MAX])
{
	char text[CHILDREN_MAX * 8];
	ssize_t n;
	int fd = open_list();

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return parse(text, out);
}
