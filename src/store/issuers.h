/*
 * Rows of issuers: other people's CAs, reached by ACME (RFC 8555) or by hand. Our own CAs are the signer's and not here.
 */
#ifndef STORE_ISSUERS_H
#define STORE_ISSUERS_H

#include "db/db.h"

/* One row. Texts in char * are owned and never NULL after a load; upstream_issuer_clear frees them. Times: epoch
 * seconds, 0 for none. No secret is in it: the account's key is the signer's, known here by its name. */
struct upstream_issuer {
	char name[65], kind[12]; /* kind: acme offline */
	char title[128];
	bool public, active;
	char validation[8]; /* offline: "service" looks at the names first, or "ca" does alone; acme: "ca" */
	char *directory_url;
	char *roots;    /* PEM. acme: its HTTPS is verified against these, "": the system's; offline: what its
				    * certificates must lead to, "": whatever comes with them */
	char *contacts; /* JSON list of "mailto:…" */
	char *terms_agreed;        /* the URL of the terms that were agreed to, or "" */
	char profile[65];          /* draft-ietf-acme-profiles; "": the CA's choice */
	char preferred_chain[256]; /* common name of the issuer at the chain's end; "": the CA's first */
	char key_types[512];       /* space-separated limit, as products.key_types; "": the product's */
	char challenges[128];      /* space-separated, in order of preference; "": any */
	char automation[16];       /* "" dns-update hook responder directory */
	int64_t orders_per_hour;   /* 0: no limit of ours */
	char *directory;           /* JSON as the CA gave it last, or "" */
	int64_t directory_at;
	char *account_url;                               /* "" before registration */
	char account_key[65], next_key[65];              /* names in the signer's key store, or "" */
	char account_thumbprint[64], account_status[16]; /* "" valid deactivated revoked */
	int64_t paused_until;
	char *paused_reason;
	char *terms_wanted; /* URL of terms that its CA wants agreed to before anything else; "" */
	int64_t created_at;
};

void upstream_issuer_clear(struct upstream_issuer *i);
#define CLEANUP_UPSTREAM_ISSUER __attribute__((cleanup(upstream_issuer_clear)))

/* *out untouched unless ACSR_OK. "object.absent". */
ACSR_MUST_USE enum acsr_result upstream_issuer_load(
	struct db *d, const char *name, struct upstream_issuer *out, struct acsr_err *e);
/* Insert, or change everything but name, kind and created_at of the one with that name. NULL texts are "". */
ACSR_MUST_USE enum acsr_result upstream_issuer_save(
	struct db *d, const struct upstream_issuer *i, struct acsr_err *e);
/* Rows of names in their order; load each. */
ACSR_MUST_USE enum acsr_result upstream_issuer_list(struct db *d, struct db_rows **out, struct acsr_err *e);
/* "object.absent" as by a foreign key when orders know it (they keep their history): make it inactive instead. */
ACSR_MUST_USE enum acsr_result upstream_issuer_delete(struct db *d, const char *name, struct acsr_err *e);
/* Certificates of it that have not expired, revoked ones too. */
ACSR_MUST_USE enum acsr_result upstream_issuer_certificates(
	struct db *d, const char *name, int64_t now, int64_t *n, struct acsr_err *e);
/* Products and orders under way that name it, as issuer or fallback. */
ACSR_MUST_USE enum acsr_result upstream_issuer_uses(
	struct db *d, const char *name, int64_t *products, int64_t *orders, struct acsr_err *e);
/* Has an issuer the account key of this name, now or perhaps? */
ACSR_MUST_USE enum acsr_result upstream_issuer_key_used(
	struct db *d, const char *key, bool *used, struct acsr_err *e);

#endif
