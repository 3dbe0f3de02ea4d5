/* Challenges (RFC 8555 8): what each would have the customer publish, and which one is answered. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/clock.h"
#include "core/jsontext.h"
#include "core/publish.h"
#include "core/upstream/orders.h"

enum { TOKEN_LEAST = 20, TOKEN_MOST = 150, CHALLENGES = 16 };

static const struct kind {
	const char *type, *method;
	bool wildcard; /* may prove one */
} kinds[] = {
	{ "http-01", "http", false },
	{ "dns-01", "dns", true },
	{ "dns-account-01", "dns-account", true },
	{ "dns-persist-01", "dns-persist", true },
	{ "tls-alpn-01", "tls-alpn", false },
};

static const struct kind *kind_of(const char *type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	return NULL;
}

static const char *text_of(json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s != NULL ? s : "";
}

/* "Z", "+02:00": seconds that the local time is ahead of UTC. */
static bool offset_of(const char *s, int64_t *seconds)
{
	unsigned hours, minutes;
	int end = 0;

	*seconds = 0;
	if (strcmp(s, "Z") == 0 || strcmp(s, "z") == 0)
		return true;
	if ((*s != '+' && *s != '-') || strlen(s) != 6 || strspn(s + 1, "0123456789:") != 5 ||
		sscanf(s + 1, "%2u:%2u%n", &hours, &minutes, &end) != 2 || end != 5 || hours > 23 ||
		minutes > 59)
		return false;
	*seconds = ((int64_t)hours * 60 + minutes) * 60 * (*s == '-' ? -1 : 1);
	return true;
}

int64_t errand_time(json_t *text)
{
	const char *s = json_string_value(text), *rest;
	char whole[21];
	int64_t t, offset;

	if (s == NULL || strlen(s) < 20)
		return 0;
	snprintf(whole, sizeof(whole), "%.19sZ", s);
	rest = s + 19;
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!offset_of(rest, &offset) || clock_parse_rfc3339(whole, &t, NULL) != ACSR_OK)
		return 0;
	return t - offset;
}

bool offer_name(json_t *authz, char name[256])
{
	const char *value = text_of(json_object_get(authz, "identifier"), "value");
	bool wildcard = json_is_true(json_object_get(authz, "wildcard"));

	snprintf(name, 256, "%s%s", wildcard && !str_starts(value, "*.") ? "*." : "", value);
	str_lower(name);
	return *value != '\0' && strlen(value) < 254;
}

json_t *offer_challenge(json_t *authz, const char *url)
{
	json_t *list = json_object_get(authz, "challenges"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(text_of(one, "url"), url) == 0)
			return one;
	}
	return NULL;
}

