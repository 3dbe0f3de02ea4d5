/* Adding, naming and removing passkeys; logging in with one; fresh recovery codes. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "core/device.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "core/mail.h"
#include "core/passkey.h"
#include "core/proof.h"
#include "core/second.h"
#include "core/throttle.h"
#include "store/accounts.h"
#include "store/second_factor.h"

enum { NAME_CHARACTERS = 64, LOGINS_AN_HOUR = 600 };

static json_t *passkey_json(const struct passkey *p)
{
	return json_pack("{s:s, s:s, s:o, s:o}", "id", p->id, "name", p->name, "created_at",
		json_time(p->created_at), "last_used_at", json_time(p->last_used_at));
}

static enum acsr_result self(struct core *c, const struct request *q, struct user *u, struct acsr_err *e)
{
	bool have;

	TRY(users_by_id(c->db, q->who.user_id, u, &have, e));
	return have && !u->disabled ? ACSR_OK : err_set(e, "auth.required", "this user is gone");
}

/* --- looking --- */

static enum acsr_result add_to_list(void *list, const struct passkey *p, struct acsr_err *e)
{
	return json_array_append_new(list, passkey_json(p)) == 0 ? ACSR_OK : err_nomem(e);
}

/* Passkeys, what they belong to, and how many recovery codes are left. */
enum acsr_result passkey_list(struct core *c, struct request *q, struct acsr_err *e)
{
	struct passkey_site site = { 0 };
	struct acsr_err why = { 0 };
	bool possible = passkey_site(c, &site, &why) == ACSR_OK;
	json_t *list = json_array();
	int64_t left;

	TRY(recovery_left(c->db, q->who.user_id, &left, e));
	(void)request_answer(q, 200,
		json_pack("{s:o, s:b, s:o, s:o, s:o, s:I}", "passkeys", list, "possible", (int)possible,
			"origin", json_text_or_null(site.origin), "rp_id", json_text_or_null(site.host),
			"why", json_text_or_null(why.text), "recovery_codes_left", (json_int_t)left));
	return passkeys_each(c->db, q->who.user_id, add_to_list, list, e);
}

/* --- adding --- */

static enum acsr_result give_options(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	json_t *options;

	TRY(passkey_creation_options(c, user_id, q->who.email, &options, e));
	return request_answer(q, 200, json_pack("{s:o}", "public_key", options));
}

enum acsr_result passkey_options(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { PROOF_FIELDS(p), { 0 } };
	struct user u;

	TRY(request_fields(q, fields, e));
	TRY(self(c, q, &u, e));
	if (u.passkeys >= PASSKEYS_A_USER)
		return err_set(e, "limit.passkeys",
			"there are %d passkeys already; remove one that you do not use", PASSKEYS_A_USER);
	return proof_check(c, q, &p, "to add a passkey", give_options, e);
}

static enum acsr_result tell(
	struct core *c, const struct user *u, const char *what, const char *name, struct acsr_err *e)
{
	const struct mail_value values[] = { { "name", name }, { 0 } };

	return strchr(u->email, '.') != NULL ? mail_queue(c, what, u->email, NULL, values, e) : ACSR_OK;
}

/* The first second factor of all brings recovery codes: a lost authenticator must not lock its owner out, and the
 * command line cannot ask a passkey. */
static enum acsr_result answer_added(
	struct core *c, struct request *q, const struct user *u, const struct passkey *p, struct acsr_err *e)
{
	json_t *answer = passkey_json(p), *codes;

