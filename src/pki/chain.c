/* Verifying a chain, and saying which certificate fails and why. */
#include "autocsr/chain.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "certview.h"
#include "ossl.h"

/* Everything loaded; freed together. */
struct job {
	const struct acsr_chain *in;
	X509 *leaf;
	STACK_OF(X509) * intermediates;
	STACK_OF(X509) * roots;
	STACK_OF(X509_CRL) * crls;
	X509_STORE *store;
	X509_STORE_CTX *ctx;
};

static void job_free(struct job *j)
{
	X509_STORE_CTX_free(j->ctx);
	X509_STORE_free(j->store);
	X509_free(j->leaf);
	sk_X509_pop_free(j->intermediates, X509_free);
	sk_X509_pop_free(j->roots, X509_free);
	sk_X509_CRL_pop_free(j->crls, X509_CRL_free);
	ERR_clear_error();
}

static enum acsr_result load_list(
	STACK_OF(X509) * out, const struct acsr_blob *in, size_t n, const char *what, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		X509 *x;

		if (certview_load(&x, in[i].p, in[i].len, e) != ACSR_OK) {
			err_at(e, "%s[%zu]", what, i);
			return ACSR_FAIL;
		}
		if (sk_X509_push(out, x) <= 0) {
			X509_free(x);
			return err_nomem(e);
		}
	}
	return ACSR_OK;
}

static enum acsr_result load_crls(struct job *j, struct acsr_err *e)
{
	for (size_t i = 0; i < j->in->n_crls; i++) {
		const unsigned char *p = j->in->crls[i].p;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)j->in->crls[i].len);

		if (crl == NULL || sk_X509_CRL_push(j->crls, crl) <= 0) {
			X509_CRL_free(crl);
			(void)ossl_err(e, "verify.crl", "a CRL cannot be read");
			err_at(e, "crls[%zu]", i);
			return ACSR_FAIL;
		}
	}
	return ACSR_OK;
}

static enum acsr_result load(struct job *j, struct acsr_err *e)
{
	j->intermediates = sk_X509_new_null();
	j->roots = sk_X509_new_null();
	j->crls = sk_X509_CRL_new_null();
	j->store = X509_STORE_new();
	j->ctx = X509_STORE_CTX_new();
	if (j->intermediates == NULL || j->roots == NULL || j->crls == NULL || j->store == NULL ||
		j->ctx == NULL)
		return err_nomem(e);
	if (certview_load(&j->leaf, j->in->leaf->p, j->in->leaf->len, e) != ACSR_OK) {
		err_at(e, "leaf");
		return ACSR_FAIL;
	}
	TRY(load_list(j->intermediates, j->in->intermediates, j->in->n_intermediates, "intermediates", e));
	TRY(load_list(j->roots, j->in->roots, j->in->n_roots, "roots", e));
	return load_crls(j, e);
}

/* Which of the inputs is this certificate? */
static void locate(const struct job *j, const X509 *x, char *out, size_t cap)
{
	snprintf(out, cap, "leaf");
	if (x == NULL || X509_cmp(x, j->leaf) == 0)
		return;
	for (int i = 0; i < sk_X509_num(j->intermediates); i++)
		if (X509_cmp(x, sk_X509_value(j->intermediates, i)) == 0)
			snprintf(out, cap, "intermediates[%d]", i);
	for (int i = 0; i < sk_X509_num(j->roots); i++)
		if (X509_cmp(x, sk_X509_value(j->roots, i)) == 0)
			snprintf(out, cap, "roots[%d]", i);
}

static const struct {
	int code;
	const char *id, *text;
} causes[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, "verify.expired", "the certificate has expired" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "verify.not-yet", "the certificate is not valid yet" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "verify.issuer", "the issuer's certificate is missing" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "verify.issuer",
		"the issuer's certificate is missing" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "verify.issuer",
		"the issuer's certificate is missing" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "verify.untrusted",
		"the certificate is self-signed and not a trusted root" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "verify.untrusted",
		"the chain ends at a root that is not trusted" },
	{ X509_V_ERR_CERT_UNTRUSTED, "verify.untrusted", "the chain ends at a root that is not trusted" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, "verify.signature", "the signature is not that of the issuer" },
	{ X509_V_ERR_INVALID_CA, "verify.ca", "the issuer is not a CA" },
	{ X509_V_ERR_NO_ISSUER_PUBLIC_KEY, "verify.ca", "the issuer is not a CA" },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "verify.ca", "the issuer may not sign certificates" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, "verify.ca", "the chain is longer than a CA allows" },
	{ X509_V_ERR_INVALID_PURPOSE, "verify.purpose", "the certificate is not made for this purpose" },
	{ X509_V_ERR_CERT_REVOKED, "verify.revoked", "the certificate is revoked" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, "verify.crl", "the issuer's CRL is missing" },
	{ X509_V_ERR_CRL_HAS_EXPIRED, "verify.crl", "the issuer's CRL is too old" },
	{ X509_V_ERR_CRL_NOT_YET_VALID, "verify.crl", "the issuer's CRL is not valid yet" },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, "verify.crl", "the CRL's signature is not that of the issuer" },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, "verify.weak", "the key is too small" },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, "verify.weak", "the CA's key is too small" },
	{ X509_V_ERR_CA_MD_TOO_WEAK, "verify.weak", "the signature uses a weak digest" },
};

