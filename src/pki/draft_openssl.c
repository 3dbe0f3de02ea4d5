/*
 * Requests from OpenSSL configurations: the usual parts of [req]. The syntax is read by OpenSSL itself; what
 * it would fetch from elsewhere (included files, the environment) is refused before.
 */
#include <openssl/asn1.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/str.h"
#include "draft_int.h"
#include "ossl.h"

struct config {
	struct acsr_csr_draft *d;
	CONF *conf;
	enum acsr_name_policy policy;
};

static enum acsr_result bad_config(struct acsr_err *e, const char *field, const char *text)
{
	return err_rule(e, "request.file.openssl", field, NULL, "%s", text);
}

/* A backslash at the end of a line joins the next one to it, also in the middle of a word. */
static const char *past_joins(const char *p)
{
	while (*p == '\\') {
		const char *end = p + 1 + strspn(p + 1, "\r");

		if (*end != '\n')
			break;
		p = end + 1;
	}
	return p;
}

static bool spells(const char *p, const char *word)
{
	for (; *word != '\0'; word++, p++) {
		p = past_joins(p);
		if (*p != *word)
			return false;
	}
	return true;
}

/* Could OpenSSL take this word for a directive: at the beginning of a line, behind blanks, a byte order mark or
 * "section::"? */
static bool has_directive(const char *text, const char *word)
{
	for (const char *p = text; *p != '\0'; p++) {
		const char *at = p;

		if (p != text && p[-1] != '\n' && p[-1] != ':')
			continue;
		if (str_starts(at, "\xef\xbb\xbf"))
			at += 3;
		if (spells(at + strspn(at, " \t\r\n"), word))
			return true;
	}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	for (const char *p = text; *p != '\0'; p++)
		if (spells(p, word))
			return true;
	return false;
}

bool draft_is_openssl(const char *text)
{
	for (const char *p = strchr(text, '['); p != NULL; p = strchr(p, '[')) {
		bool line = p == text || p[-1] == '\n' || p[-1] == ' ' || p[-1] == '\t';
		size_t n;

		p++;
		p += strspn(p, " \t");
		n = strcspn(p, " \t]\r\n");
		if (line && n == 3 && strncmp(p, "req", 3) == 0)
			return true;
	}
	return false;
}

static enum acsr_result set(
	const struct config *c, const char *key, const char *value, const char *where, struct acsr_err *e)
{
	if (acsr_csr_draft_set(c->d, key, value, c->policy, e) == ACSR_OK)
		return ACSR_OK;
	if (e != NULL)
		snprintf(e->field, sizeof(e->field), "%.95s", where);
	return ACSR_FAIL;
}

static enum acsr_result not_understood(
	const struct config *c, const char *section, const char *name, struct acsr_err *e)
{
	return draft_note(c->d, e, "[%s] %s is not understood and was left out", section, name);
}

/* "0.organizationName" is organizationName, "+OU" stands in one RDN with the one before. */
static const char *plain_name(const char *name, bool *joined)
{
	size_t digits = strspn(name, "0123456789");
	const char *p = name;

	if (digits > 0 && name[digits] == '.' && ascii_alpha((unsigned char)name[digits + 1]))
		p = name + digits + 1;
	*joined = *p == '+';
	return *joined ? p + 1 : p;
}

static enum acsr_result add_field(
	const struct config *c, const char *name, const char *value, struct acsr_err *e)
{
	bool joined;
	const char *plain = plain_name(name, &joined);
	struct acsr_dn *dn = &c->d->subject;

	if (value[0] == '\0')
		return ACSR_OK;
	if ((joined ? acsr_dn_join(dn, plain, value, e) : acsr_dn_add(dn, plain, value, e)) == ACSR_OK)
		return ACSR_OK;
	if (e != NULL)
		snprintf(e->field, sizeof(e->field), "subject.%.80s", plain);
	return ACSR_FAIL;
}

/* Without prompt = no the section holds questions; their defaults are what "return" would have given. */
static enum acsr_result add_default(
	const struct config *c, const char *section, const CONF_VALUE *v, struct acsr_err *e)
{
	char key[128];
	const char *value;

	if (str_ends(v->name, "_default") || str_ends(v->name, "_min") || str_ends(v->name, "_max") ||
		str_ends(v->name, "_value"))
		return ACSR_OK;
	snprintf(key, sizeof(key), "%.110s_default", v->name);
	value = NCONF_get_string(c->conf, section, key);
	if (value == NULL)
		return draft_note(c->d, e, "%s is asked for (\"%s\") and has no default: it was left out",
			v->name, v->value);
	TRY(add_field(c, v->name, value, e));
	return draft_note(c->d, e, "%s: the default \"%s\" was taken", v->name, value);
}

