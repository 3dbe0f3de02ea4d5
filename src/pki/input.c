/* The recogniser: one walk over whatever somebody gave, object by object. */
#include "autocsr/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "base/str.h"
#include "der.h"
#include "jwkread.h"
#include "outline.h"
#include "pem.h"

#define MAX_PRIVATE_KEY (64 * 1024)

enum form { FORM_DER, FORM_PEM, FORM_BARE, FORM_LINES, FORM_JWK, FORM_END };

struct acsr_input {
	struct bytes in;  /* the input, or plain */
	struct buf plain; /* a UTF-16 input as 8-bit text */
	enum form form;
	size_t pos;     /* where the next object is looked for */
	size_t line_at; /* up to here the lines are counted */
	unsigned line;
	size_t found;
	struct jwk_walk jwk;
	struct buf raw; /* the decoded bytes of the object */
	struct acsr_secret *secret;
	struct acsr_input_object object;
};

const char *acsr_input_kind_name(enum acsr_input_kind kind)
{
	static const char *const names[] = { "unknown", "CSR", "certificate", "CRL", "private key",
		"public key", "PKCS#7", "PKCS#12", "OCSP message", "CRMF request", "SPKAC request",
		"parameters", "attribute certificate", "SSH public key", "PGP block" };

	return kind >= ACSR_INPUT_UNKNOWN && kind <= ACSR_INPUT_PGP ? names[kind] : "?";
}

enum acsr_result acsr_input_wrong(enum acsr_input_kind kind, const char *wanted, struct acsr_err *e)
{
	switch (kind) {
	case ACSR_INPUT_PRIVATE_KEY:
		return err_set(e, "input.private-key",
			"this is a private key, not %s; a private key must never be pasted or sent anywhere: "
			"treat it as compromised and make a new one",
			wanted);
	case ACSR_INPUT_CERT:
		return err_set(e, "input.certificate", "this is a certificate, not %s", wanted);
	case ACSR_INPUT_CSR:
		return err_set(e, "input.csr", "this is a CSR, not %s", wanted);
	case ACSR_INPUT_PKCS7:
		return err_set(e, "input.pkcs7", "this is a PKCS#7 bundle, not %s", wanted);
	case ACSR_INPUT_PUBLIC_KEY:
		return err_set(e, "input.public-key", "this is a public key alone, not %s", wanted);
	case ACSR_INPUT_CRL:
		return err_set(e, "input.crl", "this is a CRL, not %s", wanted);
	case ACSR_INPUT_PKCS12:
		return err_set(e, "input.pkcs12", "this is a PKCS#12 file, not %s", wanted);
	case ACSR_INPUT_UNKNOWN:
		return err_set(e, "input.unknown", "this is not %s in any form that is known", wanted);
	default:
		return err_set(e, "input.other", "this is %s %s, not %s",
			strchr("aeiouAEIOU", acsr_input_kind_name(kind)[0]) != NULL ? "an" : "a",
			acsr_input_kind_name(kind), wanted);
	}
}

/* --- opening: which form is it? --- */

/* 'L' or 'B' for UTF-16 text, by its mark or by the NULs of its first two characters; else 0. */
static char utf16_order(struct bytes in)
{
	if (in.len < 4)
		return 0;
	if (in.p[0] == 0xff && in.p[1] == 0xfe)
		return 'L';
	if (in.p[0] == 0xfe && in.p[1] == 0xff)
		return 'B';
	if (in.p[0] != 0 && in.p[1] == 0 && in.p[2] != 0 && in.p[3] == 0 && in.p[0] != DER_SEQUENCE)
		return 'L';
	return in.p[0] == 0 && in.p[1] != 0 && in.p[2] == 0 && in.p[3] != 0 ? 'B' : 0;
}

/* What is beyond ASCII becomes "?": it can only be text around the objects. */
static enum acsr_result from_utf16(struct acsr_input *in, char order, struct acsr_err *e)
{
	size_t low = order == 'L' ? 0 : 1;

