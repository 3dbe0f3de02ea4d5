/* One setting of a request, by its key: what flags, lines of files and members of JSON have in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/str.h"
#include "draft_int.h"
#include "ext.h"
#include "name_int.h"

/* What a setter gets. */
struct setting {
	struct acsr_csr_draft *d;
	const char *key, *value;
	enum acsr_name_policy policy;
};

static enum acsr_result bad_value(const struct setting *s, struct acsr_err *e, const char *text)
{
	return err_rule(e, "request.value", s->key, NULL, "%s: %s", s->key, text);
}

/* Call `one` for every word of the value; words are separated by blanks and commas. */
static enum acsr_result each_word(const struct setting *s,
	enum acsr_result (*one)(const struct setting *s, const char *word, struct acsr_err *e),
	struct acsr_err *e)
{
	CLEANUP_STR char *copy = NULL;
	char *p;

	TRY(str_dup(&copy, s->value, e));
	p = copy + strspn(copy, " ,\t");
	if (*p == '\0')
		return bad_value(s, e, "there is no value");
	while (*p != '\0') {
		size_t n = strcspn(p, " ,\t");
		char *next = p + n + strspn(p + n, " ,\t");

		p[n] = '\0';
		TRY(one(s, p, e));
		p = next;
	}
	return ACSR_OK;
}

static enum acsr_result parse_bool(const struct setting *s, bool *out, struct acsr_err *e)
{
	if (ascii_casecmp(s->value, "yes") == 0 || ascii_casecmp(s->value, "true") == 0)
		*out = true;
	else if (ascii_casecmp(s->value, "no") == 0 || ascii_casecmp(s->value, "false") == 0)
		*out = false;
	else
		return bad_value(s, e, "write yes or no");
	return ACSR_OK;
}

static enum acsr_result set_subject(const struct setting *s, struct acsr_err *e)
{
	struct acsr_dn dn = { 0 };

	TRY(acsr_dn_parse(&dn, s->value, e));
	acsr_dn_free(&s->d->subject);
	s->d->subject = dn;
	return ACSR_OK;
}

static enum acsr_result add_host(const struct setting *s, const char *word, struct acsr_err *e)
{
	struct acsr_name name;
	bool ip;

	TRY(acsr_name_check(word, strlen(word), s->policy, &name, e));
	ip = name.kind == ACSR_NAME_IP;
	if (strcmp(s->key, "host") != 0 && ip != (strcmp(s->key, "ip") == 0))
		return bad_value(s, e, ip ? "this is an IP address" : "this is no IP address");
	return acsr_sans_add(&s->d->sans, ip ? ACSR_SAN_IP : ACSR_SAN_DNS, name.ascii, e);
}

static enum acsr_result set_host(const struct setting *s, struct acsr_err *e)
{
	return each_word(s, add_host, e);
}

static bool is_ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

static enum acsr_result bad_email(struct acsr_err *e)
{
	return err_rule(e, "name.email", NULL, "RFC 5280 4.2.1.6", "a mailbox is written local-part@domain");
}

static enum acsr_result set_email(const struct setting *s, struct acsr_err *e)
{
	CLEANUP_STR char *local = NULL, *mailbox = NULL;
	const char *at = strrchr(s->value, '@');
	char domain[256];

	if (at == NULL || at == s->value || at[1] == '\0')
		return bad_email(e);
	local = strndup(s->value, (size_t)(at - s->value));
	if (local == NULL)
		return err_nomem(e);
	if (is_ascii(at + 1) && strlen(at + 1) < sizeof(domain))
		snprintf(domain, sizeof(domain), "%s", at + 1);
	else
		TRY(idn_to_ascii(at + 1, domain, e));
	if (!is_ascii(local))
		str_lower(domain);
	TRY(str_printf(&mailbox, e, "%s@%s", local, domain));
	return acsr_sans_add(&s->d->sans, is_ascii(local) ? ACSR_SAN_EMAIL : ACSR_SAN_SMTPUTF8, mailbox, e);
}

/* A scheme and something behind it (RFC 3986 4.3). */
static enum acsr_result set_uri(const struct setting *s, struct acsr_err *e)
{
	size_t n = strcspn(s->value, ":");
	bool good = s->value[n] == ':' && s->value[n + 1] != '\0' && ascii_alpha((unsigned char)s->value[0]);