static enum acsr_result read_name(
	const struct config *c, const char *section, bool prompt, struct acsr_err *e)
{
	STACK_OF(CONF_VALUE) *list = NCONF_get_section(c->conf, section);

	if (list == NULL)
		return bad_config(e, section, "the section of the distinguished name is missing");
	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(list, i);

		if (prompt)
			TRY(add_default(c, section, v, e));
		else
			TRY(add_field(c, v->name, v->value, e));
	}
	return ACSR_OK;
}

/* "dirName:section" */
static enum acsr_result add_dirname(const struct config *c, const char *section, struct acsr_err *e)
{
	STACK_OF(CONF_VALUE) *list = NCONF_get_section(c->conf, section);
	CLEANUP_STR char *text = NULL;
	struct acsr_dn dn = { 0 };
	enum acsr_result r = ACSR_OK;

	if (list == NULL)
		return bad_config(e, section, "the section of a directory name is missing");
	for (int i = 0; r == ACSR_OK && i < sk_CONF_VALUE_num(list); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(list, i);
		bool joined;
		const char *name = plain_name(v->name, &joined);

		r = joined ? acsr_dn_join(&dn, name, v->value, e) : acsr_dn_add(&dn, name, v->value, e);
	}
	if (r == ACSR_OK)
		r = acsr_dn_print(&text, &dn, e);
	acsr_dn_free(&dn);
	return r == ACSR_OK ? set(c, "dirname", text, section, e) : r;
}

/* One name of OpenSSL's form; the kind may carry a number ("DNS.1"). */
static enum acsr_result add_san(
	const struct config *c, const char *kind, const char *value, struct acsr_err *e)
{
	static const struct {
		const char *kind, *key;
	} kinds[] = { { "DNS", "dns" }, { "IP", "ip" }, { "email", "email" }, { "URI", "uri" },
		{ "RID", "rid" }, { "otherName", "other" } };
	size_t n = strcspn(kind, ".");

	if (strcmp(value, "copy") == 0 || strcmp(value, "move") == 0)
		return draft_note(
			c->d, e, "subjectAltName %s:%s is not understood and was left out", kind, value);
	if (n == strlen("dirName") && strncmp(kind, "dirName", n) == 0)
		return add_dirname(c, value, e);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].kind) != n || strncmp(kinds[i].kind, kind, n) != 0)
			continue;
		if (i == 5 && str_starts(value, "1.3.6.1.4.1.311.20.2.3;UTF8:"))
			return set(c, "upn", value + strlen("1.3.6.1.4.1.311.20.2.3;UTF8:"), "subjectAltName",
				e);
		return set(c, kinds[i].key, value, "subjectAltName", e);
	}
	return draft_note(c->d, e, "subjectAltName %s:%s is not understood and was left out", kind, value);
}

/* Call `one` with each "name:value" of the list, or with each line of its "@section". */
static enum acsr_result each_item(const struct config *c, const char *list,
	enum acsr_result (*one)(
		const struct config *c, const char *name, const char *value, struct acsr_err *e),
	struct acsr_err *e)
{
	STACK_OF(CONF_VALUE) *items =
		list[0] == '@' ? NCONF_get_section(c->conf, list + 1) : X509V3_parse_list(list);
	enum acsr_result r = ACSR_OK;

	ERR_clear_error();
	if (items == NULL)
		return bad_config(e, list, list[0] == '@' ? "a section is missing" : "a list cannot be read");
	for (int i = 0; r == ACSR_OK && i < sk_CONF_VALUE_num(items); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(items, i);

		r = one(c, v->name, v->value != NULL ? v->value : "", e);
	}
	if (list[0] != '@')
		sk_CONF_VALUE_pop_free(items, X509V3_conf_free);
	return r;
}

static enum acsr_result add_constraint(
	const struct config *c, const char *name, const char *value, struct acsr_err *e)
{
	if (ascii_casecmp(name, "CA") == 0)
		return set(c, "ca", ascii_casecmp(value, "true") == 0 ? "yes" : "no", "basicConstraints", e);
	if (strcmp(name, "pathlen") == 0)
		return set(c, "path_length", value, "basicConstraints", e);
	return not_understood(c, "basicConstraints", name, e);
}

static enum acsr_result add_feature(
	const struct config *c, const char *name, const char *value, struct acsr_err *e)
{
	(void)value;
	if (strcmp(name, "status_request") == 0 || strcmp(name, "5") == 0)
		return set(c, "must_staple", "yes", "tlsfeature", e);
	return not_understood(c, "tlsfeature", name, e);
}

