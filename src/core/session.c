/* Sessions: a random cookie, of which only the hash is kept. */
#include <stdio.h>
#include <string.h>

#include "core/device.h"
#include "core/handlers.h"
#include "core/handover_choice.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "core/password.h"
#include "core/throttle.h"
#include "store/sessions.h"

#define COOKIE "__Host-autocsr=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld"

enum { SESSIONS_A_USER = 50, NOTED_EVERY = 60 };

static bool has_ended(const struct core *c, const struct session *s)
{
	return s->expires_at <= c->now ||
	       s->used_at + conf_span(&c->proc->conf, "accounts.session_idle") <= c->now;
}

static enum acsr_result find(
	struct core *c, const struct acsr_secret *cookie, struct session *s, bool *have, struct acsr_err *e)
{
	uint8_t hash[32];

	TRY(credential_hash(acsr_secret_bytes(cookie), acsr_secret_len(cookie), hash, e));
	TRY(sessions_find(c->db, hash, s, have, e));
	*have = *have && !has_ended(c, s);
	return ACSR_OK;
}

enum acsr_result session_is_of(
	struct core *c, const struct acsr_secret *cookie, const char *user_id, bool *yes, struct acsr_err *e)
{
	struct session s;

	TRY(find(c, cookie, &s, yes, e));
	*yes = *yes && strcmp(s.user_id, user_id) == 0;
	return ACSR_OK;
}

enum acsr_result who_by_session(
	struct core *c, const struct acsr_secret *cookie, struct who *w, struct acsr_err *e)
{
	struct session s;
	struct user u;
	bool have;

	TRY(find(c, cookie, &s, &have, e));
	if (have)
		TRY(users_by_id(c->db, s.user_id, &u, &have, e));
	if (!have || u.disabled)
		return err_set(e, "auth.required", "the session has ended, log in again");
	*w = (struct who){ .kind = WHO_SESSION,
		.role = user_role_of(u.role),
		.authenticated_at = s.authenticated_at,
		.second = s.second };
	memcpy(w->user_id, u.id, sizeof(w->user_id));
	memcpy(w->account_id, u.account_id, sizeof(w->account_id));
	memcpy(w->email, u.email, sizeof(w->email));
	memcpy(w->session_hash, s.hash, sizeof(w->session_hash));
	memcpy(w->csrf, s.csrf, sizeof(w->csrf));
	if (c->now - s.used_at >= NOTED_EVERY)
		TRY(sessions_used(c->db, s.hash, c->now, e));
	return ACSR_OK;
}

static enum acsr_result answer(struct core *c, struct request *q, const struct session *s, struct acsr_err *e)
{
	struct user u;
	bool have;

	TRY(users_by_id(c->db, s->user_id, &u, &have, e));
	if (!have)
		return err_set(e, "auth.required", "the session has ended, log in again");
	(void)request_answer(q, 200,
		json_pack("{s:o, s:s, s:o, s:o, s:o}", "user", user_json(&u), "csrf_token", s->csrf,
			"created_at", json_time(s->created_at), "authenticated_at",
			json_time(s->authenticated_at), "expires_at", json_time(s->expires_at)));
	return handover_choice_put_last(c, q->answer, u.id, e);
}

/* A new session each time: an id that somebody planted before is never taken over. */
static enum acsr_result begin(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	int64_t lifetime = conf_span(&c->proc->conf, "accounts.session_lifetime");
	struct session s = { .created_at = c->now,
		.authenticated_at = c->now,
		.used_at = c->now,
		.expires_at = c->now + lifetime,
		.second = q->who.second };
	char cookie[CREDENTIAL_TEXT];
	uint8_t ignored[32];
	enum acsr_result r;

	TRY(credential_new("", s.csrf, ignored, e));
	TRY(credential_new("", cookie, s.hash, e));
	snprintf(s.user_id, sizeof(s.user_id), "%s", user_id);
	r = request_header(q, e, "Set-Cookie: " COOKIE, cookie, (long long)lifetime);
	wipe(cookie, sizeof(cookie));
	TRY(r);
	TRY(device_note(c, q, user_id, e));
	TRY(sessions_add(c->db, &s, e));
	TRY(sessions_keep_newest(c->db, user_id, SESSIONS_A_USER, e));
	TRY(users_logged_in(c->db, user_id, c->now, e));
	return answer(c, q, &s, e);
}

enum acsr_result session_begin(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	char network[64];
	struct user u;
	bool have;

	TRY(users_by_id(c->db, user_id, &u, &have, e));
	throttle_network(q->m.remote, network);
	TRY(begin(c, q, user_id, e));
	return core_audit(c, u.email, u.account_id, "user.login", user_id, e, "from %s", network);
}

enum acsr_result session_login(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *email = NULL;
	struct proof p = { 0 };
	const struct field fields[] = { { "email", FIELD_TEXT, true, &email, 254 },
		{ "password", FIELD_TEXT, true, &p.password, 1000 }, PROOF_FACTORS(p), { 0 } };

	TRY(request_fields(q, fields, e));
	return password_check(c, q, email, &p, session_begin, e);
}

enum acsr_result session_show(struct core *c, struct request *q, struct acsr_err *e)
{
	struct session s;
	bool have = false;

	if (q->who.kind == WHO_SESSION)
		TRY(sessions_find(c->db, q->who.session_hash, &s, &have, e));
	if (!have)
		return err_set(e, "auth.required", "there is no session; log in");
	return answer(c, q, &s, e);
}

enum acsr_result session_logout(struct core *c, struct request *q, struct acsr_err *e)
{
	if (q->who.kind != WHO_SESSION)
		return err_set(e, "auth.required", "there is no session to end");
	TRY(sessions_end(c->db, q->who.session_hash, e));
	TRY(request_header(q, e, "Set-Cookie: " COOKIE, "", 0LL));
	TRY(core_audit(c, q->who.email, q->who.account_id, "user.logout", q->who.user_id, e, "%s", ""));
	return request_answer(q, 204, NULL);
}
