/* Issuers over REST: ours are shown, other people's CAs are added, changed and removed. */
#include <stdio.h>
#include <string.h>

#include "core/handlers.h"
#include "core/issuers.h"
#include "core/jsontext.h"
#include "core/statement.h"
#include "core/upstream/issuer.h"
#include "store/upstream.h"

/* --- showing --- */

static enum acsr_result ours_json(struct core *c, const struct issuer *is, json_t **out, struct acsr_err *e)
{
	bool public = strcmp(conf_str(&c->proc->conf, "ca.kind"), "public") == 0, have;
	struct statement s;

	TRY(statements_current(c->db, is->name, &s, &have, e));
	*out = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:o, s:s, s:b}", "name", is->name, "kind",
		"private", "title", is->name, "public", public, "active", (int)is->can_sign, "root",
		strcmp(is->kind, "root") == 0, "can_sign", (int)is->can_sign, "not_after",
		json_time(is->not_after), "sha256", is->sha256, "autocsr", !public || have);
	return *out != NULL ? ACSR_OK : err_nomem(e);
}

static enum acsr_result append_ours(struct core *c, json_t *list, struct acsr_err *e)
{
	for (size_t i = 0; issuers_at(c->issuers, i) != NULL; i++) {
		const struct issuer *is = issuers_at(c->issuers, i);
		json_t *j;

		if (strcmp(is->kind, "root") == 0)
			continue;
		TRY(ours_json(c, is, &j, e));
		json_array_append_new(list, j);
	}
	return ACSR_OK;
}

enum acsr_result issuer_list(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	json_t *list = json_array();
	bool have;

	request_answer(q, 200, json_pack("{s:o}", "issuers", list));
	TRY(append_ours(c, list, e));
	TRY(upstream_issuer_list(c->db, &rows, e));
	for (;;) {
		CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
		json_t *j;

		TRY(db_next(rows, &have, e));
		if (!have)
			return ACSR_OK;
		TRY(upstream_issuer_load(c->db, db_text(rows, 0), &is, e));
		TRY(issuer_json(c, &is, &j, e));
		json_array_append_new(list, j);
	}
}

static enum acsr_result answer(
	struct core *c, struct request *q, const char *name, unsigned status, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	json_t *j;

	TRY(upstream_issuer_load(c->db, name, &is, e));
	TRY(issuer_json(c, &is, &j, e));
	return request_answer(q, status, j);
}

enum acsr_result issuer_show(struct core *c, struct request *q, struct acsr_err *e)
{
	const struct issuer *ours = issuers_find(c->issuers, q->param[0]);
	json_t *j;

	if (ours == NULL)
		return answer(c, q, q->param[0], 200, e);
	TRY(ours_json(c, ours, &j, e));
	return request_answer(q, 200, j);
}

/* --- changing --- */

static enum acsr_result load_other(
	struct core *c, const struct request *q, struct upstream_issuer *is, struct acsr_err *e)
{
	if (issuers_find(c->issuers, q->param[0]) != NULL)
		return err_set(e, "state.issuer-own",
			"%s is this service's own CA: its settings are in the section [ca] of the "
			"configuration file",
			q->param[0]);
	return upstream_issuer_load(c->db, q->param[0], is, e);
}

enum acsr_result issuer_make(struct core *c, struct request *q, struct acsr_err *e)
{
	/* Public until somebody says otherwise: then no key is made for it by mistake. */
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { .public = true, .active = true };

	TRY(issuer_read(c, q, true, &is, NULL, e));
	TRY(upstream_issuer_save(c->db, &is, e));
	TRY(core_audit(c, q->who.email, q->who.account_id, "issuer.added", is.name, e, "%s, %s%s%s", is.kind,
		is.public ? "public" : "private", is.directory_url[0] != '\0' ? ", " : "", is.directory_url));
	return answer(c, q, is.name, 201, e);
}

/* What decides whether keys of ours may go there, as it was and as it is asked for. */
struct standing {
	bool public, active;
	char url[1001];
};

static struct standing standing_of(const struct upstream_issuer *is)
{
	struct standing s = { .public = is->public, .active = is->active };

	snprintf(s.url, sizeof(s.url), "%s", is->directory_url);
	return s;
}

