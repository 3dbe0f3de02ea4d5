/*
 * Working with OpenSSL: its errors as ours, its objects freed by scope. Nothing of it leaves this folder.
 */
#ifndef PKI_OSSL_H
#define PKI_OSSL_H

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#include "autocsr/blob.h"
#include "base/err.h"

#define OSSL_CLEANUP_FN(name, type, fn)   \
	static inline void name(type **p) \
	{                                 \
		if (*p != NULL)           \
			fn(*p);           \
	}
OSSL_CLEANUP_FN(ossl_free_pkey, EVP_PKEY, EVP_PKEY_free)
OSSL_CLEANUP_FN(ossl_free_pctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OSSL_CLEANUP_FN(ossl_free_mdctx, EVP_MD_CTX, EVP_MD_CTX_free)
OSSL_CLEANUP_FN(ossl_free_x509, X509, X509_free)
OSSL_CLEANUP_FN(ossl_free_req, X509_REQ, X509_REQ_free)
OSSL_CLEANUP_FN(ossl_free_crl, X509_CRL, X509_CRL_free)
OSSL_CLEANUP_FN(ossl_free_bn, BIGNUM, BN_clear_free)
OSSL_CLEANUP_FN(ossl_free_bnctx, BN_CTX, BN_CTX_free)
OSSL_CLEANUP_FN(ossl_free_gens, GENERAL_NAMES, GENERAL_NAMES_free)
OSSL_CLEANUP_FN(ossl_free_name, X509_NAME, X509_NAME_free)
#define OSSL_AUTO(fn) __attribute__((cleanup(fn)))

/* "what: OpenSSL's reason" as an error; empties OpenSSL's queue. Returns ACSR_FAIL. */
enum acsr_result ossl_err(struct acsr_err *e, const char *id, const char *what);
/* Was the "no" that OpenSSL just gave for want of memory? Set errno to 0 before the call: a verdict on a signature
 * or a key is none when it was. Empties OpenSSL's queue. */
bool ossl_ran_short(void);
/* Take what an i2d call returned (n bytes at p, p from OPENSSL_malloc) into a blob. */
ACSR_MUST_USE enum acsr_result ossl_take(
	struct acsr_blob *out, unsigned char *p, int n, const char *what, struct acsr_err *e);
/* An object's dotted form. */
void ossl_oid(const ASN1_OBJECT *o, char *out, size_t cap);
/* Overwrite the stack below the caller, where OpenSSL's functions kept their scratch. */
void ossl_wipe_stack(void);

#endif
