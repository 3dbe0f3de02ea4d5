/* The account and its people: who is in it, with which role. */
#include <stdio.h>
#include <string.h>

#include "base/rnd.h"
#include "core/account.h"
#include "core/always.h"
#include "core/handlers.h"
#include "core/handover_choice.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "core/mail.h"
#include "core/proof.h"
#include "core/throttle.h"
#include "store/accounts.h"
#include "store/passkeys.h"
#include "store/second_factor.h"
#include "store/sessions.h"

enum { INVITE_LIFETIME = 7 * 86400, INVITATIONS_AN_HOUR = 100, MAILS_AN_HOUR = 5 };

/* --- the account --- */

static json_t *names_json(const struct strv *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(list, json_string(names->v[i]));
	return list;
}

enum acsr_result account_answer(struct core *c, struct request *q, const char *account_id, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	struct account a;
	bool have;

	TRY(accounts_find(c->db, account_id, &a, &have, e));
	if (!have)
		return err_set(e, "object.absent", "there is no such account");
	TRY(preauthorised_list(c->db, account_id, &names, e));
	return request_answer(q, 200,
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:b}", "id", a.id, "name", a.name, "email", a.email,
			"created_at", json_time(a.created_at), "preauthorised", names_json(&names), "users",
			(json_int_t)a.users, "always_second", (int)a.always_second));
}

/* The own account, and what the asker chose last. */
static enum acsr_result answer_own(struct core *c, struct request *q, struct acsr_err *e)
{
	TRY(account_answer(c, q, q->who.account_id, e));
	return handover_choice_put_last(c, q->answer, q->who.user_id, e);
}

enum acsr_result account_show(struct core *c, struct request *q, struct acsr_err *e)
{
	return answer_own(c, q, e);
}

static enum acsr_result rename_account(
	struct core *c, const struct request *q, const char *name, struct acsr_err *e)
{
	if (name == NULL)
		return ACSR_OK;
	TRY(accounts_rename(c->db, q->who.account_id, name, e));
	return core_audit(c, q->who.email, q->who.account_id, "account.changed", q->who.account_id, e,
		"named %s", name);
}

/* What account_change is given, and read once more when the proof has come. */
struct account_patch {
	const char *name;
	bool always;
	struct proof proof;
};

static enum acsr_result read_patch(struct request *q, struct account_patch *p, struct acsr_err *e)
{
	const struct field fields[] = { { "name", FIELD_TEXT, false, &p->name, 512 },
		{ "always_second", FIELD_BOOL, false, &p->always, 0 }, PROOF_FIELDS(p->proof), { 0 } };

	return request_fields(q, fields, e);
}

/* The new name too waits for the proof: all of a change is done, or nothing. */
static enum acsr_result change_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct account_patch p = { 0 };

	(void)user_id;
	TRY(read_patch(q, &p, e));
	TRY(rename_account(c, q, p.name, e));
	TRY(always_turn_off(c, q, e));
	return answer_own(c, q, e);
}

enum acsr_result account_change(struct core *c, struct request *q, struct acsr_err *e)
{
	struct account_patch p = { 0 };
	struct account a = { .users = 0 };
	bool have;

	TRY(accounts_find(c->db, q->who.account_id, &a, &have, e));
	p.always = a.always_second;
	TRY(read_patch(q, &p, e));
	if (p.name != NULL)
		TRY(title_check("name", p.name, e));
	if (a.always_second && !p.always)
		return always_prove_off(c, q, &p.proof, change_checked, e);
	TRY(rename_account(c, q, p.name, e));
	if (p.always && !a.always_second)
		TRY(always_turn_on(c, q, e));
	return answer_own(c, q, e);
}

/* --- listing --- */

static enum acsr_result add_to_list(void *list, const struct user *u, struct acsr_err *e)
{
	return json_array_append_new(list, user_json(u)) == 0 ? ACSR_OK : err_nomem(e);
}

