/* product, organisation, account, user and token: what an account has and who is in it. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/fileset.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

static enum acsr_result get(struct cli *c, const char *path, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, path, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result post(struct cli *c, const char *path, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_post(s, path, body, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_product_list_run(struct cli *c, struct acsr_err *e)
{
	return get(c, "/api/v1/products", e);
}

static void cmd_product_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "products");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		CLEANUP_STR char *keys = view_join(json_object_get(p, "key_types"));

		say("%-14s %s%s", view_str(p, "id"), view_str(p, "title"),
			json_is_false(json_object_get(p, "active")) ? " (not on offer)" : "");
		say("%-14s up to %lld names, %s; keys %s", "",
			(long long)json_integer_value(json_object_get(p, "max_names")),
			view_str(p, "validity_text"), keys);
	}
}

static enum acsr_result cmd_organisation_list_run(struct cli *c, struct acsr_err *e)
{
	return get(c, "/api/v1/organisations", e);
}

static void cmd_organisation_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "organisations");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		say("%-31s %s, %s, %s", view_str(o, "id"), view_str(o, "name"), view_str(o, "locality"),
			view_str(o, "country"));
	}
	if (json_array_size(list) == 0)
		say("no organisations");
}

static enum acsr_result cmd_organisation_new_run(struct cli *c, struct acsr_err *e)
{
	static const char *const members[] = { "name", "street", "locality", "state", "postal-code",
		"country", "registration-number", "business-category", "jurisdiction-country",
		"jurisdiction-state", "phone", NULL };
	json_t *body = json_object();
	enum acsr_result r = ACSR_OK;

	for (size_t i = 0; r == ACSR_OK && members[i] != NULL; i++) {
		const char *v = args_one(&c->args, members[i]);
		char key[32];

		snprintf(key, sizeof(key), "%s", members[i]);
		for (char *at = key; *at != '\0'; at++)
			if (*at == '-')
				*at = '_';
		if (v != NULL)
			r = command_put_str(body, key, v, e);
	}
	if (r == ACSR_OK && args_one(&c->args, "name") == NULL)
		r = err_set(e, "usage.name", "an organisation needs its name: --name 'Example GmbH'");
	if (r == ACSR_OK)
		r = post(c, "/api/v1/organisations", body, e);
	json_decref(body);
	return r;
}

static void cmd_organisation_new_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("%s  %s", view_str(result, "id"), view_str(result, "name"));
}

static enum acsr_result cmd_account_show_run(struct cli *c, struct acsr_err *e)
{
	return get(c, "/api/v1/account", e);
}

static void cmd_account_show_show(struct cli *c, const json_t *result)
{
	CLEANUP_STR char *names = view_join(json_object_get(result, "preauthorised"));

	(void)c;
	say_field("account", view_str(result, "id"));
	say_field("name", view_str(result, "name"));
	say_field("e-mail", view_str(result, "email"));
	say_field("since", view_str(result, "created_at"));
	say_field("pre-authorised", names);
	say("%-16s %lld", "users", (long long)json_integer_value(json_object_get(result, "users")));
	if (json_is_true(json_object_get(result, "always_second")))
		say_field("second factor", "wanted for each unlock code");
}

static enum acsr_result cmd_user_list_run(struct cli *c, struct acsr_err *e)
{
	return get(c, args_flag(&c->args, "all") ? "/api/v1/users?all=1" : "/api/v1/users", e);
}

static void cmd_user_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "users");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *u = json_array_get(list, i);

		say("%-31s %-8s %s (%s)%s%s", view_str(u, "id"), view_str(u, "role"), view_str(u, "email"),
			view_str(u, "account_name"),
			json_is_true(json_object_get(u, "totp")) ? ", second factor" : "",
			json_is_true(json_object_get(u, "disabled")) ? ", disabled" : "");
	}
}

/* Who may show codes and invite others is not made by a token alone. */
static enum acsr_result invite_owner(struct cli *c, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	struct proof p = { .args = &c->args, .path = "/api/v1/users", .more = body };
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	p.service = s;
	TRY(proof_post(&p, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_user_invite_run(struct cli *c, struct acsr_err *e)
{
	const char *role = args_one(&c->args, "role");
	json_t *body =
		json_pack("{s:s, s:s}", "email", c->args.words[0], "role", role != NULL ? role : "member");
	bool high = role != NULL && (strcmp(role, "owner") == 0 || strcmp(role, "admin") == 0);
	enum acsr_result r;

	if (body == NULL)
		return err_set(e, "input.email", "the address is not UTF-8");
	r = high ? invite_owner(c, body, e) : post(c, "/api/v1/users", body, e);
	json_decref(body);
	return r;
}

static void cmd_user_invite_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("%s is invited as %s (%s)", view_str(result, "email"), view_str(result, "role"),
		view_str(result, "id"));
}

static enum acsr_result cmd_token_list_run(struct cli *c, struct acsr_err *e)
{
	return get(c, "/api/v1/tokens", e);
}

static void cmd_token_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "tokens");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *t = json_array_get(list, i);
		const char *ends = view_str(t, "expires_at"), *used = view_str(t, "last_used_at");

		say("%-31s %s, ends %s, last used %s%s", view_str(t, "id"), view_str(t, "name"),
			ends[0] != '\0' ? ends : "never", used[0] != '\0' ? used : "never",
			json_is_true(json_object_get(t, "read_only")) ? ", reads only" : "");
	}
}

