/* Asking the prober about control and CAA, and what its answer means. */
#include "core/control.h"

#include <string.h>

enum { PROBE_SECONDS = 60 };

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

static const struct method {
	const char *name;
	const char *caa; /* in validationmethods (RFC 8657 4) */
	enum acsr_result (*ask)(
		struct core *c, const struct control *k, const struct call *like, struct acsr_err *e);
} methods[] = {
	{ "http", "http-01", ask_http },
	{ "dns", "dns-01", ask_dns },
};

static const struct method *method_of(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
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

enum acsr_result control_ask_caa(
	struct core *c, const struct control_caa *k, const struct call *like, struct acsr_err *e)
{
	const struct method *how = method_of(k->method);
	struct msg_probe_caa m = { .name = (char *)(uintptr_t)k->name,
		.wildcard = k->wildcard,
		.identity = (char *)(uintptr_t)conf_str(&c->proc->conf, "ca.caa_identity"),
		.account_uri = (char *)(uintptr_t)k->account_uri,
		.method = (char *)(uintptr_t)(how != NULL ? how->caa : "") };

	return core_ask(c, ROLE_PROBER, MSG_probe_caa, &m, PROBE_SECONDS, like, e);
}

enum acsr_result control_verdict(
	struct core *c, const struct msg *m, const struct acsr_err *why, char **evidence, struct acsr_err *e)
{
	const struct msg_probe_result *r;

	(void)c;
	if (m == NULL) {
		*e = *why;
		return ACSR_FAIL;
	}
	r = m->body;
	if (!r->ok)
		return err_set(e, r->error_id, "%s", r->error_text);
	return evidence != NULL ? str_dup(evidence, r->evidence, e) : ACSR_OK;
}
