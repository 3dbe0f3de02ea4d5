/*
 * The ACME server (RFC 8555): one request of somebody's client, from the signed body to the answer. acme_run checks all
 * that RFC 8555 6 asks of every request; a handler sees only what passed.
 *
 * Every answer carries a new nonce and a link to the directory; every refusal is a problem document whose type is in the
 * ACME namespace (6.7). A nonce is used up whatever becomes of the request.
 */
#ifndef CORE_ACME_ACME_H
#define CORE_ACME_ACME_H

#include "autocsr/key.h"
#include "core/request.h"
#include "pki/jws.h"
#include "store/acme_account.h"
#include "store/acme_directory.h"

struct acme_request {
	struct core *c;
	struct request *q; /* answer by request_answer, request_header, q->raw; later by q->later */
	struct acme_directory dir;
	char base[640];    /* "https://certs.example.com/acme" or ".../acme/NAME": no slash at the end */
	char param[2][80]; /* the {…} segments of the path */
	struct acme_account account; /* who signed, by "kid"; id "" when the request was signed by "jwk" */
	struct acsr_key *key;        /* that verified the signature: the account's, or the jwk */
	char thumbprint[44];         /* of key */
	char *eab_names; /* what the account's EAB key is limited to, once somebody asked; NULL: not yet */
	json_t *payload; /* a JSON object; NULL: POST-as-GET, the empty payload (6.3) */
	struct jws jws;  /* what was signed */
	/* For the answer, when it is a refusal: */
	json_t *subproblems; /* acme_subproblem; NULL: none */
	char location[700];  /* "" or what Location says (7.3.5) */
	bool terms_link;     /* say where the terms are (7.3.3) */
	char instance[700];  /* "" or where a person agrees to them; with terms_link */
};

typedef enum acsr_result acme_handler_fn(struct core *c, struct acme_request *a, struct acsr_err *e);

enum acme_auth {
	ACME_OPEN,  /* GET without a signature: directory, nonce, renewalInfo */
	ACME_JWK,   /* signed by the key in "jwk": newAccount */
	ACME_KID,   /* signed by an account that is valid */
	ACME_EITHER /* revokeCert (7.6) */
};
struct acme_route {
	const char *method, *path; /* below base; {…} takes one segment */
	enum acme_auth auth;
	acme_handler_fn *handler;
};

/* Everything below /acme/ comes here. The acme_request belongs to q and lives as long (acme_of), so that a later step can
 * answer too; whatever refuses q answers in ACME's form. The handler runs in a savepoint of its own: what it did is undone
 * when it fails, the nonce stays used. The table of routes is in run.c. */
ACSR_MUST_USE enum acsr_result acme_run(struct core *c, struct request *q, struct acsr_err *e);
struct acme_request *acme_of(const struct request *q);
/* At the start, inside its transaction: the default directory, the key that nonces are made with. */
ACSR_MUST_USE enum acsr_result acme_settle(struct core *c, struct acsr_err *e);
/* The scheme, host and port under which the service is reached: public_url, or https:// and the listen address. */
void acme_service_url(struct core *c, char out[600]);
/* The URI of an account, as CAA's accounturi and dns-persist-01 know it (RFC 8657 3). */
void acme_account_uri(struct core *c, const char *directory, const char *account_id, char out[700]);

/* account.c, account_change.c */
acme_handler_fn acme_directory_show, acme_nonce, acme_account_new, acme_account_update, acme_account_orders,
	acme_key_change;
/* order.c, authz.c, finalize.c, certificate.c, revoke.c, renewal.c */
acme_handler_fn acme_order_new, acme_order_show, acme_finalize, acme_authz_new, acme_authz_show,
	acme_challenge, acme_certificate, acme_revoke, acme_renewal_info;

/* Handlers that take an object refuse POST-as-GET, those that show something refuse an object: "request.json". */
ACSR_MUST_USE enum acsr_result acme_want_payload(const struct acme_request *a, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result acme_want_empty(const struct acme_request *a, struct acsr_err *e);
/* May this account have this name (A-label form, with or without "*.", or an IP address), as far as the EAB key goes that it
 * was made with? For newOrder and newAuthz. "name.eab" */
ACSR_MUST_USE enum acsr_result acme_account_may_name(
	struct acme_request *a, const char *name, struct acsr_err *e);

/* An error with subproblems (6.7.1): add one for `name` to what the answer will be; e is about the whole. */
ACSR_MUST_USE enum acsr_result acme_subproblem(
	struct acme_request *a, const char *name, const struct acsr_err *why, struct acsr_err *e);
/* A problem as JSON, new reference: for the "error" members of objects. name may be NULL. */
json_t *acme_problem(const struct acsr_err *why, const char *name);

#endif
