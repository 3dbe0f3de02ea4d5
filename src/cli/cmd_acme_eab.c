/* acme-eab and acme-account: keys that bind ACME accounts to an account of the service, and those accounts. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/fileset.h"
#include "cli/objects_acme.h"
#include "cli/say.h"
#include "cli/view.h"

/* --- shared --- */

enum acsr_result acme_get(struct cli *c, const char *path, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, path, &answer, e));
	return command_take(c, answer, e);
}

enum acsr_result acme_post(struct cli *c, const char *path, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_post(s, path, body, &answer, e));
	return command_take(c, answer, e);
}

enum acsr_result acme_delete(struct cli *c, const char *kind, const char *done, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = "DELETE" };

	TRY(service_path(&path, kind, c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	call.path = path;
	TRY(service_call(s, &call, NULL, e));
	return command_put_str(c->result, done, c->args.words[0], e);
}

enum acsr_result acme_put(
	const struct cli *c, json_t *body, const char *option, const char *member, struct acsr_err *e)
{
	const char *value = args_one(&c->args, option);

	return value != NULL ? command_put_str(body, member, value, e) : ACSR_OK;
}

enum acsr_result acme_put_list(
	const struct cli *c, json_t *body, const char *option, const char *member, struct acsr_err *e)
{
	size_t n = args_count(&c->args, option);
	json_t *list;

	if (n == 0)
		return ACSR_OK;
	list = json_array();
	TRY(command_put(body, member, list, e));
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, json_string(args_many(&c->args, option, i))) != 0)
			return err_set(e, "input.text", "--%s is not UTF-8", option);
	return ACSR_OK;
}

/* --- keys --- */

static enum acsr_result cmd_acme_eab_list_run(struct cli *c, struct acsr_err *e)
{
	return acme_get(
		c, args_flag(&c->args, "all") ? "/api/v1/acme/eab-keys?all=1" : "/api/v1/acme/eab-keys", e);
}

static void cmd_acme_eab_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "keys");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *k = json_array_get(list, i);
		char *names = view_join(json_object_get(k, "names"));

		say("%-31s %-8s %s", view_str(k, "kid"), view_str(k, "state"), view_str(k, "title"));
		say("%-31s %-8s directory %s, %lld accounts, for %s", "", "", view_str(k, "directory"),
			(long long)json_integer_value(json_object_get(k, "accounts")),
			names != NULL && names[0] != '\0' ? names : "any name");
		free(names);
	}
}

/* --out: into a file of mode 0600, and not into the result. */
static enum acsr_result key_to_file(struct cli *c, const char *out, struct acsr_err *e)
{
	CLEANUP_STR char *line = NULL;
	enum acsr_result r;

	TRY(str_printf(&line, e, "%s\n", view_str(c->result, "hmac_key")));
	r = file_put(out, line, strlen(line), 0600, args_flag(&c->args, "force"), e);
	wipe(line, strlen(line));
	TRY(r);
	json_object_del(c->result, "hmac_key");
	return command_put_str(c->result, "hmac_key_file", out, e);
}

static enum acsr_result put_key(const struct cli *c, json_t *body, struct acsr_err *e)
{
	const char *most = args_one(&c->args, "max-accounts");
	uint64_t n;

	TRY(command_put_str(body, "title", c->args.words[0], e));
	TRY(acme_put(c, body, "directory", "directory", e));
	TRY(acme_put(c, body, "expires", "expires_at", e));
	TRY(acme_put_list(c, body, "name", "names", e));
	if (most == NULL)
		return ACSR_OK;
	if (str_u64(most, 1000000, &n, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--max-accounts %s: a number up to 1000000", most);
	return command_put(body, "max_accounts", json_integer((json_int_t)n), e);
}

static enum acsr_result cmd_acme_eab_new_run(struct cli *c, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out");
	json_t *body = json_object();
	enum acsr_result r = put_key(c, body, e);

	if (r == ACSR_OK)
		r = acme_post(c, "/api/v1/acme/eab-keys", body, e);
	json_decref(body);
	TRY(r);
	return out != NULL ? key_to_file(c, out, e) : ACSR_OK;
}

static void cmd_acme_eab_new_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("directory", view_str(result, "directory_url"));
	say_field("kid", view_str(result, "kid"));
	say_field("HMAC key", view_str(result, "hmac_key"));
	say_field("HMAC key in", view_str(result, "hmac_key_file"));
	say_progress("the HMAC key is shown this once");
}

static enum acsr_result cmd_acme_eab_revoke_run(struct cli *c, struct acsr_err *e)
{
	return acme_delete(c, "acme/eab-keys", "revoked", e);
}

static void cmd_acme_eab_revoke_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("key %s is revoked; the accounts that it made stay", view_str(result, "revoked"));
}

