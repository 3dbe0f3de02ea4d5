/* Names and errors of DNS as text; no resolver in here. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "prober/resolver.h"
#include "prober/show.h"

const char *dns_type_name(int type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_AAAA:
		return "AAAA";
	case DNS_TXT:
		return "TXT";
	case DNS_CAA:
		return "CAA";
	case DNS_CNAME:
		return "CNAME";
	default:
		return "other";
	}
}

const char *dns_outcome_name(enum dns_outcome o)
{
	static const char *const names[] = { "data", "nodata", "nxdomain", "bogus", "servfail", "timeout",
		"loop", "internal" };

	return names[o];
}

bool dns_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > LIMIT_DNS_NAME)
		return false;
	for (const char *p = name;;) {
		size_t label = strcspn(p, ".");

		if (label == 0 || label > LIMIT_DNS_LABEL)
			return false;
		for (size_t i = 0; i < label; i++)
			if (!isascii((unsigned char)p[i]) ||
				(!isalnum((unsigned char)p[i]) && p[i] != '-' && p[i] != '_'))
				return false;
		if (p[label] == '\0')
			return true;
		p += label + 1;
	}
}

static size_t put_label(char *out, size_t cap, const uint8_t *p, size_t n)
{
	size_t o = 0;

	for (size_t i = 0; i < n && o + 5 < cap; i++) {
		if (isascii(p[i]) && (isalnum(p[i]) || p[i] == '-' || p[i] == '_'))
			out[o++] = (char)tolower(p[i]);
		else
			o += (size_t)snprintf(out + o, cap - o, "\\%03u", p[i]);
	}
	return o;
}

bool dns_name_from_wire(struct bytes wire, char out[1024])
{
	size_t at = 0, o = 0;

	while (at < wire.len && wire.p[at] != 0) {
		size_t n = wire.p[at];

		if (n > LIMIT_DNS_LABEL || at + 1 + n >= wire.len || at + n > 254)
			return false;
		if (o > 0)
			out[o++] = '.';
		o += put_label(out + o, 1024 - o, wire.p + at + 1, n);
		at += n + 1;
	}
	out[o] = '\0';
	return at < wire.len;
}

/* What came and what to do, for one outcome; %s is "the A records of www.example.com". */
static enum acsr_result explain(struct acsr_err *e, const struct dns_answer *a, const char *asked)
{
	char why[161];

	switch (a->outcome) {
	case DNS_BOGUS:
		show_text(a->why, why, sizeof(why));
		return err_rule(e, "dns.bogus", NULL, "BR 3.2.2.4",
			"asked for %s; the answer fails DNSSEC validation (%s); mend the zone's signatures "
			"or its "
			"DS "
			"record, a DNSSEC checker shows where",
			asked, why[0] != '\0' ? why : "no reason given");
	case DNS_NXDOMAIN:
		return err_set(e, "dns.nxdomain",
			"asked for %s; the name does not exist (NXDOMAIN); create it, or correct the name",
			asked);
	case DNS_DATA:
	case DNS_NODATA:
		return err_set(e, "dns.nodata",
			"asked for %s; the name exists but has no such record; publish one", asked);
	case DNS_SERVFAIL:
		return err_set(e, "dns.servfail",
			"asked for %s; the name servers failed (response code %d); check that every name "
			"server of "
			"the "
			"zone answers",
			asked, a->rcode);
	case DNS_TIMEOUT:
		return err_set(e, "dns.timeout",
			"asked for %s; no answer came in time; check that the zone's name servers can be "
			"reached",
			asked);
	case DNS_LOOP:
		return err_set(e, "dns.loop",
			"asked for %s; the CNAME records lead in a circle or are too many; let them end at a "
			"name "
			"with "
			"the record",
			asked);
	case DNS_INTERNAL:
		break;
	}
	return err_set(e, "sys.resolver", "asked for %s; our own resolver failed, try again", asked);
}

enum acsr_result dns_error(struct acsr_err *e, const struct dns_answer *a)
{
	char asked[200], name[160];

	show_text(a->name, name, sizeof(name));
	snprintf(asked, sizeof(asked), "%s of %s", dns_type_name(a->type), name);
	return explain(e, a, asked);
}
