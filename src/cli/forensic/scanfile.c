/* Reading files in pieces that overlap. */
#include "cli/forensic/scanfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/str.h"

enum { CHUNK = 1024 * 1024, DEPTH_MAX = 16, PATH_ROOM = 4096, PIPE_ROOM = 1024 * 1024, PIPES_MAX = 1024 };

enum surface scanfile_kind(const char *path)
{
	static const char *const databases[] = { ".db", ".db-wal", ".db-shm", ".db-journal", ".sqlite",
		".sqlite-wal", ".sqlite-shm" };

	for (size_t i = 0; i < sizeof(databases) / sizeof(databases[0]); i++)
		if (str_ends(path, databases[i]))
			return SURFACE_DATABASE;
	return str_ends(path, ".log") || str_ends(path, ".jsonl") ? SURFACE_LOGS : SURFACE_FILES;
}

/* As many bytes as there are, up to `want`; -1 with errno. */
static ssize_t read_full(int fd, uint8_t *p, size_t want)
{
	size_t n = 0;

	while (n < want) {
		ssize_t got = read(fd, p + n, want - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

/* The end of each piece is the beginning of the next. */
static bool scan_fd(struct search *s, struct search_place *at, int fd, uint8_t *room)
{
	size_t kept = 0;

	for (;;) {
		ssize_t got = read_full(fd, room + kept, CHUNK - kept);
		size_t have = kept + (got > 0 ? (size_t)got : 0);
		bool last = got <= 0 || have < CHUNK;
		size_t limit = last ? have : have - NEEDLE_OVERLAP;

		if (got < 0)
			return false;
		search_bytes(s, at, room, have, limit);
		if (last)
			return true;
		memmove(room, room + limit, have - limit);
		kept = have - limit;
		at->offset += limit;
	}
}

static void scan_opened(struct search *s, enum surface surface, const char *name, int fd)
{
	uint8_t *room = malloc(CHUNK);
	struct search_place at = { surface, name, 0, false };

	if (room == NULL || !scan_fd(s, &at, fd, room))
		search_unread(s, surface, "%s: %s", name, strerror(errno));
	s->surfaces[surface].parts++;
	if (room != NULL)
		wipe(room, CHUNK);
	free(room);
}

void scanfile_one(struct search *s, enum surface surface, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || fstat(fd, &st) != 0)
		search_unread(s, surface, "%s: %s", path, strerror(errno));
	else if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		scan_opened(s, surface, path, fd);
	else
		search_unread(s, surface, "%s is neither a file nor a block device", path);
	if (fd >= 0)
		close(fd);
}

static void walk(struct search *s, char *path, size_t len, int depth)
{
	const struct dirent *x;
	DIR *d = opendir(path);

	if (d == NULL || depth > DEPTH_MAX)
		search_unread(s, SURFACE_FILES, "%s: %s", path, d == NULL ? strerror(errno) : "too deep");
	while (d != NULL && depth <= DEPTH_MAX && (x = readdir(d)) != NULL) {
		size_t n = strlen(x->d_name);
		struct stat st;

		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0 || len + n + 2 > PATH_ROOM)
			continue;
		path[len] = '/';
		memcpy(path + len + 1, x->d_name, n + 1);
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
			walk(s, path, len + n + 1, depth + 1);
		else if (S_ISREG(st.st_mode))
			scanfile_one(s, scanfile_kind(path), path);
		path[len] = '\0';
	}
	if (d != NULL)
		closedir(d);
}

void scanfile_tree(struct search *s, const char *path)
{
	char *room = malloc(PATH_ROOM);
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (room == NULL || n >= PATH_ROOM) {
		search_unread(s, SURFACE_FILES, "the path is too long");
	} else {
		memcpy(room, path, n);
		room[n] = '\0';
		walk(s, room, n, 0);
	}
	free(room);
}

/* --- what processes have open --- */

/* For each descriptor of each process: its path below /proc, and what the kernel calls it. */
static void each_descriptor(const struct processes *ps,
	void (*each)(void *user, const struct process *p, const char *fd, const char *name), void *user)
{
	for (size_t i = 0; i < ps->n; i++) {
		char dir[64], fd[128], name[PATH_ROOM];
		const struct dirent *x;
		DIR *d;

		snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)ps->v[i].pid);
		d = opendir(dir);
		while (d != NULL && (x = readdir(d)) != NULL) {
			ssize_t n = readlinkat(dirfd(d), x->d_name, name, sizeof(name) - 1);

			if (n <= 0)
				continue;
			name[n] = '\0';
			snprintf(fd, sizeof(fd), "%s/%.20s", dir, x->d_name);
			each(user, &ps->v[i], fd, name);
		}
		if (d != NULL)
			closedir(d);
	}
}

