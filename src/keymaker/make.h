/*
 * One order: a key, its CSR, the archive with the key in the order's form, and the code that opens it, if any. Pure: no process, no pipe.
 * The key exists in the secure heap only, as far as the caller has set one up.
 */
#ifndef KEYMAKER_MAKE_H
#define KEYMAKER_MAKE_H

#include "autocsr/blob.h"
#include "autocsr/key.h"
#include "form.h"
#include "ipc/messages.h"

/* Can this order be made? Everything that a customer could have got wrong is said here, before there is a
 * key: request.field.key_type request.field.deliver request.field.ekus request.field.entry_name
 * request.field.form request.field.recipient recipient.* subject.* name.* openssl.unsupported. */
ACSR_MUST_USE enum acsr_result make_check(const struct msg_key_make *order, struct acsr_err *e);

struct made {
	struct acsr_blob csr; /* DER */
	struct formed archive;
	uint8_t archive_sha256[32];
};

/*
 * `key` is of the order's type. Before anything is given out the pair is proved: the CSR's signature verifies
 * with the public key inside it, that is the key's own, and it passes the gate for public keys. A failure of
 * that is "sys.key-check".
 */
ACSR_MUST_USE enum acsr_result make_order(
	struct made *out, const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e);
/* The same, with the code hashed so many times; 0: as the form wants. */
ACSR_MUST_USE enum acsr_result make_order_rounds(struct made *out, const struct msg_key_make *order,
	const struct acsr_key *key, unsigned rounds, struct acsr_err *e);
void made_clear(struct made *m); /* wipes */

#endif
