/* csr new: what to ask for, from an old certificate or CSR, a request file, and flags, the later ones first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/limits.h"
#include "base/limits.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/newcsr.h"
#include "cli/say.h"

#define REQUEST_MAX (256 * 1024)

/* Flags and the settings of draft.h that they are; in this order. */
static const struct {
	const char *flag, *key, *value; /* value: of a flag that takes none */
} settings[] = { { "subject", "subject", NULL }, { "cn", "subject.CN", NULL }, { "o", "subject.O", NULL },
	{ "ou", "subject.OU", NULL }, { "l", "subject.L", NULL }, { "st", "subject.ST", NULL },
	{ "c", "subject.C", NULL }, { "serial", "subject.serialNumber", NULL }, { "dc", "subject.DC", NULL },
	{ "uid", "subject.UID", NULL }, { "host", "host", NULL }, { "ip", "ip", NULL },
	{ "email", "email", NULL }, { "uri", "uri", NULL }, { "upn", "upn", NULL }, { "rid", "rid", NULL },
	{ "dirname", "dirname", NULL }, { "other", "other", NULL }, { "ku", "key_usage", NULL },
	{ "eku", "eku", NULL }, { "must-staple", "must_staple", "yes" }, { "ca", "ca", "yes" },
	{ "no-ca", "ca", "no" }, { "pathlen", "path_length", NULL }, { "policy-oid", "policy", NULL },
	{ "ski", "ski", "yes" }, { "extension", "extension", NULL },
	{ "unstructured-name", "unstructured_name", NULL }, { "digest", "digest", NULL } };
#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

bool newcsr_has_names(const struct args *a)
{
	static const char *const others[] = { "from", "request", "field" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (args_flag(a, others[i]))
			return true;
	for (size_t i = 0; strcmp(settings[i].flag, "ku") != 0; i++)
		if (args_flag(a, settings[i].flag))
			return true;
	return false;
}

static enum acsr_result set(
	struct newcsr *n, const char *flag, const char *key, const char *value, struct acsr_err *e)
{
	if (acsr_csr_draft_set(&n->draft, key, value, n->policy, e) == ACSR_OK)
		return ACSR_OK;
	if (e != NULL)
		snprintf(e->field, sizeof(e->field), "--%s %s", flag, value);
	return ACSR_FAIL;
}

static bool is_ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

/* A name beyond ASCII is another one in the certificate; who typed it should see which. */
static void tell_ascii(const struct newcsr *n, size_t before, const char *typed)
{
	if (!is_ascii(typed) && n->draft.sans.n == before + 1 && is_ascii(n->draft.sans.v[before].value))
		say_progress("%s is %s in the certificate", typed, n->draft.sans.v[before].value);
}

/* A field that a flag names is the flag's alone; what --from or --request said of it goes. */
static void drop_field(struct acsr_dn *dn, const char *name)
{
	size_t kept = 0;
	bool gone = false, joined = false;

	for (size_t i = 0; i < dn->n; i++) {
		struct acsr_dn_field f = dn->v[i];

		if (gone && f.joined)
			f.joined = joined;
		gone = strcmp(f.name, name) == 0;
		if (gone) {
			joined = f.joined;
			free(f.name);
			free(f.value);
		} else {
			dn->v[kept++] = f;
		}
	}
	dn->n = kept;
}

/* "businessCategory=Private Organization" */
static enum acsr_result add_field(struct newcsr *n, const char *text, struct acsr_err *e)
{
	const char *eq = strchr(text, '=');
	char key[128];

	if (eq == NULL || eq == text || (size_t)(eq - text) > 100)
		return err_rule(
			e, "usage.value", "--field", "", "--field is NAME=VALUE, not \"%.60s\"", text);
	snprintf(key, sizeof(key), "subject.%.*s", (int)(eq - text), text);
	return set(n, "field", key, eq + 1, e);
}

static enum acsr_result subject_flags(struct newcsr *n, struct acsr_err *e)
{
	bool any = args_flag(n->a, "field");
	const char *v;

	for (size_t i = 1; strncmp(settings[i].key, "subject.", 8) == 0; i++)
		any = any || args_flag(n->a, settings[i].flag);
	for (size_t i = 0; (v = args_many(n->a, "field", i)) != NULL; i++)
		TRY(add_field(n, v, e));
	if (any)
		acsr_dn_arrange(&n->draft.subject);
	return ACSR_OK;
}

/* The template is an OID when it looks like one. */
static enum acsr_result template_flag(struct newcsr *n, struct acsr_err *e)
{
	const char *v = args_one(n->a, "template");
	bool oid = v != NULL && v[strspn(v, "0123456789.:")] == '\0';

	return v == NULL ? ACSR_OK : set(n, "template", oid ? "template_oid" : "template_name", v, e);
}

static bool is_double(const struct acsr_sans *l, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (l->v[k].type == l->v[i].type && strcmp(l->v[k].value, l->v[i].value) == 0)
			return true;
	return false;
}

/* A name may come from two sources, or be typed in two ways. */
static void drop_doubles(struct acsr_sans *l)
{
	for (size_t i = 0; i < l->n;) {
		if (!is_double(l, i)) {
			i++;
			continue;
		}
		free(l->v[i].value);
		memmove(&l->v[i], &l->v[i + 1], (l->n - i - 1) * sizeof(l->v[0]));
		l->n--;
	}
}

static enum acsr_result flags(struct newcsr *n, struct acsr_err *e)
{
	const char *v;

	for (size_t k = 0; k < N_SETTINGS; k++)
		for (size_t i = 0; (v = args_many(n->a, settings[k].flag, i)) != NULL; i++) {
			size_t before = n->draft.sans.n;

			if (settings[k].value != NULL)
				v = settings[k].value;
			if (i == 0 && strncmp(settings[k].key, "subject.", 8) == 0 &&
				!args_flag(n->a, "subject"))
				drop_field(&n->draft.subject, settings[k].key + 8);
			TRY(set(n, settings[k].flag, settings[k].key, v, e));
			tell_ascii(n, before, v);
		}
	TRY(template_flag(n, e));
	drop_doubles(&n->draft.sans);
	return subject_flags(n, e);
}

static enum acsr_result constraints_usage(const struct newcsr *n, struct acsr_err *e)
{
	if (args_flag(n->a, "ca") && args_flag(n->a, "no-ca"))
		return err_set(e, "usage.value", "--ca and --no-ca exclude each other");
	if (args_flag(n->a, "pathlen") && !n->draft.ca)
		return err_set(e, "usage.value", "--pathlen is for CAs: it needs --ca");
	return ACSR_OK;
}

/* A certificate or a CSR, whichever it is. */
static enum acsr_result from_old(struct newcsr *n, const char *path, struct acsr_err *e)
{
	CLEANUP_CERTS struct load_certs certs = { NULL, 0 };
	struct acsr_cert_view *cert = NULL;
	struct acsr_csr_view *csr = NULL;
	struct acsr_err not_csr = { 0 };
	enum acsr_result r;

	if (strcmp(path, "-") == 0)
		return err_set(
			e, "usage.stdin", "--from needs a file that can be read twice, not standard input");
	if (load_csr(path, &csr, NULL, &not_csr) == ACSR_OK) {
		r = acsr_csr_draft_from_csr(&n->draft, csr, e);
		acsr_csr_view_free(csr);
		return r;
	}
	if (load_certs(&certs, path, NULL) != ACSR_OK)
		return err_rule(e, not_csr.id, "--from", "", "%s", not_csr.text);
	TRY(acsr_cert_parse(&cert, certs.v[0].p, certs.v[0].len, e));
	r = acsr_csr_draft_from_cert(&n->draft, cert, e);
	acsr_cert_view_free(cert);
	return r;
}

static enum acsr_result from_file(struct newcsr *n, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, REQUEST_MAX);
	TRY(file_get(&b, path, REQUEST_MAX, e));
	return acsr_csr_draft_read(&n->draft, b.p, b.len, n->policy, e);
}

