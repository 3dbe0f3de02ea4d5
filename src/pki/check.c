/* The check of a CSR: how rules report, the rules of form, and the key. Names, subject and the requested
 * extensions have files of their own. */
#include "autocsr/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "pki/check_int.h"

static enum acsr_severity severity_of(enum acsr_rule_level level)
{
	return level == ACSR_RULE_FAIL ? ACSR_ERROR : level == ACSR_RULE_WARN ? ACSR_WARN : ACSR_INFO;
}

static enum acsr_result report(const struct check *c, const char *id, const char *field, const char *text,
	const char *source, struct acsr_err *e)
{
	size_t i = check_rule_index(id);
	const struct acsr_check_rule *rule = i != SIZE_MAX ? acsr_check_rule_at(i) : NULL;
	const char *from = source != NULL && *source != '\0' ? source : rule != NULL ? rule->source : "";
	enum acsr_rule_level level = policy_level(c->p, i, c->at, &from);

	if (level == ACSR_RULE_OFF)
		return ACSR_OK;
	return acsr_findings_add(c->all, severity_of(level), id, field, from,
		rule != NULL ? rule->remedy : "make the CSR anew", e, "%s", text);
}

enum acsr_result check_broken(
	const struct check *c, const char *id, const char *field, struct acsr_err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return report(c, id, field, text, NULL, e);
}

enum acsr_result check_holds(
	const struct check *c, const char *id, const char *field, struct acsr_err *e, const char *fmt, ...)
{
	char text[sizeof(e->text)];
	const struct acsr_check_rule *rule;
	va_list ap;

	if (c->broken_only || !check_wants(c, id))
		return ACSR_OK;
	rule = acsr_check_rule_find(id);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return acsr_findings_add(
		c->all, ACSR_PASS, id, field, rule != NULL ? rule->source : "", "", e, "%s", text);
}

enum acsr_result check_found(
	const struct check *c, const struct acsr_err *found, const char *field, struct acsr_err *e)
{
	if (err_is(found, "sys.nomem"))
		return err_nomem(e); /* what could not be judged is no verdict */
	return report(c, found->id, field, found->text, found->source, e);
}

bool check_wants(const struct check *c, const char *id)
{
	return policy_level(c->p, check_rule_index(id), c->at, NULL) != ACSR_RULE_OFF;
}

/* --- form --- */

/* What the reader judged; one pass stands for all of its rules. */
static const struct {
	const char *pass, *rules;
} form[] = {
	{ "csr.too-large", "csr.too-large " },
	{ "csr.der",
		"csr.der csr.der.indefinite csr.der.length csr.der.depth csr.der.integer csr.trailing " },
	{ "csr.version", "csr.version " },
	{ "csr.key", "csr.key " },
	{ "csr.signature", "csr.signature " },
	{ "csr.digest", "csr.digest csr.digest.sha1 " },
	{ "csr.extensions", "csr.extensions.bad csr.extensions.duplicate csr.extensions.several " },
	{ "csr.text", "csr.subject.control csr.subject.type csr.san.control csr.san.ascii csr.san.empty "
		      "csr.san.ip " },
	{ "csr.sans.many", "csr.sans.many " },
};

static bool in_group(const char *rules, const char *id)
{
	const char *at = strstr(rules, id);

	while (at != NULL && (at[strlen(id)] != ' ' || (at > rules && at[-1] != ' ')))
		at = strstr(at + 1, id);
	return at != NULL;
}

/* SHA-1 has a rule of its own, because it ended on a day. */
static const char *form_id(const struct check *c, const char *id)
{
	return strcmp(id, "csr.digest") == 0 && strcmp(c->v->digest, "SHA1") == 0 ? "csr.digest.sha1" : id;
}

static enum acsr_result check_group(
	const struct check *c, const char *pass, const char *rules, struct acsr_err *e)
{
	size_t broken = 0;

	for (size_t i = 0; i < c->v->broken.n; i++) {
		const struct acsr_finding *f = &c->v->broken.v[i];

		if (!in_group(rules, f->id))
			continue;
		TRY(report(c, form_id(c, f->id), f->field, f->text, f->source, e));
		broken++;
	}
	return broken > 0 ? ACSR_OK : check_holds(c, pass, "", e, "%s", acsr_check_rule_find(pass)->title);
}

