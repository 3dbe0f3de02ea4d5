/* Organisations of an account, for OV and EV. */
#ifndef STORE_ORGANISATION_H
#define STORE_ORGANISATION_H

#include "db/db.h"

/* Every text field, in the order of the columns and of struct organisation. */
enum { ORGANISATION_FIELDS = 11, ORGANISATION_TEXT = 520 };

struct organisation {
	char id[40], account_id[40];
	union {
		char field[ORGANISATION_FIELDS][ORGANISATION_TEXT]; /* as organisation_field_names */
		struct {
			char name[ORGANISATION_TEXT], street[ORGANISATION_TEXT], locality[ORGANISATION_TEXT],
				state[ORGANISATION_TEXT], postal_code[ORGANISATION_TEXT],
				country[ORGANISATION_TEXT], registration_number[ORGANISATION_TEXT],
				business_category[ORGANISATION_TEXT], jurisdiction_country[ORGANISATION_TEXT],
				jurisdiction_state[ORGANISATION_TEXT], phone[ORGANISATION_TEXT];
		};
	};
	int64_t created_at;
};
extern const char *const organisation_field_names[ORGANISATION_FIELDS];

/* Insert, or replace the fields of the one that is there. */
ACSR_MUST_USE enum acsr_result organisation_put(
	struct db *d, const struct organisation *o, struct acsr_err *e);
/* Error "object.absent": there is none, or it is another account's. */
ACSR_MUST_USE enum acsr_result organisation_load(
	struct db *d, const char *id, const char *account_id, struct organisation *out, struct acsr_err *e);
typedef enum acsr_result organisation_each_fn(void *arg, const struct organisation *o, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result organisation_each(
	struct db *d, const char *account_id, organisation_each_fn *fn, void *arg, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result organisation_remove(struct db *d, const char *id, struct acsr_err *e);
/* Orders that name it and have not ended. */
ACSR_MUST_USE enum acsr_result organisation_open_orders(
	struct db *d, const char *id, int64_t *n, struct acsr_err *e);

#endif