	for (size_t i = 0; i < n; i++)
		good = good &&
		       (ascii_alnum((unsigned char)s->value[i]) || strchr("+-.", s->value[i]) != NULL);
	if (!good)
		return err_rule(e, "name.uri", NULL, "RFC 5280 4.2.1.6",
			"a URI starts with a scheme, as in https://example.com/x");
	return acsr_sans_add(&s->d->sans, ACSR_SAN_URI, s->value, e);
}

static enum acsr_result set_upn(const struct setting *s, struct acsr_err *e)
{
	const char *at = strrchr(s->value, '@');

	if (at == NULL || at == s->value || at[1] == '\0')
		return err_rule(e, "name.upn", NULL, "MS-ADTS 5.1.1.1.1",
			"a user principal name is written user@domain");
	return acsr_sans_add(&s->d->sans, ACSR_SAN_UPN, s->value, e);
}

static enum acsr_result set_other_san(const struct setting *s, struct acsr_err *e)
{
	enum acsr_san_type type = ACSR_SAN_OTHER;

	(void)acsr_san_type_find(s->key, &type);
	return acsr_sans_add(&s->d->sans, type, s->value, e);
}

static enum acsr_result add_ku(const struct setting *s, const char *word, struct acsr_err *e)
{
	unsigned bit = acsr_ku_find(word);

	if (bit == 0)
		return bad_value(s, e,
			"no such key usage; there are digitalSignature, nonRepudiation, keyEncipherment, "
			"dataEncipherment, keyAgreement, keyCertSign, cRLSign, encipherOnly, decipherOnly");
	s->d->ku |= bit;
	return ACSR_OK;
}

static enum acsr_result set_ku(const struct setting *s, struct acsr_err *e)
{
	return each_word(s, add_ku, e);
}

static enum acsr_result add_eku(const struct setting *s, const char *word, struct acsr_err *e)
{
	return draft_add_eku(s->d, word, e);
}

static enum acsr_result set_eku(const struct setting *s, struct acsr_err *e)
{
	return each_word(s, add_eku, e);
}

static enum acsr_result set_must_staple(const struct setting *s, struct acsr_err *e)
{
	return parse_bool(s, &s->d->must_staple, e);
}

static enum acsr_result set_ca(const struct setting *s, struct acsr_err *e)
{
	TRY(parse_bool(s, &s->d->ca, e));
	s->d->end_entity = !s->d->ca;
	return ACSR_OK;
}

static enum acsr_result set_path_length(const struct setting *s, struct acsr_err *e)
{
	uint64_t n;

	if (ascii_casecmp(s->value, "none") == 0) {
		s->d->path_len = -1;
		return ACSR_OK;
	}
	if (str_u64(s->value, 255, &n, NULL) != ACSR_OK)
		return bad_value(s, e, "write a number from 0 to 255, or none");
	s->d->path_len = (int)n;
	return ACSR_OK;
}

static enum acsr_result set_policy(const struct setting *s, struct acsr_err *e)
{
	size_t n = strcspn(s->value, " \t");
	const char *cps = s->value + n + strspn(s->value + n, " \t");
	CLEANUP_STR char *oid = strndup(s->value, n);

	if (oid == NULL)
		return err_nomem(e);
	return draft_add_policy(s->d, oid, *cps != '\0' ? cps : NULL, e);
}

static enum acsr_result set_template_name(const struct setting *s, struct acsr_err *e)
{
	if (s->value[0] == '\0' || str_has_control(s->value) || !str_is_utf8(s->value, strlen(s->value)))
		return bad_value(s, e, "the name of a template is a text");
	return draft_replace(&s->d->ms_template.name, s->value, e);
}

static bool take_number(const char **p, bool *has, uint32_t *out)
{
	char digits[12];
	uint64_t v;
	size_t n;

	*has = **p == ':';
	if (!*has)
		return **p == '\0';
	n = strcspn(++*p, ":");
	if (n >= sizeof(digits))
		return false;
	memcpy(digits, *p, n);
	digits[n] = '\0';
	*p += n;
	if (str_u64(digits, UINT32_MAX, &v, NULL) != ACSR_OK)
		return false;
	*out = (uint32_t)v;
	return true;
}

static enum acsr_result set_template_oid(const struct setting *s, struct acsr_err *e)
{
	struct acsr_ms_template *t = &s->d->ms_template, got = { 0 };
	size_t n = strcspn(s->value, ":");
	const char *p = s->value + n;
	CLEANUP_STR char *oid = strndup(s->value, n);

