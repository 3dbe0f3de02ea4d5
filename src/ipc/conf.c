/* Typed values out of "section.key=value" pairs. */
#include "ipc/conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct conf_key keys[] = {
#define KEY(section, name, type, preset, roles, help) { #section, #name, CONF_##type, preset, roles, help },
#include "ipc/conf_keys.def"
#undef KEY
	{ 0 }
};

const struct conf_key *conf_keys(void)
{
	return keys;
}

const struct conf_key *conf_key_find(const char *section, const char *name)
{
	for (const struct conf_key *k = keys; k->section != NULL; k++)
		if (strcmp(k->section, section) == 0 && strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

void conf_preset(const struct conf_key *k, char out[256])
{
	snprintf(out, 256, "%s", k->preset);
	if (k->type == CONF_CHOICE)
		out[strcspn(out, "|")] = '\0';
}

const char *conf_str(const struct conf *c, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < c->pairs.n; i++)
		if (strncmp(c->pairs.v[i], key, n) == 0 && c->pairs.v[i][n] == '=')
			return c->pairs.v[i] + n + 1;
	fprintf(stderr, "the program asks for a setting that is not its own: %s\n", key);
	abort();
}

bool conf_bool(const struct conf *c, const char *key)
{
	return strcmp(conf_str(c, key), "true") == 0;
}

static enum acsr_result parse_span(const char *s, uint64_t *out, struct acsr_err *e)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	char digits[24];
	size_t n = strspn(s, "0123456789");

	for (size_t i = 0; i < 4; i++) {
		if (n == 0 || n >= sizeof(digits) || s[n] != units[i].unit || s[n + 1] != '\0')
			continue;
		memcpy(digits, s, n);
		digits[n] = '\0';
		if (str_u64(digits, 36500ULL * 86400 / units[i].seconds, out, NULL) != ACSR_OK)
			return err_set(e, "config.value", "\"%s\" is more than a hundred years", s);
		*out *= units[i].seconds;
		return ACSR_OK;
	}
	return err_set(e, "config.value", "\"%s\" is not a time span such as 30s, 15m, 12h or 7d", s);
}

uint64_t conf_count(const struct conf *c, const char *key)
{
	return strtoull(conf_str(c, key), NULL, 10);
}

int64_t conf_span(const struct conf *c, const char *key)
{
	uint64_t v;

	if (parse_span(conf_str(c, key), &v, NULL) != ACSR_OK)
		abort(); /* autocsrd has checked it */
	return (int64_t)v;
}

enum acsr_result conf_address(const char *s, char host[256], uint16_t *port, struct acsr_err *e)
{
	const char *colon = strrchr(s, ':');
	const char *start = s, *end = colon;
	uint64_t p;

	if (colon == NULL || str_u64(colon + 1, 65535, &p, NULL) != ACSR_OK || p == 0)
		return err_set(e, "config.value", "\"%s\" is not HOST:PORT", s);
	if (*s == '[' && colon > s && colon[-1] == ']') {
		start = s + 1;
		end = colon - 1;
	}
	if (end <= start || end - start > 255)
		return err_set(e, "config.value", "\"%s\" has no host before the port", s);
	memcpy(host, start, (size_t)(end - start));
	host[end - start] = '\0';
	*port = (uint16_t)p;
	return ACSR_OK;
}

bool network_parse_address(const char *s, uint8_t out[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(AF_INET, s, out + 12) == 1) {
		memcpy(out, mapped, sizeof(mapped));
		return true;
	}
	return inet_pton(AF_INET6, s, out) == 1;
}

static enum acsr_result parse_network(char *word, struct network *out, struct acsr_err *e)
{
	char *slash = strchr(word, '/');
	bool v4 = strchr(word, ':') == NULL;
	uint64_t bits = v4 ? 32 : 128;

	if (slash != NULL) {
		*slash = '\0';
		if (str_u64(slash + 1, bits, &bits, NULL) != ACSR_OK)
			return err_set(e, "config.value", "/%s is no prefix length", slash + 1);
	}
	if (!network_parse_address(word, out->addr))
		return err_set(e, "config.value", "\"%s\" is not an address", word);
	out->bits = (unsigned)bits + (v4 ? 96 : 0);
	return ACSR_OK;
}