/* "@section" inside a list of policies: policyIdentifier, CPS.1 */
static enum acsr_result add_policy(
	const struct config *c, const char *name, const char *value, struct acsr_err *e)
{
	const char *oid = name[0] == '@' ? NCONF_get_string(c->conf, name + 1, "policyIdentifier") : name;
	const char *cps = name[0] == '@' ? NCONF_get_string(c->conf, name + 1, "CPS.1") : NULL;

	(void)value;
	ERR_clear_error();
	if (oid == NULL)
		return not_understood(c, "certificatePolicies", name, e);
	return draft_add_policy(c->d, oid, cps, e);
}

static enum acsr_result add_ski(const struct config *c, const char *value, struct acsr_err *e)
{
	if (strcmp(value, "hash") == 0)
		return set(c, "ski", "yes", "subjectKeyIdentifier", e);
	return not_understood(c, "subjectKeyIdentifier", value, e);
}

/* "DER:30:03:02:01:05" */
static enum acsr_result add_der(
	const struct config *c, const char *oid, bool critical, const char *hex, struct acsr_err *e)
{
	CLEANUP_STR char *digits = malloc(strlen(hex) + 1), *der = malloc(strlen(hex) + 1);
	size_t n = 0;

	if (digits == NULL || der == NULL)
		return err_nomem(e);
	for (const char *p = hex; *p != '\0'; p++)
		if (*p != ':')
			digits[n++] = *p;
	digits[n] = '\0';
	if (hex_decode(digits, (uint8_t *)der, strlen(hex) + 1, &n, NULL) != ACSR_OK)
		n = 0;
	return draft_add_ext(c->d, oid, critical, (const uint8_t *)der, n, e);
}

/* "ASN1:UTF8String:text", with OpenSSL's own generator. It gets no configuration: sections that refer to each
 * other could make it write without end, so there is no SEQUENCE and no SET. */
static enum acsr_result add_asn1(
	const struct config *c, const char *oid, bool critical, const char *value, struct acsr_err *e)
{
	ASN1_TYPE *t = ASN1_generate_nconf(value, NULL);
	unsigned char *der = NULL;
	int n = t != NULL ? i2d_ASN1_TYPE(t, &der) : -1;
	enum acsr_result r;

	ASN1_TYPE_free(t);
	ERR_clear_error();
	r = n > 0 ? draft_add_ext(c->d, oid, critical, der, (size_t)n, e)
		  : bad_config(e, oid, "the value behind ASN1: cannot be read; write a SEQUENCE as DER:");
	OPENSSL_free(der);
	return r;
}

static enum acsr_result add_raw(
	const struct config *c, const char *name, bool critical, const char *value, struct acsr_err *e)
{
	ASN1_OBJECT *o = OBJ_txt2obj(name, 0);
	char oid[200];

	ossl_oid(o, oid, sizeof(oid));
	ASN1_OBJECT_free(o);
	ERR_clear_error();
	if (oid[0] != '\0' && str_starts(value, "DER:"))
		return add_der(c, oid, critical, value + strlen("DER:"), e);
	if (oid[0] != '\0' && str_starts(value, "ASN1:"))
		return add_asn1(c, oid, critical, value + strlen("ASN1:"), e);
	return not_understood(c, "extensions", name, e);
}

/* "critical," in front of a value. */
static bool take_critical(const char **value)
{
	const char *p = *value;

	if (!str_starts(p, "critical"))
		return false;
	p += strlen("critical");
	p += strspn(p, " \t");
	if (*p != ',')
		return false;
	*value = p + 1 + strspn(p + 1, " \t");
	return true;
}

static enum acsr_result add_extension(
	const struct config *c, const char *name, const char *value, struct acsr_err *e)
{
	bool critical = take_critical(&value);

	if (str_starts(value, "DER:") || str_starts(value, "ASN1:"))
		return add_raw(c, name, critical, value, e);
	if (strcmp(name, "subjectAltName") == 0)
		return each_item(c, value, add_san, e);
	if (strcmp(name, "keyUsage") == 0)
		return set(c, "key_usage", value, name, e);
	if (strcmp(name, "extendedKeyUsage") == 0)
		return set(c, "eku", value, name, e);
	if (strcmp(name, "basicConstraints") == 0)
		return each_item(c, value, add_constraint, e);
	if (strcmp(name, "tlsfeature") == 0)
		return each_item(c, value, add_feature, e);
	if (strcmp(name, "certificatePolicies") == 0)
		return each_item(c, value, add_policy, e);
	if (strcmp(name, "subjectKeyIdentifier") == 0)
		return add_ski(c, value, e);
	return not_understood(c, "extensions", name, e);
}

static enum acsr_result read_extensions(const struct config *c, const char *section, struct acsr_err *e)
{
	STACK_OF(CONF_VALUE) *list = NCONF_get_section(c->conf, section);

	if (list == NULL)
		return bad_config(e, section, "the section of the requested extensions is missing");
	for (int i = 0; i < sk_CONF_VALUE_num(list); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(list, i);

		TRY(add_extension(c, v->name, v->value, e));
	}
	return ACSR_OK;
}

