/* One recognised object as JSON: what it is, where it stood, and its document or why there is none. */
#include "pki/show.h"

#include <string.h>

#include "pki/show_int.h"

/* One word a kind, for programs. */
static const char *kind_word(enum acsr_input_kind kind)
{
	static const char *const words[] = { "unknown", "csr", "certificate", "crl", "private-key",
		"public-key", "pkcs7", "pkcs12", "ocsp", "crmf", "spkac", "parameters",
		"attribute-certificate", "ssh-public-key", "pgp" };

	return words[kind];
}

/* The member that the document goes to. */
static const char *member(enum acsr_input_kind kind)
{
	switch (kind) {
	case ACSR_INPUT_CSR:
	case ACSR_INPUT_CERT:
	case ACSR_INPUT_CRL:
	case ACSR_INPUT_PKCS7:
	case ACSR_INPUT_PKCS12:
		return kind_word(kind);
	default:
		return "key";
	}
}

/* Named only: what this program does not read. NULL: it is something else altogether. */
static const char *note(const struct acsr_input_object *o)
{
	if (o->kind >= ACSR_INPUT_OCSP)
		return "its contents are not shown";
	return o->kind == ACSR_INPUT_UNKNOWN && o->label[0] != '\0'
		       ? "a PEM block of a kind that is not known here"
		       : NULL;
}

static enum acsr_result contents(
	json_t **out, const struct acsr_input_object *o, const struct show_options *opt, struct acsr_err *e)
{
	if (o->err.id[0] != '\0') {
		*e = o->err;
		return ACSR_FAIL;
	}
	switch (o->kind) {
	case ACSR_INPUT_CSR:
		return show_csr(out, o->der, o->der_len, e);
	case ACSR_INPUT_CERT:
		return show_cert(out, o->der, o->der_len, e);
	case ACSR_INPUT_CRL:
		return show_crl(out, o->der, o->der_len, opt, e);
	case ACSR_INPUT_PRIVATE_KEY:
	case ACSR_INPUT_PUBLIC_KEY:
		return show_key(out, o, opt, e);
	case ACSR_INPUT_PKCS7:
		return show_pkcs7(out, o->der, o->der_len, opt, e);
	case ACSR_INPUT_PKCS12:
		return show_pkcs12(out, o->der, o->der_len, opt, e);
	default:
		return err_set(e, "input.unknown",
			"this is no CSR, certificate, CRL, key or bundle in any known form");
	}
}

/* The member that says what is in it. */
static json_t *set_contents(json_t *one, const struct acsr_input_object *o, const struct show_options *opt)
{
	struct acsr_err why = { 0 };
	json_t *doc = NULL;

	if (o->err.id[0] == '\0' && note(o) != NULL)
		return show_set(one, "note", json_string(note(o)));
	if (contents(&doc, o, opt, &why) == ACSR_OK)
		return show_set(one, member(o->kind), doc);
	return show_set(one, "error", err_is(&why, "sys.nomem") ? NULL : show_problem(&why));
}

enum acsr_result show_object(
	json_t **out, const struct acsr_input_object *o, const struct show_options *opt, struct acsr_err *e)
{
	json_t *one = json_pack("{s:s, s:s, s:o, s:I, s:i}", "kind", kind_word(o->kind), "form", o->form,
		"label", show_str(o->label), "offset", (json_int_t)o->offset, "line", (int)o->line);

	return show_take(out, set_contents(one, o, opt), e);
}
