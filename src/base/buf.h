/*
 * One growing byte buffer with a hard maximum of its own and a read cursor.
 *
 * Bytes [off, len) are unread. Nothing in here is secret: secrets live in struct acsr_secret.
 * Every growth is checked against `max`; going over is error "request.too-large".
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdint.h>

#include "base/err.h"

/* A loan of bytes that somebody else owns. */
struct bytes {
	const uint8_t *p;
	size_t len;
};

struct buf {
	uint8_t *p;
	size_t len; /* bytes written */
	size_t off; /* bytes read */
	size_t cap;
	size_t max;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b); /* wipes, frees, and leaves an empty buffer */
void buf_reset(struct buf *b);

ACSR_MUST_USE enum acsr_result buf_reserve(struct buf *b, size_t more, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_put(struct buf *b, const void *p, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_putstr(struct buf *b, const char *s, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_printf(struct buf *b, struct acsr_err *e, const char *fmt, ...)
	ACSR_PRINTF(3, 4);
ACSR_MUST_USE enum acsr_result buf_put_u8(struct buf *b, uint8_t v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_put_u16(struct buf *b, uint16_t v, struct acsr_err *e); /* big-endian */
ACSR_MUST_USE enum acsr_result buf_put_u32(struct buf *b, uint32_t v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_put_u64(struct buf *b, uint64_t v, struct acsr_err *e);

/* Reading past the end is error "request.short". */
ACSR_MUST_USE enum acsr_result buf_get(struct buf *b, void *out, size_t n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_get_u8(struct buf *b, uint8_t *v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_get_u16(struct buf *b, uint16_t *v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_get_u32(struct buf *b, uint32_t *v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_get_u64(struct buf *b, uint64_t *v, struct acsr_err *e);
/* A loan of the next n bytes, valid until the buffer changes. */
ACSR_MUST_USE enum acsr_result buf_take(struct buf *b, size_t n, struct bytes *out, struct acsr_err *e);

size_t buf_unread(const struct buf *b);
void buf_compact(struct buf *b); /* drop and wipe what was read */
/* The contents as a C string (a NUL is kept behind the data); never NULL. */
const char *buf_cstr(struct buf *b);

/* Read a whole file, or standard input for "-", into b (its max is the limit). */
ACSR_MUST_USE enum acsr_result buf_read_file(struct buf *b, const char *path, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result buf_read_fd(struct buf *b, int fd, struct acsr_err *e);

void buf_cleanup(struct buf *b);
#define CLEANUP_BUF __attribute__((cleanup(buf_cleanup)))

#endif
