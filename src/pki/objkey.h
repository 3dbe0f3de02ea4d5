/* The key of whatever carries one. */
#ifndef PKI_OBJKEY_H
#define PKI_OBJKEY_H

#include "autocsr/input.h"
#include "autocsr/key.h"

/* Does such an object carry a key that object_key can take out? */
bool object_has_key(enum acsr_input_kind kind);
/*
 * The key in a CSR, certificate, public or private key. Of a CSR or certificate nothing else is looked at,
 * not even the signature, so that a key can be judged where the rest is refused. An EC point that lies on no
 * curve is key.ec.point; others as acsr_key_load_spki and acsr_key_load_private; a damaged object is its own
 * error.
 */
ACSR_MUST_USE enum acsr_result object_key(struct acsr_key **out, const struct acsr_input_object *o,
	const struct acsr_secret *passphrase, struct acsr_err *e);

#endif
