/* New passwords by a mailed link: forgotten ones, and those of people who were invited. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/device.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/mail.h"
#include "core/password.h"
#include "core/throttle.h"
#include "store/sessions.h"

enum { RESET_LIFETIME = 3600, MAILS_AN_HOUR = 5 };

/* Runs after the answer has left, so that its time does not tell whether the address is known. */
static enum acsr_result send_link(struct core *c, void *arg, struct acsr_err *e)
{
	const char *email = arg;
	char url[LINK_URL], bucket[300];
	struct mail_value values[] = { { "link", url }, { 0 } };
	struct user u;
	bool have, ok;

	snprintf(bucket, sizeof(bucket), "mail:%s", email);
	TRY(users_by_email(c->db, email, &u, &have, e));
	if (!have || u.disabled)
		return ACSR_OK;
	TRY(throttle_allow(c, bucket, MAILS_AN_HOUR, &ok, e));
	if (!ok)
		return ACSR_OK;
	TRY(link_make(c, "reset", email, u.id, NULL, RESET_LIFETIME, url, e));
	TRY(mail_queue(c, "reset", email, NULL, values, e));
	wipe(url, sizeof(url));
	return core_audit(c, "unknown", u.account_id, "password.reset-asked", u.id, e, "%s", "");
}

enum acsr_result password_reset_start(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *given = NULL;
	const struct field fields[] = { { "email", FIELD_TEXT, true, &given, 254 }, { 0 } };
	char email[256], *copy;

	TRY(request_fields(q, fields, e));
	if (!mail_possible(c))
		return err_set(e, "mail.off", "this service sends no mail, so ask its operator");
	TRY(email_normalise(given, email, e));
	TRY(str_dup(&copy, email, e));
	core_step(c, NULL, send_link, copy, free);
	return request_answer(q, 202, json_object());
}

/* --- the link has come back --- */

static enum acsr_result read_link(
	struct request *q, const char **token, const char **password, struct acsr_err *e)
{
	const struct field fields[] = { { "token", FIELD_TEXT, true, token, 100 },
		{ "password", FIELD_TEXT, true, password, 1000 }, { 0 } };

	return request_fields(q, fields, e);
}

/* Use up the link and set the password of the person that it was sent to. */
static enum acsr_result set_by_link(struct core *c, struct request *q, const char *purpose,
	const char *encoded, struct user *u, struct acsr_err *e)
{
	const char *token, *password;
	struct mail_token link;
	bool have;

	TRY(read_link(q, &token, &password, e));
	TRY(link_take(c, purpose, token, &link, e));
	TRY(users_by_id(c->db, link.user_id, u, &have, e));
	if (!have || u->disabled)
		return err_rule(e, "state.link", "token", NULL, "this link is no longer good");
	TRY(users_set_password(c->db, u->id, encoded, e));
	TRY(sessions_end_all(c->db, u->id, NULL, e));
	TRY(device_forget(c, q, u->id, false, e));
	TRY(mail_tokens_drop(c->db, "reset", u->email, e));
	TRY(mail_tokens_drop(c->db, "invite", u->email, e));
	return throttle_known(c, q, u->id, e);
}

static enum acsr_result reset_hashed(
	struct core *c, struct request *q, const char *encoded, struct acsr_err *e)
{
	struct user u;

	TRY(set_by_link(c, q, "reset", encoded, &u, e));
	TRY(mail_password_changed(c, u.email, e));
	TRY(core_audit(
		c, u.email, u.account_id, "password.reset", u.id, e, "by mailed link, all sessions ended"));
	return request_answer(q, 204, NULL);
}

static enum acsr_result accept_hashed(
	struct core *c, struct request *q, const char *encoded, struct acsr_err *e)
{
	struct user u;

	TRY(set_by_link(c, q, "invite", encoded, &u, e));
	TRY(core_audit(c, u.email, u.account_id, "user.accepted", u.id, e, "as %s", u.role));
	return request_answer(q, 200, json_pack("{s:s}", "email", u.email));
}

static enum acsr_result start(
	struct core *c, struct request *q, const char *purpose, password_hashed_fn *then, struct acsr_err *e)
{
	const char *token, *password;
	struct mail_token link;

	TRY(read_link(q, &token, &password, e));
	TRY(link_look(c, purpose, token, &link, e));
	TRY(password_acceptable(password, link.email, "password", e));
	return password_hash(c, q, password, then, e);
}

enum acsr_result password_reset_confirm(struct core *c, struct request *q, struct acsr_err *e)
{
	return start(c, q, "reset", reset_hashed, e);
}

enum acsr_result user_accept(struct core *c, struct request *q, struct acsr_err *e)
{
	return start(c, q, "invite", accept_hashed, e);
}
