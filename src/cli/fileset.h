/*
 * Files that belong together, such as a key, its unlock code and its CSR: all appear, or none does.
 *
 * Planned before the work, so that a bad path costs nothing; written to hidden neighbours of the same mode;
 * given their names at the end. From the first write until the end the signals of Ctrl-C and of a closing
 * terminal wait, so that they leave nothing behind either. What replaces an old file swaps places with it and
 * is swapped back when a later file fails (a file system without RENAME_EXCHANGE only replaces).
 */
#ifndef CLI_FILESET_H
#define CLI_FILESET_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define FILE_SET_MAX 6

struct file_set_item {
	const char *path; /* a loan */
	mode_t mode;
	char *temp; /* owned; NULL before it is written */
	bool replaces, placed, swapped;
};

/* Zero-initialise it, set `force` before the first plan. */
struct file_set {
	bool force; /* regular files may be replaced */
	struct file_set_item v[FILE_SET_MAX];
	size_t n;
	bool holding; /* signals are held back; `mask` is what was before */
	sigset_t mask;
};

/* Creates nothing. object.exists; input.path: no directory to write to, or not a regular file;
 * usage.same-file: planned already. */
ACSR_MUST_USE enum acsr_result file_set_plan(
	struct file_set *s, const char *path, mode_t mode, struct acsr_err *e);
/* The contents of a planned path, on the disk but not under its name yet. sys.nospace sys.write input.path */
ACSR_MUST_USE enum acsr_result file_set_write(
	struct file_set *s, const char *path, const void *p, size_t n, struct acsr_err *e);
/* Give everything that was written its name. On failure nothing of it is left and old files are back. */
ACSR_MUST_USE enum acsr_result file_set_commit(struct file_set *s, struct acsr_err *e);
/* Drop what was not committed, let signals through again. Safe at any time, also twice. */
void file_set_end(struct file_set *s);
/* A set of one file: with `force` an old one is there until the new one is. "-" is standard output. */
ACSR_MUST_USE enum acsr_result file_put(
	const char *path, const void *p, size_t n, mode_t mode, bool force, struct acsr_err *e);
#define CLEANUP_FILE_SET __attribute__((cleanup(file_set_end)))

#endif
