/* order new, order reissue, order archive: the commands that go through a hand-over. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/csr.h"
#include "base/rnd.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/load.h"
#include "cli/order_flow.h"
#include "cli/order_form.h"
#include "cli/order_view.h"
#include "cli/say.h"
#include "cli/view.h"

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

/* In which form a key comes by download; NULL: none does. */
static const struct keyform *awaited(
	const struct args *a, const struct order_form *form, const char *otherwise)
{
	if (args_flag(a, "csr") || args_flag(a, "local-key") || by_mail(a))
		return NULL;
	return form->form != NULL ? form->form : keyform_find(otherwise);
}

/* The key of --local-key, where it was asked for, gets its name once the service has taken the CSR. */
static enum acsr_result keep_local(struct newcsr *n, enum acsr_result r, struct acsr_err *e)
{
	return r == ACSR_OK && n->c != NULL ? order_form_keep_key(n, e) : r;
}

static enum acsr_result order_new(
	struct cli *c, struct newcsr *local, const struct order_form *form, json_t *body, struct acsr_err *e)
{
	const struct args *a = &c->args;
	struct order_flow f = { 0 };
	enum acsr_result r;

	TRY(order_body(body, a, e));
	TRY(order_form_put(form, body, e));
	if (args_flag(a, "local-key"))
		TRY(order_form_make_key(local, c, NULL, NULL, body, e));
	r = order_flow_open(&f, a, awaited(a, form, "zip"), args_many(a, "host", 0), e);
	f.asked = form->form;
	if (r == ACSR_OK)
		r = place(&f, body, e);
	return finish(&f, c, keep_local(local, r, e), e);
}

static enum acsr_result cmd_order_new_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_ORDER_FORM struct order_form form = { 0 };
	struct newcsr local = { 0 };
	json_t *body = json_object();
	enum acsr_result r = body != NULL ? order_form_read(&form, &c->args, e) : err_nomem(e);

	if (r == ACSR_OK)
		r = order_new(c, &local, &form, body, e);
	newcsr_release(&local);
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

/* What the order is now, where that decides something: the names and the type of a key that is made here, or what the
 * key's file is called when nothing says so. */
static enum acsr_result look_before(
	const struct args *a, const struct order_form *form, json_t **order, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	bool unnamed = !args_flag(a, "archive") && form->form == NULL && !args_flag(a, "csr") && !by_mail(a);

	if (!args_flag(a, "local-key") && !unnamed)
		return ACSR_OK;
	TRY(service_path(&path, "orders", a->words[0], "", e));
	TRY(service_open(&s, a, e));
	return service_get(s, path, order, e);
}

static const char *last_format(const json_t *order)
{
	const char *format = view_str(json_object_get(order, "hand_over"), "format");

	return strcmp(view_str(order, "key_source"), "autocsr") == 0 && format[0] != '\0' ? format : "zip";
}

static enum acsr_result reissue_body(
	json_t *body, const struct args *a, const struct order_form *form, struct acsr_err *e)
{
	if (args_one(a, "csr") != NULL)
		TRY(put_csr(body, args_one(a, "csr"), e));
	TRY(order_form_put(form, body, e));
	if (!args_flag(a, "local-key"))
		TRY(option(body, "key_type", a, "key", e));
	return option(body, "delivery", a, "delivery", e);
}

static enum acsr_result reissue(struct cli *c, struct newcsr *local, const struct order_form *form,
	const json_t *order, json_t *body, struct acsr_err *e)
{
	const struct args *a = &c->args;
	const char *id = a->words[0];
	struct order_flow f = { 0 };
	enum acsr_result r;

	TRY(reissue_body(body, a, form, e));
	if (args_flag(a, "local-key"))
		TRY(order_form_make_key(
			local, c, json_object_get(order, "names"), view_str(order, "key_type"), body, e));
	r = order_flow_open(&f, a, awaited(a, form, last_format(order)), id, e);
	f.asked = form->form;
	if (r == ACSR_OK)
		r = post_and_take(&f, id, "reissue", body, e);
	return finish(&f, c, keep_local(local, r, e), e);
}

