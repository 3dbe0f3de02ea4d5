/*
 * Signed notes and the checkpoints of a log, in the formats of C2SP signed-note and tlog-checkpoint: short
 * texts with Ed25519 signatures below them that other people's tools check too.
 *
 *   ca.example.com/audit         the log's origin
 *   1201                         entries
 *   cZjr…=                       root (merkle.h), base64
 *                                an empty line, then a line for each signature
 *   — ca.example.com/audit pWFT…
 *
 * Verifier keys look like "ca.example.com/audit+a5615326+AVo0…": name, key id, algorithm and key.
 */
#ifndef AUTOCSR_NOTE_H
#define AUTOCSR_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/key.h"
#include "autocsr/merkle.h"

ACSR_C_BEGIN

#define ACSR_NOTE_MAX (64 * 1024) /* bytes of a whole note */
#define ACSR_NOTE_NAME 200        /* bytes of a name; not empty, no blanks, no plus */

/* `text` ends with a newline and has no control characters but newlines, else note.text; `name` else
 * note.name; an Ed25519 key, else note.key. */
ACSR_MUST_USE enum acsr_result acsr_note_sign(const char *text, const char *name, const struct acsr_key *key,
	struct acsr_blob *note, struct acsr_err *e);
/* The verifier key of a name and its key (public is enough); NUL-terminated. note.name note.key */
ACSR_MUST_USE enum acsr_result acsr_note_verifier(
	const char *name, const struct acsr_key *key, struct acsr_blob *out, struct acsr_err *e);
/*
 * Is the note signed by that verifier key? *text_len: the note's text is its first so many bytes. Signatures
 * by others are left alone.
 *   note.format       not a signed note          note.verifier  not a verifier key of Ed25519
 *   note.unsigned     no signature by that key   note.signature  a wrong one
 */
ACSR_MUST_USE enum acsr_result acsr_note_verify(
	const uint8_t *note, size_t len, const char *verifier, size_t *text_len, struct acsr_err *e);

struct acsr_checkpoint {
	char origin[ACSR_NOTE_NAME + 1];
	uint64_t size;
	uint8_t root[ACSR_MERKLE_HASH];
};

/* The three lines. */
ACSR_MUST_USE enum acsr_result acsr_checkpoint_print(
	const struct acsr_checkpoint *c, struct acsr_blob *text, struct acsr_err *e);
/* The first three lines of a note's text; further ones are left alone. note.checkpoint */
ACSR_MUST_USE enum acsr_result acsr_checkpoint_parse(
	struct acsr_checkpoint *out, const uint8_t *text, size_t len, struct acsr_err *e);

ACSR_C_END

#endif
