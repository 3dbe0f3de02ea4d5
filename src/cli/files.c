/* Reading with limits, writing with care. */
#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define SECRET_MAX 4096

static enum acsr_result remove_old(const char *path, struct acsr_err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return ACSR_OK;
	if (!S_ISREG(st.st_mode))
		return err_set(e, "input.path", "%s is not a regular file, so it is not overwritten", path);
	if (unlink(path) != 0)
		return err_errno(e, "input.path", errno, "cannot replace %s", path);
	return ACSR_OK;
}

enum acsr_result new_file_open(
	struct new_file *f, const char *path, mode_t mode, bool force, struct acsr_err *e)
{
	int fd;

	if (force)
		TRY(remove_old(path, e));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, "object.exists",
			"%s exists already and is not overwritten; choose another name, or --force", path);
	if (fd < 0)
		return err_errno(e, "input.path", errno, "cannot create %s", path);
	*f = (struct new_file){ path, fd };
	return ACSR_OK;
}

int file_write_all(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

/* A new name is durable only when its directory is. */
void file_sync_directory(const char *path)
{
	CLEANUP_STR char *copy = NULL;
	int fd;

	if (str_dup(&copy, path, NULL) != ACSR_OK)
		return;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

enum acsr_result file_write_and_close(int fd, const char *path, const void *p, size_t n, struct acsr_err *e)
{
	int bad = file_write_all(fd, p, n) != 0 || fsync(fd) != 0;
	int errnum = errno;

	if (close(fd) != 0 && !bad) {
		bad = 1;
		errnum = errno;
	}
	if (bad)
		return err_errno(e, errnum == ENOSPC || errnum == EDQUOT ? "sys.nospace" : "sys.write",
			errnum, "cannot write %s", path);
	return ACSR_OK;
}

enum acsr_result new_file_commit(struct new_file *f, const void *p, size_t n, struct acsr_err *e)
{
	enum acsr_result r = file_write_and_close(f->fd, f->path, p, n, e);

	f->fd = -1;
	if (r != ACSR_OK)
		(void)unlink(f->path);
	else
		file_sync_directory(f->path);
	return r;
}

void new_file_abandon(struct new_file *f)
{
	if (f->fd < 0)
		return;
	close(f->fd);
	(void)unlink(f->path);
	f->fd = -1;
}

static const char *shown(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

enum acsr_result file_get(struct buf *b, const char *path, size_t max, struct acsr_err *e)
{
	int fd = STDIN_FILENO;
	enum acsr_result r;
	struct stat st;

	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "input.open", errno, "cannot open %s", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(e, "input.open", "%s is a directory", path);
	}
	b->max = max;
	r = buf_read_fd(b, fd, e);
	if (fd != STDIN_FILENO)
		close(fd);
	if (r != ACSR_OK && e != NULL && err_is(e, "request.too-large"))
		return err_set(e, "input.too-large", "%s is larger than %zu bytes", shown(path), max);
	TRY(r);
	if (b->len == 0)
		return err_set(e, "input.empty", "%s is empty", shown(path));
	return ACSR_OK;
}

enum acsr_result file_get_secret(struct acsr_secret **out, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	const uint8_t *end;
	size_t n;

	buf_init(&b, SECRET_MAX);
	TRY(file_get(&b, path, SECRET_MAX, e));
	end = memchr(b.p, '\n', b.len);
	n = end != NULL ? (size_t)(end - b.p) : b.len;
	if (n > 0 && b.p[n - 1] == '\r')
		n--;
	if (n == 0)
		return err_set(e, "input.empty", "the first line of %s is empty", shown(path));
	if (memchr(b.p, '\0', n) != NULL)
		return err_set(e, "input.secret", "%s holds a NUL byte", shown(path));
	return acsr_secret_new(out, b.p, n, e);
}
