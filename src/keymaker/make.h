/*
 * One order: a key, its CSR, the archive with the key, and the code that opens it. Pure: no process, no pipe.
 * The key exists in the secure heap only, as far as the caller has set one up.
 */
#ifndef KEYMAKER_MAKE_H
#define KEYMAKER_MAKE_H

#include "autocsr/blob.h"
#include "autocsr/key.h"
#include "ipc/messages.h"

enum { MAKE_ARCHIVE_MAX = 16 * 1024 }; /* the largest key of today takes half of it */

/* Can this order be made? Everything that a customer could have got wrong is said here, before there is a
 * key: request.field.key_type request.field.deliver request.field.ekus request.field.entry_name subject.*
 * name.* openssl.unsupported. */
ACSR_MUST_USE enum acsr_result make_check(const struct msg_key_make *order, struct acsr_err *e);

struct made {
	struct acsr_blob csr; /* DER */
	uint8_t archive[MAKE_ARCHIVE_MAX];
	size_t archive_len;
	uint8_t archive_sha256[32];
	struct acsr_secret *code; /* 26 characters */
};

/*
 * `key` is of the order's type. Before anything is given out the pair is proved: the CSR's signature verifies
 * with the public key inside it, that is the key's own, and it passes the gate for public keys. A failure of
 * that is "sys.key-check".
 */
ACSR_MUST_USE enum acsr_result make_order(
	struct made *out, const struct msg_key_make *order, const struct acsr_key *key, struct acsr_err *e);
void made_clear(struct made *m); /* wipes */

/*
 * One whole order for nobody: it loads everything that workers will need (the forks share it, and may open no
 * file themselves) and proves on this machine that keys, CSRs and archives come out right. What it makes is
 * thrown away.
 */
ACSR_MUST_USE enum acsr_result make_rehearse(struct acsr_err *e);

#endif
