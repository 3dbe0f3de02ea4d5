/* OpenSSL's errors as ours, and the few conversions that every module needs. */
#include "ossl.h"

#include <openssl/err.h>
#include <string.h>

#include "base/secret.h"

enum acsr_result ossl_err(struct acsr_err *e, const char *id, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	if (reason == NULL)
		return err_set(e, id, "%s", what);
	return err_set(e, id, "%s: %s", what, reason);
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
