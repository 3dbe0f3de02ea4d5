/* Validations of an order's names, reusable evidence, and names that the operator vouched for. */
#ifndef STORE_VALIDATION_H
#define STORE_VALIDATION_H

#include "db/db.h"

struct validation {
	char id[40], order_id[40], name[256], method[16], token[160], value[256], state[16];
	bool wildcard;
	char *error;    /* JSON {id, text} or "" */
	char *evidence; /* JSON or "" */
	int64_t attempts, proved_at, caa_at, created_at, checked_at, next_check_at, valid_until;
	char *account_uri; /* which account showed control, for CAA's accounturi (RFC 8657 3); NULL or "": none */
	/* Of an order that goes to another CA (core/upstream); NULL or "" for our own ways. */
	char record[340]; /* where the proof belongs: the record's name, or the path */
	char *authz_url,
		*challenge_url; /* the CA's authorization, and the challenge that is being answered */
	char *offers;           /* JSON: all its challenges, and what to publish for each */
	int64_t told_at;        /* when the CA was asked to look */
};

void validation_clear(struct validation *v);
#define CLEANUP_VALIDATION __attribute__((cleanup(validation_clear)))

ACSR_MUST_USE enum acsr_result validation_insert(
	struct db *d, const struct validation *v, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result validation_load(
	struct db *d, const char *id, struct validation *out, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result validation_save(struct db *d, const struct validation *v, struct acsr_err *e);
/* All of an order, in the order of its names. *out is n structs; validations_free. */
ACSR_MUST_USE enum acsr_result validations_of(
	struct db *d, const char *order_id, struct validation **out, size_t *n, struct acsr_err *e);
void validations_free(struct validation *v, size_t n);
ACSR_MUST_USE enum acsr_result validations_delete(struct db *d, const char *order_id, struct acsr_err *e);

/* Evidence newer than `since`: *have, and if so method, text (to free) and time. */
ACSR_MUST_USE enum acsr_result evidence_find(struct db *d, const char *account_id, const char *name,
	bool wildcard, int64_t since, bool *have, char method[16], char **text, int64_t *at,
	struct acsr_err *e);
ACSR_MUST_USE enum acsr_result evidence_put(
	struct db *d, const char *account_id, const struct validation *v, struct acsr_err *e);

/* Is the name, or a domain above it, on the account's list? */
ACSR_MUST_USE enum acsr_result preauthorised_has(
	struct db *d, const char *account_id, const char *name, bool *has, struct acsr_err *e);

#endif
