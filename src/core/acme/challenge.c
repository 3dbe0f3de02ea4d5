/*
 * Challenges (RFC 8555 7.5.1, 8): what a client is told, its word that it is ready, and the look that is taken.
 *
 * A look is proof and CAA, asked at once; CAA counts when the proof is good. It is a job, so it goes on after a crash, from
 * the proof when that was had already. What may pass is looked at again a few times (8.2); the client meanwhile sees
 * "processing" and the last error.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/acme/acme_int.h"
#include "core/acme/look.h"
#include "core/acme/orders.h"
#include "core/acme/proof.h"
#include "core/acme/wait.h"
#include "core/control.h"
#include "core/jsontext.h"
#include "store/jobs.h"

enum { LOOK_SECONDS = 150, FIRST_PAUSE = 2, LONGEST_PAUSE = 60 };
/* Our own trouble: the pauses grow, and this many tries take about an hour. */
enum { OWN_LONGEST_PAUSE = 600, OWN_TRIES = 13 };

/* --- showing --- */

static const char *status_of(const struct core *c, const struct acme_authz *z, const char *type)
{
	const char *is = acme_authz_status(z->status, z->expires_at, c->now);

	if (strcmp(z->type, type) != 0)
		return strcmp(is, "pending") == 0 || strcmp(is, "valid") == 0 ? "pending" : "invalid";
	if (strcmp(is, "pending") == 0)
		return "processing";
	/* What was given up or has expired had been shown all the same. */
	return z->proved_at != 0 && strcmp(is, "invalid") != 0 ? "valid" : "invalid";
}

static enum acsr_result put_persist(
	struct core *c, const struct acme_request *a, json_t *o, struct acsr_err *e)
{
	char uri[700];

	(void)e;
	acme_account_uri(c, a->dir.name, a->account.id, uri);
	json_object_set_new(o, "accounturi", json_string(uri));
	json_object_set_new(
		o, "issuer-domain-names", json_pack("[s]", conf_str(&c->proc->conf, "ca.caa_identity")));
	return ACSR_OK;
}

enum acsr_result acme_challenge_json(struct core *c, const struct acme_request *a, const struct acme_authz *z,
	const char *type, json_t **out, struct acsr_err *e)
{
	bool mine = strcmp(z->type, type) == 0;
	char url[760];
	json_t *o;

	snprintf(url, sizeof(url), "%s/chall/%s.%s", a->base, z->id, type);
	o = json_pack("{s:s,s:s,s:s}", "type", type, "url", url, "status", status_of(c, z, type));
	if (strcmp(type, "dns-persist-01") == 0) {
		if (put_persist(c, a, o, e) != ACSR_OK) {
			json_decref(o);
			return ACSR_FAIL;
		}
	} else {
		json_object_set_new(o, "token", json_string(z->token));
	}
	if (mine && z->proved_at != 0 && strcmp(z->status, "pending") != 0 &&
		strcmp(z->status, "invalid") != 0)
		json_object_set_new(o, "validated", json_time(z->proved_at));
	if (mine && z->error != NULL && *z->error != '\0')
		json_object_set_new(o, "error", json_loads(z->error, 0, NULL));
	*out = o;
	return ACSR_OK;
}

/* --- the outcome --- */

static enum acsr_result load_owner(
	struct core *c, const struct acme_authz *z, struct acme_account *owner, struct acsr_err *e)
{
	bool have;

	TRY(acme_account_load(c->db, z->acme_account_id, owner, &have, e));
	return have ? ACSR_OK : err_set(e, "object.absent", "the authorization's account is gone");
}

/* How long a proof by this challenge is used again: the rules say how long it may be, the operator may want less. */
static int64_t reuse_of(struct core *c, const struct acme_authz *z)
{
	int64_t life = acme_proof_life_of(c, z);
	int64_t wanted = conf_span(&c->proc->conf, "acme.authorization_reuse");

	return wanted < life ? wanted : life;
}

static enum acsr_result set_error(struct acme_authz *z, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	TRY(json_text(acme_problem(why, z->name), &text, e));
	free(z->error);
	z->error = text;
	text = NULL;
	return ACSR_OK;
}

