/* O_EXCL, fsync, rename, fsync of the directory. */
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum acsr_result durable_error(struct acsr_err *e, int errnum, const char *what)
{
	bool full = errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;

	return err_errno(e, full ? "sys.nospace" : "sys.write", errnum, "cannot write %s", what);
}

static enum acsr_result write_synced(int fd, const char *p, size_t n, const char *name, struct acsr_err *e)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return durable_error(e, put < 0 ? errno : ENOSPC, name);
		p += put;
		n -= (size_t)put;
	}
	return fsync(fd) == 0 ? ACSR_OK : durable_error(e, errno, name);
}

enum acsr_result durable_sync_dir(const char *dir, struct acsr_err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return durable_error(e, errno, dir);
	r = fsync(fd);
	close(fd);
	return r == 0 ? ACSR_OK : durable_error(e, errno, dir);
}

static enum acsr_result write_new(
	const char *path, const void *p, size_t n, const char *name, struct acsr_err *e)
{
	enum acsr_result r;
	int fd;

	if (unlink(path) != 0 && errno != ENOENT)
		return durable_error(e, errno, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return durable_error(e, errno, name);
	r = write_synced(fd, p, n, name, e);
	if (close(fd) != 0 && r == ACSR_OK)
		r = durable_error(e, errno, name);
	if (r != ACSR_OK)
		unlink(path);
	return r;
}

enum acsr_result durable_replace(
	const char *dir, const char *name, const void *p, size_t n, struct acsr_err *e)
{
	char path[PATH_MAX], fresh[PATH_MAX + 4];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	TRY(write_new(fresh, p, n, name, e));
	if (rename(fresh, path) != 0)
		return durable_error(e, errno, name);
	return durable_sync_dir(dir, e);
}

enum acsr_result durable_write(const char *dir, const char *name, const void *p, size_t n, struct acsr_err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, F_OK) == 0)
		return err_set(e, "object.exists", "%s is there already", name);
	return durable_replace(dir, name, p, n, e);
}

static enum acsr_result blot_out(int fd, const char *name, struct acsr_err *e)
{
	static const char zeros[4096];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return durable_error(e, errno, name);
	for (off_t left = st.st_size; left > 0; left -= (off_t)sizeof(zeros))
		TRY(write_synced(
			fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros), name, e));
	return ACSR_OK;
}

enum acsr_result durable_destroy(const char *dir, const char *name, struct acsr_err *e)
{
	char path[PATH_MAX];
	enum acsr_result r;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ACSR_OK : durable_error(e, errno, name);
	r = blot_out(fd, name, e);
	close(fd);
	TRY(r);
	if (unlink(path) != 0 && errno != ENOENT)
		return durable_error(e, errno, name);
	return durable_sync_dir(dir, e);
}
