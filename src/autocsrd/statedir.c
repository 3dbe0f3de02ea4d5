/* Directories with mode 0700 and the right owner. */
#include "statedir.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Numeric ids for a machine without the packaged users; above what Debian hands out. */
enum { NUMERIC_UID = 64200 };

static const enum role keepers[] = { ROLE_CORE, ROLE_SIGNER, ROLE_FRONT };

static const struct passwd *packaged_user(enum role role)
{
	char name[32];

	snprintf(name, sizeof(name), "autocsr-%s", role_name(role));
	return getpwnam(name);
}

uid_t statedir_uid(enum role role)
{
	const struct passwd *pw = geteuid() == 0 ? packaged_user(role) : NULL;

	if (geteuid() != 0)
		return 0;
	return pw != NULL ? pw->pw_uid : (uid_t)(NUMERIC_UID + role);
}

gid_t statedir_gid(enum role role)
{
	const struct passwd *pw = geteuid() == 0 ? packaged_user(role) : NULL;

	return pw != NULL ? pw->pw_gid : (gid_t)statedir_uid(role);
}

static enum acsr_result make_dir(const char *path, uid_t uid, gid_t gid, bool *made, struct acsr_err *e)
{
	struct stat st;

	*made = mkdir(path, 0700) == 0;
	if (!*made && errno != EEXIST)
		return err_errno(e, "sys.state", errno, "cannot make %s", path);
	if (lstat(path, &st) != 0)
		return err_errno(e, "sys.state", errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, "sys.state", "%s is not a directory", path);
	if ((st.st_mode & 077) != 0)
		return err_set(e, "sys.state", "others can read %s; run: chmod 0700 %s", path, path);
	if (uid != 0 && st.st_uid != uid && lchown(path, uid, gid) != 0)
		return err_errno(e, "sys.state", errno, "cannot give %s to user %u", path, (unsigned)uid);
	return ACSR_OK;
}

enum acsr_result statedir_of(const char *state, enum role role, char out[4096], struct acsr_err *e)
{
	bool keeps = false;

	for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]); i++)
		keeps = keeps || keepers[i] == role;
	out[0] = '\0';
	if (keeps && snprintf(out, 4096, "%s/%s", state, role_name(role)) >= 4096)
		return err_set(e, "sys.state", "the path %s is too long", state);
	return ACSR_OK;
}

/* STATE/bootstrap leads into core's directory, because core writes it and sees nothing else. */
static enum acsr_result link_bootstrap(const char *state, struct acsr_err *e)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/bootstrap", state) >= (int)sizeof(path))
		return err_set(e, "sys.state", "the path %s is too long", state);
	if (symlink("core/bootstrap", path) != 0 && errno != EEXIST)
		return err_errno(e, "sys.state", errno, "cannot make %s", path);
	return ACSR_OK;
}

enum acsr_result statedir_prepare(const char *state, bool *first, struct acsr_err *e)
{
	bool made;

	TRY(make_dir(state, 0, 0, &made, e));
	*first = false;
	for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]); i++) {
		char dir[4096];

		TRY(statedir_of(state, keepers[i], dir, e));
		TRY(make_dir(dir, statedir_uid(keepers[i]), statedir_gid(keepers[i]), &made, e));
		if (keepers[i] == ROLE_CORE)
			*first = made;
	}
	return link_bootstrap(state, e);
}

enum acsr_result statedir_lock(const char *state, int *fd_out, struct acsr_err *e)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/lock", state) >= (int)sizeof(path))
		return err_set(e, "sys.state", "the path %s is too long", state);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "sys.state", errno, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*fd_out = fd;
		return ACSR_OK;
	}
	close(fd);
	return err_set(e, "sys.state",
		"another autocsrd runs on %s; stop it, or choose another state directory", state);
}
