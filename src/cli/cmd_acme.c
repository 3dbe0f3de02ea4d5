/* acme-directory: what the service offers to ACME clients, and to whom. */
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/objects_acme.h"
#include "cli/say.h"
#include "cli/view.h"

#define LIST "/api/v1/acme/directories"

/* --- showing --- */

static void show_list(const char *label, const json_t *list)
{
	char *text = view_join(list);

	say_field(label, text);
	free(text);
}

static void show_directory(const json_t *d)
{
	say("%-16s %s%s", view_str(d, "name"), view_str(d, "title"),
		json_is_false(json_object_get(d, "active")) ? " (off)" : "");
	say_field("  URL", view_str(d, "url"));
	show_list("  products", json_object_get(d, "products"));
	show_list("  challenges", json_object_get(d, "challenges"));
	say_field("  binding", view_str(d, "eab"));
	say_field("  account", view_str(d, "account_id"));
	say_field("  keys by",
		json_is_true(json_object_get(d, "open")) ? "members of all accounts" : "its account");
	say_field("  terms", view_str(d, "terms"));
	say_field("  asked again", view_str(d, "terms_at"));
	say_field("  website", view_str(d, "website"));
}

static void cmd_acme_directory_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "directories");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++)
		show_directory(json_array_get(list, i));
}

static void cmd_acme_directory_show_show(struct cli *c, const json_t *result)
{
	(void)c;
	show_directory(result);
}

static enum acsr_result cmd_acme_directory_list_run(struct cli *c, struct acsr_err *e)
{
	return acme_get(c, LIST, e);
}

/* There is no call for one: the list is short. */
static enum acsr_result cmd_acme_directory_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *all = NULL, *found = NULL, *d;
	size_t i;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, LIST, &all, e));
	json_array_foreach(json_object_get(all, "directories"), i, d)
	{
		if (strcmp(view_str(d, "name"), c->args.words[0]) == 0)
			found = json_incref(d);
	}
	json_decref(all);
	if (found == NULL)
		return err_set(e, "object.absent", "there is no directory \"%s\"", c->args.words[0]);
	return command_take(c, found, e);
}

/* --- adding and changing --- */

/* A member that is true by one flag and false by the other. */
static enum acsr_result put_either(const struct cli *c, json_t *body, const char *yes, const char *no,
	const char *member, struct acsr_err *e)
{
	bool is = args_flag(&c->args, yes), is_not = args_flag(&c->args, no);

	if (is && is_not)
		return err_set(e, "usage.together", "--%s and --%s exclude each other", yes, no);
	return is || is_not ? command_put(body, member, json_boolean(is), e) : ACSR_OK;
}

static enum acsr_result put_settings(const struct cli *c, json_t *body, struct acsr_err *e)
{
	TRY(acme_put(c, body, "title", "title", e));
	TRY(acme_put(c, body, "eab", "eab", e));
	TRY(acme_put(c, body, "account", "account_id", e));
	TRY(acme_put(c, body, "terms", "terms", e));
	TRY(acme_put(c, body, "website", "website", e));
	TRY(acme_put_list(c, body, "product", "products", e));
	TRY(acme_put_list(c, body, "challenge", "challenges", e));
	TRY(put_either(c, body, "open", "own", "open", e));
	if (args_flag(&c->args, "ask-again"))
		TRY(command_put(body, "ask_again", json_true(), e));
	return put_either(c, body, "on", "off", "active", e);
}

static enum acsr_result cmd_acme_directory_add_run(struct cli *c, struct acsr_err *e)
{
	json_t *body = json_object();
	enum acsr_result r = command_put_str(body, "name", c->args.words[0], e);

	if (r == ACSR_OK)
		r = put_settings(c, body, e);
	if (r == ACSR_OK)
		r = acme_post(c, LIST, body, e);
	json_decref(body);
	return r;
}

