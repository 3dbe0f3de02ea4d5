/*
 * The customer that the test plays, through the public API like any other: orders, takes archives, acknowledges
 * them, asks for codes, opens the keys, and cancels everything in the end. Keys and codes stay in this process.
 */
#ifndef CLI_FORENSIC_CUSTOMER_H
#define CLI_FORENSIC_CUSTOMER_H

#include "cli/args.h"
#include "cli/forensic/needles.h"
#include "cli/forensic/opener.h"
#include "cli/service.h"

enum fate {
	FATE_COMPLETED,      /* fetched, acknowledged, code revealed */
	FATE_UNACKNOWLEDGED, /* fetched, never acknowledged */
	FATE_ABANDONED,      /* left waiting; fetched at the very end, so that it can be judged */
	FATES
};
const char *fate_name(enum fate f);

struct test_order {
	char id[101];
	char sha256[65]; /* of the archive */
	const char *key_type;
	const struct form *form;
	enum fate fate;
	char *archive_url;
	int64_t delivered; /* monotonic milliseconds of its last step; 0: not yet */
	bool judged;       /* its key is among the needles */
	bool cancelled;
};

struct customer;

/* Logs in (--email) or takes the token, finds a product that makes keys, and the key types that it allows.
 * forensic.product. Then the forms of hand-over: usage.form, and usage.password when nothing can be opened without a
 * code and there is no password. */
ACSR_MUST_USE enum acsr_result customer_open(struct customer **out, const struct args *a, struct acsr_err *e);
/* Cancels what has not been cancelled; never fails, tells what stayed. */
void customer_close(struct customer *c);

const char *customer_product(const struct customer *c);
const char *customer_version(const struct customer *c); /* of the service; "" when it does not tell */
const struct test_order *customer_orders(const struct customer *c, size_t *n);

/* Places one more order and takes it as far as its fate says; its key goes to the needles (not of abandoned ones).
 */
ACSR_MUST_USE enum acsr_result customer_order(struct customer *c, struct needles *n, struct acsr_err *e);
/* Fetches the archives that were left waiting. An archive whose time is over stays unjudged. */
ACSR_MUST_USE enum acsr_result customer_fetch_rest(struct customer *c, struct needles *n, struct acsr_err *e);
/* Cancels every order. */
ACSR_MUST_USE enum acsr_result customer_cancel(struct customer *c, struct acsr_err *e);
/* One more order from beginning to end, whose key is not looked at: does the service still work? */
ACSR_MUST_USE enum acsr_result customer_still_served(struct customer *c, struct acsr_err *e);

/* Monotonic milliseconds of the last delivery, 0 before the first. */
int64_t customer_last_delivery(const struct customer *c);

#endif
