/* Asking the prober about control and CAA, and what its answer means. */
#include "core/control.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "core/quorum.h"

enum { PROBE_SECONDS = 60 };

static enum acsr_result sha256_of(const char *text, uint8_t out[32], struct acsr_err *e)
{
	if (EVP_Digest(text, strlen(text), out, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.crypto", "SHA-256 failed");
	return ACSR_OK;
}

static enum acsr_result ask_http(
	struct core *c, const struct control *k, const struct call *like, struct acsr_err *e)
{
	struct msg_probe_http m = { .name = (char *)(uintptr_t)k->name,
		.path = (char *)(uintptr_t)k->where,
		.content = (char *)(uintptr_t)k->value };

	return core_ask(c, ROLE_PROBER, MSG_probe_http, &m, PROBE_SECONDS, like, e);
}

static enum acsr_result ask_dns(
	struct core *c, const struct control *k, const struct call *like, struct acsr_err *e)
{
	struct msg_probe_dns m = { .record = (char *)(uintptr_t)k->where,
		.value = (char *)(uintptr_t)k->value };

	return core_ask(c, ROLE_PROBER, MSG_probe_dns, &m, PROBE_SECONDS, like, e);
}

static enum acsr_result ask_tls_alpn(
	struct core *c, const struct control *k, const struct call *like, struct acsr_err *e)
{
	struct msg_probe_tls_alpn m = { .name = (char *)(uintptr_t)k->name };
	uint8_t digest[32];

	/* RFC 8737 3: the certificate holds the digest of the key authorization. */
	TRY(sha256_of(k->value, digest, e));
	m.digest = (struct blob){ digest, sizeof(digest) };
	return core_ask(c, ROLE_PROBER, MSG_probe_tls_alpn, &m, PROBE_SECONDS, like, e);
}

static enum acsr_result ask_persist(
	struct core *c, const struct control *k, const struct call *like, struct acsr_err *e)
{
	struct msg_probe_persist m = { .name = (char *)(uintptr_t)k->name,
		.wildcard = k->wildcard,
		.identity = (char *)(uintptr_t)conf_str(&c->proc->conf, "ca.caa_identity"),
		.account_uri = (char *)(uintptr_t)k->account_uri };

	return core_ask(c, ROLE_PROBER, MSG_probe_persist, &m, PROBE_SECONDS, like, e);
}

static const struct method {
	const char *name;
	const char *label; /* ACME's own name of it, and what validationmethods calls it (RFC 8657 4) */
	enum acsr_result (*ask)(
		struct core *c, const struct control *k, const struct call *like, struct acsr_err *e);
} methods[] = {
	{ "http", "http-01", ask_http },
	{ "dns", "dns-01", ask_dns },
	{ "tls-alpn", "tls-alpn-01", ask_tls_alpn },
	{ "dns-account", "dns-account-01", ask_dns },
	{ "dns-persist", "dns-persist-01", ask_persist },
};

static const struct method *method_of(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0 || strcmp(methods[i].label, name) == 0)
			return &methods[i];
	return NULL;
}

enum acsr_result control_ask(
	struct core *c, const struct control *k, const struct call *like, struct acsr_err *e)
{
	const struct method *m = method_of(k->method);

	if (m == NULL)
		return err_set(
			e, "validation.method", "\"%s\" is no way to show control of a name", k->method);
	return m->ask(c, k, like, e);
}

static const char *label_of(const char *method)
{
	const struct method *m = method_of(method);

	if (m != NULL)
		return m->label;
	return str_starts(method, "ca-") ? method : "";
}

enum acsr_result control_ask_caa(
	struct core *c, const struct control_caa *k, const struct call *like, struct acsr_err *e)
{
	struct msg_probe_caa m = { .name = (char *)(uintptr_t)k->name,
		.wildcard = k->wildcard,
		.identity = (char *)(uintptr_t)conf_str(&c->proc->conf, "ca.caa_identity"),
		.account_uri = (char *)(uintptr_t)k->account_uri,
		.method = (char *)(uintptr_t)label_of(k->method) };

	return core_ask(c, ROLE_PROBER, MSG_probe_caa, &m, PROBE_SECONDS, like, e);
}

enum acsr_result control_dns_account_record(
	const char *account_uri, const char *name, char out[CONTROL_RECORD], struct acsr_err *e)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t digest[32];
	char label[17] = "";

	TRY(sha256_of(account_uri, digest, e));
	/* Ten bytes are sixteen characters of base32 (RFC 4648 6), none left over. */
	for (size_t i = 0; i < 16; i++) {
		size_t bit = i * 5;
		unsigned two = (unsigned)digest[bit / 8] << 8 | digest[bit / 8 + 1];

		label[i] = alphabet[two >> (11 - bit % 8) & 31];
	}
	if (snprintf(out, CONTROL_RECORD, "_%s._acme-challenge.%s", label, name) >= CONTROL_RECORD)
		return err_set(e, "dns.name", "the name is too long for a record of the account's own");
	return ACSR_OK;
}

enum acsr_result control_verdict(
	struct core *c, const struct msg *m, const struct acsr_err *why, char **evidence, struct acsr_err *e)
{
	const struct quorum_rules rules = quorum_rules(&c->proc->conf, c->now);

	if (m == NULL) {
		*e = *why;
		return ACSR_FAIL;
	}
	return quorum_judge(&rules, m->body, evidence, e);
}

enum acsr_result control_seen_here(const struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	const struct msg_probe_result *r;

	if (m == NULL) {
		*e = *why;
		return ACSR_FAIL;
	}
	r = m->body;
	return r->ok ? ACSR_OK : err_set(e, r->error_id, "%s", r->error_text);
}