/* A digest that is weaker than the curve it signs with. */
static enum acsr_result check_digest_fit(const struct check *c, struct acsr_err *e)
{
	static const char *const pairs[][2] = { { "ec:p384", "SHA384" }, { "ec:p521", "SHA512" } };
	const char *name = c->v->key != NULL ? acsr_key_name(c->v->key) : "";

	for (size_t i = 0; i < 2; i++)
		if (strcmp(name, pairs[i][0]) == 0 && strcmp(c->v->digest, pairs[i][1]) < 0 &&
			strcmp(c->v->digest, "SHA256") >= 0)
			return check_broken(c, "csr.digest.fit", "", e, "an %s key that signs with %s", name,
				c->v->digest);
	if (c->v->digest[0] != '\0' && !policy_lists(c->p->digests, c->v->digest, true))
		TRY(check_broken(c, "policy.digest", "", e, "%s is not in the policy's list of digests",
			c->v->digest));
	return check_holds(c, "csr.digest.fit", "", e, "signed with %s", c->v->signature_alg);
}

enum acsr_result check_form(const struct check *c, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++)
		TRY(check_group(c, form[i].pass, form[i].rules, e));
	return check_digest_fit(c, e);
}

/* --- key --- */

/* Too small now, but was it on the day that is asked for? */
static bool was_large_enough(const struct check *c, const char *id)
{
	return strcmp(id, "key.rsa.bits") == 0 &&
	       acsr_key_bits(c->v->key) >= policy_number(&c->p->rsa_bits_min, c->at, 2048);
}

static enum acsr_result take_gate(const struct check *c, const struct acsr_finding *f, struct acsr_err *e)
{
	if (f->severity <= ACSR_INFO && c->broken_only)
		return ACSR_OK;
	if (f->severity == ACSR_PASS)
		return !check_wants(c, f->id) ? ACSR_OK
					      : acsr_findings_add(c->all, ACSR_PASS, f->id, f->field,
							f->source, "", e, "%s", f->text);
	if (was_large_enough(c, f->id))
		return acsr_findings_add(c->all, ACSR_WARN, f->id, f->field, f->source, f->remedy, e,
			"%s, which was allowed then", f->text);
	if (f->severity != ACSR_INFO && acsr_check_rule_find(f->id) != NULL)
		return report(c, f->id, f->field, f->text, f->source, e);
	return acsr_findings_add(
		c->all, f->severity, f->id, f->field, f->source, f->remedy, e, "%s", f->text);
}

static enum acsr_result check_gate(const struct check *c, struct acsr_err *e)
{
	struct acsr_key_policy allow = c->gate != NULL ? *c->gate : (struct acsr_key_policy){ 0 };
	struct acsr_findings gate = { NULL, 0 };
	struct acsr_err found = { 0 };
	enum acsr_result r = ACSR_OK;

	allow.allow_eddsa = allow.allow_pqc = !c->p->public_names;
	allow.broken_only = c->broken_only;
	if (acsr_key_check_public(c->v->key, &allow, &gate, &found) != ACSR_OK &&
		acsr_findings_first_error(&gate) == NULL)
		r = check_found(c, &found, "key", e);
	for (size_t i = 0; i < gate.n && r == ACSR_OK; i++)
		r = take_gate(c, &gate.v[i], e);
	acsr_findings_free(&gate);
	return r;
}

/* "rsa" in the list stands for every size. */
static bool key_type_listed(const struct check *c, const char *name)
{
	const char *colon = strchr(name, ':');
	char family[32];

	if (policy_lists(c->p->key_types, name, true))
		return true;
	snprintf(family, sizeof(family), "%.*s", (int)(colon != NULL ? colon - name : 0), name);
	return policy_lists(c->p->key_types, family, true);
}

