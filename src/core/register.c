/* New accounts: asked for by anybody, made when the link in the mail comes back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rnd.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/mail.h"
#include "core/password.h"
#include "core/throttle.h"
#include "store/accounts.h"

enum { CONFIRM_LIFETIME = 24 * 3600, MAILS_AN_HOUR = 5, REGISTRATIONS_AN_HOUR = 600 };

struct registration {
	char email[256], account_name[520], encoded[200];
};

static enum acsr_result send_confirm(struct core *c, const struct registration *r, struct acsr_err *e)
{
	char url[LINK_URL];
	struct mail_value values[] = { { "link", url }, { "account", r->account_name }, { 0 } };

	TRY(link_make(c, "confirm", r->email, NULL,
		json_pack("{s:s, s:s}", "password", r->encoded, "account_name", r->account_name),
		CONFIRM_LIFETIME, url, e));
	TRY(mail_queue(c, "confirm", r->email, NULL, values, e));
	wipe(url, sizeof(url));
	return ACSR_OK;
}

/* Runs after the answer has left, so that its time does not tell whether the address is known. */
static enum acsr_result send_mail(struct core *c, void *arg, struct acsr_err *e)
{
	const struct registration *r = arg;
	static const struct mail_value none[] = { { 0 } };
	char bucket[300];
	struct user u;
	bool have, ok;

	snprintf(bucket, sizeof(bucket), "mail:%s", r->email);
	TRY(throttle_allow(c, bucket, MAILS_AN_HOUR, &ok, e));
	if (!ok)
		return ACSR_OK;
	TRY(users_by_email(c->db, r->email, &u, &have, e));
	return have ? mail_queue(c, "known-address", r->email, NULL, none, e) : send_confirm(c, r, e);
}

static enum acsr_result read_registration(struct request *q, const char **email, const char **password,
	const char **account_name, struct acsr_err *e)
{
	const struct field fields[] = { { "email", FIELD_TEXT, true, email, 254 },
		{ "password", FIELD_TEXT, true, password, 1000 },
		{ "account_name", FIELD_TEXT, true, account_name, 512 }, { 0 } };

	return request_fields(q, fields, e);
}

static enum acsr_result hashed(struct core *c, struct request *q, const char *encoded, struct acsr_err *e)
{
	const char *email, *password, *account_name;
	struct registration *r;

	TRY(read_registration(q, &email, &password, &account_name, e));
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_nomem(e);
	snprintf(r->encoded, sizeof(r->encoded), "%s", encoded);
	snprintf(r->account_name, sizeof(r->account_name), "%s", account_name);
	if (email_normalise(email, r->email, e) != ACSR_OK) {
		free(r);
		return ACSR_FAIL;
	}
	core_step(c, NULL, send_mail, r, free);
	return request_answer(q, 202, json_object());
}

static enum acsr_result check_open(struct core *c, const struct request *q, struct acsr_err *e)
{
	char network[64], bucket[100];
	bool ok;

	if (strcmp(conf_str(&c->proc->conf, "accounts.registration"), "open") != 0)
		return err_set(e, "policy.registration",
			"accounts are made by the operator here; ask them to invite you");
	if (!mail_possible(c))
		return err_set(e, "mail.off", "this service sends no mail, so nobody can register");
	throttle_network(q->m.remote, network);
	snprintf(bucket, sizeof(bucket), "register:%s", network);
	TRY(throttle_allow(c, bucket, REGISTRATIONS_AN_HOUR, &ok, e));
	if (!ok)
		return err_set(
			e, "limit.registrations", "too many registrations from your network, try later");
	return ACSR_OK;
}

enum acsr_result register_start(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *given, *password, *account_name;
	char email[256];

	TRY(read_registration(q, &given, &password, &account_name, e));
	TRY(email_normalise(given, email, e));
	TRY(password_acceptable(password, email, "password", e));
	TRY(title_check("account_name", account_name, e));
	TRY(check_open(c, q, e));
	return password_hash(c, q, password, hashed, e);
}

/* --- the link has come back --- */

static enum acsr_result make_account(
	struct core *c, const struct mail_token *link, json_t *data, struct user *u, struct acsr_err *e)
{
	struct account a = { .created_at = c->now };

	*u = (struct user){ .created_at = c->now };
	rnd_id("acc_", a.id, sizeof(a.id));
	rnd_id("usr_", u->id, sizeof(u->id));
	snprintf(a.name, sizeof(a.name), "%s", json_string_value(json_object_get(data, "account_name")));
	snprintf(a.email, sizeof(a.email), "%s", link->email);
	memcpy(u->account_id, a.id, sizeof(u->account_id));
	memcpy(u->email, link->email, sizeof(u->email));
	snprintf(u->role, sizeof(u->role), "owner");
	snprintf(
		u->password, sizeof(u->password), "%s", json_string_value(json_object_get(data, "password")));
	TRY(accounts_add(c->db, &a, e));
	return users_add(c->db, u, e);
}

static enum acsr_result confirm(
	struct core *c, struct request *q, const struct mail_token *link, json_t *data, struct acsr_err *e)
{
	struct user u;
	bool known;

	TRY(users_by_email(c->db, link->email, &u, &known, e));
	if (known)
		return err_rule(e, "state.link", "token", NULL, "this address is registered already; log in");
	TRY(make_account(c, link, data, &u, e));
	TRY(mail_tokens_drop(c->db, "confirm", link->email, e));
	TRY(throttle_known(c, q, u.id, e));
	TRY(core_audit(c, u.email, u.account_id, "user.registered", u.id, e, "account %s", u.account_id));
	return request_answer(q, 200, json_pack("{s:s}", "email", u.email));
}

enum acsr_result register_confirm(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *token = NULL;
	const struct field fields[] = { { "token", FIELD_TEXT, true, &token, 100 }, { 0 } };
	struct mail_token link;
	enum acsr_result r;
	json_t *data;

	TRY(request_fields(q, fields, e));
	TRY(link_take(c, "confirm", token, &link, e));
	data = json_loads(link.data, JSON_REJECT_DUPLICATES, NULL);
	if (data == NULL || json_object_get(data, "password") == NULL ||
		json_object_get(data, "account_name") == NULL) {
		json_decref(data);
		return err_set(e, "sys.link", "what was stored with the link cannot be read");
	}
	r = confirm(c, q, &link, data, e);
	json_decref(data);
	return r;
}
