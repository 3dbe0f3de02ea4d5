/* Reading certificate signing requests, strictly. */
#include "autocsr/csr.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "der.h"
#include "ext.h"
#include "key_int.h"
#include "pem.h"
#include "subject_int.h"

/* The SubjectPublicKeyInfo, found without OpenSSL: request, info, version, subject, key. */
static enum acsr_result find_spki(struct bytes in, struct der_tlv *spki, struct acsr_err *e)
{
	struct der_tlv t;

	TRY(der_expect(&in, DER_SEQUENCE, &t, "csr", e));
	if (in.len != 0)
		return err_set(e, "csr.trailing", "there are bytes after the end of the CSR");
	in = t.body;
	TRY(der_expect(&in, DER_SEQUENCE, &t, "csr", e));
	in = t.body;
	TRY(der_expect(&in, DER_INTEGER, &t, "csr", e));
	TRY(der_expect(&in, DER_SEQUENCE, &t, "csr", e));
	return der_expect(&in, DER_SEQUENCE, spki, "csr", e);
}

/* Its algorithm's OID (contents) and the key's bits without the count of unused ones. */
static enum acsr_result split_spki(struct bytes in, struct bytes *oid, struct bytes *key, struct acsr_err *e)
{
	struct der_tlv alg, t;

	TRY(der_expect(&in, DER_SEQUENCE, &alg, "csr", e));
	TRY(der_expect(&alg.body, DER_OID, &t, "csr", e));
	*oid = t.body;
	TRY(der_expect(&in, DER_BIT_STRING, &t, "csr", e));
	if (t.body.len == 0)
		return err_set(e, "csr.der", "the public key is empty");
	*key = (struct bytes){ t.body.p + 1, t.body.len - 1 };
	return ACSR_OK;
}

/* 2.16.840.1.101.3.4.3.20 to .31 (RFC 9909) */
static bool is_slh_dsa(struct bytes oid)
{
	static const uint8_t arc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03 };

	return oid.len == sizeof(arc) + 1 && memcmp(oid.p, arc, sizeof(arc)) == 0 &&
	       oid.p[sizeof(arc)] >= 20 && oid.p[sizeof(arc)] <= 31;
}

static bool is_rsa(struct bytes oid)
{
	static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 };

	return oid.len == sizeof(rsa) && memcmp(oid.p, rsa, sizeof(rsa)) == 0;
}

/* OpenSSL reads a negative modulus as a positive one. */
static enum acsr_result check_rsa_integers(struct bytes key, struct acsr_err *e)
{
	struct der_tlv seq, t;

	TRY(der_check(key, "csr", e));
	TRY(der_expect(&key, DER_SEQUENCE, &seq, "csr", e));
	for (int i = 0; i < 2; i++) {
		TRY(der_expect(&seq.body, DER_INTEGER, &t, "csr", e));
		if (t.body.p[0] >= 0x80)
			return err_rule(e, "csr.der.integer", NULL, "RFC 8017 A.1.1",
				"the RSA key has a negative number");
	}
	return ACSR_OK;
}

/* Everything that is judged before OpenSSL sees a byte. */
static enum acsr_result check_outside(struct bytes in, struct acsr_err *e)
{
	struct der_tlv spki;
	struct bytes oid, key;

	if (in.len > LIMIT_CSR_DER_SLHDSA)
		return err_rule(e, "csr.too-large", NULL, "policy",
			"the CSR has %zu bytes; at most %d are read", in.len, LIMIT_CSR_DER);
	TRY(find_spki(in, &spki, e));
	TRY(split_spki(spki.body, &oid, &key, e));
	if (in.len > LIMIT_CSR_DER && !is_slh_dsa(oid))
		return err_rule(e, "csr.too-large", NULL, "policy",
			"the CSR has %zu bytes; at most %d are read", in.len, LIMIT_CSR_DER);
	TRY(der_check(in, "csr", e));
	return is_rsa(oid) ? check_rsa_integers(key, e) : ACSR_OK;
}

static int pss_digest(const X509_ALGOR *alg)
{
	RSA_PSS_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter);
	int md = NID_sha1; /* the default of RFC 8017 */

	if (p != NULL && p->hashAlgorithm != NULL)
		md = OBJ_obj2nid(p->hashAlgorithm->algorithm);
	RSA_PSS_PARAMS_free(p);
	return md;
}

static bool good_digest(const X509_REQ *x)
{
	const X509_ALGOR *alg;
	int md = NID_undef, pk = NID_undef, nid;

	X509_REQ_get0_signature(x, NULL, &alg);
	nid = OBJ_obj2nid(alg->algorithm);
	if (nid == NID_rsassaPss)
		md = pss_digest(alg);
	else if (OBJ_find_sigid_algs(nid, &md, &pk) != 1)
		return true; /* not a known scheme: the signature will not verify */
	return md == NID_undef || md == NID_sha256 || md == NID_sha384 || md == NID_sha512;
}

static enum acsr_result take_key(struct acsr_csr_view *v, X509_REQ *x, struct acsr_err *e)
{
	unsigned char *p = NULL;
	int n = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(x), &p);
	struct acsr_err why;

	TRY(ossl_take(&v->spki, p, n, "cannot encode the public key", e));
	if (acsr_key_load_spki(&v->key, v->spki.p, v->spki.len, &why) != ACSR_OK)
		return err_set(e, "csr.key", "%s", why.text);
	if (v->key->alg == ACSR_KEY_OTHER)
		return err_rule(
			e, "csr.key", NULL, "BR 6.1.5", "the key algorithm %s is not accepted", v->key->name);
	SHA256(v->spki.p, v->spki.len, v->spki_sha256);
	return ACSR_OK;
}

