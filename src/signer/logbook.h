/*
 * The signer's eye on the audit log: it signs checkpoints (C2SP tlog-checkpoint) with a key of its own, and
 * only over logs that have grown from the one it signed last. Core, or whoever has taken it over, can add
 * entries; it cannot change, remove or reorder those that a checkpoint covers.
 */
#ifndef SIGNER_LOGBOOK_H
#define SIGNER_LOGBOOK_H

#include "autocsr/note.h"
#include "key_store.h"

struct logbook {
	const char *dir;
	char origin[ACSR_NOTE_NAME + 1];
	struct acsr_key *key;
	struct acsr_blob verifier;   /* C2SP verifier key, text */
	struct acsr_checkpoint last; /* size 0: none signed yet */
	struct acsr_blob note;       /* the last one, as it was signed */
};

/* Load or make the key "audit" and the last checkpoint. base_url: names the log as HOST/audit. `dir` is a
 * loan for the logbook's life. A last checkpoint that this key has not signed is note.… : refuse to start. */
ACSR_MUST_USE enum acsr_result logbook_open(struct logbook *l, const char *dir, const char *base_url,
	const struct key_store *keys, struct acsr_err *e);
void logbook_close(struct logbook *l);

/*
 * Sign a checkpoint over `size` entries with that root; `path` proves that the last signed one grew into it.
 * On the disk when this returns; l->note is the note. A repeat of the last one signs nothing new.
 *   audit.shrunk   fewer entries than were signed before
 *   merkle.consistency   not grown from what was signed
 */
ACSR_MUST_USE enum acsr_result logbook_sign(struct logbook *l, uint64_t size,
	const uint8_t root[ACSR_MERKLE_HASH], const struct acsr_merkle_path *path, struct acsr_err *e);

#endif
