/* Noting what a receipt will tell of. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/issue.h"
#include "core/jsontext.h"
#include "core/receipt.h"
#include "core/statement.h"
#include "core/throttle.h"
#include "core/upstream/issuer.h"
#include "store/audit.h"

/* The entry that was added last: within a transaction nobody else adds one. */
static enum acsr_result last_entry(struct core *c, int64_t *seq, struct acsr_err *e)
{
	return audit_size(c->db, seq, e);
}

static enum acsr_result authorise(struct core *c, const struct order *o, const struct product *p,
	const char *request_id, const struct request *q, struct acsr_err *e)
{
	const struct issuer *is = issue_choose_issuer(c, p->issuer);
	const char *kind = q->who.kind == WHO_TOKEN ? "token" : "session";
	CLEANUP_STR char *text = NULL;
	struct statement s = { 0 };
	char network[64];
	bool have, public;

	TRY(issuer_is_public(c, p->issuer, &public, e));
	throttle_network(q->m.remote, network);
	TRY(statement_for(c, p->issuer, &s, &have, e));
	TRY(json_text(json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "by", q->who.email, "kind",
			      kind, "token", q->who.token, "at", (json_int_t)c->now, "network", network,
			      "wording", AUTHORISED_WORDING, "issuer", is != NULL ? is->name : p->issuer,
			      "issuer_kind", public ? "public" : "private", "statement", have ? s.id : ""),
		&text, e));
	TRY(receipt_facts_authorised(c->db, request_id, text, e));
	return core_audit(c, q->who.email, o->account_id, "key.authorised", o->id, e,
		"by %s%s%s, from %s, wording %s", kind, *q->who.token != '\0' ? " " : "", q->who.token,
		network, AUTHORISED_WORDING);
}

enum acsr_result receipt_authorised(struct core *c, const struct order *o, const struct product *p,
	const char *request_id, const char *before, const struct request *q, struct acsr_err *e)
{
	CLEANUP_STR char *said = NULL;

	if (q != NULL)
		return authorise(c, o, p, request_id, q, e);
	TRY(receipt_facts_authorisation(c->db, before, &said, e));
	return receipt_facts_authorised(c->db, request_id, said, e);
}

enum acsr_result receipt_key_made(struct core *c, const char *request_id, struct acsr_err *e)
{
	int64_t seq;

	TRY(last_entry(c, &seq, e));
	return receipt_facts_made(c->db, request_id, c->now, seq, e);
}

enum acsr_result receipt_handed_over(struct core *c, const char *request_id, struct acsr_err *e)
{
	int64_t seq;

	TRY(last_entry(c, &seq, e));
	TRY(receipt_facts_handed_over(c->db, request_id, c->now, seq, e));
	return core_want_job(c, "receipt", request_id, c->now, e);
}

enum acsr_result receipt_code_destroyed(struct core *c, const char *request_id, struct acsr_err *e)
{
	int64_t seq;

	TRY(last_entry(c, &seq, e));
	TRY(receipt_facts_destroyed(c->db, request_id, seq, e));
	return core_want_job(c, "receipt", request_id, c->now, e);
}

json_t *receipt_authorised_json(const char *stored)
{
	json_t *a = *stored != '\0' ? json_loads(stored, 0, NULL) : NULL;
	const char *token = json_string_value(json_object_get(a, "token"));
	json_t *out = json_null();

	if (a != NULL)
		out = json_pack("{s:O?, s:O?, s:o, s:o, s:O?, s:O?, s:s}", "by", json_object_get(a, "by"),
			"kind", json_object_get(a, "kind"), "token", json_text_or_null(token), "at",
			json_time(json_integer_value(json_object_get(a, "at"))), "network",
			json_object_get(a, "network"), "wording", json_object_get(a, "wording"), "text",
			AUTHORISED_TEXT);
	json_decref(a);
	return out;
}