/* --out: into a file of mode 0600, and not into the result. */
static enum acsr_result token_to_file(struct cli *c, const char *out, struct acsr_err *e)
{
	CLEANUP_STR char *line = NULL;
	enum acsr_result r;

	TRY(str_printf(&line, e, "%s\n", view_str(c->result, "token")));
	r = file_put(out, line, strlen(line), 0600, args_flag(&c->args, "force"), e);
	wipe(line, strlen(line));
	TRY(r);
	json_object_del(c->result, "token");
	return command_put_str(c->result, "token_file", out, e);
}

static enum acsr_result cmd_token_new_run(struct cli *c, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out");
	json_t *body = json_pack(
		"{s:s, s:s*}", "name", c->args.words[0], "expires_at", args_one(&c->args, "expires"));
	enum acsr_result r = body != NULL ? ACSR_OK : err_set(e, "input.name", "the name is not UTF-8");

	if (r == ACSR_OK && args_flag(&c->args, "read-only"))
		r = command_put(body, "read_only", json_true(), e);
	if (r == ACSR_OK)
		r = post(c, "/api/v1/tokens", body, e);
	json_decref(body);
	TRY(r);
	return out != NULL ? token_to_file(c, out, e) : ACSR_OK;
}

static void cmd_token_new_show(struct cli *c, const json_t *result)
{
	(void)c;
	if (view_str(result, "token")[0] != '\0')
		say("%s", view_str(result, "token"));
	say_progress("token %s; it is shown this once", view_str(result, "id"));
	say_field("token file", view_str(result, "token_file"));
}

static enum acsr_result cmd_token_delete_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = "DELETE" };

	TRY(service_path(&path, "tokens", c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	call.path = path;
	TRY(service_call(s, &call, NULL, e));
	return command_put_str(c->result, "deleted", c->args.words[0], e);
}

static void cmd_token_delete_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("token %s is deleted", view_str(result, "deleted"));
}

static const char product_list_text[] = "  autocsr product list\n";

const struct command cmd_product_list = { "product", "list", "", 0, 0, "what can be ordered",
	product_list_text, NULL, .service = true, .run = cmd_product_list_run,
	.show = cmd_product_list_show };

static const char organisation_list_text[] = "  autocsr organisation list\n";

const struct command cmd_organisation_list = { "organisation", "list", "", 0, 0,
	"organisations for OV and EV", organisation_list_text, NULL, .service = true,
	.run = cmd_organisation_list_run, .show = cmd_organisation_list_show };

