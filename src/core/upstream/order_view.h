/* The part of an order's JSON that is about its issuer: issuer, upstream, renew_from, renew_until, next. */
#ifndef CORE_UPSTREAM_ORDER_VIEW_H
#define CORE_UPSTREAM_ORDER_VIEW_H

#include <jansson.h>

#include "core/order.h"
#include "store/issuers.h"

/* Set the members. *is gets the row when the issuer is another CA (kind "" otherwise); clear it. */
ACSR_MUST_USE enum acsr_result order_view_put(struct core *c, json_t *out, const struct order *o,
	const struct product *p, struct upstream_issuer *is, struct acsr_err *e);
/* What the customer does next, when that CA makes it another thing than usual; NULL otherwise. */
const char *order_view_next(const struct order *o, const struct upstream_issuer *is, char text[200]);

#endif