enum acsr_result conf_networks(const char *s, struct networks *out, struct acsr_err *e)
{
	struct networks l = { .n = 0 };
	CLEANUP_STR char *copy = NULL;
	char *rest, *word;

	TRY(str_dup(&copy, s, e));
	rest = copy;
	while ((word = strsep(&rest, ", \t")) != NULL) {
		if (*word == '\0')
			continue;
		if (l.n == sizeof(l.v) / sizeof(l.v[0]))
			return err_set(e, "config.value", "more than %zu networks", l.n);
		TRY(parse_network(word, &l.v[l.n], e));
		l.n++;
	}
	*out = l;
	return ACSR_OK;
}

static bool network_has(const struct network *w, const uint8_t addr[16])
{
	unsigned whole = w->bits / 8, rest = w->bits % 8;

	if (memcmp(w->addr, addr, whole) != 0)
		return false;
	return rest == 0 || ((w->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

bool networks_have(const struct networks *l, const uint8_t addr[16])
{
	for (size_t i = 0; i < l->n; i++)
		if (network_has(&l->v[i], addr))
			return true;
	return false;
}

static enum acsr_result check_choice(const struct conf_key *k, const char *value, struct acsr_err *e)
{
	size_t n = strlen(value);

	for (const char *p = k->preset; p != NULL; p = strchr(p, '|')) {
		p += *p == '|';
		if (n > 0 && strchr(value, '|') == NULL && strncmp(p, value, n) == 0 &&
			(p[n] == '|' || p[n] == '\0'))
			return ACSR_OK;
	}
	return err_set(e, "config.value", "\"%s\" is none of %s", value, k->preset);
}

enum acsr_result conf_check(const struct conf_key *k, const char *value, struct acsr_err *e)
{
	struct networks nets;
	char host[256];
	uint16_t port;
	uint64_t n;

	switch (k->type) {
	case CONF_STRING:
	case CONF_PATH:
		return ACSR_OK;
	case CONF_BOOL:
		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			return ACSR_OK;
		return err_set(e, "config.value", "\"%s\" is neither true nor false", value);
	case CONF_COUNT:
		if (str_u64(value, 1000000000, &n, e) == ACSR_OK)
			return ACSR_OK;
		return err_set(e, "config.value", "\"%s\" is not a number up to 1000000000", value);
	case CONF_SPAN:
		return parse_span(value, &n, e);
	case CONF_ADDRESS:
		return *value == '\0' ? ACSR_OK : conf_address(value, host, &port, e);
	case CONF_NETWORKS:
		return conf_networks(value, &nets, e);
	case CONF_CHOICE:
		return check_choice(k, value, e);
	}
	return err_set(e, "config.value", "a key of no known type");
}

/* --- the names of the service itself --- */

static enum acsr_result add_name(struct strv *out, const char *host, struct acsr_err *e)
{
	CLEANUP_STR char *name = NULL;
	uint8_t addr[16];
	bool ip = network_parse_address(host, addr);

	if (*host == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		return ACSR_OK;
	TRY(str_printf(&name, e, "%s:%s", ip ? "IP" : "DNS", host));
	if (!ip)
		str_lower(name + 4);
	return strv_has(out, name) ? ACSR_OK : strv_add(out, name, e);
}

/* The host of "https://HOST[:PORT][/…]". */
static enum acsr_result add_url(struct strv *out, const char *url, struct acsr_err *e)
{
	const char *s = strstr(url, "://");
	char host[256];
	size_t n;

	if (s == NULL)
		return ACSR_OK;
	s += 3;
	n = *s == '[' ? strcspn(++s, "]") : strcspn(s, ":/?#");
	if (n >= sizeof(host))
		return err_set(e, "config.public-url", "the host of public_url is too long");
	memcpy(host, s, n);
	host[n] = '\0';
	return add_name(out, host, e);
}

enum acsr_result conf_service_names(const struct conf *c, struct strv *out, struct acsr_err *e)
{
	char host[256];
	uint16_t port;

	TRY(add_url(out, conf_str(c, "server.public_url"), e));
	TRY(conf_address(conf_str(c, "server.listen"), host, &port, e));
	TRY(add_name(out, host, e));
	TRY(add_name(out, "localhost", e));
	return add_name(out, "127.0.0.1", e);
}
