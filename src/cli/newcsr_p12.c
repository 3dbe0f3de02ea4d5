/* csr new: the key in a PKCS#12 key store, beside a placeholder certificate. */
#include "autocsr/pkcs12.h"
#include "base/clock.h"
#include "cli/newcsr.h"
#include "pki/pkcs12_int.h"

enum acsr_result newcsr_p12(
	const struct newcsr *n, const char *name, struct acsr_blob *out, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob cert = { NULL, 0 };
	const struct acsr_pkcs12_spec spec = {
		.key = n->key, .certs = &cert, .n_certs = 1, .name = name, .passphrase = n->pass
	};

	TRY(pkcs12_placeholder(&n->der, n->key, clock_now(), &cert, e));
	return acsr_pkcs12_write(&spec, out, e);
}