static enum acsr_result read_attributes(
	const struct config *c, const char *section, bool prompt, struct acsr_err *e)
{
	STACK_OF(CONF_VALUE) *list = NCONF_get_section(c->conf, section);

	for (int i = 0; list != NULL && i < sk_CONF_VALUE_num(list); i++) {
		const CONF_VALUE *v = sk_CONF_VALUE_value(list, i);

		if (str_starts(v->name, "challengePassword"))
			TRY(draft_note(c->d, e, "[%s] %s: a challenge password is never taken from a file",
				section, v->name));
		else if (!prompt && strcmp(v->name, "unstructuredName") == 0)
			TRY(set(c, "unstructured_name", v->value, v->name, e));
		else
			TRY(not_understood(c, section, v->name, e));
	}
	return ACSR_OK;
}

static enum acsr_result read_bits(const struct config *c, const char *bits, struct acsr_err *e)
{
	char type[32];

	snprintf(type, sizeof(type), "rsa:%.20s", bits);
	return set(c, "key", type, "default_bits", e);
}

static enum acsr_result read_md(const struct config *c, const char *md, struct acsr_err *e)
{
	if (ascii_casecmp(md, "default") == 0)
		return ACSR_OK;
	if (acsr_csr_draft_set(c->d, "digest", md, c->policy, NULL) == ACSR_OK)
		return ACSR_OK;
	return draft_note(c->d, e, "default_md = %s is not offered; the key's own digest is used", md);
}

static enum acsr_result read_req(const struct config *c, const CONF_VALUE *v, bool prompt, struct acsr_err *e)
{
	if (strcmp(v->name, "default_bits") == 0)
		return read_bits(c, v->value, e);
	if (strcmp(v->name, "default_md") == 0)
		return read_md(c, v->value, e);
	if (strcmp(v->name, "distinguished_name") == 0)
		return read_name(c, v->value, prompt, e);
	if (strcmp(v->name, "req_extensions") == 0)
		return read_extensions(c, v->value, e);
	if (strcmp(v->name, "attributes") == 0)
		return read_attributes(c, v->value, prompt, e);
	/* text is UTF-8 here and is written so: nothing to be done about these */
	if (strcmp(v->name, "prompt") == 0 || strcmp(v->name, "utf8") == 0 ||
		strcmp(v->name, "string_mask") == 0)
		return ACSR_OK;
	return not_understood(c, "req", v->name, e);
}

static enum acsr_result read_config(const struct config *c, struct acsr_err *e)
{
	STACK_OF(CONF_VALUE) *list = NCONF_get_section(c->conf, "req");
	const char *prompt = NCONF_get_string(c->conf, "req", "prompt");
	bool ask = prompt == NULL || ascii_casecmp(prompt, "no") != 0;

	if (list == NULL)
		return bad_config(e, "req", "there is no section [req]");
	if (NCONF_get_string(c->conf, "default", "oid_section") != NULL)
		TRY(draft_note(c->d, e, "oid_section is not understood; use dotted OIDs"));
	ERR_clear_error();
	for (int i = 0; i < sk_CONF_VALUE_num(list); i++)
		TRY(read_req(c, sk_CONF_VALUE_value(list, i), ask, e));
	return ACSR_OK;
}

/* Also without the text: NCONF would go and fetch it. */
static enum acsr_result check_text(const char *text, struct acsr_err *e)
{
	if (has_directive(text, ".include"))
		return bad_config(e, ".include", "included files are not read; put everything into one file");
	if (has_word(text, "ENV::"))
		return bad_config(e, "ENV", "the environment is not read; write the value itself");
	return ACSR_OK;
}

static enum acsr_result parse(CONF *conf, const char *text, struct acsr_err *e)
{
	BIO *in = BIO_new_mem_buf(text, -1);
	long line = 0;
	char field[32];

	if (in == NULL || NCONF_load_bio(conf, in, &line) != 1) {
		BIO_free(in);
		ERR_clear_error();
		snprintf(field, sizeof(field), "line %ld", line);
		return err_rule(e, "request.file.syntax", field, NULL,
			"line %ld: this is not in the form of an OpenSSL configuration", line);
	}
	BIO_free(in);
	return ACSR_OK;
}

enum acsr_result draft_read_openssl(
	struct acsr_csr_draft *d, const char *text, enum acsr_name_policy policy, struct acsr_err *e)
{
	struct config c = { .d = d, .policy = policy };
	enum acsr_result r;

	TRY(check_text(text, e));
	c.conf = NCONF_new(NULL);
	if (c.conf == NULL)
		return err_nomem(e);
	r = parse(c.conf, text, e);
	if (r == ACSR_OK)
		r = read_config(&c, e);
	NCONF_free(c.conf);
	ERR_clear_error();
	return r;
}
