/* Opening what was handed over. */
#include "cli/forensic/opener.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/pkcs12.h"
#include "base/secret.h"
#include "cli/forensic/unage.h"

enum { DAY = 86400, PEM_MAX = 4096, PLAIN_MAX = 64 * 1024 };

struct opener {
	struct acsr_secret *identity;
	char recipient[UNAGE_RECIPIENT];
	EVP_PKEY *key;
	X509 *cert;
	char *cert_pem;
};

static const struct form forms[] = { { "zip", "code" }, { "pkcs8", "code" }, { "p12", "code" },
	{ "p12-legacy", "code" }, { "age", "sealed" }, { "cms", "sealed" } };

bool form_is_sealed(const struct form *f)
{
	return strcmp(f->grade, "sealed") == 0;
}

const struct form *form_find(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	return NULL;
}

void opener_free(struct opener *o)
{
	if (o == NULL)
		return;
	acsr_secret_free(o->identity);
	EVP_PKEY_free(o->key);
	X509_free(o->cert);
	free(o->cert_pem);
	free(o);
}

/* --- a certificate to seal to --- */

static X509 *self_signed(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = x != NULL ? X509_get_subject_name(x) : NULL;
	bool ok = name != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
		  ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
		  X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
		  X509_gmtime_adj(X509_getm_notAfter(x), 2 * DAY) != NULL &&
		  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
			  (const unsigned char *)"autocsr forensic", -1, -1, 0) == 1 &&
		  X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
		  X509_sign(x, key, EVP_sha256()) > 0;

	if (ok)
		return x;
	X509_free(x);
	return NULL;
}

static char *to_pem(X509 *x)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *out = b != NULL && PEM_write_bio_X509(b, x) == 1 ? calloc(1, PEM_MAX) : NULL;

	if (out != NULL && BIO_read(b, out, PEM_MAX - 1) <= 0) {
		free(out);
		out = NULL;
	}
	BIO_free(b);
	return out;
}

enum acsr_result opener_new(struct opener **out, struct acsr_err *e)
{
	struct opener *o = calloc(1, sizeof(*o));
	enum acsr_result r = o != NULL ? unage_identity(&o->identity, o->recipient, e) : err_nomem(e);

	if (r == ACSR_OK) {
		o->key = EVP_EC_gen("P-256");
		o->cert = o->key != NULL ? self_signed(o->key) : NULL;
		o->cert_pem = o->cert != NULL ? to_pem(o->cert) : NULL;
		if (o->cert_pem == NULL)
			r = err_set(e, "sys.openssl", "cannot make a certificate to be sealed to");
	}
	if (r != ACSR_OK) {
		opener_free(o);
		return r;
	}
	*out = o;
	return ACSR_OK;
}

enum acsr_result opener_hand_over(
	const struct opener *o, const struct form *f, json_t **out, struct acsr_err *e)
{
	const char *recipient = strcmp(f->name, "age") == 0   ? o->recipient
				: strcmp(f->name, "cms") == 0 ? o->cert_pem
							      : NULL;

	*out = json_pack("{s:s, s:s, s:s*}", "grade", f->grade, "format", f->name, "recipient", recipient);
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

/* --- opening --- */

static enum acsr_result open_cms(
	const struct opener *o, const uint8_t *p, size_t len, struct acsr_secret **plain, struct acsr_err *e)
{
	BIO *in = BIO_new_mem_buf(p, (int)len), *to = BIO_new(BIO_s_secmem());
	CMS_ContentInfo *cms = in != NULL ? d2i_CMS_bio(in, NULL) : NULL;
	enum acsr_result r;
	char *data = NULL;
	long n;

	if (cms == NULL || to == NULL || CMS_decrypt(cms, o->key, o->cert, NULL, to, 0) != 1) {
		r = err_set(e, "forensic.cms", "the CMS message does not open");
	} else {
		n = BIO_get_mem_data(to, &data);
		r = n > 0 ? acsr_secret_new(plain, data, (size_t)n, e)
			  : err_set(e, "forensic.cms", "the CMS message is empty");
	}
	ERR_clear_error();
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	BIO_free(to);
	return r;
}

static enum acsr_result open_p12(const uint8_t *p, size_t len, const struct acsr_secret *code,
	struct acsr_key **key, struct acsr_err *e)
{
	struct acsr_pkcs12 *x = NULL;
	enum acsr_result r = ACSR_OK;

	TRY(acsr_pkcs12_read(&x, p, len, code, e));
	if (x->n_keys != 1) {
		r = err_set(e, "forensic.key", "the PKCS#12 file holds %zu keys", x->n_keys);
	} else {
		*key = x->keys[0];
		x->n_keys = 0;
	}
	acsr_pkcs12_free(x);
	return r;
}

/* Out of ZIP, age or CMS comes a PEM key. */
static enum acsr_result open_wrapped(const struct opener *o, const struct form *f, const uint8_t *p,
	size_t len, const struct acsr_secret *code, struct acsr_secret **plain, struct acsr_err *e)
{
	struct acsr_archive_info info;

	if (strcmp(f->name, "age") == 0)
		return unage_open(o->identity, p, len, plain, e);
	if (strcmp(f->name, "cms") == 0)
		return open_cms(o, p, len, plain, e);
	return acsr_archive_open(p, len, code, plain, &info, e);
}

enum acsr_result opener_open(const struct opener *o, const struct form *f, const uint8_t *p, size_t len,
	const struct acsr_secret *code, struct acsr_key **key, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *plain = NULL;

	if (strncmp(f->name, "p12", 3) == 0)
		return open_p12(p, len, code, key, e);
	if (strcmp(f->name, "pkcs8") == 0)
		return acsr_key_load_private(key, p, len, code, e);
	TRY(open_wrapped(o, f, p, len, code, &plain, e));
	return acsr_key_load_private(key, acsr_secret_bytes(plain), acsr_secret_len(plain), NULL, e);
}
