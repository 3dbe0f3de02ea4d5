/* Several new files at once: plan, write beside, swap into place, or leave no trace. */
#include "cli/fileset.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rnd.h"
#include "base/str.h"
#include "cli/files.h"

/* The directory of a path; free() it. */
static enum acsr_result directory_of(char **out, const char *path, struct acsr_err *e)
{
	CLEANUP_STR char *copy = NULL;

	TRY(str_dup(&copy, path, e));
	return str_dup(out, dirname(copy), e);
}

static enum acsr_result check_directory(const char *path, struct acsr_err *e)
{
	CLEANUP_STR char *dir = NULL;
	struct stat st;

	TRY(directory_of(&dir, path, e));
	if (stat(dir, &st) != 0)
		return err_errno(e, "input.path", errno, "cannot create %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, "input.path", "cannot create %s: %s is not a directory", path, dir);
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) != 0)
		return err_errno(e, "input.path", errno, "cannot create %s", path);
	return ACSR_OK;
}

/* The same name in the same directory, however the two are written ("www.key", "./www.key"). */
static bool same_place(const char *x, const char *y)
{
	CLEANUP_STR char *dx = NULL, *dy = NULL, *bx = NULL, *by = NULL;
	struct stat a, b;

	if (strcmp(x, y) == 0)
		return true;
	if (directory_of(&dx, x, NULL) != ACSR_OK || directory_of(&dy, y, NULL) != ACSR_OK ||
		str_dup(&bx, x, NULL) != ACSR_OK || str_dup(&by, y, NULL) != ACSR_OK)
		return false;
	return strcmp(basename(bx), basename(by)) == 0 && stat(dx, &a) == 0 && stat(dy, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

enum acsr_result file_set_plan(struct file_set *s, const char *path, mode_t mode, struct acsr_err *e)
{
	struct stat st;
	bool there = lstat(path, &st) == 0;

	for (size_t i = 0; i < s->n; i++)
		if (same_place(s->v[i].path, path))
			return err_set(e, "usage.same-file", "%s is to hold two different things", path);
	if (s->n == FILE_SET_MAX)
		return err_set(e, "usage.many", "more than %d files", FILE_SET_MAX);
	if (path[0] == '\0')
		return err_set(e, "input.path", "the name of a file is empty");
	if (there && S_ISDIR(st.st_mode))
		return err_set(e, "input.path", "%s is a directory; name a file", path);
	if (there && !S_ISREG(st.st_mode))
		return err_set(e, "input.path", "%s is not a regular file, so it is not overwritten", path);
	if (there && !s->force)
		return err_set(e, "object.exists",
			"%s exists already and is not overwritten; choose another name, or --force", path);
	TRY(check_directory(path, e));
	s->v[s->n++] = (struct file_set_item){ .path = path, .mode = mode, .replaces = there };
	return ACSR_OK;
}

static void hold_signals(struct file_set *s)
{
	sigset_t held;

	if (s->holding)
		return;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGQUIT);
	s->holding = sigprocmask(SIG_BLOCK, &held, &s->mask) == 0;
}

/* A new hidden file beside `path`; *temp is its name. */
static enum acsr_result open_beside(int *fd, char **temp, const char *path, mode_t mode, struct acsr_err *e)
{
	CLEANUP_STR char *dir = NULL;
	char random[17];
	uint8_t r[8];

	TRY(directory_of(&dir, path, e));
	rnd_bytes(r, sizeof(r));
	hex_encode(r, sizeof(r), random);
	TRY(str_printf(temp, e, "%s/.autocsr-%s", dir, random));
	*fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (*fd >= 0)
		return ACSR_OK;
	(void)err_errno(e, errno == ENOSPC ? "sys.nospace" : "input.path", errno, "cannot create %s", path);
	free(*temp);
	*temp = NULL;
	return ACSR_FAIL;
}

static struct file_set_item *find(struct file_set *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].path, path) == 0)
			return &s->v[i];
	return NULL;
}

enum acsr_result file_set_write(
	struct file_set *s, const char *path, const void *p, size_t n, struct acsr_err *e)
{
	struct file_set_item *item = find(s, path);
	int fd;

	if (item == NULL || item->temp != NULL)
		return err_set(e, "internal.files", "%s was not planned, or is written twice", path);
	hold_signals(s);
	TRY(open_beside(&fd, &item->temp, path, item->mode, e));
	return file_write_and_close(fd, path, p, n, e);
}

/* A name that nobody has yet. Old file systems know no RENAME_NOREPLACE; a hard link says the same there. */
static int place_new(const char *temp, const char *path)
{
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (link(temp, path) != 0)
		return -1;
	(void)unlink(temp);
	return 0;
}

static int place(struct file_set_item *item)
{
	if (!item->replaces)
		return place_new(item->temp, item->path);
	item->swapped = renameat2(AT_FDCWD, item->temp, AT_FDCWD, item->path, RENAME_EXCHANGE) == 0;
	if (item->swapped)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOENT)
		return -1;
	return rename(item->temp, item->path);
}

static void unplace(const struct file_set_item *item)
{
	if (item->swapped)
		(void)renameat2(AT_FDCWD, item->temp, AT_FDCWD, item->path, RENAME_EXCHANGE);
	else if (!item->replaces)
		(void)unlink(item->path);
}

static enum acsr_result fail_commit(struct file_set *s, const char *path, struct acsr_err *e)
{
	int errnum = errno;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].placed)
			unplace(&s->v[i]);
	if (errnum == EEXIST)
		return err_set(e, "object.exists", "%s has appeared meanwhile and is not overwritten", path);
	return err_errno(e, "sys.write", errnum, "cannot create %s", path);
}

static bool same_directory(const char *x, const char *y)
{
	CLEANUP_STR char *dx = NULL, *dy = NULL;

	return directory_of(&dx, x, NULL) == ACSR_OK && directory_of(&dy, y, NULL) == ACSR_OK &&
	       strcmp(dx, dy) == 0;
}

/* Each directory once: a sync is what costs time here. */
static void sync_directories(const struct file_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t j = 0;

		while (j < i && !same_directory(s->v[j].path, s->v[i].path))
			j++;
		if (j == i)
			file_sync_directory(s->v[i].path);
	}
}

enum acsr_result file_set_commit(struct file_set *s, struct acsr_err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].temp == NULL)
			continue;
		if (place(&s->v[i]) != 0)
			return fail_commit(s, s->v[i].path, e);
		s->v[i].placed = true;
	}
	sync_directories(s);
	file_set_end(s);
	return ACSR_OK;
}

void file_set_end(struct file_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct file_set_item *item = &s->v[i];

		/* What was swapped holds the old file now; what was placed otherwise has no other name. */
		if (item->temp != NULL && (!item->placed || item->swapped))
			(void)unlink(item->temp);
		free(item->temp);
	}
	s->n = 0;
	if (s->holding)
		(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
	s->holding = false;
}

enum acsr_result file_put(
	const char *path, const void *p, size_t n, mode_t mode, bool force, struct acsr_err *e)
{
	CLEANUP_FILE_SET struct file_set s = { .force = force };

	if (strcmp(path, "-") == 0) {
		if (file_write_all(STDOUT_FILENO, p, n) != 0)
			return err_errno(e, "sys.write", errno, "cannot write to standard output");
		return ACSR_OK;
	}
	TRY(file_set_plan(&s, path, mode, e));
	TRY(file_set_write(&s, path, p, n, e));
	return file_set_commit(&s, e);
}
