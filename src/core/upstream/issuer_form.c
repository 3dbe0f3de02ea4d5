/* What operators say about an issuer, judged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/cert.h"
#include "autocsr/key.h"
#include "core/issuers.h"
#include "core/jsontext.h"
#include "core/upstream/issuer.h"

enum { MOST_AN_HOUR = 1000000 };

static const char *const challenge_names[] = { "http-01", "dns-01", "tls-alpn-01", "dns-account-01",
	"dns-persist-01" };
static const char *const automation_names[] = { "", "dns-update", "hook", "responder", "directory" };

/* --- names --- */

enum acsr_result issuer_exists(struct core *c, const char *name, bool *ours, bool *other, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	struct acsr_err why;

	*ours = issuers_find(c->issuers, name) != NULL;
	*other = !*ours && upstream_issuer_load(c->db, name, &is, &why) == ACSR_OK;
	if (*ours || *other || err_is(&why, "object.absent"))
		return ACSR_OK;
	*e = why;
	return ACSR_FAIL;
}

enum acsr_result issuer_is_public(struct core *c, const char *name, bool *public, struct acsr_err *e)
{
	CLEANUP_UPSTREAM_ISSUER struct upstream_issuer is = { 0 };
	struct acsr_err why;

	*public = strcmp(conf_str(&c->proc->conf, "ca.kind"), "public") == 0;
	if (*name == '\0' || issuers_find(c->issuers, name) != NULL)
		return ACSR_OK;
	if (upstream_issuer_load(c->db, name, &is, &why) == ACSR_OK)
		*public = is.public;
	else if (!err_is(&why, "object.absent"))
		return *e = why, ACSR_FAIL;
	return ACSR_OK;
}

static enum acsr_result check_name(struct core *c, const char *name, struct acsr_err *e)
{
	bool ours, other;
	size_t n = strlen(name);

	if (n == 0 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n || name[0] == '-')
		return err_rule(e, "request.field.name", "name", NULL,
			"a name is small letters, digits and hyphens, such as letsencrypt");
	/* So that a CA of ours that is made later does not meet its namesake. */
	if (strcmp(name, "root") == 0 || str_starts(name, "issuing-") || str_starts(name, "root-"))
		return err_rule(e, "request.field.name", "name", NULL,
			"names that begin with \"root\" or \"issuing-\" are kept for this service's own CAs");
	TRY(issuer_exists(c, name, &ours, &other, e));
	if (ours || other)
		return err_rule(e, "object.exists", "name", NULL, "there is an issuer \"%s\" already", name);
	return ACSR_OK;
}

/* --- single fields --- */

static enum acsr_result check_url(const char *url, struct acsr_err *e)
{
	const char *host = str_starts(url, "https://") ? url + 8 : NULL;

	if (host == NULL || *host == '\0' || *host == '/' || strpbrk(url, " #\"<>\\") != NULL)
		return err_rule(e, "request.field.directory_url", "directory_url", "RFC 8555 7.1",
			"directory_url is the https:// address of the CA's ACME directory, as its "
			"documentation gives it");
	if (memchr(host, '@', strcspn(host, "/?")) != NULL)
		return err_rule(e, "request.field.directory_url", "directory_url", NULL,
			"directory_url must not have a user or a password in it");
	return ACSR_OK;
}

/* As PEM and nothing else, whatever came. */
static enum acsr_result read_roots(const char *text, char **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_blob *certs = NULL;
	enum acsr_result r = ACSR_OK;
	size_t n = 0;

	buf_init(&b, 131072);
	if (text[strspn(text, " \t\r\n")] != '\0' &&
		acsr_input_certs((const uint8_t *)text, strlen(text), &certs, &n, e) != ACSR_OK) {
		snprintf(e->field, sizeof(e->field), "roots");
		return ACSR_FAIL;
	}
	for (size_t i = 0; i < n && r == ACSR_OK; i++) {
		ACSR_CLEANUP_BLOB struct acsr_blob pem = { 0 };
		struct acsr_cert_view *view = NULL;

		r = acsr_cert_parse(&view, certs[i].p, certs[i].len, e);
		acsr_cert_view_free(view);
		if (r == ACSR_OK)
			r = acsr_cert_pem(certs[i].p, certs[i].len, &pem, e);
		if (r == ACSR_OK)
			r = buf_put(&b, pem.p, pem.len, e);
	}
	acsr_certs_free(certs, n);
	TRY(r);
	free(*out);
	*out = NULL;
	return str_dup(out, buf_cstr(&b), e);
}