static bool is_ours(const struct acsr_err *why)
{
	return err_is(why, "busy.") || err_is(why, "sys.");
}

static enum acsr_result failed(
	struct core *c, struct acme_authz *z, const struct acsr_err *why, struct acsr_err *e)
{
	struct acme_account owner;

	snprintf(z->status, sizeof(z->status), "invalid");
	TRY(set_error(z, why, e));
	TRY(acme_authz_save(c->db, z, e));
	TRY(acme_orders_fail(c->db, z->id, e));
	TRY(load_owner(c, z, &owner, e));
	if (!is_ours(why))
		TRY(acme_limit_failed(c, &owner, z, e));
	acme_decided(c, z->id);
	TRY(jobs_done(c->db, "acme-challenge", z->id, e));
	return core_audit(c, owner.id, owner.account_id, "acme.name.refused", z->id, e, "%s%s by %s: %s",
		z->wildcard ? "*." : "", z->name, z->type, why->text);
}

/* Our own trouble does not count as the client's; what the records say for good is not asked again. */
static enum acsr_result not_yet(
	struct core *c, struct acme_authz *z, const struct acsr_err *why, struct acsr_err *e)
{
	int64_t most = (int64_t)conf_count(&c->proc->conf, "acme.challenge_tries");
	bool ours = is_ours(why);
	int64_t tries, pause;

	TRY(jobs_attempts(c->db, "acme-challenge", z->id, &tries, e));
	pause = ours ? jobs_pause(FIRST_PAUSE, OWN_LONGEST_PAUSE, tries)
		     : jobs_pause(FIRST_PAUSE, LONGEST_PAUSE, z->attempts);
	z->attempts += !ours;
	if (z->expires_at <= c->now ||
		(ours ? tries >= OWN_TRIES : z->attempts >= most || err_is(why, "caa.forbidden")))
		return failed(c, z, why, e);
	TRY(set_error(z, why, e));
	TRY(acme_authz_save(c->db, z, e));
	acme_decided(c, z->id);
	return jobs_again(c->db, "acme-challenge", z->id, c->now + pause, why->text, e);
}

static enum acsr_result passed(struct core *c, struct acme_authz *z, int64_t caa_at, struct acsr_err *e)
{
	struct acme_account owner;

	free(z->error);
	z->error = NULL;
	TRY(str_dup(&z->error, "", e));
	snprintf(z->status, sizeof(z->status), "valid");
	z->caa_at = caa_at;
	z->expires_at = z->proved_at + reuse_of(c, z);
	/* Even who wants no reuse needs it for the order that it was made for. */
	if (z->expires_at < c->now + 3600)
		z->expires_at = c->now + 3600;
	TRY(acme_authz_save(c->db, z, e));
	acme_decided(c, z->id);
	TRY(jobs_done(c->db, "acme-challenge", z->id, e));
	TRY(load_owner(c, z, &owner, e));
	return core_audit(c, owner.id, owner.account_id, "acme.name.validated", z->id, e, "%s%s by %s",
		z->wildcard ? "*." : "", z->name, z->type);
}

/* --- looking --- */

/* *wanted is false when nobody waits for it any more. */
static enum acsr_result load(
	struct core *c, const char *id, struct acme_authz *z, bool *wanted, struct acsr_err *e)
{
	*wanted = false;
	if (acme_authz_load(c->db, id, "", z, e) != ACSR_OK)
		return err_is(e, "object.absent") ? jobs_done(c->db, "acme-challenge", id, e) : ACSR_FAIL;
	*wanted = strcmp(z->status, "pending") == 0 && z->type[0] != '\0';
	return *wanted ? ACSR_OK : jobs_done(c->db, "acme-challenge", id, e);
}

static enum acsr_result ask_caa(
	struct core *c, const struct acme_authz *z, struct call *like, struct acsr_err *e)
{
	struct control_caa k = { .name = z->name, .wildcard = z->wildcard };
	struct acme_account owner;
	char uri[700];

