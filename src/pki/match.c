/* The SPKI of whatever carries a key. */
#include "autocsr/match.h"

#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/key.h"
#include "base/secret.h"
#include "input.h"
#include "key_int.h"
#include "pem.h"

#define MAX_PUBLIC_KEY_TEXT (1024 * 1024)

const char *acsr_object_name(enum acsr_object o)
{
	static const char *const names[] = { "private key", "public key", "CSR", "certificate" };

	return o >= ACSR_OBJECT_PRIVATE_KEY && o <= ACSR_OBJECT_CERT ? names[o] : "?";
}

/* The first block whose kind we know, or the DER itself. */
static enum input_kind kind_of(struct bytes in)
{
	struct pem_block b;
	size_t pos = 0;

	while (pem_next(in, &pos, &b))
		if (input_kind_of_label(b.label) != INPUT_UNKNOWN)
			return input_kind_of_label(b.label);
	return input_kind_of_der(in);
}

static enum acsr_result spki_of_csr(struct bytes in, uint8_t out[32], struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { 0 };
	struct acsr_csr_view *v;

	TRY(acsr_input_csr(in.p, in.len, &der, e));
	TRY(acsr_csr_parse(&v, der.p, der.len, e));
	memcpy(out, v->spki_sha256, 32);
	acsr_csr_view_free(v);
	return ACSR_OK;
}

static enum acsr_result spki_of_cert(struct bytes in, uint8_t out[32], struct acsr_err *e)
{
	struct acsr_cert_view *v = NULL;
	struct acsr_blob *certs;
	enum acsr_result r;
	size_t n;

	TRY(acsr_input_certs(in.p, in.len, &certs, &n, e));
	r = acsr_cert_parse(&v, certs[0].p, certs[0].len, e);
	acsr_certs_free(certs, n);
	TRY(r);
	memcpy(out, v->spki_sha256, 32);
	acsr_cert_view_free(v);
	return ACSR_OK;
}

static enum acsr_result spki_of_public(struct bytes in, uint8_t out[32], struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *k = NULL;
	CLEANUP_BUF struct buf raw = { 0 };
	struct pem_block b;
	size_t pos = 0;

	buf_init(&raw, MAX_PUBLIC_KEY_TEXT);
	if (pem_next(in, &pos, &b)) {
		TRY(pem_decode(b.text, &raw, e));
		in = (struct bytes){ raw.p, raw.len };
	}
	TRY(acsr_key_load_spki(&k, in.p, in.len, e));
	return acsr_key_spki_sha256(k, out, e);
}

static enum acsr_result spki_of_private(
	struct bytes in, const struct acsr_secret *passphrase, uint8_t out[32], struct acsr_err *e)
{
	KEY_AUTO struct acsr_key *k = NULL;

	TRY(acsr_key_load_private(&k, in.p, in.len, passphrase, e));
	return acsr_key_spki_sha256(k, out, e);
}

enum acsr_result acsr_match_spki(const uint8_t *p, size_t len, const struct acsr_secret *passphrase,
	enum acsr_object *kind, uint8_t spki_sha256[32], struct acsr_err *e)
{
	struct bytes in = { p, len };
	uint8_t hash[32];
	enum acsr_object k;

	switch (kind_of(in)) {
	case INPUT_PRIVATE_KEY:
		k = ACSR_OBJECT_PRIVATE_KEY;
		TRY(spki_of_private(in, passphrase, hash, e));
		break;
	case INPUT_PUBLIC_KEY:
		k = ACSR_OBJECT_PUBLIC_KEY;
		TRY(spki_of_public(in, hash, e));
		break;
	case INPUT_CERT:
		k = ACSR_OBJECT_CERT;
		TRY(spki_of_cert(in, hash, e));
		break;
	case INPUT_PKCS7:
		return input_wrong(INPUT_PKCS7, "a key, CSR or certificate", e);
	default: /* also base64 without its BEGIN and END lines */
		k = ACSR_OBJECT_CSR;
		TRY(spki_of_csr(in, hash, e));
		break;
	}
	*kind = k;
	memcpy(spki_sha256, hash, 32);
	return ACSR_OK;
}