/* One address a contact, without header fields (RFC 8555 7.3). */
static enum acsr_result add_contact(json_t *list, const char *given, struct acsr_err *e)
{
	const char *address = str_starts(given, "mailto:") ? given + 7 : given;
	const char *at = strchr(address, '@');
	char url[300];

	if (at == NULL || at == address || at[1] == '\0' || strpbrk(address, " ,?<>\"") != NULL ||
		strchr(at + 1, '@') != NULL)
		return err_rule(e, "request.field.contacts", "contacts", "RFC 8555 7.3",
			"\"%s\" is no e-mail address", given);
	snprintf(url, sizeof(url), "mailto:%s", address);
	json_array_append_new(list, json_string(url));
	return ACSR_OK;
}

enum acsr_result issuer_contacts(json_t *given, char **out, struct acsr_err *e)
{
	json_t *list = json_array(), *v;
	enum acsr_result r = ACSR_OK;
	size_t i;

	json_array_foreach(given, i, v)
	{
		const char *one = json_string_value(v);

		if (r == ACSR_OK)
			r = one != NULL && strlen(one) < 280
				    ? add_contact(list, one, e)
				    : err_rule(e, "request.field.kind", "contacts", NULL,
					      "contacts must be a list of e-mail addresses");
	}
	if (r != ACSR_OK) {
		json_decref(list);
		return ACSR_FAIL;
	}
	free(*out);
	*out = NULL;
	return json_text(list, out, e);
}

/* A list of words, each of which `good` knows, into one text with blanks between. */
static enum acsr_result read_words(json_t *list, const char *field, char *out, size_t cap,
	enum acsr_result (*good)(const char *word, struct acsr_err *e), struct acsr_err *e)
{
	size_t i, used = 0;
	json_t *v;

	if (list == NULL)
		return ACSR_OK;
	*out = '\0';
	json_array_foreach(list, i, v)
	{
		const char *word = json_string_value(v);

		if (word == NULL)
			return err_rule(
				e, "request.field.kind", field, NULL, "%s must be a list of strings", field);
		if (good(word, e) != ACSR_OK) {
			snprintf(e->field, sizeof(e->field), "%s", field);
			return ACSR_FAIL;
		}
		if (used + strlen(word) + 2 > cap)
			return err_rule(
				e, "request.field.count", field, NULL, "%s has too many entries", field);
		used += (size_t)snprintf(out + used, cap - used, "%s%s", used > 0 ? " " : "", word);
	}
	return ACSR_OK;
}

static enum acsr_result good_key_type(const char *word, struct acsr_err *e)
{
	const struct acsr_key_type *t;

	return acsr_key_type_find(&t, word, e);
}

static enum acsr_result good_challenge(const char *word, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(challenge_names) / sizeof(challenge_names[0]); i++)
		if (strcmp(challenge_names[i], word) == 0)
			return ACSR_OK;
	return err_set(e, "request.field.challenges",
		"\"%s\" is no challenge; there are http-01, dns-01, tls-alpn-01, dns-account-01 and "
		"dns-persist-01",
		word);
}

static enum acsr_result check_automation(const char *word, struct acsr_err *e)
{
	for (size_t i = 0; i < sizeof(automation_names) / sizeof(automation_names[0]); i++)
		if (strcmp(automation_names[i], word) == 0)
			return ACSR_OK;
	return err_rule(e, "request.field.automation", "automation", NULL,
		"automation is dns-update, hook, responder or directory, or empty for none");
}

/* draft-ietf-acme-profiles: those that the CA has told of, once it has. */
static enum acsr_result check_profile(const struct upstream_issuer *is, struct acsr_err *e)
{
	json_t *meta, *profiles;
	char offered[300] = "";
	const char *name;
	bool known, any;
	json_t *v;