	TRY(buf_reserve(&in->plain, in->in.len / 2, e));
	for (size_t i = 0; i + 1 < in->in.len; i += 2) {
		uint8_t c = in->in.p[i + low], high = in->in.p[i + 1 - low];

		if (high == 0xfe && c == 0xff)
			continue;
		TRY(buf_put_u8(&in->plain, high == 0 && c < 0x80 ? c : '?', e));
	}
	in->in = (struct bytes){ in->plain.p, in->plain.len };
	return ACSR_OK;
}

static bool is_blank(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if (!ascii_space(in.p[i]))
			return false;
	return true;
}

/* A text that lost its BEGIN line but kept its END line. */
static struct bytes cut_end(struct bytes in)
{
	const uint8_t *end = memmem(in.p, in.len, "-----END ", 9);

	return end == NULL ? in : (struct bytes){ in.p, (size_t)(end - in.p) };
}

/* "0" starts a DER element and may start a base64 text. */
static bool looks_der(struct bytes in)
{
	if (in.len < 2 || (in.p[0] != DER_SEQUENCE && in.p[0] != DER_OID))
		return false;
	for (size_t i = 0; i < in.len && i < 64; i++)
		if (in.p[i] >= 0x7f || (in.p[i] < 0x20 && !ascii_space(in.p[i])))
			return true;
	return false;
}

static enum form form_of(struct bytes in)
{
	if (looks_der(in))
		return FORM_DER;
	if (memmem(in.p, in.len, "-----BEGIN ", 11) != NULL)
		return FORM_PEM;
	if (jwk_looks(in))
		return FORM_JWK;
	return pem_is_base64(cut_end(in)) ? FORM_BARE : FORM_LINES;
}

static enum acsr_result prepare(struct acsr_input *in, struct acsr_err *e)
{
	char order = utf16_order(in->in);

	if (order != 0)
		TRY(from_utf16(in, order, e));
	else if (in->in.len >= 3 && memcmp(in->in.p, "\xef\xbb\xbf", 3) == 0)
		in->pos = 3;
	if (is_blank((struct bytes){ in->in.p + in->pos, in->in.len - in->pos }))
		return err_set(e, "input.empty", "there is nothing here");
	in->jwk.all = (struct bytes){ in->in.p + in->pos, in->in.len - in->pos };
	in->form = form_of(in->jwk.all);
	return ACSR_OK;
}

enum acsr_result acsr_input_open(struct acsr_input **out, const uint8_t *p, size_t len, struct acsr_err *e)
{
	struct acsr_input *in;

	if (len > ACSR_INPUT_MAX)
		return err_set(e, "input.too-large", "the input has %zu bytes; at most %d are read", len,
			ACSR_INPUT_MAX);
	in = calloc(1, sizeof(*in));
	if (in == NULL)
		return err_nomem(e);
	in->in = (struct bytes){ p, len };
	in->line = 1;
	buf_init(&in->plain, ACSR_INPUT_MAX);
	buf_init(&in->raw, ACSR_INPUT_MAX);
	if (prepare(in, e) != ACSR_OK) {
		acsr_input_close(in);
		return ACSR_FAIL;
	}
	*out = in;
	return ACSR_OK;
}

void acsr_input_close(struct acsr_input *in)
{
	if (in == NULL)
		return;
	acsr_secret_free(in->secret);
	buf_free(&in->plain);
	buf_free(&in->raw);
	free(in);
}

/* --- one object --- */

static unsigned line_of(struct acsr_input *in, size_t offset)
{
	for (; in->line_at < offset; in->line_at++)
		in->line += in->in.p[in->line_at] == '\n';
	return in->line;
}

static struct acsr_input_object *begin(
	struct acsr_input *in, enum acsr_input_kind kind, const char *form, size_t offset)
{
	acsr_secret_free(in->secret);
	in->secret = NULL;
	buf_reset(&in->raw);
	in->found++;
	in->object = (struct acsr_input_object){ .kind = kind, .form = form, .offset = offset };
	if (in->form != FORM_DER)
		in->object.line = line_of(in, offset);
	return &in->object;
}

