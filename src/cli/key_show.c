/* Results of key check as lines for a person. */
#include <string.h>

#include "cli/key_run.h"
#include "cli/say.h"
#include "cli/view.h"

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

/* "FILE", "FILE (key 3)"; the name of standard input is "-". */
static void place(const json_t *o, char *out, size_t cap)
{
	if (number(o, "object") > 1)
		snprintf(out, cap, "%s (object %lld)", view_str(o, "file"), number(o, "object"));
	else
		snprintf(out, cap, "%s", view_str(o, "file"));
}

static void show_whole(const json_t *o)
{
	if (view_str(o, "key_type")[0] != '\0')
		say("%s in %s, SPKI SHA-256 %s", view_str(o, "key_type"), view_str(o, "kind"),
			view_str(o, "spki_sha256"));
	view_show_findings(json_object_get(o, "checks"));
}

static void show_brief(const json_t *o)
{
	const json_t *checks = json_object_get(o, "checks");
	char at[4200];

	place(o, at, sizeof(at));
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *f = json_array_get(checks, i);

		say("%-10s  %s: %s: %s", strcmp(view_str(f, "result"), "fail") == 0 ? "weak" : "warning", at,
			view_str(f, "id"), view_str(f, "text"));
	}
}

static void show_error(const json_t *o)
{
	char at[4200];

	place(o, at, sizeof(at));
	say("%-10s  %s: %s", "unreadable", at, view_str(json_object_get(o, "error"), "detail"));
}

static void show_pair(const char *word, const json_t *pair, const char *text)
{
	char a[4200], b[4200];

	place(json_array_get(pair, 0), a, sizeof(a));
	if (json_array_size(pair) < 2) {
		say("%-10s  %s: shares a prime with another of these keys", word, a);
		return;
	}
	place(json_array_get(pair, 1), b, sizeof(b));
	say("%-10s  %s and %s %s", word, a, b, text);
}

static void show_debian(const json_t *s)
{
	const json_t *n = json_object_get(s, "debian");
	const json_t *list = json_object_get(s, "weak_list");

	if (!json_is_object(list)) {
		say("Debian weak keys: not checked, no list of them is at hand");
		return;
	}
	say("Debian weak keys: %lld found, %lld not listed, %lld not listed but known in part only, %lld not "
	    "covered by the list; it covers %s",
		number(n, "listed"), number(n, "not-listed"), number(n, "in-part"), number(n, "not-covered"),
		view_str(list, "covers"));
}

static void show_summary(const json_t *s)
{
	long long weak = number(s, "weak"), keys = number(s, "keys");

	say("%lld keys in %lld files: %lld without fault, %lld weak; %lld unreadable, %lld files hold no key",
		keys, number(s, "files"), keys - weak, weak, number(s, "unreadable"),
		number(s, "files_without_key"));
	show_debian(s);
	if (json_is_true(json_object_get(s, "compared")))
		say("pairs of keys that share a prime or modulus: %lld", number(s, "shared_prime"));
	else
		say("pairs of keys that share a prime: not looked for");
	say("keys that were there before: %lld", number(s, "same_key"));
}

void key_show(struct cli *c, const json_t *o)
{
	const json_t *member;

	if ((member = json_object_get(o, "summary")) != NULL)
		show_summary(member);
	else if ((member = json_object_get(o, "shared_prime")) != NULL)
		show_pair("weak", member, "share a prime: both private keys can be computed");
	else if ((member = json_object_get(o, "same_modulus")) != NULL)
		show_pair("weak", member, "have the same modulus and different exponents");
	else if ((member = json_object_get(o, "same_key")) != NULL)
		show_pair("same key", member, "hold the same key");
	else if (json_object_get(o, "error") != NULL)
		show_error(o);
	else if (c->streamed)
		show_brief(o);
	else
		show_whole(o);
}
