/* A recipient as it is typed, or out of a file. */
#include "cli/seal_to.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autocsr/cert.h"
#include "autocsr/input.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/files.h"

/* A certificate in a file is often DER. */
static enum acsr_result as_text(struct buf *b, char **out, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { NULL, 0 };
	struct acsr_blob *v = NULL;
	enum acsr_result r;
	size_t n = 0;

	if (memchr(b->p, 0, b->len) == NULL)
		return str_dup(out, buf_cstr(b), e);
	TRY(acsr_input_certs(b->p, b->len, &v, &n, e));
	r = n == 1 ? acsr_cert_pem(v[0].p, v[0].len, &pem, e)
		   : err_set(e, "recipient.many", "there is more than one certificate; give one");
	acsr_certs_free(v, n);
	TRY(r);
	return str_dup(out, (const char *)pem.p, e);
}

static enum acsr_result read_text(const char *value, char **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	if (value[0] != '@')
		return str_dup(out, value, e);
	buf_init(&b, ACSR_RECIPIENT_MAX + 1);
	TRY(file_get(&b, value + 1, ACSR_RECIPIENT_MAX, e));
	return as_text(&b, out, e);
}

/* What was typed may be meant as a file. */
static enum acsr_result hint_at_file(const char *value, struct acsr_err *e)
{
	if (err_is(e, "recipient.unknown") && value[0] != '@' && access(value, R_OK) == 0)
		return err_rule(e, "recipient.unknown", "--seal-to", "",
			"this is no public key; a file with one is given as @%.200s", value);
	err_at(e, "--seal-to");
	return ACSR_FAIL;
}

enum acsr_result seal_to_read(struct acsr_recipient **out, char **text, const char *value, struct acsr_err *e)
{
	CLEANUP_STR char *read = NULL;
	struct acsr_err why = { 0 };

	if (read_text(value, &read, &why) != ACSR_OK ||
		acsr_recipient_parse(out, read, strlen(read), clock_now(), &why) != ACSR_OK) {
		(void)hint_at_file(value, &why);
		if (e != NULL)
			*e = why;
		return ACSR_FAIL;
	}
	if (text != NULL) {
		*text = read;
		read = NULL;
	}
	return ACSR_OK;
}