static enum acsr_result check_signature(struct acsr_csr_view *v, X509_REQ *x, struct acsr_err *e)
{
	const X509_ALGOR *alg;
	int nid;

	X509_REQ_get0_signature(x, NULL, &alg);
	nid = OBJ_obj2nid(alg->algorithm);
	ossl_oid(alg->algorithm, v->signature_alg, sizeof(v->signature_alg));
	if (nid != NID_undef)
		snprintf(v->signature_alg, sizeof(v->signature_alg), "%s", OBJ_nid2ln(nid));
	if (!good_digest(x))
		return err_rule(e, "csr.digest", NULL, "BR 7.1.3.2",
			"the CSR is signed with %s; sign it with SHA-256 or better", v->signature_alg);
	if (X509_REQ_verify(x, v->key->pkey) != 1) {
		ERR_clear_error();
		return err_rule(e, "csr.signature", NULL, "RFC 2986 4.2",
			"the CSR's signature is not that of its key; make the CSR anew");
	}
	return ACSR_OK;
}

static enum acsr_result take_extensions(struct acsr_csr_view *v, X509_ATTRIBUTE *a, struct acsr_err *e)
{
	__attribute__((cleanup(ext_free_stack))) STACK_OF(X509_EXTENSION) *exts = NULL;
	const ASN1_TYPE *t = X509_ATTRIBUTE_count(a) == 1 ? X509_ATTRIBUTE_get0_type(a, 0) : NULL;
	struct ext_common c = { .path_len = -1 };
	const unsigned char *p, *end;
	enum acsr_result r;

	if (t == NULL || t->type != V_ASN1_SEQUENCE)
		return err_rule(e, "csr.extensions.bad", NULL, "RFC 2985 5.4.2",
			"the extension request cannot be read");
	p = t->value.sequence->data;
	end = p + t->value.sequence->length;
	exts = (STACK_OF(X509_EXTENSION) *)ASN1_item_d2i(
		NULL, &p, t->value.sequence->length, ASN1_ITEM_rptr(X509_EXTENSIONS));
	if (exts == NULL || p != end)
		return ossl_err(e, "csr.extensions.bad", "the extension request cannot be read");
	r = ext_read(&c, exts, LIMIT_NAMES, "csr", e);
	v->sans = c.sans;
	v->ekus = c.ekus.v;
	v->n_ekus = c.ekus.n;
	v->has_ku = c.has_ku;
	v->ku = c.ku;
	v->has_basic_constraints = c.has_basic_constraints;
	v->ca = c.ca;
	v->must_staple = c.must_staple;
	v->exts = c.exts;
	v->n_exts = c.n_exts;
	return r;
}

static enum acsr_result take_attribute(
	struct acsr_csr_view *v, X509_ATTRIBUTE *a, bool *seen, struct acsr_err *e)
{
	const ASN1_OBJECT *o = X509_ATTRIBUTE_get0_object(a);
	struct strv list = { v->attributes, v->n_attributes };
	enum acsr_result r;
	char oid[80];
	int nid = OBJ_obj2nid(o);

	if (nid == NID_ext_req || nid == NID_ms_ext_req) {
		if (*seen)
			return err_rule(e, "csr.extensions.several", NULL, "RFC 2985 5.4.2",
				"the CSR has more than one extension request");
		*seen = true;
		return take_extensions(v, a, e);
	}
	if (nid == NID_pkcs9_challengePassword) {
		v->challenge_password = true;
		return ACSR_OK;
	}
	ossl_oid(o, oid, sizeof(oid));
	r = strv_add(&list, oid, e);
	v->attributes = list.v;
	v->n_attributes = list.n;
	return r;
}

static enum acsr_result fill(struct acsr_csr_view *v, X509_REQ *x, struct acsr_err *e)
{
	bool seen = false;
	int n = X509_REQ_get_attr_count(x);

	if (X509_REQ_get_version(x) != 0)
		return err_rule(e, "csr.version", NULL, "RFC 2986 4.1", "the CSR's version is not 1 (0)");
	TRY(take_key(v, x, e));
	TRY(check_signature(v, x, e));
	TRY(subject_from_name(&v->subject, X509_REQ_get_subject_name(x), "csr", e));
	if (n > 32)
		return err_rule(
			e, "csr.extensions.bad", NULL, "policy", "the CSR has more than 32 attributes");
	for (int i = 0; i < n; i++)
		TRY(take_attribute(v, X509_REQ_get_attr(x, i), &seen, e));
	return ACSR_OK;
}

void acsr_csr_view_free(struct acsr_csr_view *v)
{
	if (v == NULL)
		return;
	acsr_dn_free(&v->subject);
	acsr_sans_free(&v->sans);
	acsr_key_free(v->key);
	acsr_blob_free(&v->spki);
	strv_free(&(struct strv){ v->ekus, v->n_ekus });
	strv_free(&(struct strv){ v->attributes, v->n_attributes });
	free(v->exts);
	free(v);
}

enum acsr_result acsr_csr_parse(
	struct acsr_csr_view **out, const uint8_t *der, size_t len, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_req) X509_REQ *x = NULL;
	const unsigned char *p = der;
	struct acsr_csr_view *v;

	TRY(check_outside((struct bytes){ der, len }, e));
	x = d2i_X509_REQ(NULL, &p, (long)len);
	if (x == NULL || p != der + len)
		return ossl_err(e, "csr.der", "this is not a CSR");
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return err_nomem(e);
	SHA256(der, len, v->sha256);
	if (fill(v, x, e) != ACSR_OK) {
		ERR_clear_error();
		acsr_csr_view_free(v);
		return ACSR_FAIL;
	}
	ERR_clear_error();
	*out = v;
	return ACSR_OK;
}