static void say_change(char *out, size_t cap, const struct standing *was, const struct upstream_issuer *is)
{
	int n = 0;

	out[0] = '\0';
	if (was->public != is->public)
		n = snprintf(out, cap, "; %s is now %s", was->public ? "public" : "private",
			is->public ? "public" : "private");
	if (strcmp(was->url, is->directory_url) != 0)
		snprintf(out + n, cap - (size_t)n, "; directory %.400s is now %.400s",
			*was->url != '\0' ? was->url : "none",
			is->directory_url[0] != '\0' ? is->directory_url : "none");
}

static enum acsr_result change(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	char members[300], values[900];
	struct standing was;

	(void)user_id;
	TRY(load_other(c, q, &is, e));
	was = standing_of(&is);
	TRY(issuer_read(c, q, false, &is, NULL, e));
	TRY(upstream_issuer_save(c->db, &is, e));
	if (is.active && !was.active)
		TRY(upstream_orders_wake(c->db, is.name, c->now, e));
	json_members(q->body, members, sizeof(members));
	say_change(values, sizeof(values), &was, &is);
	TRY(core_audit(
		c, q->who.email, q->who.account_id, "issuer.changed", is.name, e, "%s%s", members, values));
	return answer(c, q, is.name, 200, e);
}

/* A stolen session must not turn the guard of BR 6.1.1.3 off: that a CA is public, and which one it is, changes with a fresh
 * proof only, as a statement is made. */
enum acsr_result issuer_change(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer was = { 0 }, is = { 0 };
	struct proof p = { 0 };

	TRY(load_other(c, q, &was, e));
	TRY(load_other(c, q, &is, e));
	TRY(issuer_read(c, q, false, &is, &p, e));
	if (was.public && (!is.public || strcmp(was.roots, is.roots) != 0 ||
				  strcmp(was.directory_url, is.directory_url) != 0))
		return proof_check(c, q, &p, "to change what a public CA is", change, e);
	return change(c, q, q->who.user_id, e);
}

/* --- removing --- */

static enum acsr_result check_unused(
	struct core *c, const struct upstream_issuer *is, bool forget, struct acsr_err *e)
{
	int64_t products, orders, certificates;

	TRY(upstream_issuer_uses(c->db, is->name, &products, &orders, e));
	TRY(upstream_issuer_certificates(c->db, is->name, c->now, &certificates, e));
	if (products > 0)
		return err_set(e, "state.issuer-used",
			"%lld product%s this issuer; give %s another one first, or switch the issuer off "
			"(active: false)",
			(long long)products, products == 1 ? " names" : "s name",
			products == 1 ? "it" : "them");
	if (orders > 0)
		return err_set(e, "state.issuer-used",
			"%lld order%s under way at this issuer; wait for %s or cancel %s", (long long)orders,
			orders == 1 ? " is" : "s are", orders == 1 ? "it" : "them",
			orders == 1 ? "it" : "them");
	if (certificates > 0)
		return err_set(e, "state.issuer-used",
			"%lld certificate%s of this issuer ha%s not expired, and it must be known where to "
			"revoke "
			"them; switch the issuer off instead (active: false)",
			(long long)certificates, certificates == 1 ? "" : "s",
			certificates == 1 ? "s" : "ve");
	if (strcmp(is->account_status, "valid") == 0 && !forget)
		return err_set(e, "state.issuer-account",
			"the account %s would be forgotten, and with it the right to revoke what it ordered; "
			"deactivate "
			"it first, or say forget_account",
			is->account_url);
	return ACSR_OK;
}

enum acsr_result issuer_remove(struct core *c, struct request *q, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	bool forget = false;
	const struct field fields[] = { { "forget_account", FIELD_BOOL, false, &forget, 0 }, { 0 } };
	struct acsr_err why;

	TRY(request_fields(q, fields, e));
	TRY(load_other(c, q, &is, e));
	TRY(check_unused(c, &is, forget, e));
	if (upstream_issuer_delete(c->db, is.name, &why) != ACSR_OK)
		return err_is(&why, "object.absent") ? err_set(e, "state.issuer-used",
							       "orders of the past know this issuer; switch "
							       "it off instead (active: false)")
						     : (*e = why, ACSR_FAIL);
	TRY(core_audit(c, q->who.email, q->who.account_id, "issuer.removed", is.name, e, "%s", is.title));
	return request_answer(q, 204, NULL);
}
