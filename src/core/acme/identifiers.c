/* What a client asks a certificate for: each identifier judged, and the product that fits them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/limits.h"
#include "core/acme/orders.h"
#include "core/acme/proof.h"
#include "core/issuers.h"
#include "core/order.h"

bool acme_is_address(const char *name)
{
	struct acsr_name n;

	return name[strspn(name, "0123456789.")] == '\0' || strchr(name, ':') != NULL
		       ? acsr_name_check(name, strlen(name), ACSR_NAMES_PRIVATE, &n, NULL) == ACSR_OK &&
				 n.kind == ACSR_NAME_IP
		       : false;
}

json_t *acme_identifier_json(const char *name)
{
	return json_pack("{s:s,s:s}", "type", acme_is_address(name) ? "ip" : "dns", "value", name);
}

enum acsr_result acme_names_split(const char *identifiers, struct strv *out, struct acsr_err *e)
{
	CLEANUP_STR char *copy = NULL;
	char *rest, *word;

	TRY(str_dup(&copy, identifiers, e));
	rest = copy;
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			TRY(strv_add(out, word, e));
	return ACSR_OK;
}

enum acsr_result acme_names_join(const struct strv *names, char **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, 65536);
	for (size_t i = 0; i < names->n; i++)
		TRY(buf_printf(&b, e, "%s%s", i > 0 ? " " : "", names->v[i]));
	return str_dup(out, buf_cstr(&b), e);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum acsr_result acme_names_hash(const struct strv *names, char out[44], struct acsr_err *e)
{
	CLEANUP_STRV struct strv sorted = { 0 };
	CLEANUP_STR char *all = NULL;

	for (size_t i = 0; i < names->n; i++)
		TRY(strv_add(&sorted, names->v[i], e));
	if (sorted.n > 1)
		qsort(sorted.v, sorted.n, sizeof(sorted.v[0]), by_text);
	TRY(acme_names_join(&sorted, &all, e));
	return acme_digest_text(all, out, e);
}

/* Only products of our own issuers are offered, so ca.kind says it. */
enum acsr_name_policy acme_name_policy(struct core *c)
{
	return strcmp(conf_str(&c->proc->conf, "ca.kind"), "public") == 0 ? ACSR_NAMES_PUBLIC
									  : ACSR_NAMES_PRIVATE;
}

/* --- one --- */

/* A name that nobody gets here, rather than one that is none. */
static bool is_policy(const struct acsr_err *why)
{
	static const char *const ids[] = { "name.wildcard.suffix", "name.suffix", "name.internal",
		"name.special", "name.reverse", "name.ip.reserved", "name.numeric-tld" };

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (strcmp(why->id, ids[i]) == 0)
			return true;
	return false;
}

static enum acsr_result refuse(struct acsr_err *e)
{
	bool policy = is_policy(e);

	snprintf(e->id, sizeof(e->id), "%s",
		policy ? "acme.identifier.rejected" : "acme.identifier.malformed");
	return ACSR_FAIL;
}

static enum acsr_result read_value(
	json_t *identifier, const char **type, const char **value, struct acsr_err *e)
{
	json_t *t = json_object_get(identifier, "type"), *v = json_object_get(identifier, "value");

	if (!json_is_string(t) || !json_is_string(v))
		return err_rule(e, "acme.identifier.malformed", NULL, "RFC 8555 7.1.3",
			"an identifier is an object with the strings \"type\" and \"value\"");
	*type = json_string_value(t);
	*value = json_string_value(v);
	if (strcmp(*type, "dns") != 0 && strcmp(*type, "ip") != 0)
		return err_set(e, "acme.identifier.unsupported",
			"identifiers of type \"%.40s\" are not certified here, only dns and ip", *type);
	return ACSR_OK;
}

static bool is_ascii(const char *s)
{
	while (*s != '\0')
		if ((unsigned char)*s++ > 0x7e)
			return false;
	return true;
}

static enum acsr_result check_dns(const struct acsr_name *n, const char *value, struct acsr_err *e)
{
	if (n->kind == ACSR_NAME_IP)
		return err_rule(e, "acme.identifier.malformed", NULL, "RFC 8738 3",
			"%s is an address: its identifier has the type \"ip\"", n->ascii);
	if (!is_ascii(value))
		return err_rule(e, "acme.identifier.malformed", NULL, "RFC 8555 7.1.3",
			"a name with other characters than ASCII is written in A-labels: %s", n->ascii);
	return ACSR_OK;
}

static enum acsr_result check_ip(const struct acsr_name *n, const char *value, struct acsr_err *e)
{
	if (n->kind != ACSR_NAME_IP)
		return err_rule(e, "acme.identifier.malformed", NULL, "RFC 8738 3",
			"%s is no address; the identifier of a name has the type \"dns\"", n->ascii);
	if (strcmp(n->ascii, value) != 0)
		return err_rule(e, "acme.identifier.malformed", NULL, "RFC 8738 3, RFC 5952 4",
			"the address is not in its canonical form, which is %s", n->ascii);
	return ACSR_OK;
}