	if (is->profile[0] == '\0' || is->directory == NULL || is->directory[0] == '\0')
		return ACSR_OK;
	meta = issuer_meta_json(is);
	profiles = json_object_get(meta, "profiles");
	any = json_object_size(profiles) > 0;
	known = json_object_get(profiles, is->profile) != NULL;
	json_object_foreach(profiles, name, v)
	{
		size_t n = strlen(offered);

		snprintf(offered + n, sizeof(offered) - n, "%s%s", n > 0 ? ", " : "", name);
	}
	json_decref(meta);
	if (known)
		return ACSR_OK;
	if (!any)
		return err_rule(e, "request.field.profile", "profile", "draft-ietf-acme-profiles",
			"this CA offers no profiles; leave it empty");
	return err_rule(e, "request.field.profile", "profile", "draft-ietf-acme-profiles",
		"this CA has no profile \"%s\", but %s", is->profile, offered);
}

/* --- the whole --- */

static enum acsr_result check_offline(const struct upstream_issuer *is, struct acsr_err *e)
{
	if (strcmp(is->validation, "service") != 0 && strcmp(is->validation, "ca") != 0)
		return err_rule(e, "request.field.validation", "validation", NULL,
			"validation is \"service\" (the names are validated here first) or \"ca\" (the CA "
			"does that alone)");
	if (is->directory_url[0] != '\0' || is->challenges[0] != '\0' || is->automation[0] != '\0' ||
		is->preferred_chain[0] != '\0' || is->profile[0] != '\0')
		return err_rule(e, "request.field.kind", "kind", NULL,
			"an offline CA has no directory_url, challenges, automation, profile or "
			"preferred_chain");
	return ACSR_OK;
}

/* CAs that browsers trust whatever an operator says (BR 6.1.1.3); their trial CAs have other hosts. */
static enum acsr_result check_private(const struct upstream_issuer *is, struct acsr_err *e)
{
	static const char *const trusted[] = { "acme-v02.api.letsencrypt.org", "acme.zerossl.com",
		"acme.sectigo.com", "acme.digicert.com", "dv.acme-v02.api.pki.goog" };
	const char *host = str_starts(is->directory_url, "https://") ? is->directory_url + 8 : "";
	size_t n = strcspn(host, "/:?#");

	for (size_t i = 0; !is->public && i < sizeof(trusted) / sizeof(trusted[0]); i++)
		if (strlen(trusted[i]) == n && strncasecmp(trusted[i], host, n) == 0)
			return err_rule(e, "policy.issuer-public", "public", "BR 6.1.1.3",
				"browsers trust the CA at %s: it cannot be set as private; keys are made for "
				"it when you state that you are not that CA (ca statement)",
				trusted[i]);
	return ACSR_OK;
}

static enum acsr_result check_issuer(struct upstream_issuer *is, struct acsr_err *e)
{
	bool acme = strcmp(is->kind, "acme") == 0;

	if (!acme && strcmp(is->kind, "offline") != 0)
		return err_rule(e, "request.field.kind", "kind", NULL,
			"kind is \"acme\" or \"offline\"; this service's own CAs are made by its signer");
	if (is->orders_per_hour < 0 || is->orders_per_hour > MOST_AN_HOUR)
		return err_rule(e, "request.field.orders_per_hour", "orders_per_hour", NULL,
			"orders_per_hour is from 0 (no limit) to %d", MOST_AN_HOUR);
	if (!acme)
		return check_offline(is, e);
	if (strcmp(is->validation, "ca") != 0)
		return err_rule(e, "request.field.validation", "validation", NULL,
			"an ACME CA validates the names itself: validation is \"ca\"");
	TRY(check_url(is->directory_url, e));
	TRY(check_private(is, e));
	TRY(check_automation(is->automation, e));
	return check_profile(is, e);
}

struct issuer_body {
	const char *name, *kind, *title, *url, *roots, *profile, *chain, *automation, *validation;
	json_t *contacts, *key_types, *challenges;
};

static void set_text(char *to, size_t cap, const char *from)
{
	if (from != NULL)
		snprintf(to, cap, "%s", from);
}