struct open_files {
	struct search *s;
	const char *tree;
	dev_t dev[PIPES_MAX];
	ino_t ino[PIPES_MAX];
	size_t n;
};

/* True the first time that this file is seen. */
static bool is_new(struct open_files *o, const struct stat *st)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->dev[i] == st->st_dev && o->ino[i] == st->st_ino)
			return false;
	if (o->n < PIPES_MAX) {
		o->dev[o->n] = st->st_dev;
		o->ino[o->n++] = st->st_ino;
	}
	return true;
}

static bool is_below(const char *path, const char *tree)
{
	size_t n = tree != NULL ? strlen(tree) : 0;

	return n > 0 && strncmp(path, tree, n) == 0 && (path[n] == '/' || path[n - 1] == '/') &&
	       !str_ends(path, " (deleted)");
}

static void open_file(void *user, const struct process *p, const char *fd, const char *name)
{
	struct open_files *o = user;
	struct stat st;
	int opened;

	(void)p;
	if (name[0] != '/' || is_below(name, o->tree) || stat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
		!is_new(o, &st))
		return;
	opened = open(fd, O_RDONLY | O_CLOEXEC);
	if (opened < 0)
		search_unread(o->s, SURFACE_FILES, "%s: %s", name, strerror(errno));
	else
		scan_opened(o->s, strncmp(name, "/proc/", 6) == 0 ? SURFACE_FILES : scanfile_kind(name), name,
			opened);
	if (opened >= 0)
		close(opened);
}

void scanfile_open(struct search *s, const struct processes *ps, const char *tree)
{
	struct open_files *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		search_unread(s, SURFACE_FILES, "no memory for the list of open files");
		return;
	}
	o->s = s;
	o->tree = tree;
	each_descriptor(ps, open_file, o);
	free(o);
}

/* --- pipes --- */

/* A copy of what waits in the pipe behind `fd`, by way of a pipe of ours. */
static ssize_t peek(const char *fd, uint8_t *room)
{
	int ours[2], theirs = open(fd, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = -1;

	if (theirs < 0)
		return -1;
	if (pipe2(ours, O_CLOEXEC | O_NONBLOCK) == 0) {
		(void)fcntl(ours[1], F_SETPIPE_SZ, PIPE_ROOM);
		n = tee(theirs, ours[1], PIPE_ROOM, SPLICE_F_NONBLOCK);
		if (n > 0)
			n = read_full(ours[0], room, (size_t)n);
		else if (n < 0 && errno == EAGAIN)
			n = 0;
		close(ours[0]);
		close(ours[1]);
	}
	close(theirs);
	return n;
}

static void pipe_of(void *user, const struct process *p, const char *fd, const char *name)
{
	struct open_files *o = user;
	char where[WHERE_MAX];
	struct search_place at = { SURFACE_PIPES, where, 0, true };
	struct stat st;
	uint8_t *room;
	ssize_t n;

	if (strncmp(name, "pipe:[", 6) != 0 || stat(fd, &st) != 0 || !is_new(o, &st))
		return;
	room = malloc(PIPE_ROOM);
	n = room != NULL ? peek(fd, room) : -1;
	snprintf(where, sizeof(where), "%s %d: %.40s", p->name, (int)p->pid, name);
	if (n < 0)
		search_unread(o->s, SURFACE_PIPES, "%s: %s", where, strerror(errno));
	else
		search_bytes(o->s, &at, room, (size_t)n, (size_t)n);
	o->s->surfaces[SURFACE_PIPES].parts++;
	free(room);
}

void scanfile_pipes(struct search *s, const struct processes *ps)
{
	struct open_files *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		search_unread(s, SURFACE_PIPES, "no memory for the list of pipes");
		return;
	}
	o->s = s;
	each_descriptor(ps, pipe_of, o);
	free(o);
}
