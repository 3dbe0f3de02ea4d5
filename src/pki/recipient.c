/* Recipients: which kind of public key somebody pasted, and what about it is said to people. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/input.h"
#include "base/str.h"
#include "recipient_int.h"

/* --- lines --- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trim(struct bytes b)
{
	while (b.len > 0 && is_blank(b.p[0])) {
		b.p++;
		b.len--;
	}
	while (b.len > 0 && is_blank(b.p[b.len - 1]))
		b.len--;
	return b;
}

/* The next line that says something; false behind the last. */
static bool next_line(struct bytes *in, struct bytes *line)
{
	while (in->len > 0) {
		const uint8_t *end = memchr(in->p, '\n', in->len);
		size_t n = end != NULL ? (size_t)(end - in->p) : in->len, step = end != NULL ? n + 1 : n;

		*line = trim((struct bytes){ in->p, n });
		in->p += step;
		in->len -= step;
		if (line->len > 0 && line->p[0] != '#')
			return true;
	}
	return false;
}

static bool begins(struct bytes b, const char *with)
{
	return b.len >= strlen(with) && memcmp(b.p, with, strlen(with)) == 0;
}

static enum acsr_result is_private(const char *what, struct acsr_err *e)
{
	return err_set(e, "recipient.private-key",
		"this is %s: never give it to anyone; it is known to this program now, so make a new one and "
		"give its "
		"public half",
		what);
}

static enum acsr_result check_identities(struct bytes in, struct acsr_err *e)
{
	struct bytes line;

	while (next_line(&in, &line))
		if (begins(line, "AGE-SECRET-KEY-") || begins(line, "AGE-PLUGIN-") ||
			begins(line, "age-secret-key-"))
			return is_private("an age identity, the private half", e);
	return ACSR_OK;
}

/* --- certificates, and all that is nothing to seal to --- */

static enum acsr_result read_object(
	struct acsr_recipient *r, const struct acsr_input_object *o, int64_t now, struct acsr_err *e)
{
	if (o->kind == ACSR_INPUT_PRIVATE_KEY)
		return is_private("a private key", e);
	if (o->kind == ACSR_INPUT_SSH_PUBLIC_KEY)
		return err_set(e, "recipient.ssh",
			"an SSH public key is given as one line, as in the file that ends in .pub; "
			"ssh-keygen "
			"-i -f FILE makes it from the other form");
	if (o->kind == ACSR_INPUT_UNKNOWN)
		return err_set(e, "recipient.unknown",
			"this is nothing that can be sealed to; give an age recipient (age1…), an SSH public "
			"key, "
			"or a certificate");
	if (o->kind != ACSR_INPUT_CERT)
		return err_set(e, "recipient.unknown",
			"this is a %s; give an age recipient (age1…), an SSH public key, or a certificate",
			acsr_input_kind_name(o->kind));
	if (err_is(&o->err, "sys.nomem"))
		return err_nomem(e);
	if (o->err.id[0] != '\0')
		return err_set(e, "recipient.certificate", "the certificate is damaged: %s", o->err.text);
	return recipient_cert(r, o->der, o->der_len, now, e);
}

static enum acsr_result unknown(struct acsr_err *e)
{
	return err_set(e, "recipient.unknown",
		"this is no public key that can be sealed to; give an age recipient (age1…), an SSH public "
		"key "
		"(ssh-ed25519 or ssh-rsa), or a certificate in PEM");
}

/* Private keys first, wherever they stand: that one was pasted is what its owner must hear. */
static enum acsr_result read_objects(
	struct acsr_recipient *r, struct acsr_input *in, int64_t now, struct acsr_err *e)
{
	const struct acsr_input_object *o;
	enum acsr_result result = ACSR_FAIL;
	struct acsr_err why = { 0 };
	size_t n = 0;

	while ((o = acsr_input_next(in)) != NULL) {
		if (o->kind == ACSR_INPUT_PRIVATE_KEY)
			return read_object(r, o, now, e);
		if (n++ == 0)
			result = read_object(r, o, now, &why);
	}
	if (n == 0)
		return unknown(e);
	if (n > 1 && (result == ACSR_OK || !err_is(&why, "recipient.unknown")))
		return err_set(e, "recipient.many",
			"there are %zu objects; give one certificate, without its chain", n);
	if (result != ACSR_OK && e != NULL)
		*e = why;
	return result;
}

static enum acsr_result read_any(struct acsr_recipient *r, struct bytes text, int64_t now, struct acsr_err *e)
{
	struct acsr_input *in = NULL;
	struct acsr_err why = { 0 };
	enum acsr_result result;

	if (acsr_input_open(&in, text.p, text.len, &why) != ACSR_OK)
		return err_is(&why, "sys.nomem") ? err_nomem(e) : unknown(e);
	result = read_objects(r, in, now, e);
	acsr_input_close(in);
	return result;
}

/* --- one recipient --- */

static enum acsr_result check_alone(struct bytes rest, const char *what, struct acsr_err *e)
{
	struct bytes line;