void offer_why(const struct upstream_issuer *i, json_t *error, const char *name, struct acsr_err *why)
{
	const char *type = text_of(error, "type"), *colon = strrchr(type, ':'),
		   *detail = text_of(error, "detail");
	char id[64];

	snprintf(id, sizeof(id), "upstream.refused.%.40s", colon != NULL ? colon + 1 : "other");
	for (char *p = id; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.", *p) == NULL)
			*p = '-';
	(void)err_set(why, id, "%.100s%s%.50s says: %.220s", name, *name != '\0' ? ": " : "", i->title,
		*detail != '\0' ? detail : "it gives no reason");
}

/* --- what is to be published --- */

static void sha256_b64(const char *text, char out[48])
{
	uint8_t digest[32];

	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	b64_encode(digest, sizeof(digest), true, out);
}

/* draft-ietf-acme-dns-account-label: "_" base32(SHA-256(account URL)[0..10]) in lower case. */
static void account_label(const char *account_url, char out[20])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t digest[32];
	uint64_t acc = 0;
	unsigned bits = 0;
	size_t n = 0;

	if (EVP_Digest(account_url, strlen(account_url), digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	out[n++] = '_';
	for (size_t i = 0; i < 10; i++) {
		acc = acc << 8 | digest[i];
		for (bits += 8; bits >= 5; bits -= 5)
			out[n++] = alphabet[acc >> (bits - 5) & 31];
	}
	out[n] = '\0';
}

/* Where the proof belongs, and what it is; false when this challenge cannot be answered. */
struct proof {
	char record[340], value[256];
};

static bool persist_proof(
	const struct errand *x, json_t *challenge, const char *host, bool wildcard, struct proof *out)
{
	json_t *domains = json_object_get(challenge, "issuer-domain-names");
	const char *domain = json_string_value(json_array_get(domains, 0));
	struct acsr_name name;
	int n;

	if (domain == NULL || strlen(domain) > 100 ||
		acsr_name_check(domain, strlen(domain), ACSR_NAMES_PRIVATE, &name, NULL) != ACSR_OK ||
		name.kind != ACSR_NAME_DNS)
		return false;
	snprintf(out->record, sizeof(out->record), "_validation-persist.%s", host);
	n = snprintf(out->value, sizeof(out->value), "%s; accounturi=%s%s", name.ascii, x->i.account_url,
		wildcard ? "; policy=wildcard" : "");
	return n > 0 && (size_t)n < sizeof(out->value);
}

static bool make_proof(const struct errand *x, const struct kind *k, json_t *challenge, const char *host,
	bool wildcard, struct proof *out)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *token = text_of(challenge, "token");
	size_t n = strlen(token);
	char authorization[256], label[20];

	if (strcmp(k->method, "dns-persist") == 0)
		return persist_proof(x, challenge, host, wildcard, out);
	if (n < TOKEN_LEAST || n > TOKEN_MOST || strspn(token, good) != n)
		return false;
	snprintf(authorization, sizeof(authorization), "%s.%s", token, x->i.account_thumbprint);
	memcpy(out->value, authorization, sizeof(out->value));
	if (strcmp(k->method, "http") == 0) {
		snprintf(out->record, sizeof(out->record), "/.well-known/acme-challenge/%s", token);
	} else if (strcmp(k->method, "tls-alpn") == 0) {
		snprintf(out->record, sizeof(out->record), "%s", host);
	} else {
		account_label(x->i.account_url, label);
		snprintf(out->record, sizeof(out->record), "%s%s_acme-challenge.%s",
			strcmp(k->method, "dns-account") == 0 ? label : "",
			strcmp(k->method, "dns-account") == 0 ? "." : "", host);
		sha256_b64(authorization, out->value);
	}
	return true;
}

/* vouched: the account may show control by a record that names the account at the CA, which all customers share. */
static json_t *offer_of(
	const struct errand *x, json_t *challenge, const char *host, bool wildcard, bool vouched)
{
	const struct kind *k = kind_of(text_of(challenge, "type"));
	struct proof proof = { 0 };

	if (k == NULL || (wildcard && !k->wildcard) || !upstream_url_ok(&x->i, text_of(challenge, "url")) ||
		(!vouched && strcmp(k->method, "dns-persist") == 0) ||
		!make_proof(x, k, challenge, host, wildcard, &proof))
		return NULL;
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "method", k->method, "type", k->type, "url",
		text_of(challenge, "url"), "token", text_of(challenge, "token"), "record", proof.record,
		"value", proof.value);
}

/* --- choosing --- */

