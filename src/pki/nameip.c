/* IP addresses as names: their canonical text, and ranges that no public certificate may have. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "name_int.h"
#include "base/ascii.h"

struct net {
	uint8_t p[16];
	unsigned bits;
};

/* RFC 6890 and its registries; a bit more than "not globally reachable". */
static const struct net reserved4[] = {
	{ { 0 }, 8 },
	{ { 10 }, 8 },
	{ { 100, 64 }, 10 },
	{ { 127 }, 8 },
	{ { 169, 254 }, 16 },
	{ { 172, 16 }, 12 },
	{ { 192, 0, 0 }, 24 },
	{ { 192, 0, 2 }, 24 },
	{ { 192, 88, 99 }, 24 },
	{ { 192, 168 }, 16 },
	{ { 198, 18 }, 15 },
	{ { 198, 51, 100 }, 24 },
	{ { 203, 0, 113 }, 24 },
	{ { 224 }, 4 },
	{ { 240 }, 4 },
};
static const struct net reserved6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments, Teredo, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
	{ { 0x20, 0x02 }, 16 },             /* 6to4 */
	{ { 0x3f, 0xff, 0x00 }, 20 },       /* documentation */
};
static const struct net global6 = { { 0x20 }, 3 };

/* No host has these as its address, not even a private one. */
static const struct net never4[] = { { { 0 }, 8 }, { { 224 }, 4 }, { { 255, 255, 255, 255 }, 32 } };
static const struct net never6[] = { { { 0 }, 128 }, { { 0xff }, 8 } };

static bool inside(const uint8_t *ip, const struct net *n)
{
	size_t whole = n->bits / 8;
	unsigned rest = n->bits % 8;

	if (memcmp(ip, n->p, whole) != 0)
		return false;
	return rest == 0 || (ip[whole] ^ n->p[whole]) >> (8 - rest) == 0;
}

static bool inside_any(const uint8_t *ip, const struct net *nets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (inside(ip, &nets[i]))
			return true;
	return false;
}
#define INSIDE(ip, nets) inside_any(ip, nets, sizeof(nets) / sizeof((nets)[0]))

static bool is_reserved(const struct acsr_name *n, enum acsr_name_policy policy)
{
	if (n->ip_len == 4)
		return INSIDE(n->ip, never4) || (policy == ACSR_NAMES_PUBLIC && INSIDE(n->ip, reserved4));
	if (INSIDE(n->ip, never6))
		return true;
	return policy == ACSR_NAMES_PUBLIC && (!inside(n->ip, &global6) || INSIDE(n->ip, reserved6));
}

static bool is_mapped(const struct acsr_name *n)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return n->ip_len == 16 && memcmp(n->ip, prefix, 12) == 0;
}

static enum acsr_result judge(struct acsr_name *n, enum acsr_name_policy policy, struct acsr_err *e)
{
	if (is_mapped(n))
		return err_rule(e, "name.ip", NULL, "RFC 4291 2.5.5.2",
			"an IPv4 address in IPv6 clothing; write it as an IPv4 address");
	if (is_reserved(n, policy))
		return err_rule(e, "name.ip.reserved", NULL, "BR 4.2.2, RFC 6890",
			"an address from a reserved or private range");
	n->kind = ACSR_NAME_IP;
	if (inet_ntop(n->ip_len == 4 ? AF_INET : AF_INET6, n->ip, n->ascii, sizeof(n->ascii)) == NULL)
		return err_set(e, "name.ip", "not an IP address");
	snprintf(n->unicode, sizeof(n->unicode), "%s", n->ascii);
	return ACSR_OK;
}

/* Only characters of an IPv6 address, and at least two colons? */
static bool like_v6(const char *s)
{
	const char *colon = strchr(s, ':');

	if (s[0] == '[')
		return true;
	return colon != NULL && strchr(colon + 1, ':') != NULL &&
	       strspn(s, "0123456789abcdefABCDEF:.%") == strlen(s);
}

/* Digits and dots only: an IPv4 address, or the wish to be one. */
static bool like_v4(const char *s)
{
	return strspn(s, "0123456789.") == strlen(s) && ascii_digit((unsigned char)s[0]) &&
	       s[strlen(s) - 1] != '.' && strchr(s, '.') != NULL;
}

bool nameip_check(const char *s, enum acsr_name_policy policy, struct acsr_name *out, enum acsr_result *r,
	struct acsr_err *e)
{
	struct acsr_name n = { 0 };
	bool v6 = like_v6(s);

	if (!v6 && !like_v4(s))
		return false;
	n.ip_len = v6 ? 16 : 4;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, s, n.ip) != 1) {
		*r = err_rule(e, "name.ip", NULL, "RFC 4291 2.2",
			"not an IP address in its usual form, such as 192.0.2.1 or 2001:db8::1");
		return true;
	}
	*r = judge(&n, policy, e);
	if (*r == ACSR_OK)
		*out = n;
	return true;
}