static const struct opt organisation_new_opts[] = {
	{ "name", OPT_ONE, "TEXT", "registered name" },
	{ "street", OPT_ONE, "TEXT", "street and number" },
	{ "locality", OPT_ONE, "TEXT", "city" },
	{ "state", OPT_ONE, "TEXT", "state or province" },
	{ "postal-code", OPT_ONE, "TEXT", "postal code" },
	{ "country", OPT_ONE, "CC", "two letters" },
	{ "registration-number", OPT_ONE, "TEXT", "in its register (EV)" },
	{ "business-category", OPT_ONE, "TEXT", "Private Organization, Government Entity … (EV)" },
	{ "jurisdiction-country", OPT_ONE, "CC", "where it is registered (EV)" },
	{ "jurisdiction-state", OPT_ONE, "TEXT", "where it is registered (EV)" },
	{ "phone", OPT_ONE, "NUMBER", "published telephone number" },
	{ 0 },
};

static const char organisation_new_text[] = "  autocsr organisation new --name 'Example GmbH' --street 'Weg "
					    "1' --locality Berlin --postal-code 10115 \\\n"
					    "      --country DE\n";

const struct command cmd_organisation_new = { "organisation", "new", "", 0, 0, "add an organisation",
	organisation_new_text, organisation_new_opts, .service = true, .run = cmd_organisation_new_run,
	.show = cmd_organisation_new_show };

static const char account_show_text[] = "  autocsr account show\n";

const struct command cmd_account_show = { "account", "show", "", 0, 0, "your account", account_show_text,
	NULL, .service = true, .run = cmd_account_show_run, .show = cmd_account_show_show };

static const struct opt user_list_opts[] = {
	{ "all", OPT_FLAG, NULL, "users of every account (operator)" },
	{ 0 },
};

static const char user_list_text[] = "  autocsr user list\n";

const struct command cmd_user_list = { "user", "list", "", 0, 0, "people of your account", user_list_text,
	user_list_opts, .service = true, .run = cmd_user_list_run, .show = cmd_user_list_show };

static const struct opt user_invite_opts[] = {
	{ "role", OPT_ONE, "ROLE", "member (default), owner, auditor", "member owner auditor" },
	{ "password-file", OPT_ONE, "FILE",
		"for an owner: file with your password; asked for when left out" },
	{ "totp", OPT_ONE, "CODE", "for an owner: code of the second factor; asked for when it is wanted" },
	{ 0 },
};

static const char user_invite_text[] =
	"The invitation goes by mail and holds for seven days. An owner is invited with your password\n"
	"and your second factor: owners see unlock codes and invite others.\n"
	"\n"
	"  autocsr user invite bob@example.com --role auditor\n"
	"  autocsr user invite ann@example.com --role owner --password-file p\n";

const struct command cmd_user_invite = { "user", "invite", "E-MAIL", 1, 1, "invite somebody by mail",
	user_invite_text, user_invite_opts, .service = true, .run = cmd_user_invite_run,
	.show = cmd_user_invite_show };

static const char token_list_text[] = "  autocsr token list\n";

const struct command cmd_token_list = { "token", "list", "", 0, 0, "API tokens", token_list_text, NULL,
	.service = true, .run = cmd_token_list_run, .show = cmd_token_list_show };

static const struct opt token_new_opts[] = {
	{ "expires", OPT_ONE, "TIME", "2027-01-01T00:00:00Z; never when left out" },
	{ "read-only", OPT_FLAG, NULL, "the token may only read" },
	{ "out", OPT_ONE, "FILE", "write the token there (0600) instead of showing it" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char token_new_text[] = "  autocsr token new monitoring --read-only --out monitoring.token\n";

const struct command cmd_token_new = { "token", "new", "NAME", 1, 1, "make an API token", token_new_text,
	token_new_opts, .service = true, .run = cmd_token_new_run, .show = cmd_token_new_show };

static const char token_delete_text[] = "  autocsr token delete tok_1a2b3c\n";

const struct command cmd_token_delete = { "token", "delete", "ID", 1, 1, "delete an API token",
	token_delete_text, NULL, .service = true, .run = cmd_token_delete_run,
	.show = cmd_token_delete_show };
