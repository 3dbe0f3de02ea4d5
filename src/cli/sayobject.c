/* CSRs, certificates, CRLs, keys and bundles, told to people. */
#include "cli/sayobject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/say.h"
#include "cli/view.h"

static bool is_true(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* --- times --- */

/* "37 days", "1 day", "5 hours", "12 minutes" */
static void span(char *out, size_t cap, int64_t seconds)
{
	int64_t n = seconds >= 2 * 86400 ? seconds / 86400 : seconds >= 7200 ? seconds / 3600 : seconds / 60;
	const char *unit = seconds >= 2 * 86400 ? "day" : seconds >= 7200 ? "hour" : "minute";

	snprintf(out, cap, "%lld %s%s", (long long)n, unit, n == 1 ? "" : "s");
}

/* "in 37 days" "3 days ago" "now" */
static void from_now(char *out, size_t cap, int64_t seconds)
{
	char length[40];

	span(length, sizeof(length), seconds < 0 ? -seconds : seconds);
	if (seconds > -60 && seconds < 60)
		snprintf(out, cap, "now");
	else
		snprintf(out, cap, seconds > 0 ? "in %s" : "%s ago", length);
}

/* ", 2027-01-01 01:00 CET" in the local zone; empty where that is UTC. */
static void local_form(char *out, size_t cap, int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;

	out[0] = '\0';
	if (localtime_r(&at, &tm) != NULL && tm.tm_gmtoff != 0 &&
		strftime(out, cap, ", %Y-%m-%d %H:%M %Z", &tm) == 0)
		out[0] = '\0';
}

static void say_time(const json_t *o, const char *key, const char *label)
{
	const char *text = view_str(o, key);
	char word[64], local[80];
	int64_t t;

	if (text[0] == '\0' || clock_parse_rfc3339(text, &t, NULL) != ACSR_OK)
		return;
	from_now(word, sizeof(word), t - clock_now());
	local_form(local, sizeof(local), t);
	say("%-16s %s (%s%s)", label, text, word, local);
}

static void say_validity(const json_t *o)
{
	const char *state = view_str(o, "state");
	json_int_t seconds = json_integer_value(json_object_get(o, "validity_seconds"));
	char length[40];

	say_time(o, "not_before", "valid from");
	say_time(o, "not_after", "valid to");
	span(length, sizeof(length), seconds);
	if (strcmp(state, "expired") == 0)
		say_field("validity", "EXPIRED");
	else if (strcmp(state, "future") == 0)
		say_field("validity", "NOT YET VALID");
	else if (seconds > 0)
		say_field("validity", length);
}

/* --- lists --- */

static void say_joined(const json_t *o, const char *key, const char *label)
{
	CLEANUP_STR char *s = view_join(json_object_get(o, key));

	say_field(label, s);
}

/* One a line: lists of names get long. */
static void say_lines(const json_t *o, const char *key, const char *label)
{
	const json_t *list = json_object_get(o, key);

	for (size_t i = 0; i < json_array_size(list); i++)
		say("%-16s %s", i == 0 ? label : "", json_string_value(json_array_get(list, i)));
}

static void say_names(const json_t *o)
{
	const json_t *sans = json_object_get(o, "sans"), *typed = json_object_get(o, "names");

	for (size_t i = 0; i < json_array_size(sans); i++) {
		const char *unicode = view_str(json_array_get(typed, i), "unicode");

		say("%-16s %s%s%s%s", i == 0 ? "names" : "", json_string_value(json_array_get(sans, i)),
			unicode[0] != '\0' ? " (" : "", unicode, unicode[0] != '\0' ? ")" : "");
	}
}

static void say_subject(const json_t *o, const char *key, const char *label)
{
	const char *s = view_str(o, key);

	say_field(label, s[0] != '\0' ? s : "(empty)");
}

/* --- extensions --- */

/* What the lines above have said already. */
static bool is_told(const char *name)
{
	static const char *const told[] = { "subjectAltName", "keyUsage", "extendedKeyUsage",
		"basicConstraints", "subjectKeyIdentifier", "authorityInfoAccess", "crlDistributionPoints",
		"tlsfeature" };

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (strcmp(told[i], name) == 0)
			return true;
	return false;
}

static void say_values(const json_t *x)
{
	const json_t *values = json_object_get(x, "values");
	json_int_t length = json_integer_value(json_object_get(x, "length"));

	for (size_t i = 0; i < json_array_size(values) && i < 20; i++)
		say("%-16s   %s", "", json_string_value(json_array_get(values, i)));
	if (json_array_size(values) > 20)
		say("%-16s   … and %zu more", "", json_array_size(values) - 20);
	if (json_array_size(values) == 0 && view_str(x, "hex")[0] != '\0') {
		say("%-16s   %.128s%s", "", view_str(x, "hex"), strlen(view_str(x, "hex")) > 128 ? "…" : "");
		if (length > 0)
			say("%-16s   (%lld bytes)", "", (long long)length);
	}
}

static void say_described(const json_t *list, const char *label)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *x = json_array_get(list, i);
		const char *name = view_str(x, "name");

		say("%-16s %s%s%s", i == 0 ? label : "", name[0] != '\0' ? name : view_str(x, "oid"),
			name[0] != '\0' ? "" : " (unknown)", is_true(x, "critical") ? ", critical" : "");
		if (!is_told(name))
			say_values(x);
	}
}