	TRY(load_owner(c, z, &owner, e));
	acme_account_uri(c, owner.directory, owner.id, uri);
	k.account_uri = uri;
	k.method = acme_proof_method(z->type);
	return control_ask_caa(c, &k, like, e);
}

/* The proof had been there before. */
static enum acsr_result on_caa(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };
	struct acsr_err no;
	bool wanted;

	TRY(load(c, call->object, &z, &wanted, e));
	if (!wanted)
		return ACSR_OK;
	if (control_verdict(c, m, why, NULL, &no) != ACSR_OK)
		return not_yet(c, &z, &no, e);
	return passed(c, &z, c->now, e);
}

static enum acsr_result both_came(
	struct core *c, struct acme_authz *z, const struct acme_look *l, struct acsr_err *e)
{
	return l->caa_forbids ? not_yet(c, z, &l->caa_why, e) : passed(c, z, l->caa_at, e);
}

/* What was stored of the proof may have been undone; then the job looks anew. */
static enum acsr_result after_proof(
	struct core *c, const char *id, const struct acme_look *l, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };
	bool wanted;

	TRY(load(c, id, &z, &wanted, e));
	return wanted && z.proved_at == l->proved_at ? both_came(c, &z, l, e) : ACSR_OK;
}

/* Kept until the proof is there, and forgotten with one that is not good. */
static enum acsr_result on_caa_too(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct acme_look *l = acme_look_find(c, call->detail);
	enum acsr_result r;

	if (l == NULL)
		return ACSR_OK;
	l->caa_forbids = control_verdict(c, m, why, NULL, &l->caa_why) != ACSR_OK;
	l->caa_at = c->now;
	r = l->proved_at != 0 ? after_proof(c, call->object, l, e) : ACSR_OK;
	acme_look_done(c, l);
	return r;
}

static enum acsr_result proof_came(struct core *c, struct acme_authz *z, struct acme_look *l,
	const struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	CLEANUP_STR char *evidence = NULL;
	struct acsr_err no;

	if (control_verdict(c, m, why, &evidence, &no) != ACSR_OK)
		return not_yet(c, z, &no, e);
	free(z->evidence);
	z->evidence = evidence;
	evidence = NULL;
	z->proved_at = c->now;
	if (l->caa_at != 0)
		return both_came(c, z, l, e);
	l->proved_at = c->now;
	return acme_authz_save(c->db, z, e);
}

static enum acsr_result on_proof(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	struct acme_look *l = acme_look_find(c, call->detail);
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };
	enum acsr_result r;
	bool wanted = false;

	if (l == NULL)
		return ACSR_OK;
	r = load(c, call->object, &z, &wanted, e);
	if (r == ACSR_OK && wanted)
		r = proof_came(c, &z, l, m, why, e);
	acme_look_done(c, l);
	return r;
}

static enum acsr_result look(struct core *c, const struct acme_authz *z, struct acsr_err *e)
{
	struct call proof = { .fn = on_proof }, caa = { .fn = on_caa };
	struct acme_account owner;
	struct acme_look *l;

	snprintf(caa.object, sizeof(caa.object), "%s", z->id);
	if (z->proved_at != 0 && z->proved_at > c->now - acme_proof_life_of(c, z))
		return ask_caa(c, z, &caa, e);
	TRY(load_owner(c, z, &owner, e));
	TRY(acme_look_begin(c, &l, e));
	snprintf(proof.object, sizeof(proof.object), "%s", z->id);
	snprintf(proof.detail, sizeof(proof.detail), "%s", l->number);
	snprintf(caa.detail, sizeof(caa.detail), "%s", l->number);
	caa.fn = on_caa_too;
	TRY(acme_proof_ask(c, z, &owner, &proof, e));
	return ask_caa(c, z, &caa, e);
}

enum acsr_result acme_challenge_job(
	struct core *c, const char *authz_id, int64_t attempts, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };
	bool wanted;

	(void)attempts;
	TRY(load(c, authz_id, &z, &wanted, e));
	return wanted ? look(c, &z, e) : ACSR_OK;
}

/* --- the client's word --- */

static enum acsr_result begin(struct core *c, struct acme_authz *z, const char *type, struct acsr_err *e)
{
	const char *is = acme_authz_status(z->status, z->expires_at, c->now);

