/* API tokens: "acsr_" and 256 random bits, of which only the hash is kept. They can do what their user can.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "core/handlers.h"
#include "core/identity.h"
#include "core/jsontext.h"
#include "store/tokens.h"

#define PREFIX "acsr_"

enum { TOKENS_A_USER = 100, NOTED_EVERY = 60 };

static enum acsr_result find(
	struct core *c, const struct acsr_secret *bearer, struct token *t, bool *have, struct acsr_err *e)
{
	uint8_t hash[32];

	TRY(credential_hash(acsr_secret_bytes(bearer), acsr_secret_len(bearer), hash, e));
	TRY(tokens_by_hash(c->db, hash, t, have, e));
	*have = *have && (t->expires_at == 0 || t->expires_at > c->now);
	return ACSR_OK;
}

enum acsr_result who_by_token(
	struct core *c, const struct acsr_secret *bearer, struct who *w, struct acsr_err *e)
{
	struct token t;
	struct user u;
	bool have;

	TRY(find(c, bearer, &t, &have, e));
	if (have)
		TRY(users_by_id(c->db, t.user_id, &u, &have, e));
	if (!have || u.disabled)
		return err_set(e, "auth.required", "this API token is not known, was revoked or has expired");
	*w = (struct who){ .kind = WHO_TOKEN, .role = user_role_of(u.role), .read_only = t.read_only };
	memcpy(w->user_id, u.id, sizeof(w->user_id));
	memcpy(w->account_id, u.account_id, sizeof(w->account_id));
	memcpy(w->email, u.email, sizeof(w->email));
	memcpy(w->token, t.name, sizeof(w->token));
	if (c->now - t.last_used_at >= NOTED_EVERY)
		TRY(tokens_used(c->db, t.id, c->now, e));
	return ACSR_OK;
}

static json_t *token_json(const struct token *t)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "id", t->id, "name", t->name, "created_at",
		json_time(t->created_at), "expires_at", json_time(t->expires_at), "last_used_at",
		json_time(t->last_used_at), "read_only", (int)t->read_only);
}

static enum acsr_result add_to_list(void *list, const struct token *t, struct acsr_err *e)
{
	return json_array_append_new(list, token_json(t)) == 0 ? ACSR_OK : err_nomem(e);
}

/* Owners see the tokens of the whole account, others their own. */
static bool sees_all(const struct request *q)
{
	return q->who.role >= USER_OWNER;
}

enum acsr_result token_list(struct core *c, struct request *q, struct acsr_err *e)
{
	json_t *list = json_array();

	(void)request_answer(q, 200, json_pack("{s:o}", "tokens", list));
	return tokens_each(
		c->db, q->who.account_id, sees_all(q) ? NULL : q->who.user_id, add_to_list, list, e);
}

static enum acsr_result read_expiry(
	struct core *c, const struct request *q, const char *text, int64_t *at, struct acsr_err *e)
{
	struct token own = { 0 };
	bool have = false;

	*at = 0;
	if (text != NULL && clock_parse_rfc3339(text, at, NULL) != ACSR_OK)
		return err_rule(e, "request.field.time", "expires_at", NULL,
			"expires_at is a time such as 2026-11-23T08:15:00Z");
	if (text != NULL && *at <= c->now)
		return err_rule(e, "request.field.time", "expires_at", NULL, "expires_at is in the past");
	/* A token that ends must not be able to make itself last. */
	if (q->who.kind == WHO_TOKEN && q->m.bearer != NULL)
		TRY(find(c, q->m.bearer, &own, &have, e));
	if (have && own.expires_at != 0 && (*at == 0 || *at > own.expires_at))
		*at = own.expires_at;
	return ACSR_OK;
}

static enum acsr_result check_room(struct core *c, const struct request *q, struct acsr_err *e)
{
	int64_t n;

	TRY(tokens_count(c->db, q->who.user_id, &n, e));
	if (n >= TOKENS_A_USER)
		return err_set(
			e, "state.tokens", "you have %d tokens, the most that there can be", TOKENS_A_USER);
	return ACSR_OK;
}

static enum acsr_result store(struct core *c, struct request *q, struct token *t, struct acsr_err *e)
{
	char text[CREDENTIAL_TEXT];
	json_t *answer;

	rnd_id("tok_", t->id, sizeof(t->id));
	TRY(credential_new(PREFIX, text, t->hash, e));
	TRY(tokens_add(c->db, t, e));
	answer = token_json(t);
	json_object_set_new(answer, "token", json_string(text));
	wipe(text, sizeof(text));
	(void)request_answer(q, 201, answer);
	return core_audit(c, q->who.email, t->account_id, "token.made", t->id, e, "%s%s", t->name,
		t->read_only ? " (may only read)" : "");
}

enum acsr_result token_make(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *name = NULL, *expires = NULL;
	struct token t = { .created_at = c->now };
	const struct field fields[] = { { "name", FIELD_TEXT, true, &name, 512 },
		{ "expires_at", FIELD_TEXT, false, &expires, 40 },
		{ "read_only", FIELD_BOOL, false, &t.read_only, 0 }, { 0 } };

	TRY(request_fields(q, fields, e));
	TRY(title_check("name", name, e));
	TRY(read_expiry(c, q, expires, &t.expires_at, e));
	TRY(check_room(c, q, e));
	snprintf(t.name, sizeof(t.name), "%s", name);
	memcpy(t.user_id, q->who.user_id, sizeof(t.user_id));
	memcpy(t.account_id, q->who.account_id, sizeof(t.account_id));
	return store(c, q, &t, e);
}

enum acsr_result token_delete(struct core *c, struct request *q, struct acsr_err *e)
{
	struct token t;
	bool have;

	TRY(tokens_by_id(c->db, q->param[0], &t, &have, e));
	if (!have || strcmp(t.account_id, q->who.account_id) != 0 ||
		(!sees_all(q) && strcmp(t.user_id, q->who.user_id) != 0))
		return err_set(e, "object.absent", "there is no such token");
	TRY(tokens_delete(c->db, t.id, e));
	TRY(core_audit(c, q->who.email, t.account_id, "token.deleted", t.id, e, "%s", t.name));
	return request_answer(q, 204, NULL);
}
