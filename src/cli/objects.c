/* Cutting a stream into pieces that hold whole PEM blocks. */
#include "cli/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"

#define PIECE ((size_t)256 * 1024) /* cut as soon as there is more and a place to cut */

struct stream {
	object_fn fn;
	void *ctx;
	unsigned number;
	struct buf b;
	size_t read; /* bytes to ask for at a time */
	bool any;    /* a piece was cut off already */
};

static enum acsr_result each_object(struct stream *s, struct acsr_input *in, struct acsr_err *e)
{
	const struct acsr_input_object *o;

	while ((o = acsr_input_next(in)) != NULL) {
		s->number++;
		TRY(s->fn(s->ctx, s->number, o, e));
	}
	return ACSR_OK;
}

/* The first n bytes of the buffer; the rest moves to the front. */
static enum acsr_result take_piece(struct stream *s, size_t n, struct acsr_err *e)
{
	struct acsr_input *in = NULL;
	enum acsr_result r;

	if (n == 0)
		return ACSR_OK;
	TRY(acsr_input_open(&in, s->b.p, n, e));
	s->any = true;
	r = each_object(s, in, e);
	acsr_input_close(in);
	memmove(s->b.p, s->b.p + n, s->b.len - n);
	s->b.len -= n;
	return r;
}

/* Behind the last whole END line, or 0. One pass: what never ends a line must not be searched again and again. */
static size_t cut_at(const struct buf *b)
{
	static const char end[] = "-----END ";
	const size_t n = sizeof(end) - 1;
	size_t line = 0; /* behind the next line break */

	for (size_t i = b->len; i-- > 0;) {
		if (b->p[i] == '\n')
			line = i + 1;
		else if (line > 0 && b->p[i] == '-' && b->len - i >= n && memcmp(b->p + i, end, n) == 0)
			return line;
	}
	return 0;
}

static enum acsr_result read_some(struct stream *s, int fd, bool *end, struct acsr_err *e)
{
	ssize_t n;

	if (buf_reserve(&s->b, s->read, e) != ACSR_OK)
		return err_set(
			e, "input.too-large", "more than %d bytes without an END line", ACSR_INPUT_MAX);
	do
		n = read(fd, s->b.p + s->b.len, s->read);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, "input.read", errno, "cannot read");
	s->b.len += (size_t)n;
	*end = n == 0;
	return ACSR_OK;
}

static enum acsr_result run(struct stream *s, int fd, struct acsr_err *e)
{
	bool end = false;

	while (!end) {
		TRY(read_some(s, fd, &end, e));
		if (!end && s->b.len >= PIECE)
			TRY(take_piece(s, cut_at(&s->b), e));
	}
	if (s->b.len == 0 && !s->any)
		return err_set(e, "input.empty", "it is empty");
	if (s->any && memmem(s->b.p, s->b.len, "-----BEGIN ", 11) == NULL)
		return ACSR_OK; /* text behind the last block */
	return take_piece(s, s->b.len, e);
}

enum acsr_result objects_read(const char *path, object_fn fn, void *ctx, struct acsr_err *e)
{
	struct stream s = { .fn = fn, .ctx = ctx };
	bool is_stdin = strcmp(path, "-") == 0;
	enum acsr_result r;
	struct stat st = { 0 };
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, "input.open", errno, "cannot open %s", path);
	buf_init(&s.b, ACSR_INPUT_MAX);
	s.read = PIECE;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < (off_t)PIECE)
		s.read = (size_t)st.st_size + 1; /* most files are small, and there may be many */
	if (S_ISDIR(st.st_mode))
		r = err_set(e, "input.open", "%s is a directory that cannot be read", path);
	else
		r = run(&s, fd, e);
	buf_free(&s.b);
	if (!is_stdin)
		close(fd);
	return r;
}
