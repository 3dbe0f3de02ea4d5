/* Terms of service of other CAs: wanted, told, agreed to. */
#include "core/upstream/terms.h"

#include <stdlib.h>
#include <string.h>

#include "core/mail.h"
#include "core/upstream/upstream.h"
#include "store/upstream.h"
#include "store/users.h"

enum acsr_result terms_of(const struct upstream_issuer *i, char **out, struct acsr_err *e)
{
	json_t *meta = upstream_meta(i);
	const char *url = json_string_value(json_object_get(meta, "termsOfService"));
	enum acsr_result r = str_dup(out, url != NULL ? url : "", e);

	json_decref(meta);
	return r;
}

/* --- told --- */

struct telling {
	struct core *c;
	const struct upstream_issuer *i;
};

static enum acsr_result tell_admin(void *arg, const struct user *u, struct acsr_err *e)
{
	const struct telling *t = arg;
	const struct mail_value values[] = { { "title", t->i->title }, { "name", t->i->name },
		{ "terms", t->i->terms_wanted }, { 0 } };

	if (strcmp(u->role, "admin") != 0 || u->disabled)
		return ACSR_OK;
	return mail_queue(t->c, "issuer-terms", u->email, NULL, values, e);
}

/* Where a person reads on: what the problem points at, what the answer links to, what the directory names. */
static enum acsr_result where(
	const struct upstream_issuer *i, const struct upstream_reply *r, char **out, struct acsr_err *e)
{
	const char *instance = json_string_value(json_object_get(r->json, "instance"));

	if (instance != NULL && upstream_url_plain(instance))
		return str_dup(out, instance, e);
	if (r->terms[0] != '\0')
		return str_dup(out, r->terms, e);
	TRY(terms_of(i, out, e));
	if (**out != '\0')
		return ACSR_OK;
	return str_set(out, i->directory_url, e);
}

enum acsr_result terms_wanted(
	struct core *c, const char *issuer, const struct upstream_reply *r, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer i = { 0 };
	struct telling telling = { c, &i };
	CLEANUP_STR char *url = NULL;
	bool known;

	TRY(upstream_issuer_load(c->db, issuer, &i, e));
	known = i.terms_wanted[0] != '\0';
	TRY(where(&i, r, &url, e));
	TRY(str_set(&i.terms_wanted, url, e));
	TRY(upstream_issuer_save(c->db, &i, e));
	if (known)
		return ACSR_OK;
	TRY(core_audit(c, "system", "", "issuer.terms", i.name, e,
		"%s does nothing more for us until its terms are agreed to: %s", i.title, i.terms_wanted));
	return users_each(c->db, NULL, tell_admin, &telling, e);
}

enum acsr_result terms_compare(
	struct core *c, const struct upstream_issuer *i, const char *before, struct acsr_err *e)
{
	CLEANUP_STR char *now = NULL;

	TRY(terms_of(i, &now, e));
	if (i->account_url[0] == '\0' || *now == '\0' || strcmp(now, before) == 0 ||
		strcmp(now, i->terms_agreed) == 0)
		return ACSR_OK;
	return core_audit(c, "system", "", "issuer.terms", i->name, e,
		"%s names other terms now than those that were agreed to, and goes on for the time being: %s",
		i->title, now);
}

/* --- agreed to --- */

enum acsr_result terms_check(const struct upstream_issuer *i, bool agreed, struct acsr_err *e)
{
	CLEANUP_STR char *terms = NULL;

	if (agreed)
		return ACSR_OK;
	if (i->terms_wanted[0] != '\0')
		return err_rule(e, "upstream.terms", "terms", "RFC 8555 7.3.3",
			"%.60s has new terms of service: open %.200s, do what it asks for there, and then "
			"agree here",
			i->title, i->terms_wanted);
	TRY(terms_of(i, &terms, e));
	if (*terms == '\0' || strcmp(terms, i->terms_agreed) == 0)
		return ACSR_OK;
	return err_rule(e, "upstream.terms", "terms", "RFC 8555 7.3.3",
		"%.60s has terms of service that you have to agree to: %.200s", i->title, terms);
}

enum acsr_result terms_agreed(struct core *c, struct upstream_issuer *i, struct acsr_err *e)
{
	CLEANUP_STR char *terms = NULL;

	TRY(terms_of(i, &terms, e));
	TRY(str_set(&i->terms_agreed, terms, e));
	TRY(str_set(&i->terms_wanted, "", e));
	return upstream_orders_wake(c->db, i->name, c->now, e);
}