/* Which account's users? *which is NULL for all of them; only the operator may look beyond their own. */
static enum acsr_result choose_account(
	const struct request *q, char account[80], const char **which, struct acsr_err *e)
{
	char all[8];

	snprintf(account, 80, "%s", q->who.account_id);
	*which = account;
	if (request_query(q, "all", all, sizeof(all)) && strcmp(all, "1") == 0) {
		*which = NULL;
	} else if (!request_query(q, "account", account, 80) || strcmp(account, q->who.account_id) == 0) {
		return ACSR_OK;
	}
	return q->who.role == USER_ADMIN
		       ? ACSR_OK
		       : err_set(e, "auth.forbidden", "only the operator sees the users of other accounts");
}

enum acsr_result user_list(struct core *c, struct request *q, struct acsr_err *e)
{
	char account[80];
	const char *which;
	json_t *list;

	TRY(choose_account(q, account, &which, e));
	list = json_array();
	(void)request_answer(q, 200, json_pack("{s:o}", "users", list));
	return users_each(c->db, which, add_to_list, list, e);
}

/* --- inviting --- */

static enum acsr_result check_pace(
	struct core *c, const struct request *q, const char *email, struct acsr_err *e)
{
	char bucket[300];
	bool ok;

	snprintf(bucket, sizeof(bucket), "invite:%s", q->who.account_id);
	TRY(throttle_allow(c, bucket, INVITATIONS_AN_HOUR, &ok, e));
	if (!ok)
		return err_set(e, "limit.invitations", "too many invitations in an hour, try later");
	snprintf(bucket, sizeof(bucket), "mail:%s", email);
	TRY(throttle_allow(c, bucket, MAILS_AN_HOUR, &ok, e));
	return ok ? ACSR_OK
		  : err_set(e, "limit.invitations",
			    "this address was written to often enough for now, try later");
}

/* Somebody who was invited to this account before and never came may be invited again, with another role. */
static enum acsr_result find_or_add(struct core *c, const struct request *q, const char *email,
	const char *role, struct user *u, struct acsr_err *e)
{
	bool have;

	TRY(users_by_email(c->db, email, u, &have, e));
	if (have && (u->password[0] != '\0' || strcmp(u->account_id, q->who.account_id) != 0))
		return err_rule(e, "object.exists", "email", NULL,
			"this address cannot be invited: somebody uses it already");
	if (have) {
		TRY(users_set_role(c->db, u->id, role, e));
		TRY(mail_tokens_drop(c->db, "invite", email, e));
	} else {
		*u = (struct user){ .created_at = c->now };
		rnd_id("usr_", u->id, sizeof(u->id));
		memcpy(u->account_id, q->who.account_id, sizeof(u->account_id));
		snprintf(u->email, sizeof(u->email), "%s", email);
		snprintf(u->role, sizeof(u->role), "%s", role);
		TRY(users_add(c->db, u, e));
	}
	return users_by_email(c->db, email, u, &have, e);
}

static enum acsr_result send_invitation(
	struct core *c, const struct request *q, const struct user *u, struct acsr_err *e)
{
	char url[LINK_URL];
	struct mail_value values[] = { { "link", url }, { "account", u->account_name },
		{ "by", q->who.email }, { 0 } };

	TRY(link_make(c, "invite", u->email, u->id, NULL, INVITE_LIFETIME, url, e));
	TRY(mail_queue(c, "invite", u->email, NULL, values, e));
	wipe(url, sizeof(url));
	return ACSR_OK;
}

/* Whoever gets such a role sees codes and can invite others: a session that somebody has stolen is not enough. */
static bool is_high(const char *role)
{
	return user_role_of(role) >= USER_OWNER;
}

/* What user_invite is given, and read once more when the proof has come. */
struct inviting {
	const char *email, *role;
	struct proof proof;
};

