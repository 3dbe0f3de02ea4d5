/* Records out of a message. */
#include "prober/dnsreply.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 12, RECORD_MIN = 11, NAME_MAX_BYTES = 255, CLASS_IN = 1 };

struct wire_name {
	uint8_t v[NAME_MAX_BYTES + 1];
	size_t n;
};

struct record {
	struct wire_name owner;
	int type, class;
	int64_t ttl;
	struct bytes rdata;
	size_t at; /* of rdata in the message */
};

static unsigned u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static bool add_label(struct wire_name *out, const uint8_t *label)
{
	size_t n = 1u + label[0];

	if (out->n + n > NAME_MAX_BYTES)
		return false;
	out->v[out->n] = label[0];
	for (size_t i = 1; i < n; i++)
		out->v[out->n + i] = (uint8_t)tolower(label[i]);
	out->n += n;
	return true;
}

/* The name at *at, which moves behind it. Each pointer must lead further back than the one before: so it ends. */
static bool read_name(struct bytes m, size_t *at, struct wire_name *out)
{
	size_t here = *at, floor = *at;
	bool jumped = false;

	out->n = 0;
	while (here < m.len) {
		uint8_t c = m.p[here];

		if (c >= 0xc0) {
			if (here + 2 > m.len)
				return false;
			if (!jumped)
				*at = here + 2;
			here = u16(m.p + here) & 0x3fffu;
			if (here >= floor)
				return false;
			floor = here;
			jumped = true;
			continue;
		}
		if (c >= 0x40 || here + 1 + c > m.len || !add_label(out, m.p + here))
			return false;
		here += 1u + c;
		if (c == 0) {
			if (!jumped)
				*at = here;
			return true;
		}
	}
	return false;
}

static bool read_record(struct bytes m, size_t *at, struct record *r)
{
	const uint8_t *p;
	size_t n;

	if (!read_name(m, at, &r->owner) || m.len - *at < 10)
		return false;
	p = m.p + *at;
	n = u16(p + 8);
	if (m.len - *at - 10 < n)
		return false;
	r->type = (int)u16(p);
	r->class = (int)u16(p + 2);
	r->ttl = (int64_t)u16(p + 4) << 16 | u16(p + 6);
	if (r->ttl > INT32_MAX)
		r->ttl = 0; /* RFC 2181 8 */
	r->at = *at + 10;
	r->rdata = (struct bytes){ m.p + r->at, n };
	*at = r->at + n;
	return true;
}

static bool same(const struct wire_name *a, const struct wire_name *b)
{
	return a->n == b->n && memcmp(a->v, b->v, a->n) == 0;
}

static void least(struct dns_reply *out, const struct record *r, bool *told)
{
	if (!*told || r->ttl < out->ttl)
		out->ttl = r->ttl;
	*told = true;
}

/* A name inside rdata, which must fill it. */
static bool read_target(struct bytes m, const struct record *r, struct wire_name *out)
{
	size_t at = r->at;

	return read_name((struct bytes){ m.p, r->at + r->rdata.len }, &at, out) && at == r->at + r->rdata.len;
}

static bool take(struct dns_reply *out, struct bytes m, const struct record *r)
{
	struct bytes rdata = r->rdata;
	struct wire_name target;

	if (r->type == DNS_CNAME) {
		if (!read_target(m, r, &target))
			return false;
		memcpy(out->target, target.v, target.n);
		rdata = (struct bytes){ out->target, target.n };
	}
	out->rdata[out->n++] = rdata;
	return true;
}

/* In the order of the message, in which a chain stands from its begin to its end. */
static bool read_answers(
	struct dns_reply *out, struct bytes m, size_t *at, struct wire_name *name, int type, bool *told)
{
	struct record r;

	for (unsigned n = u16(m.p + 6); n > 0; n--) {
		if (!read_record(m, at, &r))
			return false;
		least(out, &r, told);
		if (r.class != CLASS_IN || !same(&r.owner, name))
			continue;
		if (r.type == type ? !take(out, m, &r) : r.type == DNS_CNAME && !read_target(m, &r, name))
			return false;
	}
	return true;
}

static bool read_authority(struct dns_reply *out, struct bytes m, size_t *at, bool *told)
{
	struct record r;

	for (unsigned n = u16(m.p + 8); n > 0; n--) {
		if (!read_record(m, at, &r))
			return false;
		least(out, &r, told);
	}
	return true;
}

/* No more than the message has room for, whatever its header counts. */
static bool make_room(struct dns_reply *out, struct bytes m)
{
	size_t most = m.len / RECORD_MIN, n = u16(m.p + 6);

	out->rdata = calloc((n < most ? n : most) + 1, sizeof(*out->rdata));
	return out->rdata != NULL;
}

bool dns_reply_read(struct dns_reply *out, struct bytes m, int type)
{
	struct wire_name name;
	size_t at = HEADER;
	bool told = false;

	*out = (struct dns_reply){ 0 };
	if (m.len < HEADER || u16(m.p + 4) != 1 || !read_name(m, &at, &name) || m.len - at < 4)
		return false;
	at += 4;
	out->rcode = m.p[3] & 0x0f;
	return make_room(out, m) && read_answers(out, m, &at, &name, type, &told) &&
	       (out->n > 0 || read_authority(out, m, &at, &told));
}

void dns_reply_free(struct dns_reply *r)
{
	free(r->rdata);
	*r = (struct dns_reply){ 0 };
}
