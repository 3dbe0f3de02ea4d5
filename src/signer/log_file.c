/* Appending, and reading everything back at start. */
#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "durable.h"

struct reader {
	struct log_file *f;
	log_take_fn *take;
	void *arg;
};

/* --- reading --- */

static enum acsr_result take_line(const struct reader *r, char *text, size_t n, off_t at, struct acsr_err *e)
{
	struct log_file *f = r->f;
	uint8_t chain[LOG_CHAIN];
	struct log_line l;
	uint64_t seq;

	memcpy(chain, f->chain, sizeof(chain));
	TRY(log_line_open(&l, text, n, chain));
	if (l.n < 4)
		return ACSR_FAIL;
	TRY(str_u64(l.field[0], UINT64_MAX, &seq, NULL));
	if (seq != f->lines + 1)
		return ACSR_FAIL;
	TRY(r->take(r->arg, &l, at, e));
	memcpy(f->chain, chain, sizeof(chain));
	f->lines = seq;
	return ACSR_OK;
}

/* The file in pieces of bounded size: no line that we wrote is longer. */
struct pieces {
	int fd;
	off_t at;   /* read up to here */
	char *room; /* LOG_LINE_MAX octets */
	size_t from, to;
	int failed; /* errno of a read that failed: the end that was met is not the file's */
};

/* One line, with its newline when it has one. */
struct piece {
	char *text; /* a loan until the next; no more than begins it when it is too long */
	off_t n;    /* octets of all of it; 0: there are no more */
	bool ended; /* by a newline */
	bool zeros; /* there are some in it */
	bool too_long;
};

static void fill(struct pieces *p)
{
	ssize_t n;

	memmove(p->room, p->room + p->from, p->to - p->from);
	p->to -= p->from;
	p->from = 0;
	while (p->to < LOG_LINE_MAX &&
		(n = pread(p->fd, p->room + p->to, LOG_LINE_MAX - p->to, p->at)) != 0) {
		if (n < 0) {
			p->failed = errno;
			return;
		}
		p->to += (size_t)n;
		p->at += n;
	}
}

static size_t line_length(const struct pieces *p)
{
	const char *end = memchr(p->room + p->from, '\n', p->to - p->from);

	return end != NULL ? (size_t)(end - p->room) + 1 - p->from : p->to - p->from;
}

static struct piece next_line(struct pieces *p)
{
	struct piece out = { 0 };
	size_t n = line_length(p);

	if (n == p->to - p->from && (n == 0 || p->room[p->to - 1] != '\n')) {
		fill(p);
		n = line_length(p);
	}
	out.text = p->room + p->from;
	while (n > 0) {
		out.ended = p->room[p->from + n - 1] == '\n';
		out.zeros = out.zeros || memchr(p->room + p->from, 0, n) != NULL;
		out.n += (off_t)n;
		p->from += n;
		if (out.ended || p->to < LOG_LINE_MAX)
			break;
		out.too_long = true;
		fill(p);
		n = line_length(p);
	}
	return out;
}

/* Torn by a crash: no newline at the end, or blocks of zeros that were never written, in one of the two lines that may
 * not have been on the disk. A line that is whole but wrong is not: somebody changed it. */
static bool is_torn(struct pieces *p, const struct piece *line, bool last)
{
	if (last && !line->ended)
		return true;
	return line->zeros && (next_line(p).n == 0 || next_line(p).n == 0);
}

static enum acsr_result read_lines(const struct reader *r, struct pieces *p, off_t size, struct acsr_err *e)
{
	struct log_file *f = r->f;
	struct piece line;

	while ((line = next_line(p)).n > 0) {
		struct acsr_err why = { 0 };
		bool whole = line.ended && !line.too_long && !line.zeros;

		if (is_torn(p, &line, f->end + line.n == size) || p->failed != 0)
			break;
		if (whole)
			line.text[line.n - 1] = '\0';
		if (!whole || take_line(r, line.text, (size_t)line.n - 1, f->end, &why) != ACSR_OK)
			return err_set(e, f->damaged,
				"line %llu of %s is damaged: restore the file from a backup%s%s",
				(unsigned long long)f->lines + 1, f->what, *why.text != '\0' ? ": " : "",
				why.text);
		f->end += line.n;
	}
	if (p->failed != 0)
		return err_errno(e, "sys.read", p->failed, "cannot read %s", f->what);
	return ACSR_OK;
}

static enum acsr_result read_all(const struct reader *r, size_t *healed, struct acsr_err *e)
{
	struct log_file *f = r->f;
	struct pieces p = { .fd = f->fd };
	struct stat st;
	enum acsr_result res;