/* Accounts belong to a CA: another address would be another CA's. What the old one said of itself is forgotten. */
static enum acsr_result set_url(struct upstream_issuer *is, const char *url, struct acsr_err *e)
{
	if (url == NULL || (is->directory_url != NULL && strcmp(is->directory_url, url) == 0))
		return ACSR_OK;
	if (is->account_url != NULL && is->account_url[0] != '\0' && strcmp(is->account_status, "valid") == 0)
		return err_rule(e, "state.issuer-account", "directory_url", NULL,
			"\"%s\" has an account at %s; add another issuer for the new address, or deactivate "
			"the account first",
			is->name, is->directory_url);
	free(is->directory_url);
	free(is->directory);
	is->directory_url = is->directory = NULL;
	is->directory_at = 0;
	TRY(str_dup(&is->directory, "", e));
	return str_dup(&is->directory_url, url, e);
}

static enum acsr_result take(struct upstream_issuer *is, const struct issuer_body *b, struct acsr_err *e)
{
	set_text(is->title, sizeof(is->title), b->title);
	set_text(is->profile, sizeof(is->profile), b->profile);
	set_text(is->preferred_chain, sizeof(is->preferred_chain), b->chain);
	set_text(is->automation, sizeof(is->automation), b->automation);
	set_text(is->validation, sizeof(is->validation), b->validation);
	TRY(set_url(is, b->url, e));
	if (b->roots != NULL)
		TRY(read_roots(b->roots, &is->roots, e));
	if (b->contacts != NULL)
		TRY(issuer_contacts(b->contacts, &is->contacts, e));
	TRY(read_words(b->key_types, "key_types", is->key_types, sizeof(is->key_types), good_key_type, e));
	return read_words(
		b->challenges, "challenges", is->challenges, sizeof(is->challenges), good_challenge, e);
}

static enum acsr_result begin(
	struct core *c, const struct issuer_body *b, struct upstream_issuer *is, struct acsr_err *e)
{
	bool offline = strcmp(b->kind, "offline") == 0;

	TRY(check_name(c, b->name, e));
	set_text(is->name, sizeof(is->name), b->name);
	set_text(is->kind, sizeof(is->kind), b->kind);
	set_text(is->title, sizeof(is->title), b->name);
	set_text(is->validation, sizeof(is->validation), offline ? "service" : "ca");
	is->created_at = c->now;
	TRY(str_dup(&is->directory_url, "", e));
	TRY(str_dup(&is->roots, "", e));
	return str_dup(&is->contacts, "[]", e);
}

static enum acsr_result keep(const char *field, const char *given, const char *is, struct acsr_err *e)
{
	if (given == NULL || strcmp(given, is) == 0)
		return ACSR_OK;
	return err_rule(e, "request.field.kind", field, NULL, "the %s of an issuer cannot be changed", field);
}

enum acsr_result issuer_read(struct core *c, struct request *q, bool fresh, struct upstream_issuer *is,
	struct proof *p, struct acsr_err *e)
{
	struct issuer_body b = { 0 };
	struct proof unused;
	struct proof *who = p != NULL ? p : &unused;
	const struct field fields[] = { { "name", FIELD_TEXT, fresh, &b.name, 64 },
		{ "kind", FIELD_TEXT, fresh, &b.kind, 11 }, { "title", FIELD_TEXT, false, &b.title, 127 },
		{ "public", FIELD_BOOL, false, &is->public, 0 },
		{ "active", FIELD_BOOL, false, &is->active, 0 },
		{ "directory_url", FIELD_TEXT, false, &b.url, 1000 },
		{ "roots", FIELD_TEXT, false, &b.roots, 131071 },
		{ "contacts", FIELD_LIST, false, &b.contacts, ISSUER_CONTACTS },
		{ "profile", FIELD_TEXT, false, &b.profile, 64 },
		{ "preferred_chain", FIELD_TEXT, false, &b.chain, 255 },
		{ "key_types", FIELD_LIST, false, &b.key_types, 32 },
		{ "challenges", FIELD_LIST, false, &b.challenges, 8 },
		{ "automation", FIELD_TEXT, false, &b.automation, 15 },
		{ "validation", FIELD_TEXT, false, &b.validation, 7 },
		{ "orders_per_hour", FIELD_INT, false, &is->orders_per_hour, 0 }, PROOF_FIELDS(*who), { 0 } };

	TRY(request_fields(q, fields, e));
	if (fresh) {
		TRY(begin(c, &b, is, e));
	} else {
		TRY(keep("name", b.name, is->name, e));
		TRY(keep("kind", b.kind, is->kind, e));
	}
	TRY(take(is, &b, e));
	return check_issuer(is, e);
}