static enum acsr_result check_key_policy(const struct check *c, struct acsr_err *e)
{
	const char *name = acsr_key_name(c->v->key);
	int64_t min = policy_number(&c->p->rsa_bits_min, c->at, 0);

	if (!key_type_listed(c, name))
		TRY(check_broken(c, "policy.key-type", "key", e,
			"keys of type %s are not in the policy's list", name));
	if (acsr_key_alg(c->v->key) == ACSR_KEY_RSA && acsr_key_bits(c->v->key) < min && min > 2048)
		TRY(check_broken(c, "policy.key-size", "key", e, "%s, but the policy asks for %lld bits",
			name, (long long)min));
	return ACSR_OK;
}

static enum acsr_result check_reuse(const struct check *c, struct acsr_err *e)
{
	const char *where = c->known != NULL ? acsr_known_find(c->known, c->v->spki_sha256) : NULL;

	if (c->known == NULL)
		return ACSR_OK;
	if (where == NULL)
		return check_holds(c, "key.reused", "key", e, "the key is none of those that are known");
	return check_broken(c, "key.reused", "key", e, "the key is that of %s", where);
}

enum acsr_result check_key(const struct check *c, struct acsr_err *e)
{
	if (c->v->key != NULL) {
		TRY(check_gate(c, e));
		TRY(check_key_policy(c, e));
	}
	return c->v->spki.len > 0 ? check_reuse(c, e) : ACSR_OK;
}

/* --- all --- */

/* Rules whose keeping was said already, or that say nothing when nothing is wrong. */
static bool is_quiet(const char *id)
{
	static const char *const families[] = { "policy.", "host.", "key." };
	static const char *const others[] = { "name.syntax", "name.wildcard", "csr.san.present",
		"csr.extensions", "csr.text", "csr.digest.fit" };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (str_starts(id, families[i]))
			return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(id, others[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++)
		if (in_group(form[i].rules, id))
			return true;
	return false;
}

static bool is_said(const struct acsr_findings *all, size_t from, const char *id)
{
	for (size_t i = from; i < all->n; i++)
		if (strcmp(all->v[i].id, id) == 0)
			return true;
	return false;
}

/* What nothing was found against, holds. */
static enum acsr_result check_rest(const struct check *c, size_t from, struct acsr_err *e)
{
	const struct acsr_check_rule *r;

	for (size_t i = 0; !c->broken_only && (r = acsr_check_rule_at(i)) != NULL; i++)
		if (!is_quiet(r->id) && !is_said(c->all, from, r->id))
			TRY(check_holds(c, r->id, "", e, "%s", r->title));
	return ACSR_OK;
}

static enum acsr_result check_validity(const struct check *c, struct acsr_err *e)
{
	const struct policy_step *s = policy_step_at(&c->p->max_validity_days, c->at);
	char text[96];

	if (s == NULL || c->broken_only)
		return ACSR_OK;
	snprintf(text, sizeof(text), "a certificate for it may be valid for %lld days", (long long)s->value);
	return report(c, "policy.validity", "", text, s->source, e);
}

/* Without the key's algorithm there is neither pass nor fail. */
static enum acsr_result check_algorithm(const struct acsr_csr_view *v, struct acsr_err *e)
{
	for (size_t i = 0; i < v->broken.n; i++)
		if (strcmp(v->broken.v[i].id, "openssl.unsupported") == 0)
			return err_set(e, v->broken.v[i].id, "%s", v->broken.v[i].text);
	return ACSR_OK;
}

enum acsr_result acsr_csr_check(const struct acsr_csr_view *v, const struct acsr_check *how,
	struct acsr_findings *all, struct acsr_err *e)
{
	const struct check c = { v, how->policy, how->known, how->gate, how->at, how->broken_only, all };
	size_t from = all->n;

	TRY(check_algorithm(v, e));
	TRY(check_form(&c, e));
	TRY(check_key(&c, e));
	TRY(check_names(&c, e));
	TRY(check_subject(&c, e));
	TRY(check_request(&c, e));
	TRY(check_rest(&c, from, e));
	return check_validity(&c, e);
}