static enum acsr_result change(struct cli *c, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = "PATCH", .body = body };
	json_t *answer = NULL;

	if (json_object_size(body) == 0)
		return err_set(e, "usage.nothing", "say what to change; --help lists it");
	TRY(service_path(&path, "acme/directories", c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	call.path = path;
	TRY(service_call(s, &call, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_acme_directory_change_run(struct cli *c, struct acsr_err *e)
{
	json_t *body = json_object();
	enum acsr_result r = put_settings(c, body, e);

	if (r == ACSR_OK)
		r = change(c, body, e);
	json_decref(body);
	return r;
}

static enum acsr_result cmd_acme_directory_remove_run(struct cli *c, struct acsr_err *e)
{
	return acme_delete(c, "acme/directories", "removed", e);
}

static void cmd_acme_directory_remove_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("directory %s is removed", view_str(result, "removed"));
}

/* --- the table --- */

static const char list_text[] = "  autocsr acme-directory list\n";

const struct command cmd_acme_directory_list = { "acme-directory", "list", "", 0, 0,
	"where ACME clients get certificates, and which", list_text, NULL, .service = true,
	.run = cmd_acme_directory_list_run, .show = cmd_acme_directory_list_show };

static const char show_text[] = "  autocsr acme-directory show default\n";

const struct command cmd_acme_directory_show = { "acme-directory", "show", "NAME", 1, 1, "one of them",
	show_text, NULL, .service = true, .run = cmd_acme_directory_show_run,
	.show = cmd_acme_directory_show_show };

#define SETTINGS                                                                                          \
	{ "title", OPT_ONE, "TEXT", "for people" },                                                       \
		{ "product", OPT_EACH, "ID", "offer this product of level dv; may be repeated" },         \
		{ "challenge", OPT_EACH, "TYPE", "let clients show control this way; may be repeated",    \
			"http-01 dns-01 tls-alpn-01 dns-account-01 dns-persist-01" },                     \
		{ "eab", OPT_ONE, "WHEN", "external account binding", "required optional off" },          \
		{ "account", OPT_ONE, "ID", "whose it is, and the certificates that no binding claims" }, \
		{ "terms", OPT_ONE, "URL", "terms of service that clients must agree to; '' for none" },  \
		{ "website", OPT_ONE, "URL", "'' for none" },                                             \
		{ "open", OPT_FLAG, NULL, "members of all accounts make keys for it" },                   \
		{ "own", OPT_FLAG, NULL, "only members of its account do" },                              \
		{ "on", OPT_FLAG, NULL, "answer there" },                                                 \
	{                                                                                                 \
		"off", OPT_FLAG, NULL, "nothing new is to be had there"                                   \
	}

static const struct opt add_opts[] = { SETTINGS, { 0 } };

static const char add_text[] =
	"The directory is at /acme/NAME/directory. Without --challenge it offers http-01, dns-01 and\n"
	"tls-alpn-01, without --eab every account needs a key (autocsr acme-eab new), and without\n"
	"--open such keys are made by members of the account that it belongs to, which is yours\n"
	"unless --account names another.\n"
	"\n"
	"  autocsr acme-directory add devices --title 'Our devices' --product dv\n";

const struct command cmd_acme_directory_add = { "acme-directory", "add", "NAME", 1, 1,
	"offer another directory (operator)", add_text, add_opts, .service = true,
	.run = cmd_acme_directory_add_run, .show = cmd_acme_directory_show_show };

static const struct opt change_opts[] = { SETTINGS,
	{ "ask-again", OPT_FLAG, NULL, "who agreed to the terms before is asked again before new orders" },
	{ 0 } };

static const char change_text[] =
	"Accounts and certificates that are there stay as they are.\n"
	"\n"
	"  autocsr acme-directory change default --eab required\n"
	"  autocsr acme-directory change devices --terms https://ca.example.com/terms-2 --ask-again\n"
	"  autocsr acme-directory change devices --off\n";

const struct command cmd_acme_directory_change = { "acme-directory", "change", "NAME", 1, 1,
	"what a directory offers (operator)", change_text, change_opts, .service = true,
	.run = cmd_acme_directory_change_run, .show = cmd_acme_directory_show_show };

static const char remove_text[] = "One under which accounts have been made can only be switched off.\n"
				  "\n"
				  "  autocsr acme-directory remove devices\n";

const struct command cmd_acme_directory_remove = { "acme-directory", "remove", "NAME", 1, 1,
	"remove a directory (operator)", remove_text, NULL, .service = true,
	.run = cmd_acme_directory_remove_run, .show = cmd_acme_directory_remove_show };
