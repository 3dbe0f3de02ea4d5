/*
 * Requests whose answer changes within moments: a challenge that is being looked at, an order that is being signed. They
 * are held until it is decided, so that a client need not ask again and again; after ACME_WAIT seconds they get what
 * there is by then (RFC 8555 7.5.1 and 7.4 let the client see either).
 */
#ifndef CORE_ACME_WAIT_H
#define CORE_ACME_WAIT_H

#include "core/acme/acme.h"

enum {
	ACME_WAIT = 2,     /* seconds, and up to one more */
	ACME_WAITING = 512 /* at most; who comes then is answered at once */
};

/* Makes the answer: in a later step, `id` as it was given. */
typedef enum acsr_result acme_wait_fn(
	struct core *c, struct acme_request *a, const char *id, struct acsr_err *e);

/* Hold a's request until acme_decided(c, id), or for so long. *held is false when too many wait. */
ACSR_MUST_USE enum acsr_result acme_wait(struct core *c, struct acme_request *a, const char *id,
	acme_wait_fn *fn, bool *held, struct acsr_err *e);
/* Whatever there was to find out about this authorization or order, it is found out; from within a step. */
void acme_decided(struct core *c, const char *id);
/* Every second: answer who has waited long enough. */
void acme_wait_tick(struct core *c);

#endif
