/* DNS messages: what is read out of one lies inside it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "prober/dnsreply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct dns_reply *r, int type, const uint8_t *data, size_t size)
{
	const uint8_t *from = type == DNS_CNAME ? r->target : data;
	size_t room = type == DNS_CNAME ? sizeof(r->target) : size;
	char name[1024];

	if (r->ttl < 0)
		abort();
	for (size_t i = 0; i < r->n; i++)
		if (r->rdata[i].p < from || r->rdata[i].p + r->rdata[i].len > from + room)
			abort();
	if (type == DNS_CNAME && r->n == 1 && !dns_name_from_wire(r->rdata[0], name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = { DNS_A, DNS_CNAME, DNS_TXT, DNS_AAAA, DNS_CAA };
	struct dns_reply r;

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		if (dns_reply_read(&r, (struct bytes){ data, size }, types[t]))
			inside(&r, types[t], data, size);
		dns_reply_free(&r);
	}
	return 0;
}