/* Without a subject the common name copies the first host, which old software still looks at; a name
 * that is too long for it is left out (RFC 5280 ub-common-name). */
static enum acsr_result default_cn(struct newcsr *n, struct acsr_err *e)
{
	const struct acsr_csr_draft *d = &n->draft;

	if (args_flag(n->a, "subject") || acsr_dn_get(&d->subject, "CN") != NULL ||
		(d->subject.n > 0 && (args_flag(n->a, "from") || args_flag(n->a, "request"))))
		return ACSR_OK;
	for (size_t i = 0; i < d->sans.n; i++)
		if (d->sans.v[i].type == ACSR_SAN_DNS && strlen(d->sans.v[i].value) <= LIMIT_SUBJECT_FIELD) {
			TRY(acsr_dn_add(&n->draft.subject, "CN", d->sans.v[i].value, e));
			acsr_dn_arrange(&n->draft.subject);
			return ACSR_OK;
		}
	return ACSR_OK;
}

static enum acsr_result challenge(struct newcsr *n, struct acsr_err *e)
{
	const char *path = args_one(n->a, "challenge-password-file");

	if (path == NULL)
		return ACSR_OK;
	acsr_secret_free(n->draft.challenge_password);
	n->draft.challenge_password = NULL;
	return file_get_secret(&n->draft.challenge_password, path, e);
}

enum acsr_result newcsr_draft(struct newcsr *n, struct acsr_err *e)
{
	const char *from = args_one(n->a, "from"), *request = args_one(n->a, "request");

	if (from != NULL && request != NULL)
		return err_set(e, "usage.value", "--from and --request both say what to ask for; give one");
	if (from != NULL)
		TRY(from_old(n, from, e));
	if (request != NULL)
		TRY(from_file(n, request, e));
	TRY(flags(n, e));
	TRY(constraints_usage(n, e));
	if (n->draft.sans.n > ACSR_SANS_MAX)
		return err_rule(e, "csr.sans.many", "--host", "", "%zu names, at most %d are taken",
			n->draft.sans.n, ACSR_SANS_MAX);
	TRY(challenge(n, e));
	TRY(default_cn(n, e));
	for (size_t i = 0; i < n->draft.n_notes; i++)
		say_progress("note: %s", n->draft.notes[i]);
	if (n->draft.sans.n == 0)
		say_progress(
			"no names: servers need --host, the common name alone is not looked at any more");
	return ACSR_OK;
}
