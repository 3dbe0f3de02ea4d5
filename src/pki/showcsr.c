/* A CSR as JSON. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/csr.h"
#include "pki/show_int.h"

#define MAX_SHOWN 256 /* bytes of one value as hex */

static void free_exts(STACK_OF(X509_EXTENSION) * *s)
{
	sk_X509_EXTENSION_pop_free(*s, X509_EXTENSION_free);
}

static bool is_extension_request(const X509_ATTRIBUTE *a)
{
	int nid = OBJ_obj2nid(X509_ATTRIBUTE_get0_object((X509_ATTRIBUTE *)a));

	return nid == NID_ext_req || nid == NID_ms_ext_req;
}

static bool is_challenge(const X509_ATTRIBUTE *a)
{
	return OBJ_obj2nid(X509_ATTRIBUTE_get0_object((X509_ATTRIBUTE *)a)) == NID_pkcs9_challengePassword;
}

static bool has_challenge(const X509_REQ *x)
{
	for (int i = 0; i < X509_REQ_get_attr_count(x); i++)
		if (is_challenge(X509_REQ_get_attr(x, i)))
			return true;
	return false;
}

/* Each attribute with its values; a challenge password is never shown. */
static json_t *one_attribute(X509_ATTRIBUTE *a)
{
	const ASN1_OBJECT *oid = X509_ATTRIBUTE_get0_object(a);
	int nid = OBJ_obj2nid(oid);
	ASN1_TYPE *t = X509_ATTRIBUTE_get0_type(a, 0);
	unsigned char *der = NULL;
	int n = t != NULL && !is_challenge(a) ? i2d_ASN1_TYPE(t, &der) : 0;
	char dotted[128];
	json_t *o;

	ossl_oid(oid, dotted, sizeof(dotted));
	o = json_pack("{s:s, s:s, s:o, s:o}", "oid", dotted, "name", show_extension_name(dotted, nid),
		"values", n > 0 ? show_der_values(der, (size_t)n) : json_array(), "hex",
		n > 0 ? show_hex_cut(der, (size_t)n, MAX_SHOWN) : json_null());
	OPENSSL_free(der);
	return o;
}

static json_t *set_attributes(json_t *o, const X509_REQ *x)
{
	json_t *oids = json_array(), *values = json_array();

	for (int i = 0; i < X509_REQ_get_attr_count(x); i++) {
		X509_ATTRIBUTE *a = X509_REQ_get_attr(x, i);

		if (is_extension_request(a))
			continue;
		values = show_add(values, one_attribute(a));
		if (!is_challenge(a))
			oids = show_add(oids, show_oid(X509_ATTRIBUTE_get0_object(a)));
	}
	o = show_set(o, "challenge_password", json_boolean(has_challenge(x)));
	o = show_set(o, "attributes", oids);
	return show_set(o, "attribute_values", values);
}

/* Has this OpenSSL what it takes to check it? MD4 is switched off, other schemes are not there yet. */
static bool can_check(const X509_REQ *x)
{
	int md = NID_undef, pk = NID_undef;
	EVP_MD *digest;

	if (OBJ_find_sigid_algs(X509_REQ_get_signature_nid(x), &md, &pk) != 1)
		return false;
	if (md == NID_undef)
		return true;
	digest = EVP_MD_fetch(NULL, OBJ_nid2sn(md), NULL);
	EVP_MD_free(digest);
	return digest != NULL;
}

/* true, false, or null for an algorithm that OpenSSL does not know. NULL without memory. */
static json_t *signature_valid(X509_REQ *x)
{
	EVP_PKEY *key;
	bool ok, known;

	errno = 0;
	key = X509_REQ_get0_pubkey(x);
	ok = key != NULL && X509_REQ_verify(x, key) == 1;
	if (!ok && ossl_ran_short())
		return NULL;
	known = key != NULL && can_check(x);
	ERR_clear_error();
	return ok ? json_true() : known ? json_false() : json_null();
}

static json_t *set_signature(json_t *o, X509_REQ *x)
{
	const X509_ALGOR *alg;

	X509_REQ_get0_signature(x, NULL, &alg);
	o = show_set(o, "signature_algorithm", show_signature_alg(alg));
	return show_set(o, "signature_valid", signature_valid(x));
}

static json_t *set_spki(json_t *o, X509_REQ *x)
{
	unsigned char *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(x), &spki);

	o = n > 0 ? show_set_key(o, spki, (size_t)n) : show_set(o, "key", NULL);
	OPENSSL_free(spki);
	return o;
}

static json_t *document(X509_REQ *x, const struct acsr_csr_view *v, const uint8_t *der, size_t len)
{
	OSSL_AUTO(free_exts) STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(x);
	struct acsr_findings unused = { 0 };
	const struct reading how = { "csr", &unused };
	json_t *o = json_object();

	o = show_set_name(o, "subject", X509_REQ_get_subject_name(x), &how);
	o = show_set_extensions(o, exts);
	o = set_spki(o, x);
	o = set_signature(o, x);
	o = set_attributes(o, x);
	o = show_set(o, "version", json_integer(X509_REQ_get_version(x) + 1));
	o = show_set_fingerprints(o, der, len);
	acsr_findings_free(&unused);
	return show_set(o, "problems", show_findings(&v->broken));
}

enum acsr_result show_csr(json_t **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_req) X509_REQ *x = NULL;
	const unsigned char *p = der;
	struct acsr_csr_view *v = NULL;
	json_t *o;

	TRY(acsr_csr_read(&v, der, len, e));
	errno = 0; /* without memory for the key alone, OpenSSL leaves it out and says nothing */
	x = d2i_X509_REQ(NULL, &p, (long)len);
	if (x == NULL || errno == ENOMEM) {
		acsr_csr_view_free(v);
		if (errno == ENOMEM)
			return err_nomem(e);
		return ossl_err(e, "csr.der", "this is not a CSR");
	}
	o = document(x, v, der, len);
	acsr_csr_view_free(v);
	return show_take(out, o, e);
}
