/* The growing buffer. */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_free(struct buf *b)
{
	if (b->p != NULL)
		wipe(b->p, b->cap);
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_cleanup(struct buf *b)
{
	buf_free(b);
}

void buf_reset(struct buf *b)
{
	b->len = b->off = 0;
}

/* One byte more than asked is kept, for the NUL of buf_cstr. realloc would leave an unwiped copy. */
static enum acsr_result grow(struct buf *b, size_t need, struct acsr_err *e)
{
	size_t cap = b->cap != 0 ? b->cap : 256;
	uint8_t *p;

	while (cap < need + 1)
		cap *= 2;
	p = malloc(cap);
	if (p == NULL)
		return err_nomem(e);
	if (b->len > 0)
		memcpy(p, b->p, b->len);
	if (b->p != NULL)
		wipe(b->p, b->cap);
	free(b->p);
	b->p = p;
	b->cap = cap;
	return ACSR_OK;
}

enum acsr_result buf_reserve(struct buf *b, size_t more, struct acsr_err *e)
{
	if (more > b->max || b->len > b->max - more)
		return err_set(e, "request.too-large", "more than %zu bytes", b->max);
	if (b->len + more + 1 <= b->cap)
		return ACSR_OK;
	return grow(b, b->len + more, e);
}

enum acsr_result buf_put(struct buf *b, const void *p, size_t n, struct acsr_err *e)
{
	TRY(buf_reserve(b, n, e));
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return ACSR_OK;
}

enum acsr_result buf_putstr(struct buf *b, const char *s, struct acsr_err *e)
{
	return buf_put(b, s, strlen(s), e);
}

enum acsr_result buf_printf(struct buf *b, struct acsr_err *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_set(e, "sys.format", "cannot format a text");
	TRY(buf_reserve(b, (size_t)n, e));
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return ACSR_OK;
}

static enum acsr_result put_be(struct buf *b, uint64_t v, size_t n, struct acsr_err *e)
{
	uint8_t out[8];

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
	return buf_put(b, out, n, e);
}

enum acsr_result buf_put_u8(struct buf *b, uint8_t v, struct acsr_err *e)
{
	return put_be(b, v, 1, e);
}

enum acsr_result buf_put_u16(struct buf *b, uint16_t v, struct acsr_err *e)
{
	return put_be(b, v, 2, e);
}

enum acsr_result buf_put_u32(struct buf *b, uint32_t v, struct acsr_err *e)
{
	return put_be(b, v, 4, e);
}

enum acsr_result buf_put_u64(struct buf *b, uint64_t v, struct acsr_err *e)
{
	return put_be(b, v, 8, e);
}

size_t buf_unread(const struct buf *b)
{
	return b->len - b->off;
}

enum acsr_result buf_take(struct buf *b, size_t n, struct bytes *out, struct acsr_err *e)
{
	if (n > buf_unread(b))
		return err_set(e, "request.short", "%zu bytes expected, %zu there", n, buf_unread(b));
	*out = (struct bytes){ n > 0 ? b->p + b->off : (const uint8_t *)"", n };
	b->off += n;
	return ACSR_OK;
}

enum acsr_result buf_get(struct buf *b, void *out, size_t n, struct acsr_err *e)
{
	struct bytes in;

	TRY(buf_take(b, n, &in, e));
	memcpy(out, in.p, n);
	return ACSR_OK;
}

static enum acsr_result get_be(struct buf *b, uint64_t *v, size_t n, struct acsr_err *e)
{
	struct bytes in;
	uint64_t out = 0;

	TRY(buf_take(b, n, &in, e));
	for (size_t i = 0; i < n; i++)
		out = out << 8 | in.p[i];
	*v = out;
	return ACSR_OK;
}

enum acsr_result buf_get_u8(struct buf *b, uint8_t *v, struct acsr_err *e)
{
	uint64_t w;

	TRY(get_be(b, &w, 1, e));
	*v = (uint8_t)w;
	return ACSR_OK;
}

enum acsr_result buf_get_u16(struct buf *b, uint16_t *v, struct acsr_err *e)
{
	uint64_t w;

	TRY(get_be(b, &w, 2, e));
	*v = (uint16_t)w;
	return ACSR_OK;
}

enum acsr_result buf_get_u32(struct buf *b, uint32_t *v, struct acsr_err *e)
{
	uint64_t w;

	TRY(get_be(b, &w, 4, e));
	*v = (uint32_t)w;
	return ACSR_OK;
}

enum acsr_result buf_get_u64(struct buf *b, uint64_t *v, struct acsr_err *e)
{
	return get_be(b, v, 8, e);
}

void buf_compact(struct buf *b)
{
	size_t left = b->len - b->off;

	if (b->off == 0)
		return;
	memmove(b->p, b->p + b->off, left);
	wipe(b->p + left, b->off);
	b->len = left;
	b->off = 0;
}

const char *buf_cstr(struct buf *b)
{
	if (b->p == NULL)
		return "";
	b->p[b->len] = '\0';
	return (const char *)b->p;
}

enum acsr_result buf_read_fd(struct buf *b, int fd, struct acsr_err *e)
{
	for (;;) {
		uint8_t chunk[4096];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "sys.read", errno, "cannot read");
		if (n == 0)
			return ACSR_OK;
		TRY(buf_put(b, chunk, (size_t)n, e));
	}
}

enum acsr_result buf_read_file(struct buf *b, const char *path, struct acsr_err *e)
{
	enum acsr_result r;
	int fd;

	if (strcmp(path, "-") == 0)
		return buf_read_fd(b, STDIN_FILENO, e);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "input.open", errno, "cannot open %s", path);
	r = buf_read_fd(b, fd, e);
	close(fd);
	return r;
}