static enum acsr_result cmd_order_reissue_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_ORDER_FORM struct order_form form = { 0 };
	struct newcsr local = { 0 };
	json_t *body = json_object(), *order = NULL;
	enum acsr_result r = body != NULL ? order_form_read(&form, &c->args, e) : err_nomem(e);

	if (r == ACSR_OK)
		r = look_before(&c->args, &form, &order, e);
	if (r == ACSR_OK)
		r = reissue(c, &local, &form, order, body, e);
	newcsr_release(&local);
	json_decref(order);
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
	CLEANUP_ORDER_FORM struct order_form form = { 0 };
	json_t *body = json_object();
	struct order_flow f = { 0 };
	enum acsr_result r = body != NULL ? order_form_read(&form, &c->args, e) : err_nomem(e);

	if (r == ACSR_OK)
		r = order_form_put(&form, body, e);
	if (r == ACSR_OK) {
		r = order_flow_open(&f, &c->args, awaited(&c->args, &form, "zip"), NULL, e);
		f.asked = form.form;
		if (r == ACSR_OK)
			r = post_and_take(&f, c->args.words[0], "archive", body, e);
		r = finish(&f, c, r, e);
	}
	json_decref(body);
	return r;
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
	{ "archive", OPT_ONE, "FILE",
		"where the key's archive or other file goes (0600); FIRST-NAME.zip when left out" },
	ORDER_FORM_OPTIONS,
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
	"Without --csr and --local-key the service makes the key, and hands it over in one of two ways: "
	"locked by an\n"
	"unlock code, which comes by a second way (autocsr order code ID), or, safer, sealed to a public key "
	"of yours\n"
	"(--seal-to). The file is saved and made durable before it is acknowledged; only then does the order "
	"go on.\n"
	"\n"
	"  autocsr order new --product dv --host www.example.com --archive www.zip --wait\n"
	"      prints what to publish, and waits\n"
	"  autocsr order new --product dv --host www.example.com --archive www.zip \\\n"
	"      --standalone 0.0.0.0:80 --cert fullchain.pem\n"
	"      answers the validation itself\n"
	"  autocsr order new --product dv --host www.example.com --csr www.csr --validation dns\n"
	"  autocsr order new --product dv --host www.example.com --seal-to @$HOME/.ssh/id_ed25519.pub\n"
	"      a file that only your SSH key opens: age -d -i ~/.ssh/id_ed25519 www.example.com.key.age\n"
	"  autocsr order new --product dv --host www.example.com --format p12 --archive www.p12\n"
	"  autocsr order new --product dv --host www.example.com --local-key --archive www.zip\n"
	"      the key never leaves this machine\n";

const struct command cmd_order_new = { "order", "new", "", 0, 0, "order a certificate, with or without a CSR",
	order_new_text, order_new_opts, .service = true, .run = cmd_order_new_run,
	.show = cmd_order_new_show };

static const struct opt order_archive_opts[] = {
	{ "archive", OPT_ONE, "FILE", "where the key's archive or other file goes (0600)" },
	{ "format", OPT_ONE, "FORMAT", "zip, pkcs8, p12 or p12-legacy; as it was when left out",
		"zip pkcs8 p12 p12-legacy" },
	{ "seal-to", OPT_ONE, "RECIPIENT|@FILE", "seal the key to this recipient; no code exists" },
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
	{ "archive", OPT_ONE, "FILE", "where the new key's archive or other file goes (0600)" },
	ORDER_FORM_OPTIONS,
	{ "key", OPT_ONE, "TYPE", "type of the new key", VALUES_KEYS },
	{ "delivery", OPT_ONE, "WAY", "download (default) or email", "download email" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char order_reissue_text[] =
	"A reissue always has a new key, handed over as the last one was unless an "
	"option says otherwise.\n"
	"\n"
	"  autocsr order reissue ord_1a2b3c --archive www-2.zip --wait\n";

const struct command cmd_order_reissue = { "order", "reissue", "ID", 1, 1, "a new certificate with a new key",
	order_reissue_text, order_reissue_opts, .service = true, .run = cmd_order_reissue_run,
	.show = cmd_order_reissue_show };
