/*
 * A file of chained lines (log_line.h) that only grows: what the signer's own records have in common.
 *
 * A line: SEQ TIME KIND … CHAIN, fields separated by one TAB, SEQ from 1. Every line is on the disk
 * (fdatasync) before log_file_append returns; one of log_file_write is in the file, whatever becomes of the process,
 * and on the disk with the next that is appended. What a power cut tore of the last two lines is cut off when the file
 * is opened; any other damage is an error. The file is locked against a second signer.
 */
#ifndef SIGNER_LOG_FILE_H
#define SIGNER_LOG_FILE_H

#include <sys/types.h>

#include "log_line.h"

struct log_file {
	const char *what;    /* "the issuance log", for errors; static */
	const char *damaged; /* the error's id when a line is wrong; static */
	int fd;
	off_t end;    /* everything before it is whole */
	off_t synced; /* everything before it is on the disk */
	uint64_t lines;
	uint8_t chain[LOG_CHAIN];
};

/* Takes in one line that was read back, of at least four fields, which begins at `at`. Fails for one that
 * cannot be; e may stay as it is. */
typedef enum acsr_result log_take_fn(void *arg, const struct log_line *l, off_t at, struct acsr_err *e);

/* DIR/NAME, made when it is not there. *healed: bytes of a torn last line that were cut off. f->what and
 * f->damaged are set before; close it also after a failure. What was read is on the disk then. "sys.locked", "sys.open",
 * "sys.read": nothing was cut off. */
ACSR_MUST_USE enum acsr_result log_file_open(struct log_file *f, const char *dir, const char *name,
	log_take_fn *take, void *arg, size_t *healed, struct acsr_err *e);
void log_file_close(struct log_file *f);

/* Begin a line of that kind. */
ACSR_MUST_USE enum acsr_result log_file_begin(
	const struct log_file *f, struct buf *line, const char *kind, struct acsr_err *e);
/* One more field; "-" for "". request.field.text when it has control characters. */
ACSR_MUST_USE enum acsr_result log_file_text(struct buf *line, const char *s, struct acsr_err *e);
/* At most 64 bytes. */
ACSR_MUST_USE enum acsr_result log_file_hex(struct buf *line, const uint8_t *p, size_t n, struct acsr_err *e);
/* Seal and write. On any failure the file is as it was before: "sys.nospace", "sys.write". One such line waits for the
 * disk at most: the next one takes it there first. */
ACSR_MUST_USE enum acsr_result log_file_write(struct log_file *f, struct buf *line, struct acsr_err *e);
/* The same, and to the disk with all before it. When the disk refuses it and one that was written before, both are taken
 * out of the file, and the process ends: it knows of a line that is not there. */
ACSR_MUST_USE enum acsr_result log_file_append(struct log_file *f, struct buf *line, struct acsr_err *e);

/* The line that begins at `at`, without its end when it is longer than a line can be. */
ACSR_MUST_USE enum acsr_result log_file_line(
	const struct log_file *f, off_t at, struct buf *text, struct acsr_err *e);

#endif
