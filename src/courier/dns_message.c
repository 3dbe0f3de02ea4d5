/* Writing and reading DNS messages. */
#include "courier/dns_message.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { OPCODE_QUERY = 0, OPCODE_UPDATE = 5, STRING_MAX = 255 };

/* --- names --- */

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

bool dns_is_name(const char *s)
{
	if (*s == '\0' || strlen(s) > 253)
		return false;
	for (;;) {
		size_t n = strspn(s, name_characters);

		if (n == 0 || n > 63)
			return false;
		s += n;
		if (*s == '\0')
			return true;
		if (*s++ != '.')
			return false;
	}
}

enum acsr_result dns_put_name(struct buf *out, const char *name, struct acsr_err *e)
{
	if (!dns_is_name(name))
		return err_set(e, "dns.name", "\"%s\" is no name that can be published", name);
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		TRY(buf_put_u8(out, (uint8_t)n, e));
		for (size_t i = 0; i < n; i++)
			TRY(buf_put_u8(out,
				(uint8_t)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]), e));
		name += n + (name[n] == '.');
	}
	return buf_put_u8(out, 0, e);
}

bool dns_below(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return z > 0 && n >= z && strcasecmp(name + n - z, zone) == 0 && (n == z || name[n - z - 1] == '.');
}

/* --- making --- */

static enum acsr_result put_header(
	struct buf *out, uint16_t id, unsigned opcode, unsigned updates, struct acsr_err *e)
{
	TRY(buf_put_u16(out, id, e));
	TRY(buf_put_u16(out, (uint16_t)(opcode << 11), e));
	TRY(buf_put_u16(out, 1, e)); /* question, or zone */
	TRY(buf_put_u16(out, 0, e)); /* answer, or prerequisite */
	TRY(buf_put_u16(out, (uint16_t)updates, e));
	return buf_put_u16(out, 0, e);
}

static enum acsr_result put_question(struct buf *out, const char *name, struct acsr_err *e)
{
	TRY(dns_put_name(out, name, e));
	TRY(buf_put_u16(out, ns_t_soa, e));
	return buf_put_u16(out, ns_c_in, e);
}

enum acsr_result dns_make_question(struct buf *out, uint16_t id, const char *name, struct acsr_err *e)
{
	TRY(put_header(out, id, OPCODE_QUERY, 0, e));
	return put_question(out, name, e);
}

static enum acsr_result put_txt(struct buf *out, const char *value, struct acsr_err *e)
{
	size_t n = strlen(value), strings = n == 0 ? 1 : (n + STRING_MAX - 1) / STRING_MAX;

	TRY(buf_put_u16(out, (uint16_t)(n + strings), e));
	for (size_t i = 0; i < strings; i++) {
		size_t part = n - i * STRING_MAX < STRING_MAX ? n - i * STRING_MAX : STRING_MAX;

		TRY(buf_put_u8(out, (uint8_t)part, e));
		TRY(buf_put(out, value + i * STRING_MAX, part, e));
	}
	return ACSR_OK;
}

/* RFC 2136 2.5.1: add to an RRset; 2.5.4: delete one record from it, which class NONE and TTL 0 say. */
enum acsr_result dns_make_update(struct buf *out, uint16_t id, const struct dns_change *c, struct acsr_err *e)
{
	TRY(put_header(out, id, OPCODE_UPDATE, 1, e));
	TRY(put_question(out, c->zone, e));
	TRY(dns_put_name(out, c->name, e));
	TRY(buf_put_u16(out, ns_t_txt, e));
	TRY(buf_put_u16(out, c->remove ? ns_c_none : ns_c_in, e));
	TRY(buf_put_u32(out, c->remove ? 0 : c->ttl, e));
	return put_txt(out, c->value, e);
}

/* --- reading --- */

static enum acsr_result broken(struct acsr_err *e)
{
	return err_set(e, "publish.dns-answer", "the DNS server's answer cannot be read");
}

static enum acsr_result read_cname(
	const ns_msg *m, const ns_rr *rr, struct dns_answer *out, struct acsr_err *e)
{
	char target[NS_MAXDNAME];

	if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), ns_rr_rdata(*rr), target, sizeof(target)) < 0)
		return broken(e);
	if (!dns_is_name(target))
		return err_set(e, "publish.dns-cname",
			"a CNAME leads to \"%s\", where nothing can be published", target);
	snprintf(out->cname, sizeof(out->cname), "%.254s", target);
	return ACSR_OK;
}