	(void)request_answer(q, 201, answer);
	if (proof_has_second(u))
		return ACSR_OK;
	TRY(second_new_recovery(c, u->id, &codes, e));
	return json_object_set_new(answer, "recovery_codes", codes) == 0 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result add(struct core *c, struct request *q, const struct user *u, const char *name,
	const struct passkey_answer *a, const struct passkey_credential *made, struct acsr_err *e)
{
	struct passkey p = { .key_len = made->key_len,
		.algorithm = made->algorithm,
		.sign_count = made->count,
		.created_at = c->now,
		.credential_len = made->id.len };

	rnd_id("pk_", p.id, sizeof(p.id));
	memcpy(p.credential, made->id.p, made->id.len);
	memcpy(p.key, made->key, made->key_len);
	snprintf(p.user_id, sizeof(p.user_id), "%s", u->id);
	snprintf(p.name, sizeof(p.name), "%s", name);
	snprintf(p.transports, sizeof(p.transports), "%s", a->transports);
	if (passkeys_add(c->db, &p, e) != ACSR_OK) {
		if (err_is(e, "object.exists"))
			(void)err_set(e, "object.exists", "this passkey is registered already");
		return ACSR_FAIL;
	}
	TRY(core_audit(c, u->email, u->account_id, "passkey.added", p.id, e, "%s", name));
	TRY(tell(c, u, "passkey-added", name, e));
	return answer_added(c, q, u, &p, e);
}

static enum acsr_result name_check(const char *name, struct acsr_err *e)
{
	TRY(title_check("name", name, e));
	return text_characters(name) <= NAME_CHARACTERS
		       ? ACSR_OK
		       : err_rule(e, "request.field.length", "name", NULL,
				 "name is longer than %d characters", NAME_CHARACTERS);
}

/* The answer to passkey_options. A refusal of the answer is an answer of ours, so that its challenge stays used
 * up. */
static enum acsr_result judge_new(struct core *c, struct request *q, const struct user *u,
	const json_t *response, struct passkey_answer *a, struct passkey_credential *made, bool *good,
	struct acsr_err *e)
{
	struct passkey_site site;
	struct acsr_err why = { 0 };
	uint8_t challenge[32];

	TRY(passkey_site(c, &site, e));
	*good = passkey_read_registration(response, a, &why) == ACSR_OK &&
		passkey_check_client(&a->client, "webauthn.create", &site, challenge, &why) == ACSR_OK;
	if (*good)
		TRY(passkey_take_challenge(c, challenge, PASSKEY_REGISTER, u->id, good, &why, e));
	*good = *good && passkey_check_registration(a, &site, made, &why) == ACSR_OK;
	if (*good)
		return ACSR_OK;
	snprintf(why.field, sizeof(why.field), "response");
	request_problem(q, &why);
	return proof_audit_wrong(c, u->email, u->account_id, "passkey.refused", u->id, e, "%s", why.id);
}

enum acsr_result passkey_add(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *name = NULL;
	json_t *response = NULL;
	const struct field fields[] = { { "name", FIELD_TEXT, true, &name, 260 },
		{ "response", FIELD_OBJECT, true, &response, 0 }, { 0 } };
	CLEANUP_ANSWER struct passkey_answer a = { 0 };
	struct passkey_credential made;
	struct user u;
	bool good;

	TRY(request_fields(q, fields, e));
	TRY(name_check(name, e));
	TRY(self(c, q, &u, e));
	if (u.passkeys >= PASSKEYS_A_USER)
		return err_set(e, "limit.passkeys", "there are %d passkeys already", PASSKEYS_A_USER);
	TRY(judge_new(c, q, &u, response, &a, &made, &good, e));
	return good ? add(c, q, &u, name, &a, &made, e) : ACSR_OK;
}

/* --- naming and removing --- */

static enum acsr_result own(struct core *c, const struct request *q, struct passkey *p, struct acsr_err *e)
{
	bool have;

	TRY(passkeys_find(c->db, q->param[0], q->who.user_id, p, &have, e));
	return have ? ACSR_OK : err_set(e, "object.absent", "there is no such passkey");
}

static enum acsr_result rename_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	const char *name = json_string_value(json_object_get(q->body, "name"));
	struct passkey p;

	(void)user_id;
	TRY(own(c, q, &p, e));
	TRY(passkeys_rename(c->db, p.id, name, e));
	snprintf(p.name, sizeof(p.name), "%s", name);
	TRY(core_audit(c, q->who.email, q->who.account_id, "passkey.renamed", p.id, e, "%s", name));
	return request_answer(q, 200, passkey_json(&p));
}

enum acsr_result passkey_rename(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *name = NULL;
	struct proof p = { 0 };
	const struct field fields[] = { { "name", FIELD_TEXT, true, &name, 260 }, PROOF_FIELDS(p), { 0 } };
	struct passkey mine;

	TRY(request_fields(q, fields, e));
	TRY(name_check(name, e));
	TRY(own(c, q, &mine, e));
	return proof_check(c, q, &p, "to rename a passkey", rename_checked, e);
}

