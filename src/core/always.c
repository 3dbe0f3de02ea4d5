/* The rule of an account that each unlock code takes a second factor. */
#include "core/always.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/identity.h"
#include "core/mail.h"
#include "store/accounts.h"

static enum acsr_result load_asker(
	struct core *c, const struct request *q, struct user *u, struct acsr_err *e)
{
	bool have;

	TRY(users_by_id(c->db, q->who.user_id, u, &have, e));
	if (!have || u->disabled)
		return err_set(e, "auth.required", "this user is gone");
	if (proof_has_second(u))
		return ACSR_OK;
	return err_set(e, "state.second-factor",
		"this account always wants a second factor, and you have none yet: set one up under "
		"\"Password "
		"and second factor\" first");
}

static enum acsr_result has_rule(struct core *c, const struct request *q, bool *yes, struct acsr_err *e)
{
	struct account a;
	bool have;

	TRY(accounts_find(c->db, q->who.account_id, &a, &have, e));
	*yes = have && a.always_second;
	return ACSR_OK;
}

/* Whatever the account's rule is: a session is nothing here. */
static enum acsr_result prove(struct core *c, struct request *q, const struct proof *p, const char *what,
	proof_then_fn *then, struct acsr_err *e)
{
	struct user u;

	TRY(load_asker(c, q, &u, e));
	q->who.authenticated_at = 0;
	return proof_check(c, q, p, what, then, e);
}

enum acsr_result always_proof(struct core *c, struct request *q, const struct proof *p, const char *what,
	proof_then_fn *then, struct acsr_err *e)
{
	bool rule;

	TRY(has_rule(c, q, &rule, e));
	return rule ? prove(c, q, p, what, then, e) : proof_check(c, q, p, what, then, e);
}

/* --- turning it on and off --- */

struct telling {
	struct core *c;
	const struct mail_value *values;
};

static enum acsr_result tell_owner(void *arg, const struct user *u, struct acsr_err *e)
{
	const struct telling *t = arg;

	if (user_role_of(u->role) < USER_OWNER || u->disabled || strchr(u->email, '.') == NULL)
		return ACSR_OK;
	return mail_queue(t->c, "always-second", u->email, NULL, t->values, e);
}

static enum acsr_result set(struct core *c, struct request *q, bool on, struct acsr_err *e)
{
	char at[21];
	const struct mail_value values[] = { { "by", q->who.email }, { "at", at },
		{ "what", on ? "is wanted for each unlock code from now on"
			     : "is no longer wanted when the login was just now" },
		{ 0 } };
	struct telling t = { c, values };

	clock_rfc3339(c->now, at);
	TRY(accounts_set_always_second(c->db, q->who.account_id, on, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "account.always-second", q->who.account_id, e,
		"%s", on ? "on" : "off"));
	return users_each(c->db, q->who.account_id, tell_owner, &t, e);
}

enum acsr_result always_turn_on(struct core *c, struct request *q, struct acsr_err *e)
{
	struct user u;

	TRY(load_asker(c, q, &u, e));
	return set(c, q, true, e);
}

enum acsr_result always_turn_off(struct core *c, struct request *q, struct acsr_err *e)
{
	return set(c, q, false, e);
}

enum acsr_result always_prove_off(
	struct core *c, struct request *q, const struct proof *p, proof_then_fn *then, struct acsr_err *e)
{
	return prove(c, q, p, "and the second factor, to turn this off", then, e);
}
