/*
 * What the parts of the ACME server's ordering share (RFC 8555 7.1.3-7.1.5, 7.4, 7.5): identifiers, states, URLs.
 *
 * An order is one row until it is finalized; then it also is a row in `orders` of the account that the certificates
 * belong to, with the same id, and goes through the same issuing as any other (core/issue.c).
 */
#ifndef CORE_ACME_ORDERS_H
#define CORE_ACME_ORDERS_H

#include "autocsr/name.h"
#include "core/acme/acme.h"
#include "core/product.h"
#include "store/acme_authz.h"
#include "store/acme_order.h"
#include "store/certificate.h"
#include "store/order.h"

/* --- identifiers.c --- */

/* The canonical names of a newOrder's `identifiers`, without duplicates. Each one that is refused becomes a
 * subproblem; "acme.identifier.…" and "acme.order.identifiers". */
ACSR_MUST_USE enum acsr_result acme_identifiers_read(
	struct core *c, struct acme_request *a, json_t *list, struct strv *out, struct acsr_err *e);
/* One of them; out needs 256 bytes. */
ACSR_MUST_USE enum acsr_result acme_identifier_read(
	struct core *c, struct acme_request *a, json_t *identifier, char *out, struct acsr_err *e);
enum acsr_name_policy acme_name_policy(struct core *c);
/* {"type", "value"} of a canonical name. */
json_t *acme_identifier_json(const char *name);
bool acme_is_address(const char *name);
/* The product that the profile names, or the first of the directory's that fits; "acme.profile". */
ACSR_MUST_USE enum acsr_result acme_choose_product(struct core *c, struct acme_request *a,
	const char *profile, const struct strv *names, struct product *out, struct acsr_err *e);
/* Split what acme_orders.identifiers holds. */
ACSR_MUST_USE enum acsr_result acme_names_split(
	const char *identifiers, struct strv *out, struct acsr_err *e);

/* The other way round; *out is yours. */
ACSR_MUST_USE enum acsr_result acme_names_join(const struct strv *names, char **out, struct acsr_err *e);

/* What orders for the same names have in common, whatever order they came in. */
ACSR_MUST_USE enum acsr_result acme_names_hash(const struct strv *names, char out[44], struct acsr_err *e);

/* --- limits.c: "limit.…", with the time until it is worth trying again --- */
ACSR_MUST_USE enum acsr_result acme_limit_orders(
	struct core *c, struct acme_request *a, const struct strv *names, struct acsr_err *e);
/* Has this name, or the domain that it belongs to, failed too often? Also before a challenge is looked at. */
ACSR_MUST_USE enum acsr_result acme_limit_name(
	struct core *c, struct acme_request *a, const char *name, struct acsr_err *e);
/* Has the domain that it belongs to failed too often? What needs no look, because it is proven, is not kept from anybody. */
ACSR_MUST_USE enum acsr_result acme_limit_victim(
	struct core *c, struct acme_request *a, const char *name, struct acsr_err *e);
/* A name of owner's failed: counted, and when there were too many, orders for it are refused for a while. */
ACSR_MUST_USE enum acsr_result acme_limit_failed(
	struct core *c, const struct acme_account *owner, const struct acme_authz *z, struct acsr_err *e);

/* --- authz.c --- */

/* A valid one of the account for this name (canonical, perhaps a wildcard) when `reuse`, or a new pending one.
 * *expires_at: when it ends. "acme.identifier.rejected" when the directory offers no challenge that could do. */
ACSR_MUST_USE enum acsr_result acme_authz_for(struct core *c, struct acme_request *a, const char *name,
	bool reuse, char id[40], int64_t *expires_at, struct acsr_err *e);
/* Seconds that an order and what it asks for may stay open; that a proof may be used for, as the rules of the day say. */
int64_t acme_order_life(struct core *c);
int64_t acme_proof_life(struct core *c);
/* The same for what this authorization's challenge shows: 0 when it may show nothing any more. */
int64_t acme_proof_life_of(struct core *c, const struct acme_authz *z);
/* The status that a client sees: expired and its like depend on the time. */
const char *acme_authz_status(const char *status, int64_t expires_at, int64_t now);
/* The object; *out is a new reference. */
ACSR_MUST_USE enum acsr_result acme_authz_json(struct core *c, const struct acme_request *a,
	const struct acme_authz *z, json_t **out, struct acsr_err *e);

/* --- challenge.c --- */

/* The object of one challenge of z. */
ACSR_MUST_USE enum acsr_result acme_challenge_json(struct core *c, const struct acme_request *a,
	const struct acme_authz *z, const char *type, json_t **out, struct acsr_err *e);
/* Can this challenge show control of such a name? (RFC 8738 4, 8555 8.4, BR 3.2.2.4) */
bool acme_challenge_fits(const char *type, const char *host, bool wildcard);
/* Job "acme-challenge": an authorization whose challenge is being looked at. */
ACSR_MUST_USE enum acsr_result acme_challenge_job(
	struct core *c, const char *authz_id, int64_t attempts, struct acsr_err *e);

/* --- order_show.c --- */

/* pending ready processing valid invalid, as a client sees it. */
const char *acme_order_status(
	const struct acme_order *o, const struct acme_order_authz *z, size_t n, int64_t now);
/* Answer with the order as it is now. */
ACSR_MUST_USE enum acsr_result acme_order_answer(
	struct core *c, struct acme_request *a, const char *id, unsigned status, struct acsr_err *e);

/* --- renewal.c: the id of a certificate (RFC 9773 4.1) --- */

/* The certificate that `id` names; *have false when it is not one of ours. "acme.order.certificate-id". */
ACSR_MUST_USE enum acsr_result acme_certificate_of_id(
	struct core *c, const char *id, struct certificate *out, bool *have, struct acsr_err *e);

#endif
