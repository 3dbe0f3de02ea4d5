/* Certificates and CRLs. A serial is here before the signer is asked for it. */
#ifndef STORE_CERTIFICATE_H
#define STORE_CERTIFICATE_H

#include "base/str.h"
#include "db/db.h"

struct certificate {
	char serial[43], issuer[65], order_id[40], request_id[40], profile[65], state[12], sha256[65];
	char spki_sha256[65], reason[32];
	int64_t not_before, not_after, revoked_at, created_at;
};

ACSR_MUST_USE enum acsr_result certificate_insert(
	struct db *d, const struct certificate *c, struct acsr_err *e);
/* "object.absent" when there is none. */
ACSR_MUST_USE enum acsr_result certificate_load(
	struct db *d, const char *serial, struct certificate *out, struct acsr_err *e);
/* The one that is being signed for this request; *have false when there is none. */
ACSR_MUST_USE enum acsr_result certificate_signing(
	struct db *d, const char *request_id, struct certificate *out, bool *have, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result certificate_signed(struct db *d, const char *serial, struct bytes der,
	const char *sha256, const char *spki_sha256, struct acsr_err *e);
/* The certificates above it as another CA gave them, PEM without the root. "" for our own, whose chain is the issuer's. */
ACSR_MUST_USE enum acsr_result certificate_set_chain(
	struct db *d, const char *serial, const char *pem, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result certificate_chain(
	struct db *d, const char *serial, char **pem, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result certificate_set_state(
	struct db *d, const char *serial, const char *state, struct acsr_err *e);
/* The valid ones of an order but `newest` become replaced. */
ACSR_MUST_USE enum acsr_result certificate_replace_older(
	struct db *d, const char *order_id, const char *newest, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result certificate_revoke(
	struct db *d, const char *serial, const char *reason, int64_t now, struct acsr_err *e);
/* Serials of the account's certificates (account_id "": of any), not revoked and not expired, whose key was revoked as compromised
 * in this order. */
ACSR_MUST_USE enum acsr_result certificate_share_compromised(struct db *d, const char *order_id,
	const char *account_id, int64_t now, struct strv *serials, struct acsr_err *e);
/* Rows of: serial, state, not_before, not_after, spki_sha256, revoked_at, reason, request_id; newest first,
 * issued ones only. */
ACSR_MUST_USE enum acsr_result certificate_list(
	struct db *d, const char *order_id, struct db_rows **out, struct acsr_err *e);
/* The certificate as DER, appended. serial "" : the newest of the order. *found gets its row.
 * "state.not-issued". */
ACSR_MUST_USE enum acsr_result certificate_der(struct db *d, const char *order_id, const char *serial,
	struct certificate *found, struct buf *out, struct acsr_err *e);
/* Rows of: serial, revoked_at, reason; of an issuer, not expired at `now`. */
ACSR_MUST_USE enum acsr_result certificate_revoked(
	struct db *d, const char *issuer, int64_t now, struct db_rows **out, struct acsr_err *e);
/* Was one of its certificates revoked at `since` or later? */
ACSR_MUST_USE enum acsr_result certificate_revoked_since(
	struct db *d, const char *issuer, int64_t since, bool *any, struct acsr_err *e);

struct crl {
	int64_t number, this_update, next_update;
};
/* number 0 when there is none yet. */
ACSR_MUST_USE enum acsr_result crl_load(
	struct db *d, const char *issuer, struct crl *out, struct buf *der, struct acsr_err *e);
/* Take the next number, before the signer is asked. */
ACSR_MUST_USE enum acsr_result crl_next_number(
	struct db *d, const char *issuer, int64_t *number, struct acsr_err *e);
/* Not over a newer one, unless that is of the future: then a clock was wrong. */
ACSR_MUST_USE enum acsr_result crl_store(struct db *d, const char *issuer, const struct crl *c,
	struct bytes der, int64_t now, struct acsr_err *e);

#endif