/* The SOA of the name's own zone; one that belongs to where a CNAME leads is not it. */
static void read_soa(const ns_rr *rr, const char *name, struct dns_answer *out)
{
	const char *owner = ns_rr_name(*rr);

	if (dns_is_name(owner) && dns_below(name, owner))
		snprintf(out->zone, sizeof(out->zone), "%.254s", owner);
}

static enum acsr_result read_section(
	ns_msg *m, ns_sect section, const char *name, struct dns_answer *out, struct acsr_err *e)
{
	for (int i = 0; i < ns_msg_count(*m, section); i++) {
		ns_rr rr;

		if (ns_parserr(m, section, i, &rr) != 0)
			return broken(e);
		if (ns_rr_class(rr) != ns_c_in)
			continue;
		if (ns_rr_type(rr) == ns_t_soa)
			read_soa(&rr, name, out);
		if (ns_rr_type(rr) == ns_t_cname && section == ns_s_an &&
			strcasecmp(ns_rr_name(rr), name) == 0)
			TRY(read_cname(m, &rr, out, e));
	}
	return ACSR_OK;
}

static int section_length(const u_char *at, const u_char *end, ns_sect section, int count)
{
	return count == 0 ? 0 : ns_skiprr(at, end, section, count);
}

/* RFC 8945 5.1: the last record of the additional section, or nowhere. */
static enum acsr_result find_tsig(ns_msg *m, struct dns_answer *out, struct acsr_err *e)
{
	const u_char *at = ns_msg_base(*m) + DNS_HEADER, *end = ns_msg_end(*m);
	int count = ns_msg_count(*m, ns_s_ar);
	ns_rr rr;

	if (count == 0)
		return ACSR_OK;
	if (ns_parserr(m, ns_s_ar, count - 1, &rr) != 0)
		return broken(e);
	if (ns_rr_type(rr) != ns_t_tsig)
		return ACSR_OK;
	for (int s = ns_s_qd; s < ns_s_max; s++) {
		int n = ns_msg_count(*m, (ns_sect)s) - (s == ns_s_ar);
		int length = section_length(at, end, (ns_sect)s, n);

		if (length < 0)
			return broken(e);
		at += length;
	}
	out->tsig_at = (size_t)(at - ns_msg_base(*m));
	return ACSR_OK;
}

enum acsr_result dns_read_answer(
	struct bytes wire, uint16_t id, const char *name, struct dns_answer *out, struct acsr_err *e)
{
	struct dns_answer a = { 0 };
	ns_msg m;

	if (wire.len < DNS_HEADER || wire.len > DNS_MESSAGE_MAX ||
		ns_initparse(wire.p, (int)wire.len, &m) != 0)
		return broken(e);
	if (ns_msg_id(m) != id || !ns_msg_getflag(m, ns_f_qr))
		return err_set(
			e, "publish.dns-answer", "what the DNS server sent does not answer our message");
	a.rcode = (unsigned)ns_msg_getflag(m, ns_f_rcode);
	a.authoritative = ns_msg_getflag(m, ns_f_aa) != 0;
	TRY(find_tsig(&m, &a, e));
	if (a.rcode == ns_r_noerror || a.rcode == ns_r_nxdomain) {
		TRY(read_section(&m, ns_s_an, name, &a, e));
		TRY(read_section(&m, ns_s_ns, name, &a, e));
	}
	*out = a;
	return ACSR_OK;
}

enum acsr_result dns_explain(unsigned rcode, const char *zone, struct acsr_err *e)
{
	static const struct {
		unsigned rcode;
		const char *name, *text;
	} known[] = {
		{ 1, "FORMERR", "it does not understand the message" },
		{ 2, "SERVFAIL", "it failed itself; its log says why" },
		{ 4, "NOTIMP", "it takes no updates" },
		{ 5, "REFUSED", "it does not permit this; allow the key to update the zone" },
		{ 6, "YXDOMAIN", "a condition was not met" },
		{ 9, "NOTAUTH", "it is not the zone's primary server, or does not know the key or permit it" },
		{ 10, "NOTZONE", "the name is not in the zone" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].rcode == rcode)
			return err_set(e, "publish.dns-refused",
				"the DNS server refuses the update of %s: %s, %s", zone, known[i].name,
				known[i].text);
	return err_set(e, "publish.dns-refused", "the DNS server refuses the update of %s with RCODE %u",
		zone, rcode);
}
