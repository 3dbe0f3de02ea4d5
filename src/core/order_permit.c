/* What an order may ask for: a key of ours (BR 6.1.1.3), its pace, a recipient for the archive. */
#include "core/order.h"

#include <string.h>

#include "base/clock.h"
#include "core/statement.h"
#include "core/upstream/issuer.h"
#include "store/attempts.h"
#include "store/users.h"

enum { HOUR = 3600 };

enum acsr_result order_key_is_allowed_at(struct core *c, const char *issuer, struct acsr_err *e)
{
	bool public, have;
	struct statement s;

	TRY(issuer_is_public(c, issuer, &public, e));
	if (!public)
		return ACSR_OK;
	TRY(statement_for(c, issuer, &s, &have, e));
	if (have)
		return ACSR_OK;
	return err_rule(e, "policy.autocsr", "csr", "BR 6.1.1.3",
		"this issuer%s%s is publicly trusted, and its operator has not stated that it is not the CA; "
		"paste a "
		"CSR, or have the key made in your browser",
		*issuer != '\0' ? " " : "", issuer);
}

enum acsr_result order_may_make_key(struct core *c, const struct product *p, struct acsr_err *e)
{
	if (!p->autocsr)
		return err_rule(e, "policy.autocsr", "csr", NULL,
			"for the product %s you make the key yourself; paste a CSR", p->id);
	return order_key_is_allowed(c, p, e);
}

/* The other issuer may get the CSR of the same key. */
enum acsr_result order_key_is_allowed(struct core *c, const struct product *p, struct acsr_err *e)
{
	TRY(order_key_is_allowed_at(c, p->issuer, e));
	return p->fallback_issuer[0] != '\0' ? order_key_is_allowed_at(c, p->fallback_issuer, e) : ACSR_OK;
}

enum acsr_result order_check_pace(
	struct core *c, const char *account_id, int64_t *again_at, struct acsr_err *e)
{
	int64_t most = (int64_t)conf_count(&c->proc->conf, "orders.new_per_hour"), n, since;
	char bucket[80], when[21];

	if (most == 0)
		return ACSR_OK;
	snprintf(bucket, sizeof(bucket), "orders:%s", account_id);
	TRY(attempts_count(c->db, bucket, c->now, HOUR, &n, &since, e));
	if (n <= most)
		return ACSR_OK;
	if (again_at != NULL)
		*again_at = since + HOUR;
	clock_rfc3339(since + HOUR, when);
	return err_set(e, "limit.orders",
		"this account has started %lld orders and keys within an hour, as many as it may; go on "
		"after %s",
		(long long)most, when);
}

enum acsr_result order_recipient_good(
	struct core *c, const char *account_id, const char *email, bool *good, struct acsr_err *e)
{
	struct user u;

	TRY(users_by_email(c->db, email, &u, good, e));
	*good = *good && strcmp(u.account_id, account_id) == 0 && !u.disabled && u.password[0] != '\0';
	return ACSR_OK;
}
