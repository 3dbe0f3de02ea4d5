/* order new, order reissue, order archive: the commands that go through a hand-over. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/csr.h"
#include "base/rnd.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/load.h"
#include "cli/order_flow.h"
#include "cli/order_view.h"
#include "cli/say.h"

/* A member of the request, when the option is there. */
static enum acsr_result option(
	json_t *body, const char *key, const struct args *a, const char *name, struct acsr_err *e)
{
	const char *v = args_one(a, name);

	return v != NULL ? command_put_str(body, key, v, e) : ACSR_OK;
}

/* The CSR is read here as strictly as the service will, so that a private key is never sent by mistake. */
static enum acsr_result put_csr(json_t *body, const char *path, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob pem = { NULL, 0 };
	struct acsr_csr_view *view = NULL;

	TRY(load_csr(path, &view, &der, e));
	acsr_csr_view_free(view);
	TRY(acsr_csr_pem(der.p, der.len, &pem, e));
	return command_put_str(body, "csr", (const char *)pem.p, e);
}

static enum acsr_result put_names(json_t *body, const struct args *a, struct acsr_err *e)
{
	json_t *names = json_array();
	const char *host;

	TRY(command_put(body, "names", names, e));
	for (size_t i = 0; (host = args_many(a, "host", i)) != NULL; i++)
		if (json_array_append_new(names, json_string(host)) != 0)
			return err_set(e, "name.utf8", "--host %s is not UTF-8", host);
	return ACSR_OK;
}

/* 'O=Example GmbH,L=Berlin,C=DE' as the API's object of fields. */
static enum acsr_result put_subject(json_t *body, const char *text, struct acsr_err *e)
{
	struct acsr_dn dn = { NULL, 0 };
	json_t *o = json_object();
	enum acsr_result r = acsr_dn_parse(&dn, text, e);

	for (size_t i = 0; r == ACSR_OK && i < dn.n; i++)
		r = json_object_get(o, dn.v[i].name) != NULL
			    ? err_rule(
				      e, "subject.field", dn.v[i].name, "", "%s is given twice", dn.v[i].name)
			    : command_put_str(o, dn.v[i].name, dn.v[i].value, e);
	acsr_dn_free(&dn);
	if (r == ACSR_OK)
		return command_put(body, "subject", o, e);
	json_decref(o);
	return r;
}

static enum acsr_result order_body(json_t *body, const struct args *a, struct acsr_err *e)
{
	if (args_one(a, "product") == NULL)
		return err_set(e, "usage.product", "say which product: --product dv (autocsr product list)");
	if (args_count(a, "host") == 0 && args_one(a, "csr") == NULL)
		return err_set(e, "usage.names", "say whom the certificate is for: --host www.example.com");
	if (args_one(a, "csr") != NULL && (args_one(a, "archive") != NULL || args_one(a, "key") != NULL))
		return err_set(
			e, "usage.csr", "with --csr the key is yours: --archive and --key do not go with it");
	TRY(option(body, "product", a, "product", e));
	TRY(put_names(body, a, e));
	TRY(option(body, "key_type", a, "key", e));
	TRY(option(body, "delivery", a, "delivery", e));
	TRY(option(body, "email", a, "email", e));
	TRY(option(body, "organisation_id", a, "organisation", e));
	TRY(option(body, "validation", a, "validation", e));
	if (args_one(a, "subject") != NULL)
		TRY(put_subject(body, args_one(a, "subject"), e));
	if (args_one(a, "csr") != NULL)
		return put_csr(body, args_one(a, "csr"), e);
	return ACSR_OK;
}

static bool by_mail(const struct args *a)
{
	const char *delivery = args_one(a, "delivery");

	return delivery != NULL && strcmp(delivery, "email") == 0;
}

static enum acsr_result place(struct order_flow *f, const json_t *body, struct acsr_err *e)
{
	char fresh[64];
	struct service_call call = { .method = "POST", .path = "/api/v1/orders", .body = body };

	rnd_id("cli-", fresh, sizeof(fresh));
	call.idempotency_key = args_one(f->a, "idempotency-key");
	if (call.idempotency_key == NULL)
		call.idempotency_key = fresh;
	return service_call(f->service, &call, &f->order, e);
}

static enum acsr_result finish(struct order_flow *f, struct cli *c, enum acsr_result r, struct acsr_err *e)
{
	if (r == ACSR_OK)
		r = order_flow_run(f, e);
	if (r == ACSR_OK)
		r = order_flow_result(f, c->result, e);
	order_flow_close(f);
	return r;
}

static enum acsr_result cmd_order_new_run(struct cli *c, struct acsr_err *e)
{
	const struct args *a = &c->args;
	bool wants_archive = args_one(a, "csr") == NULL && !by_mail(a);
	json_t *body = json_object();
	struct order_flow f = { 0 };
	enum acsr_result r;

	if (body == NULL)
		return err_nomem(e);
	r = order_body(body, a, e);
	if (r == ACSR_OK) {
		r = order_flow_open(&f, a, wants_archive, args_many(a, "host", 0), e);
		if (r == ACSR_OK)
			r = place(&f, body, e);
		r = finish(&f, c, r, e);
	}
	json_decref(body);
	return r;
}

static void cmd_order_new_show(struct cli *c, const json_t *result)
{
	(void)c;
	order_view_show(result);
}

