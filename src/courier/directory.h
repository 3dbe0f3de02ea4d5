/*
 * Files of http-01 in a directory that somebody's web server shows. Whoever else may write there can neither make us write
 * elsewhere nor read or remove what is not ours: files are made under a name that nobody knows and moved into place, and a
 * file is removed only when it has our content.
 */
#ifndef COURIER_DIRECTORY_H
#define COURIER_DIRECTORY_H

#include <stdbool.h>

#include "base/err.h"

/* token: base64url characters only ("publish.directory" otherwise). dir: a directory's descriptor. The file is 0644. */
ACSR_MUST_USE enum acsr_result directory_add(
	int dir, const char *token, const char *content, struct acsr_err *e);
/* Absent is fine; what is there in our place is left and logged. */
ACSR_MUST_USE enum acsr_result directory_remove(
	int dir, const char *token, const char *content, struct acsr_err *e);

#endif
