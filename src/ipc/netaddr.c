/* Address tables: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates). */
#include "ipc/netaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct range {
	uint8_t addr[16];
	unsigned bits;
	const char *what;
};

static const struct range v4_ranges[] = {
	{ { 0 }, 8, "an unspecified address" },
	{ { 10 }, 8, "a private address" },
	{ { 100, 64 }, 10, "a carrier-grade NAT address" },
	{ { 127 }, 8, "a loopback address" },
	{ { 168, 63, 129, 16 }, 32,
		"the address of a cloud's own machines" }, /* in no registry: Azure's wire server */
	{ { 169, 254 }, 16, "a link-local address" },
	{ { 172, 16 }, 12, "a private address" },
	{ { 192, 0, 0 }, 24, "a protocol assignment" },
	{ { 192, 0, 2 }, 24, "a documentation address" },
	{ { 192, 88, 99 }, 24, "a 6to4 relay address" },
	{ { 192, 168 }, 16, "a private address" },
	{ { 198, 18 }, 15, "a benchmarking address" },
	{ { 198, 51, 100 }, 24, "a documentation address" },
	{ { 203, 0, 113 }, 24, "a documentation address" },
	{ { 224 }, 4, "a multicast address" },
	{ { 240 }, 4, "a reserved or broadcast address" },
};

/* NAT64 and 6to4 are looked into before this table; whatever is outside 2000::/3 is refused after it. */
static const struct range v6_ranges[] = {
	{ { [15] = 0 }, 128, "an unspecified address" },
	{ { [15] = 1 }, 128, "a loopback address" },
	{ { [10] = 0xff, 0xff }, 96, "an IPv4-mapped address" },
	{ { 0 }, 96, "an IPv4-compatible address" },
	{ { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, "a local NAT64 address" },
	{ { 0x01 }, 64, "a discard-only address" },
	{ { 0x20, 0x01 }, 23, "a protocol assignment" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, "a documentation address" },
	{ { 0x3f, 0xff }, 20, "a documentation address" },
	{ { 0x5f }, 16, "a segment routing address" },
	{ { 0xfc }, 7, "a unique local address" },
	{ { 0xfe, 0x80 }, 10, "a link-local address" },
	{ { 0xfe, 0xc0 }, 10, "a site-local address" },
	{ { 0xff }, 8, "a multicast address" },
};

static bool in_range(const uint8_t *addr, const struct range *r)
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;
	unsigned mask = 0xffu << (8 - rest) & 0xffu;

	if (memcmp(addr, r->addr, whole) != 0)
		return false;
	return rest == 0 || ((unsigned)(addr[whole] ^ r->addr[whole]) & mask) == 0;
}

static const char *look_up(const uint8_t *addr, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (in_range(addr, &ranges[i]))
			return ranges[i].what;
	return NULL;
}

static const char *v4_reserved(const uint8_t *addr)
{
	return look_up(addr, v4_ranges, sizeof(v4_ranges) / sizeof(v4_ranges[0]));
}

/* IPv4 addresses in another form. */
static const struct range nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96, NULL };
static const struct range sixto4 = { { 0x20, 0x02 }, 16, NULL };

static const char *v6_reserved(const uint8_t *a)
{
	const char *what;

	if (in_range(a, &nat64))
		return v4_reserved(a + 12) != NULL ? "a NAT64 address of a reserved IPv4 address" : NULL;
	if (in_range(a, &sixto4))
		return v4_reserved(a + 2) != NULL ? "a 6to4 address of a reserved IPv4 address" : NULL;
	what = look_up(a, v6_ranges, sizeof(v6_ranges) / sizeof(v6_ranges[0]));
	if (what == NULL && (a[0] & 0xe0) != 0x20)
		what = "not a global unicast address";
	return what;
}

bool netaddr_reserved_range(size_t i, char out[NETADDR_TEXT + 4])
{
	const size_t n4 = sizeof(v4_ranges) / sizeof(v4_ranges[0]),
		     n6 = sizeof(v6_ranges) / sizeof(v6_ranges[0]);
	const struct range *r = i < n4             ? &v4_ranges[i]
				: i < n4 + n6      ? &v6_ranges[i - n4]
				: i == n4 + n6     ? &nat64
				: i == n4 + n6 + 1 ? &sixto4
						   : NULL;
	struct netaddr a = { .family = i < n4 ? AF_INET : AF_INET6 };
	char text[NETADDR_TEXT];

	if (r == NULL)
		return false;
	memcpy(a.b, r->addr, sizeof(a.b));
	netaddr_print(&a, text);
	snprintf(out, NETADDR_TEXT + 4, "%s/%u", text, r->bits);
	return true;
}

const char *netaddr_reserved(const struct netaddr *a)
{
	return a->family == AF_INET ? v4_reserved(a->b) : v6_reserved(a->b);
}

static const uint8_t mapped_prefix[12] = { [10] = 0xff, 0xff };

const char *netaddr_refused(const struct netaddr *a, const struct networks *allowed)
{
	const char *what = netaddr_reserved(a);
	uint8_t wide[16];

	if (what == NULL)
		return NULL;
	memcpy(wide, a->b, sizeof(wide));
	if (a->family == AF_INET) {
		memcpy(wide, mapped_prefix, sizeof(mapped_prefix));
		memcpy(wide + 12, a->b, 4);
	} else if (memcmp(wide, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		/* struct networks keeps IPv4 networks in this form: a record must not pass for one. */
		return what;
	}
	return networks_have(allowed, wide) ? NULL : what;
}

bool netaddr_from_rdata(struct bytes rdata, struct netaddr *out)
{
	if (rdata.len != 4 && rdata.len != 16)
		return false;
	*out = (struct netaddr){ .family = rdata.len == 4 ? AF_INET : AF_INET6 };
	memcpy(out->b, rdata.p, rdata.len);
	return true;
}

bool netaddr_parse(const char *s, struct netaddr *out)
{
	struct netaddr a = { .family = strchr(s, ':') != NULL ? AF_INET6 : AF_INET };

	if (inet_pton(a.family, s, a.b) != 1)
		return false;
	*out = a;
	return true;
}

bool netaddr_from_sockaddr(const struct sockaddr *sa, struct netaddr *out, uint16_t *port)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = (struct netaddr){ .family = sa->sa_family };
	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(out->b, &v4.sin_addr, 4);
		*port = ntohs(v4.sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		memcpy(out->b, &v6.sin6_addr, 16);
		*port = ntohs(v6.sin6_port);
		return true;
	}
	return false;
}

bool netaddr_equal(const struct netaddr *a, const struct netaddr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, a->family == AF_INET ? 4 : 16) == 0;
}

void netaddr_print(const struct netaddr *a, char out[NETADDR_TEXT])
{
	if (inet_ntop(a->family, a->b, out, NETADDR_TEXT) == NULL)
		out[0] = '\0';
}

bool netaddr_is_numeric_host(const char *host)
{
	size_t n = strlen(host), start;

	if (n > 0 && host[n - 1] == '.')
		n--;
	for (start = n; start > 0 && host[start - 1] != '.';)
		start--;
	if (start == n)
		return false;
	if (n - start >= 2 && host[start] == '0' && (host[start + 1] | 0x20) == 'x')
		return strspn(host + start + 2, "0123456789abcdefABCDEF") >= n - start - 2;
	return strspn(host + start, "0123456789") >= n - start;
}
