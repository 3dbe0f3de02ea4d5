/* login and logout: a password becomes a token of this machine's own, and the password is forgotten. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/login_store.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/term.h"
#include "cli/view.h"

#define CA_MAX (1024 * 1024)

static const char *setting(const struct args *a, const char *option, const char *variable)
{
	const char *v = args_one(a, option);

	if (v == NULL)
		v = getenv(variable);
	return v != NULL && v[0] != '\0' ? v : NULL;
}

static enum acsr_result log_in(
	struct service *s, const struct args *a, const char *email, json_t **session, struct acsr_err *e)
{
	const struct proof proof = { .service = s, .args = a, .path = "/api/v1/session", .email = email };
	const char *csrf;

	TRY(proof_post(&proof, session, e));
	csrf = view_str(*session, "csrf_token");
	if (*csrf == '\0')
		return err_set(e, "net.answer", "the service's session has no CSRF token");
	return service_use_csrf(s, csrf, e);
}

static enum acsr_result make_token(
	struct service *s, const struct args *a, struct acsr_secret **token, char **id, struct acsr_err *e)
{
	char host[128] = "this machine", name[200];
	const char *text, *given = args_one(a, "name");
	json_t *body, *answer = NULL;
	enum acsr_result r;

	(void)gethostname(host, sizeof(host) - 1);
	snprintf(name, sizeof(name), "autocsr on %s", host);
	body = json_pack(
		"{s:s, s:s*}", "name", given != NULL ? given : name, "expires_at", args_one(a, "expires"));
	if (body == NULL)
		return err_set(e, "input.name", "--name or --expires is not UTF-8");
	r = service_post(s, "/api/v1/tokens", body, &answer, e);
	json_decref(body);
	TRY(r);
	text = json_string_value(json_object_get(answer, "token"));
	if (text == NULL)
		r = err_set(e, "net.answer", "the service gave no token");
	else
		r = acsr_secret_new(token, text, strlen(text), e);
	if (r == ACSR_OK && view_str(answer, "id")[0] != '\0')
		r = str_dup(id, view_str(answer, "id"), e);
	json_decref(answer);
	return r;
}

static enum acsr_result by_password(struct service *s, const struct args *a, struct acsr_secret **token,
	char **id, json_t *result, struct acsr_err *e)
{
	struct service_call out = { .method = "DELETE", .path = "/api/v1/session" };
	char typed[LIMIT_EMAIL + 2];
	const char *email = args_one(a, "email");
	json_t *session = NULL;
	enum acsr_result r;

	if (email == NULL) {
		TRY(term_ask(typed, sizeof(typed), "e-mail address: ", "--email", e));
		email = typed;
	}
	r = log_in(s, a, email, &session, e);
	if (r == ACSR_OK)
		r = command_put(result, "user", json_incref(json_object_get(session, "user")), e);
	if (r == ACSR_OK)
		r = make_token(s, a, token, id, e);
	json_decref(session);
	/* The session has done its work; that it cannot be ended is no reason to fail. */
	if (r == ACSR_OK && service_call(s, &out, NULL, NULL) != ACSR_OK)
		say_progress("the login session could not be ended; it ends by itself");
	return r;
}

/* A token that somebody made elsewhere: look whether it works. */
static enum acsr_result by_token(
	struct service *s, const char *file, struct acsr_secret **token, json_t *result, struct acsr_err *e)
{
	json_t *account = NULL;

	TRY(file_get_secret(token, file, e));
	service_use_token(s, *token);
	TRY(service_get(s, "/api/v1/account", &account, e));
	return command_put(result, "account", account, e);
}

static enum acsr_result cmd_login_run(struct cli *c, struct acsr_err *e)
{
	const struct args *a = &c->args;
	const char *server = setting(a, "server", "AUTOCSR_SERVER"),
		   *ca = setting(a, "ca-file", "AUTOCSR_CA_FILE");
	const char *token_file = args_one(a, "token-file");
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_SECRET struct acsr_secret *token = NULL;
	CLEANUP_STR char *id = NULL;
	CLEANUP_STR char *clean = NULL;
	CLEANUP_STR char *folder = NULL;
	CLEANUP_BUF struct buf pem = { 0 };

