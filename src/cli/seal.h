/*
 * A private key into a hand-over archive, and the archive's unlock code to the person: `csr new --archive`
 * and `archive make` do it the same way.
 *
 * The code goes to the terminal or into a file of its own, never into a result or to standard output.
 */
#ifndef CLI_SEAL_H
#define CLI_SEAL_H

#include <jansson.h>

#include "autocsr/archive.h"
#include "autocsr/key.h"
#include "base/buf.h"
#include "cli/fileset.h"

struct seal {
	struct buf zip;
	struct acsr_secret *code;
	struct acsr_archive_info info;
};
void seal_free(struct seal *s); /* leaves an empty one */
#define CLEANUP_SEAL __attribute__((cleanup(seal_free)))

/* An archive with a fresh code around the key as unencrypted PKCS#8 PEM. `s` is zero-initialised. */
ACSR_MUST_USE enum acsr_result seal_key(
	struct seal *s, const struct acsr_key *key, const char *entry, struct acsr_err *e);
/* What is wrong with --code-file, before any work. `code_file` may be NULL. */
ACSR_MUST_USE enum acsr_result seal_plan(
	struct file_set *files, const char *archive, const char *code_file, struct acsr_err *e);
/* Archive and code file into the set; "archive", "archive_sha256", "archive_entry", "code_file" into the
 * result. */
ACSR_MUST_USE enum acsr_result seal_write(const struct seal *s, struct file_set *files, const char *archive,
	const char *code_file, json_t *result, struct acsr_err *e);
/* The code on the terminal, with its check symbol; when everything else has succeeded. */
ACSR_MUST_USE enum acsr_result seal_show_code(const struct seal *s, struct acsr_err *e);

/* A file name for the entry, made of a name in a certificate: "*.example.com" is "wildcard.example.com.key".
 * out has ACSR_ARCHIVE_NAME_MAX + 1 bytes. NULL or "": "private.key". */
void seal_entry_name(char *out, const char *name);

#endif