enum acsr_result acme_identifier_read(
	struct core *c, struct acme_request *a, json_t *identifier, char *out, struct acsr_err *e)
{
	const char *type = "", *value = "";
	struct acsr_name n;

	TRY(read_value(identifier, &type, &value, e));
	if (acsr_name_check(value, strlen(value), acme_name_policy(c), &n, e) != ACSR_OK)
		return refuse(e);
	TRY(strcmp(type, "ip") == 0 ? check_ip(&n, value, e) : check_dns(&n, value, e));
	TRY(acme_account_may_name(a, n.ascii, e));
	snprintf(out, 256, "%s", n.ascii);
	return ACSR_OK;
}

/* --- all --- */

static const char *shown(json_t *identifier)
{
	const char *value = json_string_value(json_object_get(identifier, "value"));

	return value != NULL && strlen(value) <= 253 && str_is_utf8(value, strlen(value)) ? value : NULL;
}

static enum acsr_result none_of_them(size_t refused, size_t n, struct acsr_err *first, struct acsr_err *e)
{
	*e = *first;
	if (n > 1)
		(void)err_rule(e, first->id, first->field, first->source,
			"%zu of %zu identifiers are refused; the first: %.300s", refused, n, first->text);
	return ACSR_FAIL;
}

enum acsr_result acme_identifiers_read(
	struct core *c, struct acme_request *a, json_t *list, struct strv *out, struct acsr_err *e)
{
	struct acsr_err first = { 0 }, why;
	size_t i, refused = 0;
	char name[256];
	json_t *v;

	if (!json_is_array(list) || json_array_size(list) == 0)
		return err_rule(e, "acme.order.identifiers", NULL, "RFC 8555 7.4",
			"\"identifiers\" is missing: a list with at least one");
	if (json_array_size(list) > LIMIT_NAMES)
		return err_set(e, "acme.order.identifiers", "%zu identifiers; at most %d are possible",
			json_array_size(list), LIMIT_NAMES);
	json_array_foreach(list, i, v)
	{
		if (acme_identifier_read(c, a, v, name, &why) == ACSR_OK) {
			if (!strv_has(out, name))
				TRY(strv_add(out, name, e));
			continue;
		}
		if (refused++ == 0)
			first = why;
		TRY(acme_subproblem(a, shown(v), &why, e));
	}
	return refused == 0 ? ACSR_OK : none_of_them(refused, json_array_size(list), &first, e);
}

/* --- the product --- */

/* Can a certificate of this product be had here without a person's help? */
static bool is_offered(struct core *c, const struct product *p)
{
	return p->active && strcmp(p->level, "dv") == 0 &&
	       (*p->issuer == '\0' || issuers_find(c->issuers, p->issuer) != NULL);
}

static enum acsr_result check_fits(const struct product *p, const struct strv *names, struct acsr_err *e)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->v[i][0] == '*' && !p->wildcard)
			return err_set(e, "acme.identifier.rejected",
				"%s is a wildcard, which the profile %s does not certify", names->v[i],
				p->id);
	if (names->n > (size_t)p->max_names)
		return err_set(e, "acme.order.names",
			"%zu identifiers, but a certificate of the profile %s has at most %lld", names->n,
			p->id, (long long)p->max_names);
	return ACSR_OK;
}

static enum acsr_result load_offered(
	struct core *c, const struct strv *ids, const char *profile, struct product *out, struct acsr_err *e)
{
	if (strv_has(ids, profile) && products_load(c->db, profile, out, e) == ACSR_OK && is_offered(c, out))
		return ACSR_OK;
	return err_rule(e, "acme.profile", NULL, "draft-ietf-acme-profiles 3",
		"there is no profile \"%.60s\" here; the directory lists them", profile);
}

enum acsr_result acme_choose_product(struct core *c, struct acme_request *a, const char *profile,
	const struct strv *names, struct product *out, struct acsr_err *e)
{
	CLEANUP_STRV struct strv ids = { 0 };

	TRY(acme_names_split(a->dir.products, &ids, e));
	if (profile != NULL && *profile != '\0') {
		TRY(load_offered(c, &ids, profile, out, e));
		return check_fits(out, names, e);
	}
	(void)err_set(e, "acme.profile", "nothing can be ordered at this directory right now");
	for (size_t i = 0; i < ids.n; i++) {
		struct acsr_err ignored;

		if (load_offered(c, &ids, ids.v[i], out, &ignored) == ACSR_OK &&
			check_fits(out, names, e) == ACSR_OK)
			return ACSR_OK;
	}
	return ACSR_FAIL;
}
