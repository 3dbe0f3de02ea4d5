/* What account.c and rollover.c share: one thing that is done with an account, in several exchanges. */
#ifndef CORE_UPSTREAM_ACCOUNT_H
#define CORE_UPSTREAM_ACCOUNT_H

#include "core/upstream/call.h"
#include "core/upstream/upstream.h"

struct account_work {
	uint64_t id; /* parked under it */
	char issuer[65];
	struct request *q;      /* NULL in a job */
	upstream_done_fn *done; /* NULL: nobody is told */
	bool terms;             /* registering: agreed to */
	bool look_up;           /* rolling over: one was begun before */
	bool other_key,
		refused; /* ending: asked with the next key, for the first was refused; as no account's */
	char *contacts;
	char *eab_kid, *eab_jws;
	struct acsr_secret *eab_key;
	char thumbprint[44];
	char next_key[65]; /* rolling over: the one that it is about */
	char *old_jwk;     /* rolling over: of the key that is to go */
};
void account_work_free(void *w);

ACSR_MUST_USE enum acsr_result account_begin(struct core *c, struct request *q, const char *issuer,
	upstream_done_fn *done, struct account_work **out, struct acsr_err *e);
/* The end, good (why NULL) or not: tells and lets go of w. */
ACSR_MUST_USE enum acsr_result account_finish(
	struct core *c, struct account_work *w, const struct acsr_err *why, struct acsr_err *e);
/* Ask the CA; what cannot be asked ends w. The callback finds w by then->detail. */
ACSR_MUST_USE enum acsr_result account_ask(struct core *c, struct account_work *w,
	const struct upstream_ask *a, upstream_fn *fn, struct acsr_err *e);
typedef enum acsr_result account_signer_fn(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result account_ask_signer(struct core *c, const struct account_work *w, unsigned type,
	const void *body, account_signer_fn *fn, struct acsr_err *e);
struct account_work *account_work_of(struct core *c, const char *detail); /* NULL when it is gone */
/* A name in the signer's store that was not there before. */
void account_new_key_name(const char *issuer, char out[65]);
/* No account has this key any more, as its CA has confirmed: a job has the signer destroy it. "": nothing. */
ACSR_MUST_USE enum acsr_result account_key_replaced(struct core *c, const char *key, struct acsr_err *e);

#endif
