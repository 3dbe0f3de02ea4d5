/* ca and status: what an operator looks at. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/crl.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/fileset.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"
#include "pki/show.h"

static enum acsr_result cmd_ca_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, "/api/v1/ca", &answer, e));
	return command_take(c, answer, e);
}

static void cmd_ca_show_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "issuers");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);

		if (i > 0)
			say("%s", "");
		say_field("issuer", view_str(o, "id"));
		say_field("name", view_str(o, "name"));
		say("%-16s %s%s", "kind", view_str(o, "kind"),
			json_is_true(json_object_get(o, "root")) ? ", root" : "");
		say_field("to", view_str(o, "not_after"));
		say_field("SHA-256", view_str(o, "sha256"));
		say_field("CRL", view_str(o, "crl_url"));
	}
}

/* The issuer to ask for when none is named: the first that is no root, for that one issues. */
static enum acsr_result first_issuer(struct service *s, char **id, struct acsr_err *e)
{
	const json_t *list, *found;
	json_t *ca = NULL;
	enum acsr_result r;

	TRY(service_get(s, "/api/v1/ca", &ca, e));
	list = json_object_get(ca, "issuers");
	found = json_array_get(list, 0);
	for (size_t i = json_array_size(list); i-- > 0;)
		if (!json_is_true(json_object_get(json_array_get(list, i), "root")))
			found = json_array_get(list, i);
	r = found != NULL ? str_dup(id, view_str(found, "id"), e)
			  : err_set(e, "object.absent", "the service has no issuer");
	json_decref(ca);
	return r;
}

static enum acsr_result put_crl(struct cli *c, const struct buf *b, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out");
	struct acsr_crl_view *v = NULL;
	enum acsr_result r;

	TRY(acsr_crl_parse(&v, b->p, b->len, NULL, e));
	r = command_put(c->result, "number", json_integer((json_int_t)v->number), e);
	if (r == ACSR_OK)
		r = command_put(c->result, "this_update", show_time(v->this_update), e);
	if (r == ACSR_OK)
		r = command_put(c->result, "next_update", show_time(v->next_update), e);
	if (r == ACSR_OK)
		r = command_put(c->result, "revoked", json_integer((json_int_t)v->n_entries), e);
	acsr_crl_view_free(v);
	TRY(r);
	if (out == NULL)
		return ACSR_OK;
	TRY(command_put_str(c->result, "file", out, e));
	return file_put(out, b->p, b->len, 0644, args_flag(&c->args, "force"), e);
}

static enum acsr_result fetch_crl(struct cli *c, struct service *s, struct acsr_err *e)
{
	CLEANUP_STR char *id = NULL;
	CLEANUP_STR char *safe = NULL;
	CLEANUP_STR char *path = NULL;
	struct https_answer a = { 0 };
	enum acsr_result r;

	if (c->args.n_words > 0)
		TRY(str_dup(&id, c->args.words[0], e));
	else
		TRY(first_issuer(s, &id, e));
	TRY(https_escape(&safe, id, e));
	TRY(str_printf(&path, e, "/crl/%s.crl", safe));
	TRY(command_put_str(c->result, "issuer", id, e));
	r = service_download(s, path, &a, e);
	if (r == ACSR_OK)
		r = put_crl(c, &a.body, e);
	buf_free(&a.body);
	return r;
}

static enum acsr_result cmd_ca_crl_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	const char *out = args_one(&c->args, "out");

	if (out != NULL && strcmp(out, "-") == 0)
		return err_set(e, "usage.value", "--out is a file here");
	TRY(service_open(&s, &c->args, e));
	if (args_flag(&c->args, "publish"))
		TRY(service_post(s, "/api/v1/admin/crl", NULL, NULL, e));
	return fetch_crl(c, s, e);
}

static void cmd_ca_crl_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("issuer", view_str(result, "issuer"));
	say("%-16s %lld", "CRL number", (long long)json_integer_value(json_object_get(result, "number")));
	say_field("from", view_str(result, "this_update"));
	say_field("next by", view_str(result, "next_update"));
	say("%-16s %lld", "revoked", (long long)json_integer_value(json_object_get(result, "revoked")));
	say_field("written", view_str(result, "file"));
}

static enum acsr_result cmd_status_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, "/api/v1/admin/status", &answer, e));
	return command_take(c, answer, e);
}

static void show_counts(const char *label, const json_t *counts)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)counts, key, v)
	{
		say("%-16s %s %lld", label, key, (long long)json_integer_value(v));
		label = "";
	}
}

static void cmd_status_show(struct cli *c, const json_t *result)
{
	const json_t *roles = json_object_get(result, "roles");

	(void)c;
	say_field("version", view_str(result, "version"));
	for (size_t i = 0; i < json_array_size(roles); i++) {
		const json_t *r = json_array_get(roles, i);

		say("%-16s %s, process %lld, restarted %lld times", i == 0 ? "roles" : "",
			view_str(r, "role"), (long long)json_integer_value(json_object_get(r, "pid")),
			(long long)json_integer_value(json_object_get(r, "restarts")));
	}
	show_counts("jobs", json_object_get(result, "jobs"));
	show_counts("orders", json_object_get(result, "orders"));
	show_counts("mail", json_object_get(result, "mail"));
}

static const char ca_show_text[] = "  autocsr ca show\n";

const struct command cmd_ca_show = { "ca", "show", "", 0, 0, "the service's issuers", ca_show_text, NULL,
	.service = true, .run = cmd_ca_show_run, .show = cmd_ca_show_show };

static const struct opt ca_crl_opts[] = {
	{ "publish", OPT_FLAG, NULL, "sign and publish a new one first (operator)" },
	{ "out", OPT_ONE, "FILE.crl", "save it (DER)" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char ca_crl_text[] = "  autocsr ca crl --out ca.crl\n"
				  "  autocsr ca crl --publish\n";

const struct command cmd_ca_crl = { "ca", "crl", "[ISSUER]", 0, 1, "the revocation list", ca_crl_text,
	ca_crl_opts, .service = true, .run = cmd_ca_crl_run, .show = cmd_ca_crl_show };

static const char status_text[] = "  autocsr status\n";

const struct command cmd_status = { "status", NULL, "", 0, 0, "processes, jobs and orders (operator)",
	status_text, NULL, .service = true, .run = cmd_status_run, .show = cmd_status_show };
