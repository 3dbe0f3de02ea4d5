/*
 * Everything in what people give, opened: input.h finds the objects, this unpacks PKCS#7 and PKCS#12 and
 * loads the keys. One damaged or locked object does not hide the others.
 */
#ifndef AUTOCSR_CONTENTS_H
#define AUTOCSR_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"
#include "autocsr/input.h"
#include "autocsr/key.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

struct acsr_content {
	enum acsr_input_kind kind; /* PKCS#7 and PKCS#12 only where they could not be opened */
	const char *within;        /* "PKCS#7", "PKCS#12", or "": static */
	unsigned line;             /* where it, or what it is within, begins; 0 for DER */
	struct acsr_blob der;      /* certificates, CSRs, CRLs */
	struct acsr_key *key;      /* private and public keys */
	struct acsr_err err;       /* err.id[0] != 0: it cannot be read, and why; der and key are empty */
};

/* Zero-initialise it; all is owned. */
struct acsr_contents {
	struct acsr_content *v;
	size_t n;
};

/* Appends. `passphrase` (NULL: none) is tried on every encrypted key and PKCS#12. Fails only for input.empty,
 * input.too-large and sys.nomem; everything else is an object's own error. Certificates and CSRs are not
 * parsed. */
ACSR_MUST_USE enum acsr_result acsr_contents_read(struct acsr_contents *out, const uint8_t *p, size_t len,
	const struct acsr_secret *passphrase, struct acsr_err *e);
void acsr_contents_free(struct acsr_contents *c); /* leaves it empty */
/* Is this an object that only lacks its passphrase, or was given a wrong one? */
int acsr_content_locked(const struct acsr_content *c);

ACSR_C_END

#endif
