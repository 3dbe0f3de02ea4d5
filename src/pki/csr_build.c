/* Making certificate signing requests. */
#include "autocsr/csr.h"

#include <string.h>

#include "asn1text.h"
#include "base/str.h"
#include "ext.h"
#include "key_int.h"
#include "pem.h"
#include "sign.h"
#include "subject_int.h"
#include "spki.h"

static enum acsr_result refuse(
	struct acsr_err *e, const char *id, const char *field, const char *source, const char *text)
{
	return err_rule(e, id, field, source, "%s", text);
}

static enum acsr_result check_ca(const struct acsr_csr_request *req, struct acsr_err *e)
{
	if (req->ca && req->end_entity)
		return refuse(e, "csr.new.ca", "ca", "RFC 5280 4.2.1.9", "a CA and not a CA at once");
	if (req->ca && req->ku != 0 && (req->ku & ACSR_KU_KEY_CERT_SIGN) == 0)
		return refuse(e, "csr.new.ca", "key_usage", "RFC 5280 4.2.1.9",
			"a CA's key usage needs keyCertSign");
	if (!req->ca && (req->ku & ACSR_KU_KEY_CERT_SIGN) != 0)
		return refuse(e, "csr.new.ku-ca", "key_usage", "RFC 5280 4.2.1.9",
			"keyCertSign is for CAs; ask for CA:TRUE too, or leave it out");
	if (req->ca && (req->path_len < -1 || req->path_len > 255))
		return refuse(e, "csr.new.path-len", "path_length", "RFC 5280 4.2.1.9",
			"the path length is 0 to 255, or none");
	return ACSR_OK;
}

static enum acsr_result check_request(const struct acsr_csr_request *req, struct acsr_err *e)
{
	const unsigned only = ACSR_KU_ENCIPHER_ONLY | ACSR_KU_DECIPHER_ONLY;

	if ((req->ku & only) != 0 && (req->ku & ACSR_KU_KEY_AGREEMENT) == 0)
		return refuse(e, "csr.new.ku-only", "key_usage", "RFC 5280 4.2.1.3",
			"encipherOnly and decipherOnly mean something with keyAgreement only");
	return check_ca(req, e);
}

static enum acsr_result push_all(STACK_OF(X509_EXTENSION) * *exts, const struct acsr_csr_request *req,
	EVP_PKEY *key, struct acsr_err *e)
{
	bool no_subject = req->subject == NULL || req->subject->n == 0;

	TRY(ext_push_sans(exts, req->sans, no_subject, e));
	TRY(ext_push_ku(exts, req->ku, e));
	TRY(ext_push_ekus(exts, req->ekus, req->n_ekus, e));
	if (req->ca || req->end_entity)
		TRY(ext_push_constraints(exts, req->ca, req->path_len, e));
	if (req->must_staple)
		TRY(ext_push_must_staple(exts, e));
	TRY(ext_push_policies(exts, req->policies, req->n_policies, e));
	if (req->ms_template != NULL)
		TRY(ext_push_template(exts, req->ms_template, e));
	if (req->ski)
		TRY(ext_push_ski(exts, key, e));
	for (size_t i = 0; i < req->n_exts; i++)
		TRY(ext_push_raw(exts, &req->exts[i], e));
	return ACSR_OK;
}

static enum acsr_result put_extensions(
	X509_REQ *x, const struct acsr_csr_request *req, EVP_PKEY *key, struct acsr_err *e)
{
	__attribute__((cleanup(ext_free_stack))) STACK_OF(X509_EXTENSION) *exts = NULL;

	TRY(push_all(&exts, req, key, e));
	if (exts != NULL && X509_REQ_add_extensions(x, exts) != 1)
		return ossl_err(e, "sys.openssl", "cannot add the requested extensions");
	return ACSR_OK;
}

/* Only the secret itself sees these bytes, and the CSR that carries them. */
static bool good_text(const char *s, size_t n)
{
	size_t characters = 0;

	if (n == 0 || memchr(s, 0, n) != NULL || !str_is_utf8(s, n) || str_has_control(s))
		return false;
	for (size_t i = 0; i < n; i++)
		characters += ((unsigned char)s[i] & 0xc0u) != 0x80u;
	return characters <= 255;
}

static int text_type(const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?",
			    *s) == NULL)
			return V_ASN1_UTF8STRING;
	return V_ASN1_PRINTABLESTRING;
}

static enum acsr_result put_attributes(X509_REQ *x, const struct acsr_csr_request *req, struct acsr_err *e)
{
	const char *password = req->challenge_password != NULL
				       ? (const char *)acsr_secret_bytes(req->challenge_password)
				       : NULL;
	const char *name = req->unstructured_name;

	if (password != NULL && !good_text(password, acsr_secret_len(req->challenge_password)))
		return refuse(e, "csr.new.challenge-password", NULL, "RFC 2985 5.4.1",
			"a challenge password has 1 to 255 characters and no control characters");
	if (name != NULL && !good_text(name, strlen(name)))
		return refuse(e, "csr.new.unstructured-name", "unstructured_name", "RFC 2985 5.4.3",
			"an unstructured name has 1 to 255 characters and no control characters");
	if (password != NULL &&
		X509_REQ_add1_attr_by_NID(x, NID_pkcs9_challengePassword, text_type(password),
			(const unsigned char *)password, (int)acsr_secret_len(req->challenge_password)) != 1)
		return ossl_err(e, "sys.openssl", "cannot add the challenge password");
	if (name != NULL && X509_REQ_add1_attr_by_NID(x, NID_pkcs9_unstructuredName, V_ASN1_UTF8STRING,
				    (const unsigned char *)name, (int)strlen(name)) != 1)
		return ossl_err(e, "sys.openssl", "cannot add the unstructured name");
	return ACSR_OK;
}

enum acsr_result acsr_csr_build(const struct acsr_csr_request *req, const struct acsr_key *key,
	struct acsr_blob *der, struct acsr_err *e)
{
	OSSL_AUTO(ossl_free_req) X509_REQ *x = X509_REQ_new();
	OSSL_AUTO(ossl_free_name) X509_NAME *name = NULL;
	const EVP_MD *md;
	unsigned char *p = NULL;
	int n;

	TRY(check_request(req, e));
	TRY(key_digest(&md, key, req->digest, e));
	TRY(subject_to_name(&name, req->subject, e));
	if (x == NULL || X509_REQ_set_version(x, 0) != 1 || X509_REQ_set_subject_name(x, name) != 1 ||
		(!spki_put(X509_REQ_get_X509_PUBKEY(x), key->pkey) && X509_REQ_set_pubkey(x, key->pkey) != 1))
		return ossl_err(e, "sys.openssl", "cannot make a CSR");
	TRY(put_extensions(x, req, key->pkey, e));
	TRY(put_attributes(x, req, e));
	TRY(sign_req(x, key, md, e));
	n = i2d_X509_REQ(x, &p);
	return ossl_take(der, p, n, "cannot encode the CSR", e);
}

enum acsr_result acsr_csr_pem(const uint8_t *der, size_t len, struct acsr_blob *pem, struct acsr_err *e)
{
	return pem_encode("CERTIFICATE REQUEST", der, len, pem, e);
}
