/* Validation of names: what is to be published, asking the prober, keeping evidence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/rules.h"
#include "base/rnd.h"
#include "core/control.h"
#include "core/jsontext.h"
#include "core/order.h"
#include "core/upstream/offline.h"
#include "core/upstream/upstream.h"
#include "store/jobs.h"

enum { LONGEST_PAUSE = 3600, OWN_PAUSE = 2, OWN_LONGEST_PAUSE = 600 };

static const char vouched_evidence[] = "{\"method\":\"preauthorised\"}";

/* --- our own ways --- */

enum acsr_result validate_way(
	const struct acsr_method **out, const char *method, bool wildcard, int64_t t, struct acsr_err *e)
{
	/* As the table of rules calls them: BR 3.2.2.4.18 and 3.2.2.4.7. */
	const char *id = strcmp(method, "http") == 0 ? "file" : strcmp(method, "dns") == 0 ? "dns-txt" : NULL;

	if (id == NULL)
		return err_rule(e, "validation.method", "method", NULL,
			"\"%.15s\" is not offered for this order: method is \"http\" or \"dns\"", method);
	return acsr_method_at(out, id, t, wildcard, e);
}

static int64_t life_of(const struct acsr_method *way, int64_t t)
{
	int64_t life = acsr_rule_value("dv.reuse.max", t, 200 * 86400);

	return way->reuse_max != 0 && way->reuse_max < life ? way->reuse_max : life;
}

bool validate_is_vouched(const struct validation *v)
{
	return v->evidence != NULL && strcmp(v->evidence, vouched_evidence) == 0;
}

/* --- rows --- */

static enum acsr_result reuse(struct core *c, const struct order *o, struct validation *v, struct acsr_err *e)
{
	int64_t life = acsr_rule_value("dv.reuse.max", c->now, 200 * 86400), at = 0;
	CLEANUP_STR char *text = NULL;
	const struct acsr_method *way;
	struct acsr_err no;
	char method[16];
	bool have;

	TRY(evidence_find(
		c->db, o->account_id, v->name, v->wildcard, c->now - life, &have, method, &text, &at, e));
	/* A way that is not permitted any more, or never was, proves nothing. */
	if (!have || validate_way(&way, method, v->wildcard, c->now, &no) != ACSR_OK)
		return ACSR_OK;
	life = life_of(way, c->now);
	if (at <= c->now - life)
		return ACSR_OK;
	memcpy(v->method, method, sizeof(method));
	v->evidence = text;
	text = NULL;
	/* CAA is asked anew each time, so it is pending until that is done. */
	v->proved_at = at;
	v->valid_until = at + life;
	return ACSR_OK;
}

/* The operator's word takes the place of a proof; CAA is asked all the same. */
static enum acsr_result vouch(struct core *c, struct validation *v, struct acsr_err *e)
{
	v->proved_at = c->now;
	return str_dup(&v->evidence, vouched_evidence, e);
}

static enum acsr_result prepare_one(struct core *c, const struct order *o, const struct product *p,
	const char *name, bool left, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { .created_at = c->now, .next_check_at = c->now };
	const char *host;
	bool vouched = false;

	rnd_id("val_", v.id, sizeof(v.id));
	rnd_base32(v.token, 26);
	rnd_base32(v.value, 32);
	snprintf(v.order_id, sizeof(v.order_id), "%s", o->id);
	snprintf(v.name, sizeof(v.name), "%s", name);
	v.wildcard = name[0] == '*';
	host = v.wildcard ? name + 2 : name;
	snprintf(v.method, sizeof(v.method), "%s", v.wildcard ? "dns" : o->method);
	if (p->preauthorised)
		TRY(preauthorised_has(c->db, o->account_id, host, &vouched, e));
	snprintf(v.state, sizeof(v.state), "pending");
	TRY(str_printf(&v.account_uri, e, "%s/accounts/%s", conf_str(&c->proc->conf, "server.public_url"),
		o->account_id));
	if (left)
		snprintf(v.state, sizeof(v.state), VALIDATION_BY_CA);
	else if (vouched)
		TRY(vouch(c, &v, e));
	else
		TRY(reuse(c, o, &v, e));
	return validation_insert(c->db, &v, e);
}

/* What is to be published is known when the CA has said so. */
static enum acsr_result prepare_upstream(
	struct core *c, const struct order *o, const char *name, struct acsr_err *e)
{
	struct validation v = { .created_at = c->now, .wildcard = name[0] == '*' };

	rnd_id("val_", v.id, sizeof(v.id));
	snprintf(v.order_id, sizeof(v.order_id), "%s", o->id);
	snprintf(v.name, sizeof(v.name), "%s", name);
	snprintf(v.method, sizeof(v.method), "%s", v.wildcard ? "dns" : o->method);
	snprintf(v.state, sizeof(v.state), "pending");
	return validation_insert(c->db, &v, e);
}

