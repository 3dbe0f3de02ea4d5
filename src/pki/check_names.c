/* Rules about the names that a CSR asks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "base/str.h"
#include "pki/check_int.h"
#include "pki/dnssyntax.h"

/* One name under judgement. */
struct one {
	const struct acsr_san *san;
	size_t i;
	char field[32];
};

static enum acsr_result check_policy_of(
	const struct check *c, const struct one *o, const struct acsr_name *n, struct acsr_err *e)
{
	bool under = c->p->suffixes == NULL;

	for (size_t i = 0; i < json_array_size(c->p->suffixes) && !under; i++)
		under = dnssyntax_below(n->ascii, json_string_value(json_array_get(c->p->suffixes, i)));
	if (n->kind == ACSR_NAME_WILDCARD && !c->p->wildcards)
		TRY(check_broken(
			c, "policy.wildcard", o->field, e, "%s: the policy allows no wildcards", n->ascii));
	if (n->kind == ACSR_NAME_IP && !c->p->ip_addresses)
		TRY(check_broken(
			c, "policy.ip", o->field, e, "%s: the policy allows no IP addresses", n->ascii));
	if (n->kind != ACSR_NAME_IP && !under)
		TRY(check_broken(c, "policy.suffix", o->field, e, "%s is under none of the policy's domains",
			n->ascii));
	return ACSR_OK;
}

static enum acsr_result check_looks(
	const struct check *c, const struct one *o, const struct acsr_name *n, struct acsr_err *e)
{
	if (n->warnings & ACSR_NAME_WARN_SCRIPTS)
		TRY(check_broken(c, "name.scripts", o->field, e, "%s (%s) mixes scripts in one label",
			n->ascii, n->unicode));
	if (n->warnings & ACSR_NAME_WARN_HOMOGRAPH)
		TRY(check_broken(c, "name.homograph", o->field, e,
			"%s (%s) reads like a name in Latin letters", n->ascii, n->unicode));
	if (n->kind == ACSR_NAME_WILDCARD && c->p->wildcards)
		TRY(check_broken(c, "name.wildcard", o->field, e,
			"%s covers one label only and is validated by a DNS record, never by a file",
			n->ascii));
	return ACSR_OK;
}

static enum acsr_result check_good(
	const struct check *c, const struct one *o, const struct acsr_name *n, struct acsr_err *e)
{
	const char *value = o->san->value;

	if (n->kind == ACSR_NAME_IP && o->san->type == ACSR_SAN_DNS)
		return check_broken(c, "name.ip.as-dns", o->field, e,
			"%s is an IP address in the clothes of a DNS name; no client accepts it", value);
	if (strcmp(n->ascii, value) != 0)
		TRY(check_broken(c, "name.canonical", o->field, e, "%s is written %s in the certificate",
			value, n->ascii));
	else
		TRY(check_holds(
			c, "name.syntax", o->field, e, "%s is a name that can be certified", n->ascii));
	TRY(check_policy_of(c, o, n, e));
	return check_looks(c, o, n, e);
}

/* Take away what was wrong, so that the rest of the name is judged too. */
static bool mended(char *s, const char *id)
{
	if (strcmp(id, "name.trailing-dot") == 0) {
		s[strlen(s) - 1] = '\0';
		return *s != '\0';
	}
	if (strcmp(id, "name.underscore") != 0)
		return false;
	for (; *s != '\0'; s++)
		if (*s == '_')
			*s = 'x';
	return true;
}

static enum acsr_result check_host_name(const struct check *c, const struct one *o, struct acsr_err *e)
{
	enum acsr_name_policy policy = c->p->public_names ? ACSR_NAMES_PUBLIC : ACSR_NAMES_PRIVATE;
	CLEANUP_STR char *s = NULL;
	struct acsr_err found;
	struct acsr_name n;

	TRY(str_dup(&s, o->san->value, e));
	for (unsigned tries = 0; tries < 3; tries++) {
		if (acsr_name_check(s, strlen(s), policy, &n, &found) == ACSR_OK)
			return tries == 0 ? check_good(c, o, &n, e) : check_policy_of(c, o, &n, e);
		if (err_is(&found, "sys.nomem"))
			return err_nomem(e);
		TRY(check_broken(c, found.id, o->field, e, "%.150s: %s", o->san->value, found.text));
		if (!mended(s, found.id))
			break;
	}
	return ACSR_OK;
}