static enum acsr_result explain(const struct job *j, struct acsr_err *e)
{
	int code = X509_STORE_CTX_get_error(j->ctx);
	char where[32];

	locate(j, X509_STORE_CTX_get_current_cert(j->ctx), where, sizeof(where));
	ERR_clear_error();
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].code == code)
			return err_rule(e, causes[i].id, where, "RFC 5280 6.1", "%s", causes[i].text);
	return err_rule(e, "verify.chain", where, "RFC 5280 6.1", "%s", X509_verify_cert_error_string(code));
}

/* notAfter is the last valid second (RFC 5280 4.1.2.5); OpenSSL calls a certificate expired in that second.
 */
static int forgive_last_second(int ok, X509_STORE_CTX *ctx)
{
	const X509 *x = X509_STORE_CTX_get_current_cert(ctx);
	int64_t end;

	if (ok || x == NULL || X509_STORE_CTX_get_error(ctx) != X509_V_ERR_CERT_HAS_EXPIRED ||
		certview_time(&end, X509_get0_notAfter(x), NULL) != ACSR_OK ||
		end != (int64_t)X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx)))
		return ok;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static int purpose_of(const char *eku)
{
	if (eku == NULL)
		return X509_PURPOSE_ANY;
	if (strcmp(eku, "serverAuth") == 0)
		return X509_PURPOSE_SSL_SERVER;
	return strcmp(eku, "clientAuth") == 0 ? X509_PURPOSE_SSL_CLIENT : 0;
}

static enum acsr_result check_path(struct job *j, struct acsr_err *e)
{
	X509_VERIFY_PARAM *param;
	int purpose = purpose_of(j->in->eku);

	if (purpose == 0)
		return err_set(e, "usage.purpose", "unknown purpose \"%.40s\"; use serverAuth or clientAuth",
			j->in->eku);
	if (X509_STORE_CTX_init(j->ctx, j->store, j->leaf, j->intermediates) != 1)
		return ossl_err(e, "sys.openssl", "cannot verify");
	X509_STORE_CTX_set0_trusted_stack(j->ctx, j->roots);
	X509_STORE_CTX_set0_crls(j->ctx, j->crls);
	X509_STORE_CTX_set_verify_cb(j->ctx, forgive_last_second);
	param = X509_STORE_CTX_get0_param(j->ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)j->in->at);
	X509_VERIFY_PARAM_set_auth_level(param, 2); /* 112 bits: RSA 2048, no SHA-1 */
	X509_VERIFY_PARAM_set_depth(param, 8);
	if (X509_VERIFY_PARAM_set_purpose(param, purpose) != 1)
		return ossl_err(e, "sys.openssl", "cannot verify");
	if (j->in->n_crls > 0)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK);
	return X509_verify_cert(j->ctx) == 1 ? ACSR_OK : explain(j, e);
}

static bool covers(X509 *leaf, const char *name)
{
	uint8_t ip[16];

	if (inet_pton(AF_INET, name, ip) == 1)
		return X509_check_ip(leaf, ip, 4, 0) == 1;
	if (inet_pton(AF_INET6, name, ip) == 1)
		return X509_check_ip(leaf, ip, 16, 0) == 1;
	return X509_check_host(leaf, name, strlen(name),
		       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

static enum acsr_result check_names(const struct job *j, struct acsr_err *e)
{
	char field[32];

	for (size_t i = 0; i < j->in->n_names; i++) {
		if (covers(j->leaf, j->in->names[i]))
			continue;
		snprintf(field, sizeof(field), "names[%zu]", i);
		return err_rule(e, "verify.name", field, "RFC 9525 6",
			"the certificate does not cover %.200s", j->in->names[i]);
	}
	return ACSR_OK;
}

enum acsr_result acsr_chain_verify(const struct acsr_chain *c, struct acsr_err *e)
{
	struct job j = { .in = c };
	enum acsr_result r = load(&j, e);

	if (r == ACSR_OK)
		r = check_path(&j, e);
	if (r == ACSR_OK)
		r = check_names(&j, e);
	job_free(&j);
	return r;
}
