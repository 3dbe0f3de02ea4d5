/* /proc/swaps, and what sysfs knows of each device. */
#include "swap.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/str.h"

enum { DEPTH_MAX = 8 };

static bool read_line(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "re");
	bool ok = f != NULL && fgets(out, (int)cap, f) != NULL;

	if (f != NULL)
		fclose(f);
	return ok;
}

static bool is_secret(const char *root, const char *device, int depth);

/* A mapping is secret when all that it lies on is. */
static bool slaves_secret(const char *root, const char *device, int depth)
{
	char path[PATH_MAX];
	struct dirent *d;
	bool any = false, all = true;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/block/%s/slaves", root, device);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		any = true;
		all = all && is_secret(root, d->d_name, depth + 1);
	}
	closedir(dir);
	return any && all;
}

static bool is_secret(const char *root, const char *device, int depth)
{
	char path[PATH_MAX], line[128];

	if (depth > DEPTH_MAX)
		return false;
	if (str_starts(device, "zram")) {
		snprintf(path, sizeof(path), "%s/sys/block/%s/backing_dev", root, device);
		return !read_line(path, line, sizeof(line)) || str_starts(line, "none");
	}
	snprintf(path, sizeof(path), "%s/sys/block/%s/dm/uuid", root, device);
	if (!read_line(path, line, sizeof(line)))
		return false;
	return str_starts(line, "CRYPT-") || slaves_secret(root, device, depth);
}

/* One line of /proc/swaps: "NAME  TYPE  SIZE  USED  PRIORITY". */
static bool line_is_open(const char *root, char *line)
{
	char real[PATH_MAX];
	char *type = line + strcspn(line, " \t");

	if (*type == '\0')
		return false;
	*type++ = '\0';
	type += strspn(type, " \t");
	if (!str_starts(type, "partition"))
		return true;
	snprintf(real, sizeof(real), "%s", line);
	if (*root == '\0' && realpath(line, real) == NULL)
		return true;
	return !is_secret(root, strrchr(real, '/') != NULL ? strrchr(real, '/') + 1 : real, 0);
}

bool swap_is_open(const char *root, char *where, size_t cap)
{
	char path[PATH_MAX], line[PATH_MAX];
	bool open = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/swaps", root);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (!open && fgets(line, sizeof(line), f) != NULL) {
		open = line[0] == '/' && line_is_open(root, line);
		if (open)
			snprintf(where, cap, "%s", line);
	}
	fclose(f);
	return open;
}

bool swap_can_lock(void)
{
	struct rlimit rl = { RLIM_INFINITY, RLIM_INFINITY };

	/* Root's own right to lock is gone after the change of user; the limit stays. */
	if (setrlimit(RLIMIT_MEMLOCK, &rl) != 0 && getrlimit(RLIMIT_MEMLOCK, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_MEMLOCK, &rl) != 0)
			return false;
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		return false;
	return munlockall() == 0;
}
