/*
 * The embedded CA: one root, kept offline-able, and the intermediates below it. Their certificates are
 * NAME.pem in the signer's directory, their keys are in the key store.
 */
#ifndef SIGNER_ISSUERS_H
#define SIGNER_ISSUERS_H

#include "autocsr/blob.h"
#include "autocsr/cert.h"
#include "autocsr/key.h"
#include "issuance_log.h"
#include "key_store.h"

enum { ISSUERS_MAX = 9 };

struct issuer {
	char name[32]; /* "root", "issuing-1" */
	bool root;
	struct acsr_blob der, pem;
	struct acsr_cert_view *view; /* of der */
	struct acsr_key *key;        /* NULL: not here, so it cannot sign */
};

struct issuers {
	struct issuer v[ISSUERS_MAX]; /* the root first */
	size_t n;
};

struct issuers_config {
	const char *dir;
	const char *name;     /* organisation in the CA certificates */
	const char *key_type; /* of keys that are made */
	const char *base_url; /* for the intermediate's own CRL and issuer URLs */
};

/*
 * Load root and intermediates, and make what is not there: the root, when there is no root at all; issuing-1,
 * when it is not there and the root's key is. Killed at any moment, the next start goes on where it stopped:
 * a key without certificate gets one, and a certificate that was signed already is taken from the log.
 * Errors: "cert.issuer-key" (a key that does not belong to its certificate), "config.ca" (there is no
 * intermediate and no root key to make one), and those of the files.
 */
ACSR_MUST_USE enum acsr_result issuers_open(struct issuers *out, const struct issuers_config *config,
	const struct key_store *keys, struct issuance_log *log, struct acsr_err *e);
void issuers_close(struct issuers *l);

/* A loan, or NULL. */
const struct issuer *issuers_find(const struct issuers *l, const char *name);

#endif