static void say_problems(const json_t *o)
{
	const json_t *list = json_object_get(o, "problems");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *f = json_array_get(list, i);
		const char *source = view_str(f, "source");

		say("%-16s %s%s%s%s", i == 0 ? "PROBLEMS" : "", view_str(f, "text"),
			source[0] != '\0' ? " [" : "", source, source[0] != '\0' ? "]" : "");
	}
}

/* --- keys --- */

static void say_spki(const json_t *o)
{
	const json_t *key = json_object_get(o, "key");
	const char *type = view_str(o, "key_type"), *e = view_str(key, "exponent");
	const char *algorithm = view_str(key, "algorithm"), *point = view_str(key, "point");

	if (strcmp(type, "unknown") == 0)
		say("%-16s unknown (%s)", "key", algorithm[0] != '\0' ? algorithm : "cannot be read");
	else
		say("%-16s %s%s%s%s%s", "key", type, e[0] != '\0' ? ", exponent " : "", e,
			strcmp(point, "compressed") == 0 || strcmp(point, "hybrid") == 0 ? ", point " : "",
			strcmp(point, "compressed") == 0 || strcmp(point, "hybrid") == 0 ? point : "");
	say_field("SPKI SHA-256", view_str(o, "spki_sha256"));
	say_field("", view_str(o, "spki_sha256_base64"));
}

static void say_fingerprints(const json_t *o)
{
	say_field("SHA-256", view_str(o, "sha256"));
	say_field("SHA-1", view_str(o, "sha1"));
}

static void say_usages(const json_t *o)
{
	say_joined(o, "key_usage", "key usage");
	say_joined(o, "extended_key_usage", "extended usage");
	if (is_true(o, "must_staple"))
		say_field("must staple", "yes");
}

static void say_ca(const json_t *o)
{
	const json_t *path = json_object_get(o, "path_length");

	if (!is_true(o, "ca"))
		return;
	if (json_is_integer(path))
		say("%-16s yes, path length %lld", "CA", (long long)json_integer_value(path));
	else
		say_field("CA", "yes");
}

