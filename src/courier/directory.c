/* Files by descriptor: no path, no symbolic link is followed. */
#include "courier/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rnd.h"

enum { TOKEN_MAX = 200, CONTENT_MAX = 1024 };

static enum acsr_result check_token(const char *token, struct acsr_err *e)
{
	size_t n = strlen(token);

	if (n == 0 || n > TOKEN_MAX ||
		strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != n)
		return err_set(
			e, "publish.directory", "\"%s\" is no token that a file could be named after", token);
	return ACSR_OK;
}

static bool write_all(int fd, const char *s)
{
	size_t n = strlen(s);

	while (n > 0) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		s += done;
		n -= (size_t)done;
	}
	return true;
}

static enum acsr_result write_file(int dir, const char *name, const char *content, struct acsr_err *e)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool good;
	int error;

	if (fd < 0)
		return err_errno(e, "publish.directory", errno, "cannot make a file in [publish] directory");
	good = write_all(fd, content) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
	error = errno;
	close(fd);
	return good ? ACSR_OK
		    : err_errno(e, "publish.directory", error, "cannot write in [publish] directory");
}

enum acsr_result directory_add(int dir, const char *token, const char *content, struct acsr_err *e)
{
	char temporary[40] = ".";

	TRY(check_token(token, e));
	rnd_base32(temporary + 1, 26);
	if (write_file(dir, temporary, content, e) == ACSR_OK) {
		if (renameat(dir, temporary, dir, token) == 0)
			return ACSR_OK;
		(void)err_errno(
			e, "publish.directory", errno, "cannot put %s into [publish] directory", token);
	}
	(void)unlinkat(dir, temporary, 0);
	return ACSR_FAIL;
}

/* Is this a plain file with just this content? */
static bool ours(int dir, const char *token, const char *content)
{
	int fd = openat(dir, token, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[CONTENT_MAX + 1];
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, sizeof(text));
	close(fd);
	return n >= 0 && (size_t)n == strlen(content) && memcmp(text, content, (size_t)n) == 0;
}

enum acsr_result directory_remove(int dir, const char *token, const char *content, struct acsr_err *e)
{
	struct stat st;

	TRY(check_token(token, e));
	if (fstatat(dir, token, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? ACSR_OK
				       : err_errno(e, "publish.directory", errno, "cannot look at %s", token);
	if (!ours(dir, token, content)) {
		log_event(LOG_WARN, "publish.not-ours", "file", token, "text",
			"somebody else has put something in its place; it is left", NULL);
		return ACSR_OK;
	}
	if (unlinkat(dir, token, 0) != 0 && errno != ENOENT)
		return err_errno(e, "publish.directory", errno, "cannot remove %s", token);
	return ACSR_OK;
}
