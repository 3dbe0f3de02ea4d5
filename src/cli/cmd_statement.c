/* ca statement: what the operator states about an issuer (BR 6.1.1.3): shown, made, withdrawn. */
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

enum { STATEMENT_MAX = 4000 };

static enum acsr_result path_of(char **path, const char *issuer, struct acsr_err *e)
{
	CLEANUP_STR char *safe = NULL;

	TRY(https_escape(&safe, issuer, e));
	return str_printf(path, e, "/api/v1/issuers/%s/statement", safe);
}

/* The last line feed of a file is no part of what it says. */
static enum acsr_result put_text(json_t *body, const char *file, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };

	if (file == NULL)
		return ACSR_OK;
	buf_init(&b, STATEMENT_MAX + 2);
	TRY(file_get(&b, file, STATEMENT_MAX + 2, e));
	while (b.len > 0 && b.p[b.len - 1] == '\n')
		b.len--;
	return command_put(body, "statement", json_stringn((const char *)b.p, b.len), e);
}

static enum acsr_result body_of(const struct args *a, json_t *body, struct acsr_err *e)
{
	TRY(command_put_str(body, "author", args_one(a, "author"), e));
	return put_text(body, args_one(a, "text-file"), e);
}

static enum acsr_result change(struct cli *c, const struct proof *p, struct acsr_err *e)
{
	json_t *answer = NULL;

	TRY(proof_post(p, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result make(struct cli *c, struct proof *p, struct acsr_err *e)
{
	json_t *body = json_object();
	enum acsr_result r = body_of(&c->args, body, e);

	p->more = body;
	if (r == ACSR_OK)
		r = change(c, p, e);
	json_decref(body);
	return r;
}

static enum acsr_result cmd_ca_statement_run(struct cli *c, struct acsr_err *e)
{
	bool author = args_one(&c->args, "author") != NULL, withdraw = args_flag(&c->args, "withdraw");
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	json_t *answer = NULL;
	struct proof p = { .args = &c->args };

	if (author && withdraw)
		return err_set(e, "usage.value",
			"--author makes a statement and --withdraw takes it back: give one");
	if (!author && args_one(&c->args, "text-file") != NULL)
		return err_set(e, "usage.value", "say who states it: --author NAME");
	TRY(path_of(&path, c->args.words[0], e));
	TRY(service_open(&s, &c->args, e));
	p.service = s;
	p.path = path;
	if (author)
		return make(c, &p, e);
	if (withdraw) {
		p.method = "DELETE";
		return change(c, &p, e);
	}
	TRY(service_get(s, path, &answer, e));
	return command_take(c, answer, e);
}

static void show_one(const json_t *x)
{
	bool gone = json_is_string(json_object_get(x, "withdrawn_at"));

	say("%s", "");
	say_field("author", view_str(x, "author"));
	say_field("stated", view_str(x, "at"));
	if (gone)
		say("%-16s %s, by %s", "withdrawn", view_str(x, "withdrawn_at"), view_str(x, "withdrawn_by"));
	say_field("text", view_str(x, "statement"));
}

static void cmd_ca_statement_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "statements");

	(void)c;
	say_field("issuer", view_str(result, "issuer"));
	say_field("kind", view_str(result, "kind"));
	say_field("makes keys",
		json_is_true(json_object_get(result, "autocsr")) ? "yes" : "no: nothing is stated");
	for (size_t i = 0; i < json_array_size(list); i++)
		show_one(json_array_get(list, i));
}

static const struct opt ca_statement_opts[] = {
	{ "author", OPT_ONE, "NAME", "state it, in this name" },
	{ "text-file", OPT_ONE, "FILE", "with this text instead of the usual one" },
	{ "withdraw", OPT_FLAG, NULL, "take back what is stated" },
	{ "password-file", OPT_ONE, "FILE", "file with your password; asked for when left out" },
	{ "totp", OPT_ONE, "CODE", "code of the second factor; asked for when it is wanted" },
	{ 0 },
};

static const char ca_statement_text[] =
	"A CA that browsers trust must not make its customers' keys, nor may a company that belongs to it.\n"
	"So for a public issuer the service makes keys only while the operator states that it is neither.\n"
	"Author, text and time go into the audit log and on every receipt. Without --author and --withdraw\n"
	"it shows what is stated. For the operator.\n"
	"\n"
	"  autocsr ca statement issuing-1\n"
	"  autocsr ca statement issuing-1 --author 'Ann Jones, Example Hosting Ltd'\n"
	"  autocsr ca statement issuing-1 --withdraw\n";

const struct command cmd_ca_statement = { "ca", "statement", "ISSUER", 1, 1,
	"that the operator is not the CA of a public issuer", ca_statement_text, ca_statement_opts,
	.service = true, .run = cmd_ca_statement_run, .show = cmd_ca_statement_show };