/* "PBES2, PBKDF2 with hmacWithSHA256, 600000 rounds, aes-256-cbc" */
static void say_encryption(const json_t *o, const char *label)
{
	const char *kdf = view_str(o, "kdf"), *prf = view_str(o, "prf"), *cipher = view_str(o, "cipher");
	json_int_t rounds = json_integer_value(json_object_get(o, "iterations"));
	char count[40] = "";

	if (!json_is_object(o))
		return;
	if (rounds > 0)
		snprintf(count, sizeof(count), ", %lld round%s", (long long)rounds, rounds == 1 ? "" : "s");
	say("%-16s %s%s%s%s%s%s%s%s", label, view_str(o, "algorithm"), kdf[0] != '\0' ? ", " : "", kdf,
		prf[0] != '\0' ? " with " : "", prf, count, cipher[0] != '\0' ? ", " : "", cipher);
}

void say_key(const json_t *o)
{
	say("%-16s %s, %s", "form", is_true(o, "private") ? "private key" : "public key",
		view_str(o, "form"));
	say_encryption(json_object_get(o, "encryption"), "encrypted");
	if (is_true(o, "locked"))
		say_field("key", "locked; --passphrase-file opens it");
	else
		say_spki(o);
}

/* --- the documents --- */

void say_csr(const json_t *o)
{
	const json_t *valid = json_object_get(o, "signature_valid");

	say_subject(o, "subject_text", "subject");
	say_names(o);
	say_spki(o);
	say_ca(o);
	say_usages(o);
	if (is_true(o, "challenge_password"))
		say_field("challenge", "a challenge password is set (not shown)");
	say_described(json_object_get(o, "extensions"), "extensions");
	say_described(json_object_get(o, "attribute_values"), "attributes");
	say("%-16s %s, %s", "signature", view_str(o, "signature_algorithm"),
		json_is_true(valid)    ? "valid"
		: json_is_false(valid) ? "NOT VALID: not made with this key, or changed since"
				       : "not checked: this OpenSSL does not know the algorithm");
	say_fingerprints(o);
	say_problems(o);
}

void say_certificate(const json_t *o)
{
	json_int_t scts = json_integer_value(json_object_get(o, "scts"));

	say_subject(o, "subject_text", "subject");
	say_subject(o, "issuer_text", "issuer");
	if (is_true(o, "self_signed"))
		say_field("", "(signed by itself)");
	say_names(o);
	say_field("serial", view_str(o, "serial"));
	say_validity(o);
	say_spki(o);
	say_ca(o);
	say_usages(o);
	say_lines(o, "ocsp_urls", "OCSP");
	say_lines(o, "crl_urls", "CRL");
	say_lines(o, "issuer_urls", "issuer at");
	if (scts > 0)
		say("%-16s %lld", "SCTs", (long long)scts);
	say_described(json_object_get(o, "extensions"), "extensions");
	say_field("signature", view_str(o, "signature_algorithm"));
	say_fingerprints(o);
	say_problems(o);
}

static void say_revoked(const json_t *o)
{
	const json_t *list = json_object_get(o, "revoked");
	json_int_t all = json_integer_value(json_object_get(o, "entries"));

	say("%-16s %lld", "entries", (long long)all);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		const char *issuer = view_str(r, "issuer");

		say("%-16s %s  %s  %s%s%s", "", view_str(r, "revoked_at"), view_str(r, "serial"),
			view_str(r, "reason"), issuer[0] != '\0' ? "  of " : "", issuer);
	}
	if ((json_int_t)json_array_size(list) < all)
		say("%-16s … and %lld more (--all)", "",
			(long long)(all - (json_int_t)json_array_size(list)));
}

void say_crl(const json_t *o)
{
	say_subject(o, "issuer_text", "issuer");
	say_field("number", view_str(o, "number"));
	if (view_str(o, "delta_of")[0] != '\0')
		say("%-16s changes since number %s", "delta", view_str(o, "delta_of"));
	say_time(o, "this_update", "this update");
	say_time(o, "next_update", "next update");
	if (strcmp(view_str(o, "state"), "expired") == 0)
		say_field("validity", "OUT OF DATE");
	say_revoked(o);
	say_described(json_object_get(o, "extensions"), "extensions");
	say_field("signature", view_str(o, "signature_algorithm"));
	say_fingerprints(o);
	say_problems(o);
}

