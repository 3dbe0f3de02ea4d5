/* Fresh sessions, passkeys by themselves, and what is answered when something is missing. */
#include "core/proof.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/passkey.h"
#include "core/password.h"
#include "core/throttle.h"
#include "store/sessions.h"

bool proof_has_second(const struct user *u)
{
	return u->totp || u->passkeys > 0;
}

bool proof_is_fresh(const struct core *c, const struct request *q, const struct user *u)
{
	int64_t window = conf_span(&c->proc->conf, "accounts.reauth_window");
	int64_t age = c->now - q->who.authenticated_at;

	/* A login in the future is one before the clock went back: nobody knows how old it is. */
	return q->who.kind == WHO_SESSION && age < window && age > -window &&
	       (q->who.second || !proof_has_second(u));
}

enum { WRONG_TOLD = 60 }; /* entries of a user's wrong proofs in an hour */

/* --- outcomes --- */

static enum acsr_result note_fresh(struct core *c, struct request *q, struct acsr_err *e)
{
	if (q->who.kind != WHO_SESSION)
		return ACSR_OK;
	q->who.authenticated_at = c->now;
	return sessions_authenticated(c->db, q->who.session_hash, c->now, q->who.second, e);
}

enum acsr_result proof_right(struct core *c, struct request *q, const char *user_id, bool second,
	proof_then_fn *then, struct acsr_err *e)
{
	struct outgoing **mark;
	struct acsr_err why = { 0 };

	q->who.second = second;
	TRY(note_fresh(c, q, e));
	mark = c->outbox_tail;
	TRY(db_savepoint(c->db, e));
	if (then(c, q, user_id, &why) == ACSR_OK)
		return db_release(c->db, e);
	db_rollback_to(c->db);
	call_drop_after(c, mark);
	q->later = false;
	request_problem(q, &why);
	return ACSR_OK;
}

/* Of wrong attempts for nobody whom we know, only some have an entry of their own: who makes them by the thousand
 * must not fill the log. The others are counted, and told together. */
static enum acsr_result audit_stranger(
	struct core *c, const struct acsr_err *why, const char *network, struct acsr_err *e)
{
	uint64_t untold;
	bool own = throttle_tell_stranger(c, &untold);

	if (untold > 0)
		TRY(core_audit(c, "unknown", "", "auth.failed", "", e,
			"%llu more for nobody who is known here", (unsigned long long)untold));
	return own ? core_audit(c, "unknown", "", "auth.failed", "", e, "%s%s%s from %s", why->id,
			     why->source[0] != '\0' ? " " : "", why->source, network)
		   : ACSR_OK;
}

enum acsr_result proof_wrong(struct core *c, struct request *q, const char *email, const char *account_id,
	const char *user_id, const struct acsr_err *why, struct acsr_err *e)
{
	char network[64];

	c->count.logins_failed++;
	throttle_network(q->m.remote, network);
	request_problem(q, why);
	if (user_id[0] == '\0')
		return audit_stranger(c, why, network, e);
	return proof_audit_wrong(c, email, account_id, "auth.failed", user_id, e, "%s%s%s from %s", why->id,
		why->source[0] != '\0' ? " " : "", why->source, network);
}

/* A passkey may be tried as often as one likes, for nobody guesses it: the log must not grow by it without end. */
enum acsr_result proof_audit_wrong(struct core *c, const char *email, const char *account_id,
	const char *action, const char *user_id, struct acsr_err *e, const char *detail, ...)
{
	char bucket[80], text[400];
	bool ok, first;
	va_list ap;

	snprintf(bucket, sizeof(bucket), "wrong:%s", user_id);
	TRY(throttle_allow(c, bucket, WRONG_TOLD, &ok, e));
	snprintf(bucket, sizeof(bucket), "wrong-many:%s", user_id);
	TRY(ok ? ACSR_OK : throttle_allow(c, bucket, 1, &first, e));
	if (!ok)
		return first ? core_audit(c, email, account_id, action, user_id, e,
				       "more than %d within an hour: further ones have no entry", WRONG_TOLD)
			     : ACSR_OK;
	va_start(ap, detail);
	vsnprintf(text, sizeof(text), detail, ap);
	va_end(ap);
	return core_audit(c, email, account_id, action, user_id, e, "%s", text);
}

static json_t *methods_json(const struct user *u, bool password)
{
	json_t *list = json_array();

	if (password)
		json_array_append_new(list, json_string("password"));
	if (u->totp)
		json_array_append_new(list, json_string("totp"));
	if (u->passkeys > 0)
		json_array_append_new(list, json_string("passkey"));
	if (proof_has_second(u))
		json_array_append_new(list, json_string("recovery"));
	return list;
}

enum acsr_result proof_ask_second(struct core *c, struct request *q, const struct user *u, struct acsr_err *e)
{
	struct acsr_err why;
	json_t *options = NULL;

	/* Where there is no host name for passkeys (any more), the recovery codes are left. */
	if (u->passkeys > 0 && passkey_request_options(c, PASSKEY_SECOND, u->id, &options, &why) != ACSR_OK)
		options = NULL;
	if (u->totp)
		(void)err_rule(&why, "auth.totp", "totp", NULL,
			"enter the code of your authenticator app, or a recovery code%s",
			u->passkeys > 0 ? ", or use your passkey" : "");
	else
		(void)err_rule(&why, "auth.second-factor", "totp", NULL,
			"use your passkey in the browser, or enter a recovery code");
	request_problem(q, &why);
	request_problem_with(
		q, json_pack("{s:o, s:o*}", "methods", methods_json(u, false), "public_key", options));
	(void)e;
	return ACSR_OK;
}

/* --- one of three ways --- */

static enum acsr_result ask_again(struct request *q, const struct user *u, const char *what)
{
	struct acsr_err why;

	(void)err_rule(&why, "auth.reauth", "password", NULL, "give the password again%s %s",
		q->who.kind == WHO_TOKEN ? " (a token alone is not enough)" : "", what);
	request_problem(q, &why);
	request_problem_with(q, json_pack("{s:o}", "methods", methods_json(u, true)));
	return ACSR_OK;
}

static enum acsr_result by_passkey(struct core *c, struct request *q, const struct user *u,
	const json_t *response, proof_then_fn *then, struct acsr_err *e)
{
	const struct passkey_wanted wanted = {
		.user_id = u->id, .purposes = PASSKEY_AGAIN, .verified = true
	};
	struct passkey used;
	struct acsr_err why = { 0 };
	bool right;

	TRY(passkey_check(c, response, &wanted, &used, &right, &why, e));
	if (!right)
		return proof_wrong(c, q, u->email, u->account_id, u->id, &why, e);
	return proof_right(c, q, u->id, true, then, e);
}

enum acsr_result proof_check(struct core *c, struct request *q, const struct proof *p, const char *what,
	proof_then_fn *then, struct acsr_err *e)
{
	struct user u;
	bool have;

	if (p->password != NULL)
		return password_check(c, q, q->who.email, p, then, e);
	TRY(users_by_id(c->db, q->who.user_id, &u, &have, e));
	if (!have || u.disabled)
		return err_set(e, "auth.required", "this user is gone");
	if (p->passkey != NULL)
		return by_passkey(c, q, &u, p->passkey, then, e);
	if (proof_is_fresh(c, q, &u))
		return then(c, q, u.id, e);
	return ask_again(q, &u, what);
}