	buf_init(&pem, CA_MAX);
	if (server == NULL)
		return err_set(e, "usage.server", "say which service: --server https://ca.example.com");
	TRY(https_server(&clean, server, e));
	if (ca != NULL)
		TRY(file_get(&pem, ca, CA_MAX, e));
	TRY(service_open_anonymous(&s, clean, ca, e));
	if (token_file != NULL)
		TRY(by_token(s, token_file, &token, c->result, e));
	else
		TRY(by_password(s, a, &token, &id, c->result, e));
	TRY(login_save(clean, id, token, ca != NULL ? &pem : NULL, e));
	TRY(login_folder(&folder, e));
	TRY(command_put_str(c->result, "server", clean, e));
	TRY(command_put_str(c->result, "folder", folder, e));
	return command_put_str(c->result, "token_id", id, e);
}

static void cmd_login_show(struct cli *c, const json_t *result)
{
	const json_t *user = json_object_get(result, "user");

	(void)c;
	say("logged in at %s%s%s; the token is kept in %s", view_str(result, "server"),
		user != NULL ? " as " : "", view_str(user, "email"), view_str(result, "folder"));
}

static enum acsr_result cmd_logout_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_LOGIN struct login l = { 0 };
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = "DELETE" };
	struct acsr_err why = { 0 };
	bool deleted = false;

	TRY(login_load(&l, e));
	if (l.server != NULL && l.token_id != NULL) {
		TRY(service_open_anonymous(&s, l.server, l.ca_file, e));
		TRY(service_path(&path, "tokens", l.token_id, "", e));
		service_use_token(s, l.token);
		call.path = path;
		deleted = service_call(s, &call, NULL, &why) == ACSR_OK;
		if (!deleted)
			say_progress("the token was not deleted at %s: %s", l.server, why.text);
	}
	TRY(login_forget(e));
	return command_put(c->result, "token_deleted", json_boolean(deleted), e);
}

static void cmd_logout_show(struct cli *c, const json_t *result)
{
	(void)c;
	say(json_is_true(json_object_get(result, "token_deleted")) ? "logged out, the token is deleted"
								   : "logged out on this machine");
}

static const struct opt login_opts[] = {
	{ "server", OPT_ONE, "URL", "the service, https://ca.example.com (or AUTOCSR_SERVER)" },
	{ "ca-file", OPT_ONE, "FILE", "PEM roots to trust for it (or AUTOCSR_CA_FILE); a copy is kept" },
	{ "email", OPT_ONE, "ADDRESS", "who; asked for when left out" },
	{ "password-file", OPT_ONE, "FILE", "file with the password; asked for when left out" },
	{ "totp", OPT_ONE, "CODE", "code of the authenticator app, or a recovery code; asked for when it is wanted" },
	{ "name", OPT_ONE, "TEXT", "what the new token is called" },
	{ "expires", OPT_ONE, "TIME", "when the new token ends, 2027-01-01T00:00:00Z" },
	{ "token-file", OPT_ONE, "FILE", "keep this token instead of making one with a password" },
	{ 0 },
};

static const char login_text[] = "The password becomes an API token of this machine's own and is forgotten. "
				 "Server, CA file and token are\n"
				 "kept in ~/.config/autocsr, readable by you alone; autocsr logout removes "
				 "them and deletes the token.\n"
				 "\n"
				 "  autocsr login --server https://ca.example.com --ca-file root.pem\n";

const struct command cmd_login = { "login", NULL, "", 0, 0, "keep a service and a token for it", login_text,
	login_opts, .run = cmd_login_run, .show = cmd_login_show };

const struct command cmd_logout = { "logout", NULL, "", 0, 0, "forget them, and delete the token", NULL, NULL,
	.run = cmd_logout_run, .show = cmd_logout_show };
