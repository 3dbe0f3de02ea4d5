/*
 * Many files at once: words of the command line, directories (their files, in order of name, and those of
 * directories below), and lists of names. What cannot be opened is one file's error, not the end of the run.
 */
#ifndef CLI_BATCH_H
#define CLI_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* One file, or "-". An error ends the whole run: keep what is wrong with one file in ctx. */
typedef enum acsr_result (*batch_fn)(void *ctx, const char *path, struct acsr_err *e);

/* Calls fn for each of the n words, and for each regular file below a word that is a directory (hidden ones,
 * devices and symbolic links to directories are left out). Nothing is kept in memory but one directory's
 * names a level; at most 32 levels. A directory that cannot be read goes to fn by its own name. */
ACSR_MUST_USE enum acsr_result batch_walk(
	const char *const *words, size_t n, batch_fn fn, void *ctx, struct acsr_err *e);

/* Calls fn for each line of the file `list` ("-": standard input), a name without the line end; empty lines
 * are left out. input.open input.read */
ACSR_MUST_USE enum acsr_result batch_list(const char *list, batch_fn fn, void *ctx, struct acsr_err *e);

/* Are these words more than one file? (several words, or a directory) */
bool batch_is_many(const char *const *words, size_t n);

#endif
