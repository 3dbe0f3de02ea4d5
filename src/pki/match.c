/* The SPKI of whatever carries a key. */
#include "autocsr/match.h"

#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/input.h"
#include "autocsr/key.h"
#include "base/buf.h"
#include "base/secret.h"
#include "key_int.h"

const char *acsr_object_name(enum acsr_object o)
{
	static const char *const names[] = { "private key", "public key", "CSR", "certificate" };

	return o >= ACSR_OBJECT_PRIVATE_KEY && o <= ACSR_OBJECT_CERT ? names[o] : "?";
}

/* The first object that carries a key. What was found instead goes to *other. */
static const struct acsr_input_object *first_with_key(struct acsr_input *in, enum acsr_input_kind *other)
{
	const struct acsr_input_object *o;

	while ((o = acsr_input_next(in)) != NULL) {
		if (o->kind == ACSR_INPUT_PRIVATE_KEY || o->kind == ACSR_INPUT_PUBLIC_KEY ||
			o->kind == ACSR_INPUT_CSR || o->kind == ACSR_INPUT_CERT ||
			(o->kind == ACSR_INPUT_UNKNOWN && o->label[0] == '\0'))
			return o;
		*other = o->kind;
	}
	return NULL;
}

static enum acsr_result spki_of_csr(struct bytes der, uint8_t out[32], struct acsr_err *e)
{
	struct acsr_csr_view *v;

	TRY(key_parse_csr(&v, der.p, der.len, e));
	memcpy(out, v->spki_sha256, 32);
	acsr_csr_view_free(v);
	return ACSR_OK;
}

static enum acsr_result spki_of_cert(struct bytes der, uint8_t out[32], struct acsr_err *e)
{
	struct acsr_cert_view *v;

	TRY(acsr_cert_parse(&v, der.p, der.len, e));
	memcpy(out, v->spki_sha256, 32);
	acsr_cert_view_free(v);
	return ACSR_OK;
}

static enum acsr_result spki_of_public(struct bytes der, uint8_t out[32], struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *k = NULL;

	TRY(acsr_key_load_public(&k, der.p, der.len, e));
	return acsr_key_spki_sha256(k, out, e);
}

static enum acsr_result spki_of_private(const struct acsr_secret *key, const struct acsr_secret *passphrase,
	uint8_t out[32], struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *k = NULL;

	TRY(acsr_key_load_private(&k, acsr_secret_bytes(key), acsr_secret_len(key), passphrase, e));
	return acsr_key_spki_sha256(k, out, e);
}

static enum acsr_result spki_of(const struct acsr_input_object *o, const struct acsr_secret *passphrase,
	enum acsr_object *kind, uint8_t hash[32], struct acsr_err *e)
{
	struct bytes der = { o->der, o->der_len };

	if (o->err.id[0] != '\0')
		return err_set(e, o->err.id, "%s", o->err.text);
	switch (o->kind) {
	case ACSR_INPUT_PRIVATE_KEY:
		*kind = ACSR_OBJECT_PRIVATE_KEY;
		return spki_of_private(o->secret, passphrase, hash, e);
	case ACSR_INPUT_PUBLIC_KEY:
		*kind = ACSR_OBJECT_PUBLIC_KEY;
		return spki_of_public(der, hash, e);
	case ACSR_INPUT_CERT:
		*kind = ACSR_OBJECT_CERT;
		return spki_of_cert(der, hash, e);
	default: /* what looks like nothing may be a damaged CSR: its parser says how */
		*kind = ACSR_OBJECT_CSR;
		return spki_of_csr(der, hash, e);
	}
}

enum acsr_result acsr_match_spki(const uint8_t *p, size_t len, const struct acsr_secret *passphrase,
	enum acsr_object *kind, uint8_t spki_sha256[32], struct acsr_err *e)
{
	enum acsr_input_kind other = ACSR_INPUT_UNKNOWN;
	const struct acsr_input_object *o;
	struct acsr_input *in;
	enum acsr_object k = ACSR_OBJECT_CSR;
	enum acsr_result r;
	uint8_t hash[32];

	TRY(acsr_input_open(&in, p, len, e));
	o = first_with_key(in, &other);
	r = o != NULL ? spki_of(o, passphrase, &k, hash, e)
		      : acsr_input_wrong(other, "a key, CSR or certificate", e);
	acsr_input_close(in);
	TRY(r);
	*kind = k;
	memcpy(spki_sha256, hash, 32);
	return ACSR_OK;
}