/* The round keeps to the issuer that the product names now. */
static enum acsr_result choose_issuer(
	struct core *c, struct order *o, const struct product *p, bool *theirs, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	bool fresh = o->issuer[0] == '\0';

	*theirs = false;
	if (fresh && p->issuer[0] == '\0')
		return ACSR_OK;
	if (fresh)
		snprintf(o->issuer, sizeof(o->issuer), "%s", p->issuer);
	TRY(upstream_of(c, o, &i, theirs, e));
	if (!*theirs && fresh)
		o->issuer[0] = '\0';
	if (*theirs && fresh)
		TRY(order_save(c->db, o, c->now, e));
	*theirs = *theirs && strcmp(i.kind, "acme") == 0;
	return ACSR_OK;
}

enum acsr_result validate_prepare(
	struct core *c, struct order *o, const struct product *p, struct acsr_err *e)
{
	CLEANUP_STRV struct strv names = { 0 };
	bool theirs, offline, left;

	TRY(order_names_list(o, &names, e));
	TRY(choose_issuer(c, o, p, &theirs, e));
	TRY(offline_validation(c, o, &offline, &left, e));
	for (size_t i = 0; theirs && i < names.n; i++)
		TRY(prepare_upstream(c, o, names.v[i], e));
	if (theirs)
		return ACSR_OK;
	for (size_t i = 0; i < names.n; i++)
		TRY(prepare_one(c, o, p, names.v[i], left, e));
	return ACSR_OK;
}

/* --- the outcome of a check --- */

static enum acsr_result set_error(struct validation *v, const char *id, const char *text, struct acsr_err *e)
{
	free(v->error);
	v->error = NULL;
	if (*id == '\0')
		return str_dup(&v->error, "", e);
	return json_text(json_pack("{s:s,s:s}", "id", id, "text", text), &v->error, e);
}

static bool over(struct core *c, const struct validation *v)
{
	return c->now - v->created_at > conf_span(&c->proc->conf, "validation.give_up") ||
	       c->now - v->created_at > conf_span(&c->proc->conf, "orders.validation_lifetime");
}

enum acsr_result validate_not_yet(
	struct core *c, struct order *o, struct validation *v, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t tries, first = conf_span(&c->proc->conf, "validation.first_retry");
	bool ours = err_is(why, "busy.");

	TRY(jobs_attempts(c->db, "validate", v->id, &tries, e));
	v->checked_at = ours ? v->checked_at : c->now;
	v->attempts += !ours;
	v->next_check_at = c->now + (ours ? jobs_pause(OWN_PAUSE, OWN_LONGEST_PAUSE, tries)
					  : jobs_pause(first, LONGEST_PAUSE, v->attempts - 1));
	TRY(set_error(v, why->id, why->text, e));
	if (over(c, v)) {
		snprintf(v->state, sizeof(v->state), "failed");
		TRY(validation_save(c->db, v, e));
		TRY(jobs_done(c->db, "validate", v->id, e));
		return order_fail(c, o, why->text, e);
	}
	TRY(validation_save(c->db, v, e));
	TRY(jobs_again(c->db, "validate", v->id, v->next_check_at, why->text, e));
	return order_wait(c, o, v->next_check_at, e, "%s: %s", v->name, why->text);
}

static enum acsr_result passed(struct core *c, struct order *o, struct validation *v, struct acsr_err *e)
{
	v->caa_at = c->now;
	v->checked_at = c->now;
	v->next_check_at = 0;
	snprintf(v->state, sizeof(v->state), "%s", validate_is_vouched(v) ? "preauthorised" : "valid");
	TRY(set_error(v, "", "", e));
	TRY(validation_save(c->db, v, e));
	TRY(jobs_done(c->db, "validate", v->id, e));
	TRY(core_audit(c, "system", o->account_id, "name.validated", o->id, e, "%s by %s", v->name,
		strcmp(v->state, "valid") == 0 ? v->method : "the operator's word"));
	/* What was waited for may have been this name. */
	if (o->waiting_reason != NULL && str_starts(o->waiting_reason, v->name))
		TRY(order_wait(c, o, 0, e, "%s", ""));
	return order_advance(c, o, "system", e);
}

/* --- asking --- */

static const char *host_of(const struct validation *v)
{
	return v->wildcard ? v->name + 2 : v->name;
}

/* Portal orders prove control by ways of their own, which RFC 8657 4 wants to be called "ca-" something. */
static const char *caa_label(const struct order *o, const struct validation *v)
{
	if (strcmp(o->method, "acme") == 0)
		return v->method;
	if (strcmp(v->method, "http") == 0)
		return "ca-website";
	return strcmp(v->method, "dns") == 0 ? "ca-dns" : "";
}