static bool same_name(const struct acsr_san *a, const struct acsr_san *b)
{
	return a->type == b->type && (a->type == ACSR_SAN_DNS ? ascii_casecmp(a->value, b->value) == 0
							      : strcmp(a->value, b->value) == 0);
}

/* Twice, or covered by a wildcard of the CSR. */
static enum acsr_result check_others(const struct check *c, const struct one *o, size_t n, struct acsr_err *e)
{
	const struct acsr_san *all = c->v->sans.v;

	for (size_t k = 0; k < o->i; k++)
		if (same_name(&all[k], o->san))
			return check_broken(
				c, "csr.san.duplicate", o->field, e, "%.200s is there twice", o->san->value);
	for (size_t k = 0; k < n && o->san->type == ACSR_SAN_DNS; k++)
		if (k != o->i && all[k].type == ACSR_SAN_DNS && all[k].value[0] == '*' &&
			ascii_casecmp(all[k].value, o->san->value) != 0 &&
			acsr_name_covers(all[k].value, o->san->value))
			return check_broken(c, "csr.san.redundant", o->field, e,
				"%.150s is covered by %.150s already", o->san->value, all[k].value);
	return ACSR_OK;
}

static enum acsr_result check_kind(const struct check *c, const struct one *o, struct acsr_err *e)
{
	const char *kind = acsr_san_type_name(o->san->type);

	if (!policy_lists(c->p->san_types, kind, true))
		TRY(check_broken(c, "policy.san-type", o->field, e,
			"names of kind %s are not in the policy's list", kind));
	if (o->san->type == ACSR_SAN_DNS || o->san->type == ACSR_SAN_IP)
		return o->san->broken ? ACSR_OK : check_host_name(c, o, e);
	return check_broken(c, "csr.san.type", o->field, e,
		"%.200s: a name of kind %s is not for a TLS server", o->san->value, kind);
}

static enum acsr_result check_count(const struct check *c, struct acsr_err *e)
{
	size_t n = c->v->sans.n;
	int64_t most = policy_number(&c->p->max_names, c->at, LIMIT_NAMES);

	if (n == 0)
		return check_broken(c, "csr.san.absent", "sans", e,
			"no subject alternative name; browsers ignore the common name");
	TRY(check_holds(c, "csr.san.absent", "sans", e, "%zu subject alternative names", n));
	if ((int64_t)n > most && n <= LIMIT_NAMES)
		return check_broken(c, "policy.max-names", "sans", e, "%zu names, at most %lld are allowed",
			n, (long long)most);
	return ACSR_OK;
}

/* Without names the common name is what people mean. */
static enum acsr_result check_lone_cn(const struct check *c, struct acsr_err *e)
{
	const char *cn = acsr_dn_get(&c->v->subject, "CN");
	struct acsr_san san = { .type = ACSR_SAN_DNS };
	struct one o = { .san = &san, .field = "subject.CN" };
	struct acsr_name n;
	enum acsr_result r;

	if (cn == NULL || strchr(cn, '.') == NULL || strchr(cn, ' ') != NULL)
		return ACSR_OK;
	TRY(str_dup(&san.value, cn, e));
	if (acsr_name_check(cn, strlen(cn), ACSR_NAMES_PRIVATE, &n, NULL) == ACSR_OK &&
		n.kind == ACSR_NAME_IP)
		san.type = ACSR_SAN_IP;
	r = check_host_name(c, &o, e);
	free(san.value);
	return r;
}

enum acsr_result check_names(const struct check *c, struct acsr_err *e)
{
	size_t n = c->v->sans.n < LIMIT_NAMES ? c->v->sans.n : LIMIT_NAMES;

	TRY(check_count(c, e));
	if (n == 0)
		return check_lone_cn(c, e);
	for (size_t i = 0; i < n; i++) {
		struct one o = { .san = &c->v->sans.v[i], .i = i };

		snprintf(o.field, sizeof(o.field), "sans[%zu]", i);
		TRY(check_kind(c, &o, e));
		TRY(check_others(c, &o, n, e));
	}
	return ACSR_OK;
}