	if (!next_line(&rest, &line))
		return ACSR_OK;
	if (begins(line, "age1") || recipient_is_ssh(line))
		return err_set(e, "recipient.many", "there is more than one recipient; give one");
	return err_set(
		e, "recipient.many", "%s stands alone, in one line; there is another line behind it", what);
}

static enum acsr_result read_text(
	struct acsr_recipient *r, struct bytes text, int64_t now, struct acsr_err *e)
{
	struct bytes rest = text, line;

	if (text.len > ACSR_RECIPIENT_MAX)
		return err_set(e, "recipient.large", "a recipient of %zu bytes; at most %d are read",
			text.len, ACSR_RECIPIENT_MAX);
	TRY(check_identities(text, e));
	if (!next_line(&rest, &line))
		return err_set(e, "recipient.empty", "there is no recipient; paste a public key");
	if (begins(line, "age1")) {
		TRY(check_alone(rest, "an age recipient", e));
		return recipient_age(r, line, e);
	}
	if (recipient_is_ssh(line)) {
		TRY(check_alone(rest, "an SSH public key", e));
		return recipient_ssh(r, line, e);
	}
	return read_any(r, text, now, e);
}

enum acsr_result acsr_recipient_parse(
	struct acsr_recipient **out, const char *text, size_t len, int64_t now, struct acsr_err *e)
{
	struct acsr_recipient *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	if (read_text(r, (struct bytes){ (const uint8_t *)text, len }, now, e) != ACSR_OK) {
		acsr_recipient_free(r);
		return ACSR_FAIL;
	}
	*out = r;
	return ACSR_OK;
}

void acsr_recipient_free(struct acsr_recipient *r)
{
	if (r == NULL)
		return;
	acsr_blob_free(&r->ssh);
	acsr_key_free(r->key);
	X509_free(r->cert);
	free(r);
}

enum acsr_result recipient_judge(
	const struct acsr_key *k, const struct acsr_key_policy *policy, struct acsr_err *e)
{
	struct acsr_err why = { 0 };

	if (acsr_key_check_public(k, policy, NULL, &why) == ACSR_OK)
		return ACSR_OK;
	if (err_is(&why, "sys.nomem"))
		return err_nomem(e);
	if (err_is(&why, "key.ed.point") || err_is(&why, "key.ec.point"))
		return err_rule(e, "recipient.point", NULL, why.source, "nothing is sealed to this key: %s",
			why.text);
	return err_rule(e, "recipient.weak", NULL, why.source, "nothing is sealed to this key: %s", why.text);
}

/* --- what it is --- */

enum acsr_recipient_kind acsr_recipient_kind(const struct acsr_recipient *r)
{
	return r->kind;
}

const char *acsr_recipient_kind_name(enum acsr_recipient_kind kind)
{
	static const char *const names[] = { "age-x25519", "ssh-ed25519", "ssh-rsa", "certificate" };

	return names[kind];
}

const char *acsr_recipient_name(const struct acsr_recipient *r)
{
	return r->name;
}

enum acsr_seal_format acsr_recipient_format(const struct acsr_recipient *r)
{
	return r->kind == ACSR_RECIPIENT_CERTIFICATE ? ACSR_SEAL_CMS : ACSR_SEAL_AGE;
}

const char *acsr_seal_format_name(enum acsr_seal_format f)
{
	return f == ACSR_SEAL_CMS ? "cms" : "age";
}

enum acsr_result acsr_seal_format_find(enum acsr_seal_format *out, const char *name, struct acsr_err *e)
{
	if (strcmp(name, "age") != 0 && strcmp(name, "cms") != 0)
		return err_set(e, "recipient.format", "what is sealed has the format age or cms");
	*out = strcmp(name, "cms") == 0 ? ACSR_SEAL_CMS : ACSR_SEAL_AGE;
	return ACSR_OK;
}

enum acsr_result acsr_recipient_takes(
	const struct acsr_recipient *r, enum acsr_seal_format f, struct acsr_err *e)
{
	if (f == acsr_recipient_format(r))
		return ACSR_OK;
	if (f == ACSR_SEAL_AGE)
		return err_set(e, "recipient.format",
			"age cannot seal to a certificate; choose cms, or give an age recipient");
	return err_set(e, "recipient.format",
		"CMS seals to certificates only; choose age for age recipients and SSH keys");
}

enum acsr_result acsr_seal(const struct acsr_recipient *r, const struct acsr_secret *plain,
	struct acsr_blob *out, struct acsr_err *e)
{
	size_t n = acsr_secret_len(plain);

	if (n == 0 || n > ACSR_SEAL_MAX)
		return err_set(e, "recipient.size", "%zu bytes cannot be sealed; 1 to %zu can", n,
			(size_t)ACSR_SEAL_MAX);
	return acsr_recipient_format(r) == ACSR_SEAL_CMS ? seal_cms(r, plain, out, e)
							 : seal_age(r, plain, out, e);
}
