/* What comes around the signatures: the site's name, the JSON of answers, and the browser's client data. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "core/passkey_verify.h"

enum { CHALLENGE = 32, CREDENTIAL_MAX = 1023, HANDLE_MAX = 64 };

/* --- the name --- */

static bool is_loopback(const char *host)
{
	struct in_addr a4;

	return (inet_pton(AF_INET, host, &a4) == 1 && ntohl(a4.s_addr) >> 24 == 127) ||
	       strcmp(host, "[::1]") == 0;
}

static bool is_address(const char *host)
{
	struct in_addr a4;

	return host[0] == '[' || inet_pton(AF_INET, host, &a4) == 1;
}

/* https://HOST[:PORT][/…] in two pieces; the port with its colon, "" when it is the usual one. */
static bool split_url(const char *url, char host[256], char port[8])
{
	static const char https[] = "https://";
	size_t n;

	if (!str_starts(url, https))
		return false;
	url += sizeof(https) - 1;
	n = *url == '[' ? strcspn(url, "]") + 1 : strcspn(url, ":/?#");
	if (n == 0 || n >= 256 || n > strlen(url))
		return false;
	snprintf(host, 256, "%.*s", (int)n, url);
	str_lower(host);
	url += n;
	n = strcspn(url, "/?#");
	if (n >= 8 || (n > 0 && *url != ':'))
		return false;
	snprintf(port, 8, "%.*s", (int)n, strncmp(url, ":443", n) == 0 && n == 4 ? "" : url);
	return true;
}

enum acsr_result passkey_site_of(const char *public_url, struct passkey_site *out, struct acsr_err *e)
{
	char host[256], port[8];

	if (!split_url(public_url, host, port))
		return err_set(
			e, "passkey.host", "[server] public_url is not https://HOST or https://HOST:PORT");
	if (is_loopback(host))
		snprintf(host, sizeof(host), "localhost");
	if (is_address(host))
		return err_set(e, "passkey.host",
			"passkeys belong to a host name, and this service is known by the address %s only; "
			"its "
			"operator can give it a name with [server] public_url",
			host);
	snprintf(out->host, sizeof(out->host), "%s", host);
	snprintf(out->origin, sizeof(out->origin), "https://%s%s", host, port);
	return ACSR_OK;
}

/* --- the answer's JSON --- */

static enum acsr_result malformed(const char *what, struct acsr_err *e)
{
	return err_rule(
		e, "passkey.format", NULL, "WebAuthn 7", "the passkey's answer has no usable %s", what);
}

/* base64url, at least one byte and at most max. */
static enum acsr_result member(
	const json_t *o, const char *name, size_t max, struct buf *out, struct acsr_err *e)
{
	const json_t *v = json_object_get(o, name);
	size_t n = json_string_length(v);

	buf_init(out, max);
	if (n == 0 || n > B64_LEN(max) || b64_decode(json_string_value(v), n, true, out, NULL) != ACSR_OK ||
		out->len == 0)
		return malformed(name, e);
	return ACSR_OK;
}

/* `id` and `rawId` say the same, when both are there. */
static enum acsr_result read_frame(const json_t *o, struct passkey_answer *out, struct acsr_err *e)
{
	const json_t *type = json_object_get(o, "type"), *raw = json_object_get(o, "rawId");

	if (!json_is_string(type) || strcmp(json_string_value(type), "public-key") != 0)
		return malformed("type", e);
	TRY(member(o, "id", CREDENTIAL_MAX, &out->id, e));
	if (raw != NULL && !json_equal(raw, json_object_get(o, "id")))
		return malformed("rawId", e);
	return member(json_object_get(o, "response"), "clientDataJSON", PASSKEY_CLIENT_MAX, &out->client, e);
}