enum acsr_result validate_ask_caa(struct core *c, const struct order *o, const struct validation *v,
	const struct call *like, struct acsr_err *e)
{
	struct control_caa k = { .name = host_of(v),
		.wildcard = v->wildcard,
		.account_uri = v->account_uri != NULL ? v->account_uri : "",
		.method = caa_label(o, v) };

	return control_ask_caa(c, &k, like, e);
}

static enum acsr_result ask_proof(
	struct core *c, struct order *o, struct validation *v, const struct call *like, struct acsr_err *e)
{
	const struct acsr_method *way;
	struct acsr_err no;
	struct control k = { .name = host_of(v),
		.wildcard = v->wildcard,
		.method = v->method,
		.value = v->value,
		.account_uri = v->account_uri != NULL ? v->account_uri : "" };
	CLEANUP_STR char *where = NULL;

	if (validate_way(&way, v->method, v->wildcard, c->now, &no) != ACSR_OK)
		return validate_not_yet(c, o, v, &no, e);
	TRY(strcmp(v->method, "http") == 0
			? str_printf(&where, e, "/.well-known/pki-validation/%s.txt", v->token)
			: str_printf(&where, e, "_autocsr.%s", k.name));
	k.where = where;
	return control_ask(c, &k, like, e);
}

static enum acsr_result load_pair(struct core *c, const char *id, struct validation *v, struct order *o,
	bool *wanted, struct acsr_err *e)
{
	*wanted = false;
	/* A cancelled or reissued order has let go of its validations. */
	if (validation_load(c->db, id, v, e) != ACSR_OK)
		return err_is(e, "object.absent") ? jobs_done(c->db, "validate", id, e) : ACSR_FAIL;
	TRY(order_load(c->db, v->order_id, NULL, o, e));
	*wanted = strcmp(v->state, "pending") == 0 && strcmp(o->state, "validating") == 0;
	return *wanted ? ACSR_OK : jobs_done(c->db, "validate", id, e);
}

static enum acsr_result on_caa(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	struct acsr_err no;
	bool wanted;

	TRY(load_pair(c, call->object, &v, &o, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	/* Another method was chosen meanwhile: it has to prove itself. */
	if (v.proved_at == 0 || strcmp(v.method, call->detail) != 0)
		return validate_job(c, v.id, 0, e);
	if (control_verdict(c, m, why, NULL, &no) != ACSR_OK)
		return validate_not_yet(c, &o, &v, &no, e);
	return passed(c, &o, &v, e);
}

/* CAA of a name is for the CA that certifies it to judge: an offline one does that itself (RFC 8659 3). */
static enum acsr_result ask_caa_of(struct core *c, struct order *o, struct validation *v, struct acsr_err *e)
{
	struct call like = { .fn = on_caa };
	bool offline, left;

	TRY(offline_validation(c, o, &offline, &left, e));
	if (offline)
		return passed(c, o, v, e);
	snprintf(like.object, sizeof(like.object), "%s", v->id);
	snprintf(like.detail, sizeof(like.detail), "%s", v->method);
	return validate_ask_caa(c, o, v, &like, e);
}

static enum acsr_result on_proof(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_STR char *evidence = NULL;
	const struct acsr_method *way;
	struct acsr_err no;
	bool wanted;

	TRY(load_pair(c, call->object, &v, &o, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	if (control_verdict(c, m, why, &evidence, &no) != ACSR_OK ||
		validate_way(&way, call->detail, v.wildcard, c->now, &no) != ACSR_OK)
		return validate_not_yet(c, &o, &v, &no, e);
	/* The customer may have chosen the other method while this one was being looked at. */
	snprintf(v.method, sizeof(v.method), "%.15s", call->detail);
	free(v.evidence);
	v.evidence = evidence;
	evidence = NULL;
	v.proved_at = c->now;
	v.valid_until = c->now + life_of(way, c->now);
	TRY(validation_save(c->db, &v, e));
	TRY(evidence_put(c->db, o.account_id, &v, e));
	return ask_caa_of(c, &o, &v, e);
}

enum acsr_result validate_job(struct core *c, const char *validation_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_VALIDATION struct validation v = { 0 };
	CLEANUP_ORDER struct order o = { 0 };
	struct call like = { .fn = on_proof };
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	bool wanted, theirs;

	(void)attempts;
	TRY(load_pair(c, validation_id, &v, &o, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	TRY(upstream_of(c, &o, &is, &theirs, e));
	if (theirs && strcmp(is.kind, "acme") == 0)
		return upstream_prove(c, &o, &v, e);
	if (v.proved_at != 0 && (v.valid_until == 0 || v.valid_until > c->now))
		return ask_caa_of(c, &o, &v, e);
	snprintf(like.object, sizeof(like.object), "%s", v.id);
	snprintf(like.detail, sizeof(like.detail), "%s", v.method);
	return ask_proof(c, &o, &v, &like, e);
}
