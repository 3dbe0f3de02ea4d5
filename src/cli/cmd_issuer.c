/* issuer list, show, add, change, remove: other people's CAs, as the operator sets them. */
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/issuer_form.h"
#include "cli/presets.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

/* --- looking --- */

static enum acsr_result cmd_issuer_list_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, "/api/v1/issuers", &answer, e));
	return command_take(c, answer, e);
}

static const char *account_word(const json_t *issuer)
{
	const json_t *account = json_object_get(issuer, "account");

	if (strcmp(view_str(issuer, "kind"), "acme") != 0)
		return "-";
	if (!json_is_object(account))
		return "not registered";
	return *view_str(account, "terms_wanted") != '\0' ? "new terms" : view_str(account, "status");
}

static void cmd_issuer_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "issuers");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		say("%-20s %-8s %-8s %-15s %s%s", view_str(o, "name"), view_str(o, "kind"),
			json_is_true(json_object_get(o, "public")) ? "public" : "private", account_word(o),
			view_str(o, "title"),
			json_is_true(json_object_get(o, "active")) ? "" : " (switched off)");
	}
}

static const char issuer_list_text[] = "This service's own CAs come first. For the operator.\n"
				       "\n"
				       "  autocsr issuer list\n";

const struct command cmd_issuer_list = { "issuer", "list", "", 0, 0,
	"the CAs that certificates come from (operator)", issuer_list_text, NULL, .service = true,
	.run = cmd_issuer_list_run, .show = cmd_issuer_list_show };

static enum acsr_result cmd_issuer_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	json_t *answer = NULL;

	TRY(issuer_path(&path, c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, path, &answer, e));
	return command_take(c, answer, e);
}

static void cmd_issuer_show_show(struct cli *c, const json_t *result)
{
	(void)c;
	issuer_say(result);
}

static const char issuer_show_text[] =
	"With what the CA says about itself, and the account there. For the operator.\n"
	"\n"
	"  autocsr issuer show letsencrypt\n";

const struct command cmd_issuer_show = { "issuer", "show", "NAME", 1, 1, "one issuer (operator)",
	issuer_show_text, NULL, .service = true, .run = cmd_issuer_show_run, .show = cmd_issuer_show_show };

/* --- adding --- */

/* What is known of a well-known CA; options that are given beside it win. */
static enum acsr_result put_preset(const struct args *a, json_t *body, struct acsr_err *e)
{
	const struct preset *p;

	if (args_one(a, "ca") == NULL)
		return ACSR_OK;
	TRY(preset_find(&p, args_one(a, "ca"), e));
	TRY(command_put_str(body, "title", p->title, e));
	TRY(command_put_str(body, "directory_url", p->directory_url, e));
	return command_put(body, "public", json_boolean(p->public), e);
}

static enum acsr_result add_body(const struct args *a, json_t *body, struct acsr_err *e)
{
	bool offline = args_flag(a, "offline");
	const char *name = a->n_words > 0 ? a->words[0] : args_one(a, "ca");

	if (name == NULL)
		return err_set(
			e, "usage.missing", "give the issuer a name, or choose a well-known CA with --ca");
	if (offline && (args_one(a, "ca") != NULL || args_one(a, "directory") != NULL))
		return err_set(e, "usage.together",
			"an --offline CA has no ACME directory: leave --ca and --directory out");
	if (!offline && args_one(a, "ca") == NULL && args_one(a, "directory") == NULL)
		return err_set(e, "usage.missing",
			"say where its ACME directory is: --ca for a well-known CA, --directory URL for any "
			"other, or "
			"--offline");
	TRY(command_put_str(body, "name", name, e));
	TRY(command_put_str(body, "kind", offline ? "offline" : "acme", e));
	TRY(put_preset(a, body, e));
	return issuer_form(a, body, e);
}