static enum acsr_result read_inviting(
	struct request *q, struct inviting *in, char email[256], struct acsr_err *e)
{
	const struct field fields[] = { { "email", FIELD_TEXT, true, &in->email, 254 },
		{ "role", FIELD_TEXT, true, &in->role, 15 }, PROOF_FIELDS(in->proof), { 0 } };

	TRY(request_fields(q, fields, e));
	TRY(email_normalise(in->email, email, e));
	return user_role_check(&q->who, in->role, e);
}

static enum acsr_result invite_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct inviting in = { 0 };
	char email[256];
	struct user u;

	(void)user_id;
	TRY(read_inviting(q, &in, email, e));
	TRY(check_pace(c, q, email, e));
	TRY(find_or_add(c, q, email, in.role, &u, e));
	TRY(send_invitation(c, q, &u, e));
	TRY(core_audit(c, q->who.email, u.account_id, "user.invited", u.id, e, "%s as %s", u.email, u.role));
	return request_answer(q, 201, user_json(&u));
}

enum acsr_result user_invite(struct core *c, struct request *q, struct acsr_err *e)
{
	struct inviting in = { 0 };
	char email[256];

	TRY(read_inviting(q, &in, email, e));
	if (!mail_possible(c))
		return err_set(e, "mail.off", "this service sends no mail, so nobody can be invited");
	if (is_high(in.role))
		return proof_check(c, q, &in.proof, "to invite an owner", invite_checked, e);
	return invite_checked(c, q, q->who.user_id, e);
}

/* --- changing --- */

/* The user that the path names, if the asker may see and change them. */
static enum acsr_result load(struct core *c, const struct request *q, struct user *u, struct acsr_err *e)
{
	bool have;

	TRY(users_by_id(c->db, q->param[0], u, &have, e));
	if (!have || (strcmp(u->account_id, q->who.account_id) != 0 && q->who.role != USER_ADMIN))
		return err_set(e, "object.absent", "there is no such user");
	if (user_role_of(u->role) > q->who.role)
		return err_set(e, "auth.forbidden", "your role does not permit to change this user");
	return ACSR_OK;
}

/* Somebody must be left who can manage the account, and somebody who can run the service. */
static enum acsr_result refuse_last(struct core *c, const struct user *u, struct acsr_err *e)
{
	int64_t n;

	if (user_role_of(u->role) < USER_OWNER || u->disabled || u->password[0] == '\0')
		return ACSR_OK;
	TRY(users_count_role(c->db, u->account_id, u->role, &n, e));
	if (n <= 1)
		return err_set(e, "state.last-owner",
			"this is the last %s of the account; give somebody else the role first", u->role);
	return ACSR_OK;
}

static enum acsr_result change_role(
	struct core *c, const struct request *q, const struct user *u, const char *role, struct acsr_err *e)
{
	if (role == NULL || strcmp(role, u->role) == 0)
		return ACSR_OK;
	TRY(user_role_check(&q->who, role, e));
	if (user_role_of(role) == USER_ADMIN && strcmp(u->account_id, q->who.account_id) != 0)
		return err_set(e, "auth.forbidden", "administrators belong to the operator's own account");
	TRY(refuse_last(c, u, e));
	TRY(users_set_role(c->db, u->id, role, e));
	TRY(sessions_end_all(c->db, u->id, NULL, e));
	return core_audit(c, q->who.email, u->account_id, "user.role", u->id, e, "%s: %s, was %s", u->email,
		role, u->role);
}

static enum acsr_result change_disabled(
	struct core *c, const struct request *q, const struct user *u, bool disabled, struct acsr_err *e)
{
	if (disabled == u->disabled)
		return ACSR_OK;
	if (disabled)
		TRY(refuse_last(c, u, e));
	TRY(users_set_disabled(c->db, u->id, disabled, e));
	TRY(sessions_end_all(c->db, u->id, NULL, e));
	return core_audit(c, q->who.email, u->account_id, disabled ? "user.disabled" : "user.enabled", u->id,
		e, "%s", u->email);
}

