/*
 * Judging keys, one or a hundred thousand: what each says, and what they have in common.
 * Results go out as they come; what is kept of a key is its hash, its modulus and where it was.
 */
#ifndef CLI_KEY_RUN_H
#define CLI_KEY_RUN_H

#include "autocsr/input.h"
#include "cli/command.h"
#include "cli/weak_lists.h"

struct key_run;

/* `many`: results go out as lines from the first on. */
ACSR_MUST_USE enum acsr_result key_run_new(
	struct key_run **out, struct cli *c, bool many, struct acsr_err *e);
void key_run_free(struct key_run *r); /* NULL is fine */
/* A file or "-". `named`: by the user, so that a file without a key is worth a complaint. What is wrong with
 * one file is one result. */
ACSR_MUST_USE enum acsr_result key_run_file(
	struct key_run *r, const char *path, bool named, struct acsr_err *e);
/* Compare what was gathered, tell the counts, set the exit code. A run that met one key is that key's result,
 * or its error. */
ACSR_MUST_USE enum acsr_result key_run_end(struct key_run *r, struct acsr_err *e);

/* The lines of one result, for a person (key_show.c). */
void key_show(struct cli *c, const json_t *result);

#endif