static bool listed(const char *list, const char *type)
{
	size_t n = strlen(type);

	for (const char *p = list; (p = strstr(p, type)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* What needs no hand comes first, then what the customer chose, then what the issuer's settings prefer. */
static int rank(struct core *c, const struct errand *x, json_t *offer, const char *wanted)
{
	const char *method = text_of(offer, "method"), *type = text_of(offer, "type");
	const char *at = strstr(x->i.challenges, type);
	int r = 0;

	if (x->i.challenges[0] != '\0' && !listed(x->i.challenges, type))
		return -1;
	if (x->i.automation[0] != '\0' && publish_can(c, x->i.automation, method))
		r += 4000;
	if (strcmp(method, wanted) == 0)
		r += 2000;
	if (at != NULL)
		r += 1000 - (int)(at - x->i.challenges);
	return r;
}

static enum acsr_result take(struct validation *v, json_t *offer, struct acsr_err *e)
{
	TRY(str_set(&v->challenge_url, text_of(offer, "url"), e));
	snprintf(v->method, sizeof(v->method), "%s", text_of(offer, "method"));
	snprintf(v->token, sizeof(v->token), "%s", text_of(offer, "token"));
	snprintf(v->value, sizeof(v->value), "%s", text_of(offer, "value"));
	snprintf(v->record, sizeof(v->record), "%s", text_of(offer, "record"));
	return ACSR_OK;
}

static json_t *best_of(struct core *c, const struct errand *x, json_t *offers, const char *wanted)
{
	json_t *best = NULL, *one;
	int best_rank = -1;
	size_t i;

	json_array_foreach(offers, i, one)
	{
		int r = rank(c, x, one, wanted);

		if (r > best_rank) {
			best = one;
			best_rank = r;
		}
	}
	return best;
}

static enum acsr_result keep(struct core *c, const struct errand *x, const char *url, json_t *offers,
	struct validation *v, struct acsr_err *e)
{
	json_t *best =
		best_of(c, x, offers, v->wildcard && strcmp(v->method, "http") == 0 ? "dns" : v->method);
	char *text = NULL;

	if (best == NULL)
		return err_set(e, "upstream.refused.challenge",
			"%.60s offers no way to show control of %s that this service and the issuer's "
			"settings allow",
			x->i.title, v->name);
	TRY(take(v, best, e));
	TRY(json_text(json_incref(offers), &text, e));
	free(v->offers);
	v->offers = text;
	return str_set(&v->authz_url, url, e);
}

enum acsr_result offer_read(struct core *c, const struct errand *x, const char *url, json_t *authz,
	struct validation *v, struct acsr_err *e)
{
	json_t *list = json_object_get(authz, "challenges"), *offers, *one;
	const char *host = v->wildcard ? v->name + 2 : v->name;
	enum acsr_result r;
	bool vouched;
	size_t i;

	TRY(preauthorised_has(c->db, x->o.account_id, host, &vouched, e));
	offers = json_array();
	json_array_foreach(list, i, one)
	{
		json_t *offer = json_array_size(offers) < CHALLENGES
					? offer_of(x, one, host, v->wildcard, vouched)
					: NULL;

		if (offer != NULL)
			json_array_append_new(offers, offer);
	}
	r = keep(c, x, url, offers, v, e);
	json_decref(offers);
	return r;
}

enum acsr_result upstream_set_method(struct validation *v, const char *method, struct acsr_err *e)
{
	json_t *offers = json_loads(v->offers, 0, NULL), *one;
	enum acsr_result r = ACSR_FAIL;
	size_t i;

	(void)err_rule(e, "validation.method", "method", NULL, "this CA does not offer \"%s\" for %s", method,
		v->name);
	json_array_foreach(offers, i, one)
	{
		if (strcmp(text_of(one, "method"), method) == 0)
			r = take(v, one, e);
	}
	json_decref(offers);
	return r;
}

/* --- for people and programs --- */

/* RFC 8737 3: the extension of the certificate to serve, as openssl's -addext wants it. */
static void acme_identifier(const char *authorization, char out[120])
{
	uint8_t digest[32];
	char hex[65];

	if (EVP_Digest(authorization, strlen(authorization), digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	hex_encode(digest, sizeof(digest), hex);
	snprintf(out, 120, "1.3.6.1.5.5.7.1.31=critical,DER:0420%s", hex);
}

static json_t *shown(struct core *c, const struct order *o, const struct validation *v, json_t *offer)
{
	const char *method = text_of(offer, "method"), *record = text_of(offer, "record"),
		   *value = text_of(offer, "value");
	const char *host = v->wildcard ? v->name + 2 : v->name;
	char url[700], cname[256] = "", extension[120];
	json_t *out;

	if (strcmp(method, "http") == 0) {
		snprintf(url, sizeof(url), strchr(host, ':') != NULL ? "http://[%s]%s" : "http://%s%s", host,
			record);
		return json_pack("{s:s,s:s,s:s,s:s,s:s}", "method", method, "challenge",
			text_of(offer, "type"), "url", url, "path", record, "content", value);
	}
	if (strcmp(method, "tls-alpn") == 0) {
		acme_identifier(value, extension);
		return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "method", method, "challenge",
			text_of(offer, "type"), "host", host, "protocol", "acme-tls/1", "key_authorization",
			value, "extension", extension);
	}
	out = json_pack("{s:s,s:s,s:s,s:s,s:s}", "method", method, "challenge", text_of(offer, "type"),
		"record", record, "type", "TXT", "value", value);
	if (strcmp(method, "dns") == 0 &&
		publish_delegation(c, o->account_id, host, cname, NULL) == ACSR_OK && cname[0] != '\0')
		json_object_set_new(out, "cname", json_string(cname));
	return out;
}

json_t *upstream_publish_json(struct core *c, const struct order *o, const struct validation *v)
{
	json_t *offers = json_loads(v->offers, 0, NULL), *out = json_array(), *one;
	size_t i;

	json_array_foreach(offers, i, one) json_array_append_new(out, shown(c, o, v, one));
	json_decref(offers);
	return out;
}
