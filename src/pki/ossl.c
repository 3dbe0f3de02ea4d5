/* OpenSSL's errors as ours, and the few conversions that every module needs. */
#include "ossl.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "base/secret.h"

/* Empties the queue. What failed for want of memory says so somewhere in it, and other things after that. */
static bool ran_short(void)
{
	bool found = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return found;
}

enum acsr_result ossl_err(struct acsr_err *e, const char *id, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (ran_short())
		return err_nomem(e);
	if (reason == NULL)
		return err_set(e, id, "%s", what);
	return err_set(e, id, "%s: %s", what, reason);
}

bool ossl_ran_short(void)
{
	bool told = errno ==
		    ENOMEM; /* a decoder or a fetch that has no memory does not always say so in the queue */

	return ran_short() || told;
}

enum acsr_result ossl_take(
	struct acsr_blob *out, unsigned char *p, int n, const char *what, struct acsr_err *e)
{
	enum acsr_result r;

	if (n < 0 || p == NULL)
		return ossl_err(e, "sys.openssl", what);
	r = acsr_blob_copy(out, p, (size_t)n, e);
	OPENSSL_free(p);
	return r;
}

void ossl_oid(const ASN1_OBJECT *o, char *out, size_t cap)
{
	if (o == NULL || OBJ_obj2txt(out, (int)cap, o, 1) <= 0)
		out[0] = '\0';
}

__attribute__((noinline)) void ossl_wipe_stack(void)
{
	uint8_t scratch[16 * 1024];

	wipe(scratch, sizeof(scratch));
}