/* Words that browsers may want back later; what is none is left out. */
static void read_transports(const json_t *list, char out[128])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz-";
	json_t *v;
	size_t i, n = 0;

	out[0] = '\0';
	json_array_foreach(list, i, v)
	{
		const char *s = json_string_value(v);

		if (s == NULL || *s == '\0' || s[strspn(s, plain)] != '\0' || n + strlen(s) + 2 > 128)
			continue;
		n += (size_t)snprintf(out + n, 128 - n, "%s%s", n > 0 ? " " : "", s);
	}
}

enum acsr_result passkey_read_registration(const json_t *o, struct passkey_answer *out, struct acsr_err *e)
{
	const json_t *r = json_object_get(o, "response");

	TRY(read_frame(o, out, e));
	read_transports(json_object_get(r, "transports"), out->transports);
	return member(r, "attestationObject", PASSKEY_OBJECT_MAX, &out->object, e);
}

enum acsr_result passkey_read_assertion(const json_t *o, struct passkey_answer *out, struct acsr_err *e)
{
	const json_t *r = json_object_get(o, "response"), *handle = json_object_get(r, "userHandle");

	TRY(read_frame(o, out, e));
	TRY(member(r, "authenticatorData", PASSKEY_AUTHDATA_MAX, &out->authdata, e));
	TRY(member(r, "signature", PASSKEY_SIGNATURE_MAX, &out->signature, e));
	if (handle == NULL || json_is_null(handle))
		return ACSR_OK;
	return member(r, "userHandle", HANDLE_MAX, &out->handle, e);
}

void passkey_answer_free(struct passkey_answer *a)
{
	struct buf *all[] = { &a->id, &a->client, &a->object, &a->authdata, &a->signature, &a->handle };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_free(all[i]);
}

/* --- client data --- */

static bool says(const json_t *o, const char *name, const char *want)
{
	const json_t *v = json_object_get(o, name);

	return json_is_string(v) && json_string_length(v) == strlen(want) &&
	       strcmp(json_string_value(v), want) == 0;
}

static enum acsr_result check_members(
	const json_t *o, const char *type, const struct passkey_site *site, struct acsr_err *e)
{
	const json_t *cross = json_object_get(o, "crossOrigin");

	if (!says(o, "type", type))
		return err_rule(e, "passkey.type", NULL, "WebAuthn 7.1 step 7, 7.2 step 11",
			"this is not the answer of a passkey to this question");
	if (!says(o, "origin", site->origin))
		return err_rule(e, "passkey.origin", NULL, "WebAuthn 7.1 step 9, 7.2 step 13",
			"the passkey was used on another site than %s", site->origin);
	if ((cross != NULL && !json_is_false(cross)) || json_object_get(o, "topOrigin") != NULL)
		return err_rule(e, "passkey.cross-origin", NULL, "WebAuthn 5.8.1",
			"the passkey was used from within another site's page");
	return ACSR_OK;
}

static enum acsr_result read_challenge(const json_t *o, uint8_t challenge[CHALLENGE], struct acsr_err *e)
{
	const json_t *v = json_object_get(o, "challenge");
	struct buf raw;
	bool good;

	buf_init(&raw, CHALLENGE);
	good = json_is_string(v) &&
	       b64_decode(json_string_value(v), json_string_length(v), true, &raw, NULL) == ACSR_OK &&
	       raw.len == CHALLENGE;
	if (good)
		memcpy(challenge, raw.p, CHALLENGE);
	buf_free(&raw);
	return good ? ACSR_OK
		    : err_rule(e, "passkey.challenge", NULL, "WebAuthn 7.1 step 8, 7.2 step 12",
			      "the answer names no challenge of this service");
}

enum acsr_result passkey_check_client(const struct buf *client, const char *type,
	const struct passkey_site *site, uint8_t challenge[CHALLENGE], struct acsr_err *e)
{
	json_t *o = json_loadb((const char *)client->p, client->len, JSON_REJECT_DUPLICATES, NULL);
	enum acsr_result r;

	if (!json_is_object(o)) {
		json_decref(o);
		return malformed("client data", e);
	}
	r = check_members(o, type, site, e);
	if (r == ACSR_OK)
		r = read_challenge(o, challenge, e);
	json_decref(o);
	return r;
}
