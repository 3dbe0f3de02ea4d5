/*
 * The signer's book of receipts: it signs them (pki/receipt.h) with a key of its own, writes each down in
 * DIR/receipts.log before it leaves, and never signs a second one of the same part of the same request: who
 * asks again gets the first. So there are no two receipts that tell different stories.
 *
 * A line: SEQ TIME receipt PART REQUEST TEXT SIGNATURE CHAIN; TEXT is the canonical form, SIGNATURE base64.
 */
#ifndef SIGNER_RECEIPT_BOOK_H
#define SIGNER_RECEIPT_BOOK_H

#include "ipc/messages.h"
#include "key_store.h"
#include "log_file.h"
#include "pki/receipt.h"
#include "serial_index.h"

struct receipt_book {
	struct log_file file;
	struct serial_index index; /* of part and request; issued_at: where its line begins */
	struct acsr_key *key;      /* Ed25519; for nothing else */
	struct acsr_blob spki;     /* its public part, DER */
	struct acsr_blob verifier; /* the same as a C2SP verifier key, HOST/receipts */
};

/* Load or make the key "receipt", read the book. base_url: as for the logbook. *healed: as log_file_open.
 * Close it also after a failure. sys.receipt-log: the book is damaged. */
ACSR_MUST_USE enum acsr_result receipt_book_open(struct receipt_book *b, const char *dir,
	const char *base_url, const struct key_store *keys, size_t *healed, struct acsr_err *e);
void receipt_book_close(struct receipt_book *b);

/* The signed document of r, appended to out; of the one that was signed first when there is one. In the book,
 * on the disk, when this returns. receipt.field: it is no receipt. */
ACSR_MUST_USE enum acsr_result receipt_book_sign(
	struct receipt_book *b, const struct receipt *r, struct buf *out, struct acsr_err *e);

/* What core asks, as a receipt: copied, but for the names, which stay the message's. */
void receipt_of_message(struct receipt *r, const struct msg_sign_receipt *m);

#endif
