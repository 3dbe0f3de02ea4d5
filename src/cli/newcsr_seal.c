/* csr new: the key sealed to somebody's public key. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/files.h"
#include "cli/newcsr.h"

/* What was typed may be meant as a file. */
static enum acsr_result hint_at_file(const char *value, struct acsr_err *e)
{
	if (err_is(e, "recipient.unknown") && access(value, R_OK) == 0)
		return err_rule(e, "recipient.unknown", "--seal-to", "",
			"this is no public key; a file with one is given as @%.200s", value);
	err_at(e, "--seal-to");
	return ACSR_FAIL;
}

enum acsr_result newcsr_recipient(struct newcsr *n, struct acsr_err *e)
{
	const char *value = args_one(n->a, "seal-to");
	CLEANUP_BUF struct buf text = { 0 };
	struct acsr_err why = { 0 };
	enum acsr_result r;

	if (value == NULL)
		return ACSR_OK;
	buf_init(&text, ACSR_RECIPIENT_MAX);
	if (value[0] == '@')
		TRY(file_get(&text, value + 1, ACSR_RECIPIENT_MAX, e));
	else
		TRY(buf_putstr(&text, value, e));
	r = acsr_recipient_parse(&n->to, buf_cstr(&text), text.len, clock_now(), &why);
	if (r != ACSR_OK)
		(void)hint_at_file(value, &why);
	if (r != ACSR_OK && e != NULL)
		*e = why;
	return r;
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