/* --- accounts --- */

/* Page after page. */
static enum acsr_result cmd_acme_account_list_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *cursor = NULL;
	json_t *all = json_array();

	TRY(command_put(c->result, "accounts", all, e));
	TRY(service_open(&s, &c->args, e));
	do {
		CLEANUP_STR char *path = NULL;
		json_t *page = NULL;
		enum acsr_result r;

		TRY(str_printf(&path, e, "/api/v1/acme/accounts?all=%s%s%s",
			args_flag(&c->args, "all") ? "1" : "0", cursor != NULL ? "&cursor=" : "",
			cursor != NULL ? cursor : ""));
		TRY(service_get(s, path, &page, e));
		r = json_array_extend(all, json_object_get(page, "accounts")) == 0 ? ACSR_OK : err_nomem(e);
		free(cursor);
		cursor = NULL;
		if (r == ACSR_OK && view_str(page, "next_cursor")[0] != '\0')
			r = str_dup(&cursor, view_str(page, "next_cursor"), e);
		json_decref(page);
		TRY(r);
	} while (cursor != NULL);
	return ACSR_OK;
}

static void cmd_acme_account_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "accounts");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);
		char *contacts = view_join(json_object_get(a, "contacts"));

		say("%-31s %-11s directory %s, last seen %s%s%s%s%s", view_str(a, "id"),
			view_str(a, "status"), view_str(a, "directory"), view_str(a, "last_seen_at"),
			view_str(a, "eab_kid")[0] != '\0' ? ", made with " : "", view_str(a, "eab_kid"),
			contacts != NULL && contacts[0] != '\0' ? ", " : "",
			contacts != NULL ? contacts : "");
		free(contacts);
	}
}

static enum acsr_result cmd_acme_account_deactivate_run(struct cli *c, struct acsr_err *e)
{
	return acme_delete(c, "acme/accounts", "deactivated", e);
}

static void cmd_acme_account_deactivate_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("account %s is ended; its certificates stay valid", view_str(result, "deactivated"));
}

/* --- the table --- */

static const struct opt all_opts[] = { { "all", OPT_FLAG, NULL, "of all accounts of the service (operator)" },
	{ 0 } };

static const char eab_list_text[] = "  autocsr acme-eab list\n";

const struct command cmd_acme_eab_list = { "acme-eab", "list", "", 0, 0, "keys for external account binding",
	eab_list_text, all_opts, .service = true, .run = cmd_acme_eab_list_run,
	.show = cmd_acme_eab_list_show };

static const struct opt eab_new_opts[] = {
	{ "directory", OPT_ONE, "NAME", "where it is good; default when left out" },
	{ "name", OPT_EACH, "DOMAIN",
		"its accounts get certificates for this and what is below it only; may be repeated" },
	{ "max-accounts", OPT_ONE, "N", "how many accounts it may make; no limit when left out" },
	{ "expires", OPT_ONE, "TIME", "2027-01-01T00:00:00Z; never when left out" },
	{ "out", OPT_ONE, "FILE", "write the HMAC key there (0600) instead of showing it" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char eab_new_text[] =
	"Who has the key can make ACME accounts, whose certificates then belong to your account.\n"
	"\n"
	"  autocsr acme-eab new 'web servers in Hall 3' --name example.com --max-accounts 5\n";

const struct command cmd_acme_eab_new = { "acme-eab", "new", "TITLE", 1, 1,
	"make a key for external account binding", eab_new_text, eab_new_opts, .service = true,
	.run = cmd_acme_eab_new_run, .show = cmd_acme_eab_new_show };

static const char eab_revoke_text[] = "  autocsr acme-eab revoke eab_1a2b3c\n";

const struct command cmd_acme_eab_revoke = { "acme-eab", "revoke", "KID", 1, 1,
	"let a key make no more accounts", eab_revoke_text, NULL, .service = true,
	.run = cmd_acme_eab_revoke_run, .show = cmd_acme_eab_revoke_show };

static const char account_list_text[] = "  autocsr acme-account list\n";

const struct command cmd_acme_account_list = { "acme-account", "list", "", 0, 0,
	"accounts of ACME clients, newest first", account_list_text, all_opts, .service = true,
	.run = cmd_acme_account_list_run, .show = cmd_acme_account_list_show };

static const char account_deactivate_text[] = "For ever: its key is refused from then on.\n"
					      "\n"
					      "  autocsr acme-account deactivate aca_1a2b3c\n";

const struct command cmd_acme_account_deactivate = { "acme-account", "deactivate", "ID", 1, 1,
	"end the account of an ACME client", account_deactivate_text, NULL, .service = true,
	.run = cmd_acme_account_deactivate_run, .show = cmd_acme_account_deactivate_show };
