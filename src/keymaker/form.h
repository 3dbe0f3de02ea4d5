/*
 * The forms in which a key leaves: under a code that is made here (zip pkcs8 p12 p12-legacy), or sealed to the
 * customer's own key (age cms), without any code. pki/keyform.h describes them.
 */
#ifndef KEYMAKER_FORM_H
#define KEYMAKER_FORM_H

#include "autocsr/blob.h"
#include "autocsr/key.h"
#include "ipc/messages.h"

enum {
	FORM_MAX = 24 * 1024
}; /* a PKCS#12 file repeats the names of a CSR, and that may be LIMIT_CSR_DER long */

/* What the customer gets; nothing of it is secret but the code. */
struct formed {
	uint8_t bytes[FORM_MAX];
	size_t len;
	struct acsr_secret *code; /* 26 characters; NULL when sealed */
};

/* Is it a form, with a recipient where it needs one, and only there? request.field.form
 * request.field.recipient and those of acsr_recipient_parse. */
ACSR_MUST_USE enum acsr_result form_check(const struct msg_key_make *order, struct acsr_err *e);

/* The key in the order's form; `csr` (DER) is its own. `rounds`: how often the code is hashed, 0: as the form wants. */
ACSR_MUST_USE enum acsr_result form_make(struct formed *out, const struct msg_key_make *order,
	const struct acsr_key *key, const struct acsr_blob *csr, unsigned rounds, struct acsr_err *e);
void form_clear(struct formed *f); /* wipes */

#endif
