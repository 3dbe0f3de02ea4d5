/* What a prober looks with, from its settings. */
#include "prober/probe.h"

enum acsr_result prober_settings(struct prober *p, const struct conf *c, struct acsr_err *e)
{
	struct networks allowed;

	TRY(conf_networks(conf_str(c, "validation.allow_networks"), &allowed, e));
	p->allowed = allowed;
	p->http_port = (uint16_t)conf_count(c, "validation.http_port");
	p->https_port = (uint16_t)conf_count(c, "validation.https_port");
	p->alpn_port = (uint16_t)conf_count(c, "validation.tls_alpn_port");
	p->timeout = conf_span(c, "validation.timeout") * 1000;
	return ACSR_OK;
}

enum acsr_result prober_open(struct prober *p, const struct conf *c, struct acsr_err *e)
{
	const struct resolver_conf dns = { .server = conf_str(c, "validation.resolver"),
		.anchor_file = conf_str(c, "validation.trust_anchor_file") };

	p->waiting_tail = &p->waiting;
	TRY(prober_settings(p, c, e));
	TRY(resolver_open(&p->dns, &dns, e));
	TRY(fetcher_open(&p->http, &p->allowed, e));
	return alpn_open(&p->alpn, e);
}

enum acsr_result prober_start(struct prober *p, struct loop *l, struct acsr_err *e)
{
	p->loop = l;
	TRY(resolver_start(p->dns, l, e));
	return fetcher_start(p->http, l, e);
}

void prober_beside(struct prober *p, const struct prober *like)
{
	*p = (struct prober){ .loop = like->loop,
		.dns = like->dns,
		.http = like->http,
		.alpn = like->alpn,
		.allowed = like->allowed,
		.http_port = like->http_port,
		.https_port = like->https_port,
		.alpn_port = like->alpn_port,
		.timeout = like->timeout };
	p->waiting_tail = &p->waiting;
}