	if (oid == NULL)
		return err_nomem(e);
	if (n == 0 || strspn(oid, "0123456789.") != n || !take_number(&p, &got.has_major, &got.major) ||
		!take_number(&p, &got.has_minor, &got.minor) || *p != '\0')
		return bad_value(s, e, "write OID, OID:MAJOR or OID:MAJOR:MINOR");
	TRY(draft_replace(&t->oid, oid, e));
	t->has_major = got.has_major;
	t->has_minor = got.has_minor;
	t->major = got.major;
	t->minor = got.minor;
	return ACSR_OK;
}

static enum acsr_result set_ski(const struct setting *s, struct acsr_err *e)
{
	return parse_bool(s, &s->d->ski, e);
}

static enum acsr_result set_extension(const struct setting *s, struct acsr_err *e)
{
	const char *colon = strchr(s->value, ':'), *hex = colon != NULL ? colon + 1 : "";
	bool critical = str_starts(hex, "critical:");
	CLEANUP_STR char *oid = strndup(s->value, strcspn(s->value, ":")), *der = NULL;
	size_t n;

	if (critical)
		hex += strlen("critical:");
	der = malloc(strlen(hex) + 1);
	if (oid == NULL || der == NULL)
		return err_nomem(e);
	if (hex_decode(hex, (uint8_t *)der, strlen(hex) + 1, &n, NULL) != ACSR_OK)
		n = 0; /* no DER element: refused there */
	return draft_add_ext(s->d, oid, critical, (const uint8_t *)der, n, e);
}

static enum acsr_result set_unstructured_name(const struct setting *s, struct acsr_err *e)
{
	return draft_replace(&s->d->unstructured_name, s->value, e);
}

static enum acsr_result set_key(const struct setting *s, struct acsr_err *e)
{
	const struct acsr_key_type *t;

	TRY(acsr_key_type_find(&t, s->value, e));
	return draft_replace(&s->d->key_type, t->name, e);
}

static enum acsr_result set_digest(const struct setting *s, struct acsr_err *e)
{
	static const char *const digests[] = { "SHA256", "SHA384", "SHA512" };

	for (size_t i = 0; i < 3; i++)
		if (ascii_casecmp(s->value, digests[i]) == 0)
			return draft_replace(&s->d->digest, digests[i], e);
	return bad_value(s, e, "write SHA256, SHA384 or SHA512");
}

static const struct {
	const char *key;
	enum acsr_result (*set)(const struct setting *s, struct acsr_err *e);
} keys[] = {
	{ "subject", set_subject },
	{ "host", set_host },
	{ "dns", set_host },
	{ "ip", set_host },
	{ "email", set_email },
	{ "uri", set_uri },
	{ "upn", set_upn },
	{ "rid", set_other_san },
	{ "dirname", set_other_san },
	{ "other", set_other_san },
	{ "key_usage", set_ku },
	{ "eku", set_eku },
	{ "must_staple", set_must_staple },
	{ "ca", set_ca },
	{ "path_length", set_path_length },
	{ "policy", set_policy },
	{ "template_name", set_template_name },
	{ "template_oid", set_template_oid },
	{ "ski", set_ski },
	{ "extension", set_extension },
	{ "unstructured_name", set_unstructured_name },
	{ "key", set_key },
	{ "digest", set_digest },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

const char *acsr_csr_draft_key_at(size_t i)
{
	return i < N_KEYS ? keys[i].key : NULL;
}

static enum acsr_result set(const struct setting *s, struct acsr_err *e)
{
	if (str_starts(s->key, "subject."))
		return acsr_dn_add(&s->d->subject, s->key + strlen("subject."), s->value, e);
	for (size_t i = 0; i < N_KEYS; i++)
		if (strcmp(keys[i].key, s->key) == 0)
			return keys[i].set(s, e);
	return err_rule(e, "request.key", s->key, NULL,
		"there is no setting \"%.60s\" in a request; see the list of keys", s->key);
}

enum acsr_result acsr_csr_draft_set(struct acsr_csr_draft *d, const char *key, const char *value,
	enum acsr_name_policy policy, struct acsr_err *e)
{
	const struct setting s = { d, key, value, policy };
	size_t names = d->sans.n;

	if (set(&s, e) == ACSR_OK)
		return ACSR_OK;
	/* some of the words of a list may be in already */
	while (d->sans.n > names)
		free(d->sans.v[--d->sans.n].value);
	if (e != NULL)
		snprintf(e->field, sizeof(e->field), "%.95s", key);
	return ACSR_FAIL;
}
