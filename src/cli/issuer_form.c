/* Issuers as options, and as lines for people. */
#include "cli/issuer_form.h"

#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/files.h"
#include "cli/https.h"
#include "cli/say.h"
#include "cli/view.h"

enum { ROOTS_MAX = 131071, MOST_AN_HOUR = 1000000 };

enum acsr_result issuer_path(char **out, const char *name, const char *tail, struct acsr_err *e)
{
	CLEANUP_STR char *safe = NULL;

	TRY(https_escape(&safe, name, e));
	return str_printf(out, e, "/api/v1/issuers/%s%s", safe, tail);
}

/* --- options into JSON --- */

static enum acsr_result put_texts(const struct args *a, json_t *body, struct acsr_err *e)
{
	static const char *const names[][2] = { { "title", "title" }, { "directory", "directory_url" },
		{ "profile", "profile" }, { "preferred-chain", "preferred_chain" },
		{ "validation", "validation" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (args_one(a, names[i][0]) != NULL)
			TRY(command_put_str(body, names[i][1], args_one(a, names[i][0]), e));
	return ACSR_OK;
}

static enum acsr_result put_list(
	const struct args *a, const char *option, json_t *body, const char *member, struct acsr_err *e)
{
	json_t *list;

	if (args_count(a, option) == 0)
		return ACSR_OK;
	list = json_array();
	for (size_t i = 0; args_many(a, option, i) != NULL; i++)
		if (*args_many(a, option, i) != '\0')
			json_array_append_new(list, json_string(args_many(a, option, i)));
	return command_put(body, member, list, e);
}

static enum acsr_result put_roots(const struct args *a, json_t *body, struct acsr_err *e)
{
	const char *file = args_one(a, "roots");
	CLEANUP_BUF struct buf b = { 0 };

	if (file == NULL)
		return ACSR_OK;
	if (*file == '\0')
		return command_put_str(body, "roots", "", e);
	buf_init(&b, ROOTS_MAX + 1);
	TRY(file_get(&b, file, ROOTS_MAX, e));
	if (memchr(b.p, '\0', b.len) != NULL || !str_is_utf8((const char *)b.p, b.len))
		return err_set(e, "usage.value",
			"--roots %s: give the certificates as PEM (autocsr cert convert makes it)", file);
	return command_put_str(body, "roots", buf_cstr(&b), e);
}

static enum acsr_result put_limit(const struct args *a, json_t *body, struct acsr_err *e)
{
	const char *text = args_one(a, "orders-per-hour");
	uint64_t n;

	if (text == NULL)
		return ACSR_OK;
	if (str_u64(text, MOST_AN_HOUR, &n, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--orders-per-hour %s: a number up to %d; 0 is no limit",
			text, MOST_AN_HOUR);
	return command_put(body, "orders_per_hour", json_integer((json_int_t)n), e);
}

enum acsr_result issuer_form(const struct args *a, json_t *body, struct acsr_err *e)
{
	bool public = args_flag(a, "public"), private = args_flag(a, "private");
	const char *automation = args_one(a, "automation");

	if (public && private)
		return err_set(e, "usage.together", "--public and --private exclude each other");
	TRY(put_texts(a, body, e));
	TRY(put_list(a, "contact", body, "contacts", e));
	TRY(put_list(a, "key", body, "key_types", e));
	TRY(put_list(a, "challenge", body, "challenges", e));
	TRY(put_roots(a, body, e));
	TRY(put_limit(a, body, e));
	if (automation != NULL)
		TRY(command_put_str(
			body, "automation", strcmp(automation, "none") == 0 ? "" : automation, e));
	return public || private ? command_put(body, "public", json_boolean(public), e) : ACSR_OK;
}

/* --- lines --- */

static void say_list(const char *label, const json_t *list)
{
	CLEANUP_STR char *text = view_join(list);

	if (json_array_size(list) > 0 && text != NULL)
		say_field(label, text);
}

static void say_account(const json_t *issuer)
{
	const json_t *account = json_object_get(issuer, "account"),
		     *ca = json_object_get(issuer, "directory");

	if (json_is_object(ca)) {
		say_field("terms", view_str(ca, "terms_of_service"));
		if (json_is_true(json_object_get(ca, "external_account_required")))
			say_field("binding", "the CA wants one (--eab-kid)");
		if (json_object_size(json_object_get(ca, "profiles")) > 0) {
			const char *name;
			json_t *v;

			json_object_foreach(json_object_get(ca, "profiles"), name, v) say("%-16s %s: %s",
				"profile there", name, json_is_string(v) ? json_string_value(v) : "");
		}
	}
	if (!json_is_object(account)) {
		say_field("account", "none: autocsr issuer register");
		return;
	}
	say("%-16s %s, %s", "account", view_str(account, "url"), view_str(account, "status"));
	say_field("terms agreed", view_str(account, "terms_agreed"));
	if (*view_str(account, "terms_wanted") != '\0') {
		say_field("terms wanted", view_str(account, "terms_wanted"));
		say_field("", "orders wait until you agree to them: autocsr issuer register");
	}
	say_field("account key", view_str(account, "thumbprint"));
	if (json_is_true(json_object_get(account, "rolling")))
		say_field("", "its change was begun, and its end is not known yet: autocsr issuer roll");
}

static void say_other(const json_t *issuer)
{
	const json_t *uses = json_object_get(issuer, "uses"), *paused = json_object_get(issuer, "paused");

	say_field("directory", view_str(issuer, "directory_url"));
	if (view_str(issuer, "roots")[0] != '\0')
		say_field("roots", "of its own");
	say_list("contacts", json_object_get(issuer, "contacts"));
	say_field("profile", view_str(issuer, "profile"));
	say_field("preferred chain", view_str(issuer, "preferred_chain"));
	say_list("key types", json_object_get(issuer, "key_types"));
	say_list("challenges", json_object_get(issuer, "challenges"));
	say_field("automation", view_str(issuer, "automation"));
	if (strcmp(view_str(issuer, "kind"), "acme") == 0)
		say_account(issuer);
	else
		say_field("names", strcmp(view_str(issuer, "validation"), "ca") == 0
					   ? "validated by the CA alone"
					   : "validated here first");
	if (json_integer_value(json_object_get(issuer, "orders_per_hour")) > 0)
		say("%-16s %lld", "orders an hour",
			(long long)json_integer_value(json_object_get(issuer, "orders_per_hour")));
	say("%-16s %lld products, %lld orders under way", "used by",
		(long long)json_integer_value(json_object_get(uses, "products")),
		(long long)json_integer_value(json_object_get(uses, "orders")));
	if (json_is_object(paused))
		say("%-16s until %s: %s", "paused", view_str(paused, "until"), view_str(paused, "reason"));
}

void issuer_say(const json_t *issuer)
{
	bool ours = strcmp(view_str(issuer, "kind"), "private") == 0;
	bool public = json_is_true(json_object_get(issuer, "public"));

	say_field("issuer", view_str(issuer, "name"));
	say_field("title", view_str(issuer, "title"));
	say("%-16s %s, %s%s", "kind", ours ? "this service's own CA" : view_str(issuer, "kind"),
		public ? "publicly trusted" : "private",
		json_is_true(json_object_get(issuer, "active")) ? "" : ", switched off");
	say_field("makes keys", json_is_true(json_object_get(issuer, "autocsr"))
					? "yes"
					: "no: nothing is stated about it (autocsr ca statement)");
	if (ours)
		say_field("to", view_str(issuer, "not_after"));
	else
		say_other(issuer);
}
