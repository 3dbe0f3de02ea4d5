/* csr new: the key sealed to somebody's public key. */
#include "base/secret.h"
#include "cli/newcsr.h"
#include "cli/seal_to.h"

enum acsr_result newcsr_recipient(struct newcsr *n, struct acsr_err *e)
{
	const char *value = args_one(n->a, "seal-to");

	return value != NULL ? seal_to_read(&n->to, NULL, value, e) : ACSR_OK;
}

enum acsr_result newcsr_write_sealed(struct newcsr *n, const char *path, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob sealed = { NULL, 0 };

	TRY(acsr_key_pkcs8_pem(n->key, &pem, e));
	TRY(acsr_seal(n->to, pem, &sealed, e));
	TRY(command_put_str(n->c->result, "key_file", path, e));
	TRY(command_put_str(n->c->result, "sealed_to", acsr_recipient_name(n->to), e));
	TRY(command_put_str(
		n->c->result, "seal_format", acsr_seal_format_name(acsr_recipient_format(n->to)), e));
	return file_set_write(&n->files, path, sealed.p, sealed.len, e);
}