	if (fstat(f->fd, &st) != 0)
		return err_errno(e, "sys.open", errno, "cannot read %s", f->what);
	p.room = malloc(LOG_LINE_MAX);
	res = p.room != NULL ? read_lines(r, &p, st.st_size, e) : err_nomem(e);
	free(p.room);
	TRY(res);
	*healed = (size_t)(st.st_size - f->end);
	/* Also what was read may not be on the disk yet, when the process before was killed. */
	if ((*healed > 0 && ftruncate(f->fd, f->end) != 0) || fdatasync(f->fd) != 0)
		return durable_error(e, errno, f->what);
	f->synced = f->end;
	return ACSR_OK;
}

static enum acsr_result open_locked(int *fd, const char *path, struct acsr_err *e)
{
	*fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_errno(e, "sys.open", errno, "cannot open %s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return ACSR_OK;
	close(*fd);
	*fd = -1;
	return err_set(e, "sys.locked", "another signer uses %s: stop it first", path);
}

enum acsr_result log_file_open(struct log_file *f, const char *dir, const char *name, log_take_fn *take,
	void *arg, size_t *healed, struct acsr_err *e)
{
	const struct reader r = { f, take, arg };
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	TRY(open_locked(&f->fd, path, e));
	TRY(durable_sync_dir(dir, e));
	return read_all(&r, healed, e);
}

void log_file_close(struct log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* --- appending --- */

enum acsr_result log_file_begin(
	const struct log_file *f, struct buf *line, const char *kind, struct acsr_err *e)
{
	char at[21];

	buf_init(line, LOG_LINE_MAX);
	clock_rfc3339(clock_now(), at);
	return buf_printf(line, e, "%llu\t%s\t%s", (unsigned long long)f->lines + 1, at, kind);
}

enum acsr_result log_file_text(struct buf *line, const char *s, struct acsr_err *e)
{
	if (str_has_control(s))
		return err_set(e, "request.field.text", "control characters cannot be logged");
	TRY(buf_put_u8(line, '\t', e));
	return buf_putstr(line, *s != '\0' ? s : "-", e);
}

enum acsr_result log_file_hex(struct buf *line, const uint8_t *p, size_t n, struct acsr_err *e)
{
	char hex[2 * 64 + 1];

	hex_encode(p, n, hex);
	return log_file_text(line, hex, e);
}

/* On any failure the file is as it was at `end`. If even that fails, nothing more is signed by this process. */
static enum acsr_result take_back(struct log_file *f, off_t end, int errnum, struct acsr_err *e)
{
	if (ftruncate(f->fd, end) != 0) {
		close(f->fd);
		f->fd = -1;
	}
	return durable_error(e, errnum, f->what);
}

static enum acsr_result add(struct log_file *f, struct buf *line, struct acsr_err *e)
{
	uint8_t chain[LOG_CHAIN];
	ssize_t n;

	if (f->fd < 0)
		return err_set(e, "sys.write", "%s could not be repaired: restart the signer", f->what);
	memcpy(chain, f->chain, sizeof(chain));
	TRY(log_line_seal(line, chain, e));
	n = write(f->fd, line->p, line->len);
	if (n != (ssize_t)line->len)
		return take_back(f, f->end, n < 0 ? errno : ENOSPC, e);
	f->end += n;
	f->lines++;
	memcpy(f->chain, chain, sizeof(chain));
	return ACSR_OK;
}

/* The kernel tells of a failure once, and may forget what it could not write: all of it goes. before: how the file was
 * when the last line was not in it yet, if nothing but that is to be forgotten. */
static enum acsr_result to_disk(struct log_file *f, const struct log_file *before, struct acsr_err *e)
{
	struct acsr_err why;

	if (fdatasync(f->fd) == 0) {
		f->synced = f->end;
		return ACSR_OK;
	}
	(void)!take_back(f, f->synced, errno, &why);
	if (before == NULL) {
		log_error(LOG_ERROR, "signer.log-unsynced", &why);
		abort();
	}
	f->end = before->end;
	f->lines = before->lines;
	memcpy(f->chain, before->chain, LOG_CHAIN);
	*e = why;
	return ACSR_FAIL;
}

enum acsr_result log_file_write(struct log_file *f, struct buf *line, struct acsr_err *e)
{
	if (f->fd >= 0 && f->synced != f->end)
		TRY(to_disk(f, NULL, e));
	return add(f, line, e);
}

enum acsr_result log_file_append(struct log_file *f, struct buf *line, struct acsr_err *e)
{
	const struct log_file before = *f;

	TRY(add(f, line, e));
	return to_disk(f, before.synced == before.end ? &before : NULL, e);
}

enum acsr_result log_file_line(const struct log_file *f, off_t at, struct buf *text, struct acsr_err *e)
{
	ssize_t n;

	buf_init(text, LOG_LINE_MAX);
	TRY(buf_reserve(text, LOG_LINE_MAX - 1, e));
	n = pread(f->fd, text->p, LOG_LINE_MAX - 1, at);
	if (n < 0)
		return err_errno(e, "sys.read", errno, "cannot read %s", f->what);
	text->len = (size_t)n;
	text->p[text->len] = '\0';
	return ACSR_OK;
}
