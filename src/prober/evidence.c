/* Evidence as JSON, bounded whatever a server sends. jansson takes NULL everywhere and then does nothing. */
#include "prober/probe.h"
#include "prober/show.h"

enum { TEXT_MAX = 300, STEPS_MAX = 40 };

void evidence_text(json_t *o, const char *key, const char *text)
{
	char shown[TEXT_MAX];

	show_text(text, shown, sizeof(shown));
	json_object_set_new(o, key, json_string(shown));
}

void evidence_bytes(json_t *array, const void *p, size_t n)
{
	char shown[TEXT_MAX];

	show_bytes(p, n, shown, sizeof(shown));
	json_array_append_new(array, json_string(shown));
}

void evidence_answer(json_t *o, const struct dns_answer *a)
{
	json_object_set_new(o, "outcome", json_string(dns_outcome_name(a->outcome)));
	json_object_set_new(o, "dnssec",
		json_string(a->outcome == DNS_BOGUS ? "bogus"
			    : a->secure             ? "secure"
						    : "insecure"));
	json_object_set_new(o, "ttl", json_integer(a->ttl));
	if (a->outcome == DNS_BOGUS)
		evidence_text(o, "reason", a->why);
	if (a->outcome == DNS_SERVFAIL)
		json_object_set_new(o, "rcode", json_integer(a->rcode));
}

json_t *evidence_step(struct probe *p)
{
	json_t *step;

	if (json_array_size(p->steps) >= STEPS_MAX)
		return NULL;
	step = json_object();
	if (json_array_append_new(p->steps, step) != 0)
		return NULL;
	return step;
}
