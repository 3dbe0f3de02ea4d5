/*
 * Terms of service of a CA that have changed (RFC 8555 7.3.3). One that refuses to go on until somebody agrees
 * (userActionRequired) gets no orders until the operator has registered again with a yes, and every administrator gets a
 * mail; one that only names other terms in its directory goes on, and that is written down.
 */
#ifndef CORE_UPSTREAM_TERMS_H
#define CORE_UPSTREAM_TERMS_H

#include "core/upstream/call.h"

/* The terms that the directory names; "" without. *out is yours. */
ACSR_MUST_USE enum acsr_result terms_of(const struct upstream_issuer *i, char **out, struct acsr_err *e);
/* The CA wants terms agreed to: its orders are held. */
ACSR_MUST_USE enum acsr_result terms_wanted(
	struct core *c, const char *issuer, const struct upstream_reply *r, struct acsr_err *e);
/* The directory of i is fresh, and named `before` until now. */
ACSR_MUST_USE enum acsr_result terms_compare(
	struct core *c, const struct upstream_issuer *i, const char *before, struct acsr_err *e);
/* Does the operator have to say yes before the account can be used? "upstream.terms", with the URL; agreed: they say it now. */
ACSR_MUST_USE enum acsr_result terms_check(const struct upstream_issuer *i, bool agreed, struct acsr_err *e);
/* The CA knows that the operator has said yes: noted in i, which the caller saves, and what waited for it goes on. */
ACSR_MUST_USE enum acsr_result terms_agreed(struct core *c, struct upstream_issuer *i, struct acsr_err *e);

#endif
