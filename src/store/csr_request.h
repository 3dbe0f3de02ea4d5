/* The CSRs of orders, how the key was handed over and, when the service made it, what became of archive and
 * unlock code. */
#ifndef STORE_CSR_REQUEST_H
#define STORE_CSR_REQUEST_H

#include "base/str.h"
#include "db/db.h"

struct csr_request {
	char id[40], order_id[40], key_source[12], key_type[32], spki_sha256[65];
	char grade[12], format[12], recipient_name[512]; /* core/handover_choice.h */
	char archive_state[16], archive_sha256[65], filename[300], key_filename[300], ticket[65];
	int64_t archive_size, ticket_expires_at, code_expires_at, reveals, made_at, handed_over_at;
	bool has_csr, has_code;
	char sandbox[256];
	/* csr_request_save_code: */
	int64_t code_window;                     /* seconds from hand-over */
	int64_t most_reveals, code_destroyed_at; /* most_reveals 0: no limit */
	char code_reason[80];
};

/* recipient: of a sealed key, whole; NULL or "" otherwise. */
ACSR_MUST_USE enum acsr_result csr_request_insert(struct db *d, const struct csr_request *r, struct bytes csr,
	const char *recipient, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result csr_request_load(
	struct db *d, const char *id, struct csr_request *out, struct acsr_err *e);
/* By archive ticket, within the account. Absent: "archive.gone". */
ACSR_MUST_USE enum acsr_result csr_request_by_ticket(struct db *d, const char *ticket, const char *account_id,
	struct csr_request *out, struct acsr_err *e);
/* By ticket, of any account: for what front reports. */
ACSR_MUST_USE enum acsr_result csr_request_by_any_ticket(
	struct db *d, const char *ticket, struct csr_request *out, struct acsr_err *e);
/* What is not about CSR and code: archive_state, ticket, times, reveals, sandbox, hash and size. */
ACSR_MUST_USE enum acsr_result csr_request_save(
	struct db *d, const struct csr_request *r, struct acsr_err *e);
/* The keymaker's result. */
ACSR_MUST_USE enum acsr_result csr_request_made(
	struct db *d, const char *id, struct bytes csr, const char *spki_sha256, struct acsr_err *e);
/* has_code, and what is said of it. The code itself is in store/codes.h. */
ACSR_MUST_USE enum acsr_result csr_request_save_code(
	struct db *d, const struct csr_request *r, struct acsr_err *e);
/* How many requests have one? */
ACSR_MUST_USE enum acsr_result csr_request_count_codes(struct db *d, int64_t *n, struct acsr_err *e);
/* The process that made the key of this ticket has ended; said twice, the first counts. */
ACSR_MUST_USE enum acsr_result csr_request_gone(
	struct db *d, const char *ticket, int64_t at, struct acsr_err *e);
/* The CSR, appended to out. */
ACSR_MUST_USE enum acsr_result csr_request_csr(
	struct db *d, const char *id, struct buf *out, struct acsr_err *e);
/* To whom it was sealed, whole; "" when it was not. *out is yours. */
ACSR_MUST_USE enum acsr_result csr_request_recipient(
	struct db *d, const char *id, char **out, struct acsr_err *e);

/* Was this key made for another order, by the service or in a browser, or has this order (order_id) had it? With
 * `at_all`: has anybody ever used it? */
ACSR_MUST_USE enum acsr_result csr_request_key_used(struct db *d, const char *spki_sha256,
	const char *order_id, bool at_all, bool *used, struct acsr_err *e);
/* The order whose current key this is, one that is issuing first; "" when there is none. */
ACSR_MUST_USE enum acsr_result csr_request_order_of_key(
	struct db *d, const char *spki_sha256, char order_id[40], struct acsr_err *e);
/* Was a certificate with this key revoked as compromised? */
ACSR_MUST_USE enum acsr_result csr_request_key_compromised(
	struct db *d, const char *spki_sha256, bool *is, struct acsr_err *e);
/* Append the ids of those whose archive died with the process that held it, or with whoever waited for it:
 * making and waiting (and mailing, when mails). Fetched ones only wait for the acknowledgement. */
ACSR_MUST_USE enum acsr_result csr_request_unfetched(
	struct db *d, bool mails, struct strv *ids, struct acsr_err *e);
#endif