void say_certificates(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (i > 0)
			say("%s", "");
		if (json_object_get(one, "error") != NULL)
			say_field("ERROR", view_str(json_object_get(one, "error"), "detail"));
		else
			say_certificate(one);
	}
}

static void say_pkcs7(const json_t *o)
{
	const json_t *signers = json_object_get(o, "signers"), *crls = json_object_get(o, "crls");

	say_field("type", view_str(o, "type"));
	for (size_t i = 0; i < json_array_size(signers); i++) {
		const json_t *s = json_array_get(signers, i);

		say("%-16s %s, serial %s, %s", i == 0 ? "signed by" : "", view_str(s, "issuer_text"),
			view_str(s, "serial"), view_str(s, "digest"));
	}
	say("%-16s %zu", "certificates", json_array_size(json_object_get(o, "certificates")));
	say("%-16s %zu\n", "CRLs", json_array_size(crls));
	say_certificates(json_object_get(o, "certificates"));
	for (size_t i = 0; i < json_array_size(crls); i++) {
		say("%s", "");
		say_crl(json_array_get(crls, i));
	}
}

static void say_entry(const json_t *e)
{
	say("\n%s%s%s", view_str(e, "type"), view_str(e, "friendly_name")[0] != '\0' ? ": " : "",
		view_str(e, "friendly_name"));
	say_encryption(json_object_get(e, "encryption"), "encrypted");
	if (json_is_object(json_object_get(e, "certificate")))
		say_certificate(json_object_get(e, "certificate"));
	if (json_is_object(json_object_get(e, "crl")))
		say_crl(json_object_get(e, "crl"));
	if (json_is_object(json_object_get(e, "key")))
		say_key(json_object_get(e, "key"));
}

static void say_pkcs12(const json_t *o)
{
	const json_t *entries = json_object_get(o, "entries");

	if (json_is_object(json_object_get(o, "mac")))
		say_encryption(json_object_get(o, "mac"), "MAC");
	else
		say_field("MAC", "none: nobody can tell whether it was changed");
	if (is_true(o, "locked"))
		say_field("contents", "locked; --passphrase-file opens it");
	for (size_t i = 0; i < json_array_size(entries); i++)
		say_entry(json_array_get(entries, i));
}

static const struct {
	const char *member;
	void (*say)(const json_t *o);
} parts[] = { { "csr", say_csr }, { "certificate", say_certificate }, { "crl", say_crl }, { "key", say_key },
	{ "pkcs7", say_pkcs7 }, { "pkcs12", say_pkcs12 } };

static void heading(const json_t *o)
{
	json_int_t line = json_integer_value(json_object_get(o, "line"));
	const char *form = view_str(o, "form");
	char where[40] = "";

	if (line > 0)
		snprintf(where, sizeof(where), ", line %lld", (long long)line);
	say("-- %s%s%s%s%s --", view_str(o, "kind"), form[0] != '\0' ? " (" : "", form,
		form[0] != '\0' ? ")" : "", where);
}

static void say_object(const json_t *o)
{
	heading(o);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (json_object_get(o, parts[i].member) != NULL)
			parts[i].say(json_object_get(o, parts[i].member));
	if (json_object_get(o, "error") != NULL)
		say_field("ERROR", view_str(json_object_get(o, "error"), "detail"));
	say_field("note", view_str(o, "note"));
}

void say_objects(const json_t *doc, bool named)
{
	const json_t *list = json_object_get(doc, "objects");

	if (named)
		say("== %s", view_str(doc, "file"));
	if (json_object_get(doc, "error") != NULL)
		say_field("ERROR", view_str(json_object_get(doc, "error"), "detail"));
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i > 0)
			say("%s", "");
		say_object(json_array_get(list, i));
	}
	if (named)
		say("%s", "");
}