/* What user_change is given, and read once more when the proof has come. */
struct user_patch {
	const char *role;
	bool disabled;
	struct proof proof;
};

static enum acsr_result read_user_patch(
	struct core *c, struct request *q, struct user *u, struct user_patch *p, struct acsr_err *e)
{
	const struct field fields[] = { { "role", FIELD_TEXT, false, &p->role, 15 },
		{ "disabled", FIELD_BOOL, false, &p->disabled, 0 }, PROOF_FIELDS(p->proof), { 0 } };

	TRY(load(c, q, u, e));
	p->disabled = u->disabled;
	return request_fields(q, fields, e);
}

static enum acsr_result user_change_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct user_patch p = { 0 };
	struct user u;
	bool have;

	(void)user_id;
	TRY(read_user_patch(c, q, &u, &p, e));
	TRY(change_role(c, q, &u, p.role, e));
	TRY(users_by_id(c->db, u.id, &u, &have, e));
	TRY(change_disabled(c, q, &u, p.disabled, e));
	TRY(users_by_id(c->db, u.id, &u, &have, e));
	return request_answer(q, 200, user_json(&u));
}

/* Does somebody become an owner by this, or a disabled one come back? */
static bool raises(const struct user *u, const struct user_patch *p)
{
	const char *role = p->role != NULL ? p->role : u->role;

	return is_high(role) && (strcmp(role, u->role) != 0 || (u->disabled && !p->disabled));
}

enum acsr_result user_change(struct core *c, struct request *q, struct acsr_err *e)
{
	struct user_patch p = { 0 };
	struct user u;

	TRY(read_user_patch(c, q, &u, &p, e));
	if (p.role != NULL)
		TRY(user_role_check(&q->who, p.role, e));
	if (raises(&u, &p))
		return proof_check(c, q, &p.proof, "to make somebody an owner", user_change_checked, e);
	return user_change_checked(c, q, q->who.user_id, e);
}

enum acsr_result user_delete(struct core *c, struct request *q, struct acsr_err *e)
{
	struct user u;

	TRY(load(c, q, &u, e));
	TRY(refuse_last(c, &u, e));
	TRY(users_delete(c->db, u.id, e));
	TRY(core_audit(c, q->who.email, u.account_id, "user.deleted", u.id, e, "%s", u.email));
	return request_answer(q, 204, NULL);
}

/* --- a lost second factor --- */

static enum acsr_result second_gone(struct core *c, struct request *q, const char *by, struct acsr_err *e)
{
	const struct mail_value values[] = { { "by", q->who.email }, { 0 } };
	struct user u;

	(void)by;
	TRY(load(c, q, &u, e));
	TRY(second_factor_clear(c->db, u.id, e));
	TRY(passkeys_delete_all(c->db, u.id, e));
	TRY(recovery_clear(c->db, u.id, e));
	TRY(sessions_end_all(c->db, u.id, NULL, e));
	TRY(core_audit(c, q->who.email, u.account_id, "user.second-factor-removed", u.id, e, "%s", u.email));
	if (strchr(u.email, '.') != NULL)
		TRY(mail_queue(c, "second-factor-removed", u.email, NULL, values, e));
	return request_answer(q, 204, NULL);
}

/* For somebody who has lost phone, passkeys and recovery codes: who manages the account vouches for them. */
enum acsr_result user_second_remove(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { PROOF_FIELDS(p), { 0 } };
	struct user u;

	TRY(request_fields(q, fields, e));
	TRY(load(c, q, &u, e));
	if (strcmp(u.id, q->who.user_id) == 0)
		return err_set(e, "state.own-second-factor",
			"your own second factor is switched off under \"Password and second factor\"");
	return proof_check(c, q, &p, "to remove somebody's second factor", second_gone, e);
}
