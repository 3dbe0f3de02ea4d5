/*
 * Files: read with a limit, written so that nothing is overwritten by accident and nothing is half
 * written without saying so. Key files are 0600 from their first byte.
 */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/secret.h"

/* A file that is being written; created empty at once, so that a bad path fails before the work. */
struct new_file {
	const char *path; /* a loan */
	int fd;
};

/* O_EXCL: an existing path is object.exists, unless `force`, which removes a regular file first. */
ACSR_MUST_USE enum acsr_result new_file_open(
	struct new_file *f, const char *path, mode_t mode, bool force, struct acsr_err *e);
/* Write all, fsync the file and its directory, close. On failure the file is removed. */
ACSR_MUST_USE enum acsr_result new_file_commit(
	struct new_file *f, const void *p, size_t n, struct acsr_err *e);
/* Remove a file that was opened and not committed; nothing otherwise. */
void new_file_abandon(struct new_file *f);
#define NEW_FILE_NONE    \
	{                \
		NULL, -1 \
	}
#define CLEANUP_NEW_FILE __attribute__((cleanup(new_file_abandon)))

/* All n bytes; -1 with errno. */
int file_write_all(int fd, const void *p, size_t n);
/* The two steps of it: write all, fsync and close, whatever happens (`path` is for the error only); and make
 * the name durable, as far as the file system can. */
ACSR_MUST_USE enum acsr_result file_write_and_close(
	int fd, const char *path, const void *p, size_t n, struct acsr_err *e);
void file_sync_directory(const char *path);

/* At most `max` bytes of a file or "-"; input.open, input.read, input.too-large, input.empty. */
ACSR_MUST_USE enum acsr_result file_get(struct buf *b, const char *path, size_t max, struct acsr_err *e);

/* A passphrase, code or token from a file or "-": its first line without the line end, 1 to 4096 bytes. */
ACSR_MUST_USE enum acsr_result file_get_secret(
	struct acsr_secret **out, const char *path, struct acsr_err *e);

#endif
