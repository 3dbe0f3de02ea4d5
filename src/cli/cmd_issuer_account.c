/* issuer register, roll, deactivate: the account at another CA. */
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/issuer_form.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/term.h"
#include "cli/view.h"

/* --- registering --- */

static enum acsr_result body_text(const struct args *a, bool agree, json_t **out, struct acsr_err *e)
{
	json_t *body = json_pack("{s:b}", "agree_terms", (int)agree), *contacts;

	*out = body;
	if (args_count(a, "contact") == 0)
		return ACSR_OK;
	contacts = json_array();
	for (size_t i = 0; args_many(a, "contact", i) != NULL; i++)
		json_array_append_new(contacts, json_string(args_many(a, "contact", i)));
	return command_put(body, "contacts", contacts, e);
}

/* The MAC key goes from its file into the secure heap and over TLS, and nowhere else. */
static enum acsr_result with_eab(const json_t *plain, const char *kid, const struct acsr_secret *key,
	struct acsr_secret **out, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	char *text = json_dumps(plain, JSON_COMPACT), *name = json_dumps(json_string(kid), JSON_ENCODE_ANY);
	enum acsr_result r = text != NULL && name != NULL ? ACSR_OK : err_nomem(e);

	buf_init(&b, 65536);
	if (r == ACSR_OK) /* behind the last member of the object */
		r = buf_printf(&b, e, "%.*s,\"eab\":{\"kid\":%s,\"hmac_key\":\"", (int)(strlen(text) - 1),
			text, name);
	free(text);
	free(name);
	TRY(r);
	for (size_t i = 0; i < acsr_secret_len(key); i++) {
		uint8_t c = acsr_secret_bytes(key)[i];

		if (c < 0x21 || c > 0x7e || c == '"' || c == '\\')
			return err_set(e, "usage.value",
				"the file of --eab-key-file has more than the MAC key in base64url");
		TRY(buf_put_u8(&b, c, e));
	}
	TRY(buf_putstr(&b, "\"}}", e));
	return acsr_secret_new(out, b.p, b.len, e);
}

static enum acsr_result ask_once(
	struct cli *c, struct service *s, bool agree, json_t **answer, struct acsr_err *e)
{
	const char *kid = args_one(&c->args, "eab-kid"), *file = args_one(&c->args, "eab-key-file");
	CLEANUP_SECRET struct acsr_secret *key = NULL, *body = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = "POST" };
	json_t *plain = NULL;
	enum acsr_result r;

	TRY(issuer_path(&path, c->args.words[0], "/account", e));
	if (file != NULL)
		TRY(file_get_secret(&key, file, e));
	r = body_text(&c->args, agree, &plain, e);
	if (r == ACSR_OK && key != NULL)
		r = with_eab(plain, kid, key, &body, e);
	call.path = path;
	call.body = body == NULL ? plain : NULL;
	call.secret_body = body;
	if (r == ACSR_OK)
		r = service_call(s, &call, answer, e);
	json_decref(plain);
	return r;
}

/* The CA's terms are read by a person: without --agree-terms somebody at a terminal is asked. */
static enum acsr_result agree(struct acsr_err *terms, struct acsr_err *e)
{
	char answer[16] = "";

	say_progress("%s", terms->text);
	TRY(term_ask(answer, sizeof(answer), "Do you agree to them (yes or no)? ", "--agree-terms", e));
	if (strcmp(answer, "yes") == 0 || strcmp(answer, "y") == 0)
		return ACSR_OK;
	*e = *terms;
	return ACSR_FAIL;
}

static enum acsr_result cmd_issuer_register_run(struct cli *c, struct acsr_err *e)
{
	bool agreed = args_flag(&c->args, "agree-terms");
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;
	struct acsr_err why;

	if ((args_one(&c->args, "eab-kid") == NULL) != (args_one(&c->args, "eab-key-file") == NULL))
		return err_set(e, "usage.together", "--eab-kid and --eab-key-file belong together");
	TRY(service_open(&s, &c->args, e));
	if (ask_once(c, s, agreed, &answer, &why) != ACSR_OK) {
		if (agreed || !err_is(&why, "upstream.terms"))
			return *e = why, ACSR_FAIL;
		TRY(agree(&why, e));
		TRY(ask_once(c, s, true, &answer, e));
	}
	return command_take(c, answer, e);
}

static void cmd_issuer_account_show(struct cli *c, const json_t *result)
{
	(void)c;
	issuer_say(result);
}

static const struct opt issuer_register_opts[] = {
	{ "agree-terms", OPT_FLAG, NULL, "to the CA's terms of service; asked for when left out" },
	{ "contact", OPT_EACH, "MAIL",
		"an address that the CA may write to; those of the issuer when left out" },
	{ "eab-kid", OPT_ONE, "KID", "key id of an external account binding, as the CA gave it" },
	{ "eab-key-file", OPT_ONE, "FILE", "file with its MAC key in base64url" },
	{ 0 },
};

static const char issuer_register_text[] =
	"Makes an account at the CA, or finds the one that our key has there, and brings its contacts up to "
	"date.\n"
	"The account's key is made and kept by the signer. For the operator.\n"
	"\n"
	"  autocsr issuer register letsencrypt --agree-terms\n"
	"  autocsr issuer register zerossl --agree-terms --eab-kid d3pQ9 --eab-key-file zerossl.key\n";

const struct command cmd_issuer_register = { "issuer", "register", "NAME", 1, 1,
	"an account at the CA (operator)", issuer_register_text, issuer_register_opts, .service = true,
	.run = cmd_issuer_register_run, .show = cmd_issuer_account_show };

/* --- another key, and the end --- */

static enum acsr_result send(struct cli *c, const char *method, const char *tail, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = method };
	json_t *answer = NULL;

	TRY(issuer_path(&path, c->args.words[0], tail, e));
	TRY(service_open(&s, &c->args, e));
	call.path = path;
	TRY(service_call(s, &call, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_issuer_roll_run(struct cli *c, struct acsr_err *e)
{
	return send(c, "POST", "/account/key", e);
}

static const char issuer_roll_text[] = "The signer makes it, the CA takes it in the old one's place (RFC "
				       "8555 7.3.5). Repeat it when the answer was\n"
				       "lost: what became of it is looked up first. For the operator.\n"
				       "\n"
				       "  autocsr issuer roll letsencrypt\n";

const struct command cmd_issuer_roll = { "issuer", "roll", "NAME", 1, 1,
	"a new key for the account (operator)", issuer_roll_text, NULL, .service = true,
	.run = cmd_issuer_roll_run, .show = cmd_issuer_account_show };

static enum acsr_result cmd_issuer_deactivate_run(struct cli *c, struct acsr_err *e)
{
	return send(c, "DELETE", "/account", e);
}

static const char issuer_deactivate_text[] = "For ever: its key is never good at this CA again, and nothing "
					     "can be revoked by it any more. Registering\n"
					     "afterwards makes another account. For the operator.\n"
					     "\n"
					     "  autocsr issuer deactivate letsencrypt\n";

const struct command cmd_issuer_deactivate = { "issuer", "deactivate", "NAME", 1, 1,
	"end the account at the CA (operator)", issuer_deactivate_text, NULL, .service = true,
	.run = cmd_issuer_deactivate_run, .show = cmd_issuer_account_show };
