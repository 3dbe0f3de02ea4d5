/* Where the list of weak keys lies that belongs to this program. */
#include "weakfind.h"

#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define NAME "weak-keys.awl"

static bool try(char **out, const char *base, const char *place)
{
	CLEANUP_STR char *path = NULL;

	if (str_printf(&path, NULL, "%s%s/" NAME, base, place) != ACSR_OK || access(path, R_OK) != 0)
		return false;
	*out = path;
	path = NULL;
	return true;
}

bool weak_installed_list(char **path)
{
	char self[2048];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		/* BUILD/src/cli, PREFIX/bin, PREFIX/libexec/autocsr */
		if (try(path, self, "/../../data/weak-keys") || try(path, self, "/../share/autocsr") ||
			try(path, self, "/../../share/autocsr"))
			return true;
	}
	return try(path, ACSR_DATADIR, "");
}