	if (strcmp(is, "pending") != 0)
		return ACSR_OK; /* decided: the client sees how */
	if (z->type[0] != '\0' && strcmp(z->type, type) != 0)
		return err_rule(e, "acme.order.status", NULL, "RFC 8555 7.5.1",
			"another challenge of this authorization, %s, is being looked at", z->type);
	if (z->type[0] != '\0') /* again (8.2): look now, not after the pause */
		return z->attempts > 0 ? core_want_job(c, "acme-challenge", z->id, c->now, e) : ACSR_OK;
	snprintf(z->type, sizeof(z->type), "%s", type);
	TRY(acme_authz_save(c->db, z, e));
	TRY(jobs_begin(c->db, "acme-challenge", z->id, c->now, LOOK_SECONDS, e));
	return look(c, z, e);
}

/* May a look at it begin now, though it could when the authorization was made? */
static enum acsr_result may_begin(struct core *c, struct acme_request *a, const struct acme_authz *z,
	const char *type, struct acsr_err *e)
{
	if (z->type[0] != '\0' || strcmp(acme_authz_status(z->status, z->expires_at, c->now), "pending") != 0)
		return ACSR_OK;
	if (!word_is_in(a->dir.challenges, type))
		return err_rule(e, "acme.order.status", NULL, "RFC 8555 7.5.1",
			"this directory does not offer %s any more; order anew", type);
	return acme_limit_name(c, a, z->name, e);
}

static enum acsr_result absent(struct acsr_err *e)
{
	return err_set(e, "object.absent", "this account has no such challenge");
}

/* "AUTHZ.TYPE" */
static enum acsr_result find(
	struct core *c, struct acme_request *a, struct acme_authz *z, const char **type, struct acsr_err *e)
{
	CLEANUP_STRV struct strv types = { 0 };
	char *dot = strchr(a->param[0], '.');

	if (dot == NULL)
		return absent(e);
	*dot = '\0';
	*type = dot + 1;
	if (acme_authz_load(c->db, a->param[0], a->account.id, z, e) != ACSR_OK)
		return err_is(e, "object.absent") ? absent(e) : ACSR_FAIL;
	TRY(acme_names_split(z->types, &types, e));
	return strv_has(&types, *type) ? ACSR_OK : absent(e);
}

/* The first look is under way, or one that the client has asked for. */
static bool is_looked_at(const struct core *c, const struct acme_authz *z)
{
	return z->type[0] != '\0' && z->attempts == 0 &&
	       strcmp(acme_authz_status(z->status, z->expires_at, c->now), "pending") == 0;
}

static enum acsr_result show(struct core *c, struct acme_request *a, const struct acme_authz *z,
	const char *type, struct acsr_err *e)
{
	json_t *o;

	TRY(acme_challenge_json(c, a, z, type, &o, e));
	(void)request_answer(a->q, 200, o);
	if (strcmp(z->status, "pending") == 0 && z->type[0] != '\0')
		TRY(request_header(a->q, e, "Retry-After: 1"));
	return request_header(a->q, e, "Link: <%s/authz/%s>;rel=\"up\"", a->base, z->id);
}

static enum acsr_result show_decided(
	struct core *c, struct acme_request *a, const char *id, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };

	TRY(acme_authz_load(c->db, id, a->account.id, &z, e));
	return show(c, a, &z, a->param[0] + strlen(a->param[0]) + 1, e); /* as find() has split it */
}

enum acsr_result acme_challenge(struct core *c, struct acme_request *a, struct acsr_err *e)
{
	CLEANUP_ACME_AUTHZ struct acme_authz z = { 0 };
	const char *type = "";
	bool held = false;

	TRY(find(c, a, &z, &type, e));
	if (a->payload != NULL) {
		TRY(may_begin(c, a, &z, type, e));
		TRY(begin(c, &z, type, e));
	}
	if (a->payload != NULL && is_looked_at(c, &z))
		TRY(acme_wait(c, a, z.id, show_decided, &held, e));
	return held ? ACSR_OK : show(c, a, &z, type, e);
}