static void take_secret(struct acsr_input *in, struct bytes p)
{
	struct acsr_input_object *o = &in->object;

	if (p.len > MAX_PRIVATE_KEY)
		(void)err_set(&o->err, "key.parse", "a private key of %zu bytes; at most %d are read", p.len,
			MAX_PRIVATE_KEY);
	else if (acsr_secret_new(&in->secret, p.p, p.len, &o->err) == ACSR_OK)
		o->secret = in->secret;
}

/* The contents tell more than the label; but what somebody called a private key is treated as one. */
static void take_contents(struct acsr_input *in, struct bytes der)
{
	struct acsr_input_object *o = &in->object;
	const char *form = "";
	enum acsr_input_kind kind = outline_kind(der, &form);

	if (o->kind != ACSR_INPUT_PRIVATE_KEY && kind != ACSR_INPUT_UNKNOWN && kind != o->kind) {
		o->kind = kind;
		o->form = form;
	} else if (kind == o->kind && form[0] != '\0' && strcmp(o->form, "trusted certificate") != 0) {
		o->form = form;
	}
	if (o->kind == ACSR_INPUT_PRIVATE_KEY) {
		o->encrypted = strcmp(o->form, "encrypted PKCS#8") == 0;
		take_secret(in, der);
	} else {
		o->der = der.p;
		o->der_len = der.len;
	}
}

/* OpenSSL's "trusted certificate" carries settings of its own behind the certificate. */
static struct bytes without_settings(struct bytes der)
{
	struct bytes rest = der;
	struct der_tlv t;

	return der_next(&rest, &t, "input", NULL) == ACSR_OK ? t.whole : der;
}

/* "encrypted" in front of the name of the form, for keys whose headers say so. */
static const char *encrypted_form(const char *form)
{
	if (strcmp(form, "PKCS#1") == 0)
		return "encrypted PKCS#1";
	if (strcmp(form, "SEC 1") == 0)
		return "encrypted SEC 1";
	return strcmp(form, "DSA") == 0 ? "encrypted DSA" : form;
}

/* ssh-keygen's format says "none" where its cipher would stand (PROTOCOL.key). */
static bool openssh_encrypted(struct bytes der)
{
	return der.len < 24 || memcmp(der.p, "openssh-key-v1", 15) != 0 || memcmp(der.p + 19, "none", 4) != 0;
}

static void take_block(struct acsr_input *in, const struct pem_block *b)
{
	struct acsr_input_object *o = &in->object;
	struct bytes der;

	if (o->kind == ACSR_INPUT_PGP || o->kind == ACSR_INPUT_SSH_PUBLIC_KEY)
		return;
	if (pem_decode(b->text, &in->raw, &o->err) != ACSR_OK)
		return;
	der = (struct bytes){ in->raw.p, in->raw.len };
	if (o->kind == ACSR_INPUT_PRIVATE_KEY && (b->encrypted || strcmp(o->form, "OpenSSH") == 0)) {
		o->encrypted = b->encrypted || openssh_encrypted(der);
		o->form = encrypted_form(o->form);
		take_secret(in, b->whole);
		return;
	}
	if (strcmp(o->form, "trusted certificate") == 0)
		der = without_settings(der);
	take_contents(in, der);
}

static bool next_block(struct acsr_input *in)
{
	struct acsr_input_object *o;
	const char *form = "";
	enum acsr_input_kind kind;
	struct pem_block b;

	if (!pem_next(in->in, &in->pos, &b))
		return false;
	kind = outline_kind_of_label(b.label, &form);
	o = begin(in, kind, form, (size_t)(b.whole.p - in->in.p));
	snprintf(o->label, sizeof(o->label), "%s", b.label);
	take_block(in, &b);
	return true;
}

/* One element and, when all that follows are elements of known kinds too, only that one; else everything, so
 * that whoever reads it can say what is wrong at its end. */
