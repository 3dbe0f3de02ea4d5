/* What core asks, as probes: the same for a prober here and for one that looks from elsewhere. */
#include "prober/probe.h"

static struct bytes bytes_of(const struct blob *b)
{
	return (struct bytes){ b->p, b->len };
}

static struct probe_ask from_http(const struct msg_probe_http *m)
{
	return (struct probe_ask){ .name = m->name, .path = m->path, .expect = m->content };
}

static struct probe_ask from_dns(const struct msg_probe_dns *m)
{
	return (struct probe_ask){ .name = m->record, .expect = m->value };
}

static struct probe_ask from_alpn(const struct msg_probe_tls_alpn *m)
{
	return (struct probe_ask){ .name = m->name, .digest = bytes_of(&m->digest) };
}

static struct probe_ask from_persist(const struct msg_probe_persist *m)
{
	return (struct probe_ask){ .name = m->name,
		.expect = m->identity,
		.account_uri = m->account_uri,
		.wildcard = m->wildcard != 0 };
}

static struct probe_ask from_caa(const struct msg_probe_caa *m)
{
	return (struct probe_ask){ .name = m->name,
		.expect = m->identity,
		.account_uri = m->account_uri,
		.method = m->method,
		.wildcard = m->wildcard != 0 };
}

bool probe_from_message(
	unsigned type, const void *body, const struct probe_kind **kind, struct probe_ask *ask)
{
	switch (type) {
	case MSG_probe_http:
		*kind = &probe_http_kind;
		*ask = from_http(body);
		return true;
	case MSG_probe_dns:
		*kind = &probe_dns_kind;
		*ask = from_dns(body);
		return true;
	case MSG_probe_tls_alpn:
		*kind = &probe_alpn_kind;
		*ask = from_alpn(body);
		return true;
	case MSG_probe_persist:
		*kind = &probe_persist_kind;
		*ask = from_persist(body);
		return true;
	case MSG_probe_caa:
		*kind = &probe_caa_kind;
		*ask = from_caa(body);
		return true;
	default:
		return false;
	}
}
