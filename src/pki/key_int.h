/* Inside of struct acsr_key, for the files of this folder. */
#ifndef PKI_KEY_INT_H
#define PKI_KEY_INT_H

#include "autocsr/key.h"
#include "ossl.h"

struct acsr_key {
	EVP_PKEY *pkey;
	enum acsr_key_alg alg;
	unsigned bits;
	char name[48];
};

/* Takes over the reference, also on failure. */
ACSR_MUST_USE enum acsr_result key_adopt(struct acsr_key **out, EVP_PKEY *pkey, struct acsr_err *e);
bool key_has_private(const struct acsr_key *k);
/* The digest that a key signs with; NULL for schemes that have their own. `name` NULL: the default.
 * csr.digest */
ACSR_MUST_USE enum acsr_result key_digest(
	const EVP_MD **out, const struct acsr_key *k, const char *name, struct acsr_err *e);

static inline void key_auto_free(struct acsr_key **k)
{
	acsr_key_free(*k);
}
#define KEY_AUTO __attribute__((cleanup(key_auto_free)))

#endif