static enum acsr_result post(struct cli *c, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_post(s, "/api/v1/issuers", body, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_issuer_add_run(struct cli *c, struct acsr_err *e)
{
	json_t *body = json_object();
	enum acsr_result r = add_body(&c->args, body, e);

	if (r == ACSR_OK)
		r = post(c, body, e);
	json_decref(body);
	return r;
}

static void cmd_issuer_add_show(struct cli *c, const json_t *result)
{
	const char *name = view_str(result, "name");
	const struct preset *p = NULL;

	issuer_say(result);
	if (args_one(&c->args, "ca") != NULL)
		(void)!preset_find(&p, args_one(&c->args, "ca"), NULL);
	if (p != NULL && p->eab)
		say("\nnext: get a key id and a MAC key (%s), then\n  autocsr issuer register %s --eab-kid "
		    "KID "
		    "--eab-key-file FILE",
			p->eab_from, name);
	else if (strcmp(view_str(result, "kind"), "acme") == 0)
		say("\nnext: autocsr issuer register %s", name);
	else
		say("\nnext: autocsr product change ID --issuer %s", name);
}

static const struct opt issuer_add_opts[] = {
	{ "ca", OPT_ONE, "CA", "a well-known CA",
		"letsencrypt letsencrypt-staging zerossl sectigo digicert google google-staging" },
	{ "offline", OPT_FLAG, NULL, "people bring it the CSRs, and import what it makes (order import)" },
	ISSUER_OPTS,
	{ 0 },
};

static const char issuer_add_text[] =
	"Then register an account there (issuer register), and have a product use it (product change "
	"--issuer).\n"
	"Until --private is said, the CA counts as one that browsers trust: the service makes no keys for it "
	"without\n"
	"the operator's statement (ca statement). For the operator.\n"
	"\n"
	"  autocsr issuer add --ca letsencrypt --contact ca@example.com\n"
	"  autocsr issuer add corp --directory https://ca.corp.example/acme/directory --roots corp-root.pem "
	"--private\n"
	"  autocsr issuer add web-form --offline --title 'The CA with the form' --validation ca\n";

const struct command cmd_issuer_add = { "issuer", "add", "[NAME]", 0, 1, "another CA (operator)",
	issuer_add_text, issuer_add_opts, .service = true, .run = cmd_issuer_add_run,
	.show = cmd_issuer_add_show };

/* --- changing and removing --- */

static enum acsr_result send(struct cli *c, const char *method, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = method, .body = body };
	struct proof p = { .args = &c->args, .method = method, .more = body };
	json_t *answer = NULL;
	struct acsr_err why = { 0 };

	TRY(issuer_path(&path, c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	call.path = p.path = path;
	p.service = s;
	if (strcmp(method, "DELETE") == 0) {
		TRY(service_call(s, &call, NULL, e));
		return command_put_str(c->result, "removed", c->args.words[0], e);
	}
	if (service_call(s, &call, &answer, &why) == ACSR_OK)
		return command_take(c, answer, e);
	if (!err_is(&why, "auth.reauth")) {
		*e = why;
		return ACSR_FAIL;
	}
	TRY(proof_post(&p, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result change_body(const struct args *a, json_t *body, struct acsr_err *e)
{
	bool on = args_flag(a, "on"), off = args_flag(a, "off");

	if (on && off)
		return err_set(e, "usage.together", "--on and --off exclude each other");
	TRY(issuer_form(a, body, e));
	if (on || off)
		TRY(command_put(body, "active", json_boolean(on), e));
	return json_object_size(body) > 0
		       ? ACSR_OK
		       : err_set(e, "usage.nothing",
				 "say what to change: autocsr issuer change --help lists it");
}

static enum acsr_result cmd_issuer_change_run(struct cli *c, struct acsr_err *e)
{
	json_t *body = json_object();
	enum acsr_result r = change_body(&c->args, body, e);

	if (r == ACSR_OK)
		r = send(c, "PATCH", body, e);
	json_decref(body);
	return r;
}

static const struct opt issuer_change_opts[] = {
	ISSUER_OPTS,
	{ "on", OPT_FLAG, NULL, "order there again" },
	{ "off", OPT_FLAG, NULL, "order nothing there" },
	{ "password-file", OPT_ONE, "FILE", "file with your password; asked for when it is wanted" },
	{ "totp", OPT_ONE, "CODE", "code of the second factor; asked for when it is wanted" },
	{ 0 },
};

static const char issuer_change_text[] =
	"What is not given stays. A list (--contact, --key, --challenge) "
	"replaces the one that was there; one empty\n"
	"value (--key \"\") empties it. --private, --directory and "
	"--roots of a public CA take your password:\n"
	"they decide whether the service may make keys for it. For the operator.\n"
	"\n"
	"  autocsr issuer change letsencrypt --profile shortlived "
	"--challenge dns-01 --automation dns-update\n"
	"  autocsr issuer change letsencrypt --off\n";

const struct command cmd_issuer_change = { "issuer", "change", "NAME", 1, 1, "its settings (operator)",
	issuer_change_text, issuer_change_opts, .service = true, .run = cmd_issuer_change_run,
	.show = cmd_issuer_show_show };

static enum acsr_result cmd_issuer_remove_run(struct cli *c, struct acsr_err *e)
{
	json_t *body = args_flag(&c->args, "forget-account") ? json_pack("{s:b}", "forget_account", 1) : NULL;
	enum acsr_result r = send(c, "DELETE", body, e);

	json_decref(body);
	return r;
}

static void cmd_issuer_remove_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("removed %s", view_str(result, "removed"));
}

static const struct opt issuer_remove_opts[] = {
	{ "forget-account", OPT_FLAG, NULL,
		"although there is an account of ours, such as at a CA that is gone" },
	{ 0 },
};

static const char issuer_remove_text[] = "Refused while products, orders under way or certificates that have "
					 "not expired use it. For the operator.\n"
					 "\n"
					 "  autocsr issuer remove corp\n";

const struct command cmd_issuer_remove = { "issuer", "remove", "NAME", 1, 1,
	"an issuer that nothing uses (operator)", issuer_remove_text, issuer_remove_opts, .service = true,
	.run = cmd_issuer_remove_run, .show = cmd_issuer_remove_show };