static enum acsr_result post_and_take(
	struct order_flow *f, const char *id, const char *what, const json_t *body, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;

	TRY(service_path(&path, "orders", id, what, e));
	return service_post(f->service, path, body, &f->order, e);
}

static enum acsr_result cmd_order_reissue_run(struct cli *c, struct acsr_err *e)
{
	const struct args *a = &c->args;
	bool own = args_one(a, "csr") != NULL;
	json_t *body = json_object();
	struct order_flow f = { 0 };
	enum acsr_result r = body != NULL ? ACSR_OK : err_nomem(e);

	if (r == ACSR_OK && own)
		r = put_csr(body, args_one(a, "csr"), e);
	if (r == ACSR_OK)
		r = option(body, "key_type", a, "key", e);
	if (r == ACSR_OK)
		r = option(body, "delivery", a, "delivery", e);
	if (r == ACSR_OK) {
		r = order_flow_open(&f, a, !own && !by_mail(a), c->args.words[0], e);
		if (r == ACSR_OK)
			r = post_and_take(&f, c->args.words[0], "reissue", body, e);
		r = finish(&f, c, r, e);
	}
	json_decref(body);
	return r;
}

static void cmd_order_reissue_show(struct cli *c, const json_t *result)
{
	(void)c;
	order_view_show(result);
}

static enum acsr_result cmd_order_archive_run(struct cli *c, struct acsr_err *e)
{
	struct order_flow f = { 0 };
	enum acsr_result r = order_flow_open(&f, &c->args, true, NULL, e);

	if (r == ACSR_OK)
		r = post_and_take(&f, c->args.words[0], "archive", NULL, e);
	return finish(&f, c, r, e);
}

static void cmd_order_archive_show(struct cli *c, const json_t *result)
{
	(void)c;
	order_view_show(result);
}

static const struct opt order_new_opts[] = {
	{ "product", OPT_ONE, "ID", "dv, dv-wildcard, ov, ev … (autocsr product list)" },
	{ "host", OPT_MANY, "NAME", "names for the certificate" },
	{ "csr", OPT_ONE, "FILE", "your own CSR; without it the service makes the key" },
	{ "archive", OPT_ONE, "FILE.zip",
		"where the key's archive goes (0600); FIRST-NAME.zip when left out" },
	{ "key", OPT_ONE, "TYPE", "rsa:2048, ec:p256 …; the product's default when left out", VALUES_KEYS },
	{ "validation", OPT_ONE, "METHOD", "http or dns", "http dns" },
	{ "delivery", OPT_ONE, "WAY", "download (default) or email", "download email" },
	{ "email", OPT_ONE, "ADDRESS", "for delivery by e-mail: a user of the account" },
	{ "organisation", OPT_ONE, "ID", "for OV and EV (autocsr organisation list)" },
	{ "subject", OPT_ONE, "DN", "'O=…,L=…,C=DE', where the product takes it" },
	{ "idempotency-key", OPT_ONE, "TEXT",
		"the same key places the same order once; made up when left out" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char order_new_text[] =
	"Without --csr the service makes the key. Its archive is saved and made durable before it is "
	"acknowledged;\n"
	"only then does the order go on. The unlock code comes by a second way: autocsr order code ID.\n"
	"\n"
	"  autocsr order new --product dv --host www.example.com --archive www.zip --wait\n"
	"      prints what to publish, and waits\n"
	"  autocsr order new --product dv --host www.example.com --archive www.zip \\\n"
	"      --standalone 0.0.0.0:80 --cert fullchain.pem\n"
	"      answers the validation itself\n"
	"  autocsr order new --product dv --host www.example.com --csr www.csr --validation dns\n";

const struct command cmd_order_new = { "order", "new", "", 0, 0, "order a certificate, with or without a CSR",
	order_new_text, order_new_opts, .service = true, .run = cmd_order_new_run,
	.show = cmd_order_new_show };

static const struct opt order_archive_opts[] = {
	{ "archive", OPT_ONE, "FILE.zip", "where the key's archive goes (0600)" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char order_archive_text[] = "For an order whose archive was lost, broken or never taken: the "
					 "old key is void, a new one is made.\n"
					 "\n"
					 "  autocsr order archive ord_1a2b3c --archive www.zip --wait\n";

const struct command cmd_order_archive = { "order", "archive", "ID", 1, 1,
	"a new key and archive before the order goes on", order_archive_text, order_archive_opts,
	.service = true, .run = cmd_order_archive_run, .show = cmd_order_archive_show };

static const struct opt order_reissue_opts[] = {
	{ "csr", OPT_ONE, "FILE", "a CSR with a new key of yours" },
	{ "archive", OPT_ONE, "FILE.zip", "where the new key's archive goes (0600)" },
	{ "key", OPT_ONE, "TYPE", "type of the new key", VALUES_KEYS },
	{ "delivery", OPT_ONE, "WAY", "download (default) or email", "download email" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char order_reissue_text[] = "A reissue always has a new key.\n"
					 "\n"
					 "  autocsr order reissue ord_1a2b3c --archive www-2.zip --wait\n";

const struct command cmd_order_reissue = { "order", "reissue", "ID", 1, 1, "a new certificate with a new key",
	order_reissue_text, order_reissue_opts, .service = true, .run = cmd_order_reissue_run,
	.show = cmd_order_reissue_show };