static enum acsr_result remove_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	struct passkey p;
	struct user u;

	(void)user_id;
	TRY(own(c, q, &p, e));
	TRY(self(c, q, &u, e));
	u.passkeys--;
	TRY(second_may_lose(c, &u, e));
	TRY(passkeys_delete(c->db, p.id, e));
	if (!proof_has_second(&u))
		TRY(recovery_clear(c->db, u.id, e));
	TRY(core_audit(c, u.email, u.account_id, "passkey.removed", p.id, e, "%s", p.name));
	TRY(tell(c, &u, "passkey-removed", p.name, e));
	return request_answer(q, 204, NULL);
}

enum acsr_result passkey_remove(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { PROOF_FIELDS(p), { 0 } };
	struct passkey mine;

	TRY(request_fields(q, fields, e));
	TRY(own(c, q, &mine, e));
	return proof_check(c, q, &p, "to remove a passkey", remove_checked, e);
}

/* --- using --- */

/* A question for a proof in another call, by somebody who is logged in. */
enum acsr_result passkey_challenge(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct field none[] = { { 0 } };
	json_t *options;
	struct user u;

	TRY(request_fields(q, none, e));
	TRY(self(c, q, &u, e));
	if (u.passkeys == 0)
		return err_set(e, "state.passkey", "you have no passkey; add one first");
	TRY(passkey_request_options(c, PASSKEY_AGAIN, u.id, &options, e));
	return request_answer(q, 200, json_pack("{s:o}", "public_key", options));
}

/* Both halves of a login leave rows behind (a challenge; an audit entry of what failed), and anybody may ask. */
static enum acsr_result check_pace(
	struct core *c, const struct request *q, const char *half, struct acsr_err *e)
{
	char network[64], bucket[96];
	bool ok;

	throttle_network(q->m.remote, network);
	snprintf(bucket, sizeof(bucket), "passkey-%s:%s", half, network);
	/* Strangers in the same network do not keep out who has been here before. */
	TRY(device_is_known(c, q, &ok, e));
	if (!ok)
		TRY(throttle_allow(c, bucket, LOGINS_AN_HOUR, &ok, e));
	return ok ? ACSR_OK
		  : err_set(e, "limit.passkeys",
			    "too many logins from your network in this hour, try later or use the password");
}

enum acsr_result session_passkey_options(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct field none[] = { { 0 } };
	json_t *options;

	TRY(request_fields(q, none, e));
	TRY(check_pace(c, q, "question", e));
	TRY(passkey_request_options(c, PASSKEY_LOGIN, "", &options, e));
	return request_answer(q, 200, json_pack("{s:o}", "public_key", options));
}

enum acsr_result session_passkey(struct core *c, struct request *q, struct acsr_err *e)
{
	static const struct passkey_wanted wanted = { .purposes = PASSKEY_LOGIN, .verified = true };
	json_t *response = NULL;
	const struct field fields[] = { { "response", FIELD_OBJECT, true, &response, 0 }, { 0 } };
	struct passkey used = { 0 };
	struct acsr_err why = { 0 };
	struct user u = { 0 };
	bool right, have = false;

	TRY(request_fields(q, fields, e));
	TRY(check_pace(c, q, "answer", e));
	TRY(passkey_check(c, response, &wanted, &used, &right, &why, e));
	if (used.user_id[0] != '\0')
		TRY(users_by_id(c->db, used.user_id, &u, &have, e));
	if (right && (!have || u.disabled)) {
		right = false;
		(void)err_rule(&why, "auth.passkey", "passkey", "passkey.disabled",
			"this user cannot log in now; ask the owner of the account");
	}
	snprintf(why.field, sizeof(why.field), "response");
	if (!right)
		return proof_wrong(c, q, u.email, u.account_id, u.id, &why, e);
	return proof_right(c, q, u.id, true, session_begin, e);
}

/* --- recovery codes --- */

static enum acsr_result renew_checked(
	struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	json_t *codes;

	TRY(second_new_recovery(c, user_id, &codes, e));
	(void)request_answer(q, 200, json_pack("{s:o}", "recovery_codes", codes));
	return core_audit(c, q->who.email, q->who.account_id, "recovery.renewed", user_id, e, "%s", "");
}

enum acsr_result recovery_renew(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { PROOF_FIELDS(p), { 0 } };
	struct user u;

	TRY(request_fields(q, fields, e));
	TRY(self(c, q, &u, e));
	if (!proof_has_second(&u))
		return err_set(e, "state.second-factor",
			"recovery codes stand in for a second factor, and none is set up");
	return proof_check(c, q, &p, "to get new recovery codes", renew_checked, e);
}