static bool next_der(struct acsr_input *in)
{
	struct bytes rest = { in->in.p + in->pos, in->in.len - in->pos }, der = rest;
	struct der_tlv t;

	if (rest.len == 0)
		return false;
	begin(in, ACSR_INPUT_UNKNOWN, "", in->pos);
	if (der_next(&rest, &t, "input", NULL) == ACSR_OK && rest.len > 0 &&
		(outline_kind(rest, &(const char *){ NULL }) != ACSR_INPUT_UNKNOWN || is_blank(rest)))
		der = t.whole;
	in->pos += is_blank(rest) ? der.len + rest.len : der.len;
	take_contents(in, der);
	return true;
}

static bool next_bare(struct acsr_input *in)
{
	struct bytes text = cut_end((struct bytes){ in->in.p + in->pos, in->in.len - in->pos });
	struct acsr_input_object *o = begin(in, ACSR_INPUT_UNKNOWN, "", in->pos);

	in->form = FORM_END;
	if (pem_decode(text, &in->raw, &o->err) == ACSR_OK)
		take_contents(in, (struct bytes){ in->raw.p, in->raw.len });
	return true;
}

static bool is_ssh_line(struct bytes line)
{
	static const char *const starts[] = { "ssh-rsa AAAA", "ssh-dss AAAA", "ssh-ed25519 AAAA",
		"ssh-rsa-cert-", "ssh-dss-cert-", "ssh-ed25519-cert-", "ecdsa-sha2-", "sk-ssh-",
		"sk-ecdsa-" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (line.len > strlen(starts[i]) && memcmp(line.p, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* Texts without BEGIN lines that are not base64: OpenSSH's public keys, RFC 4716's, or nothing. */
static bool next_line(struct acsr_input *in)
{
	while (in->pos < in->in.len) {
		struct bytes line = { in->in.p + in->pos, in->in.len - in->pos };
		const uint8_t *end = memchr(line.p, '\n', line.len);
		size_t at = in->pos;

		if (end != NULL)
			line.len = (size_t)(end - line.p);
		in->pos += line.len + (end != NULL);
		if (!is_ssh_line(line) && memmem(line.p, line.len, "---- BEGIN SSH2 PUBLIC KEY", 26) == NULL)
			continue;
		begin(in, ACSR_INPUT_SSH_PUBLIC_KEY, "OpenSSH", at);
		return true;
	}
	return false;
}

static bool next_jwk(struct acsr_input *in)
{
	struct acsr_input_object *o;
	struct jwk_item item;

	if (!jwk_next(&in->jwk, &item))
		return false;
	o = begin(in, item.kind, item.kind == ACSR_INPUT_CERT ? "" : "JWK", in->pos + item.offset);
	o->err = item.err;
	in->secret = item.secret;
	item.secret = NULL;
	o->secret = in->secret;
	if (item.der.len > 0 && buf_put(&in->raw, item.der.p, item.der.len, &o->err) == ACSR_OK) {
		o->der = in->raw.p;
		o->der_len = in->raw.len;
	}
	jwk_item_free(&item);
	return true;
}

static bool find_next(struct acsr_input *in)
{
	switch (in->form) {
	case FORM_DER:
		return next_der(in);
	case FORM_PEM:
		return next_block(in);
	case FORM_BARE:
		return next_bare(in);
	case FORM_LINES:
		return next_line(in);
	case FORM_JWK:
		return next_jwk(in);
	default:
		return false;
	}
}

const struct acsr_input_object *acsr_input_next(struct acsr_input *in)
{
	if (in->found == ACSR_INPUT_MAX_OBJECTS) {
		begin(in, ACSR_INPUT_UNKNOWN, "", in->pos);
		(void)err_set(&in->object.err, "input.several",
			"there are more than %d objects; the rest was not read", ACSR_INPUT_MAX_OBJECTS);
		in->form = FORM_END;
		return &in->object;
	}
	if (!find_next(in))
		return NULL;
	if (err_is(&in->object.err, "sys."))
		in->form = FORM_END;
	return &in->object;
}
