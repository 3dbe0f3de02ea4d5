/* The other commands about orders. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "autocsr/cert.h"
#include "autocsr/code.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/fileset.h"
#include "cli/order_view.h"
#include "cli/proof.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

/* &name=value, escaped, when the option is there. */
static enum acsr_result query(
	struct buf *b, const struct args *a, const char *option, const char *name, struct acsr_err *e)
{
	const char *v = args_one(a, option);
	CLEANUP_STR char *safe = NULL;

	if (v == NULL)
		return ACSR_OK;
	TRY(https_escape(&safe, v, e));
	return buf_printf(b, e, "&%s=%s", name, safe);
}

/* All pages, unless --limit says how many orders are enough. */
static enum acsr_result list_pages(
	struct service *s, const char *first, json_t *orders, uint64_t limit, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;

	TRY(str_dup(&path, first, e));
	for (;;) {
		json_t *page = NULL;
		CLEANUP_STR char *cursor = NULL;
		enum acsr_result r;
		const char *next;

		TRY(service_get(s, path, &page, e));
		if (json_array_extend(orders, json_object_get(page, "orders")) != 0) {
			json_decref(page);
			return err_set(e, "net.answer", "the service's answer is not a list of orders");
		}
		next = json_string_value(json_object_get(page, "next_cursor"));
		r = next != NULL ? https_escape(&cursor, next, e) : ACSR_OK;
		json_decref(page);
		TRY(r);
		if (cursor == NULL || json_array_size(orders) >= limit)
			return ACSR_OK;
		free(path);
		path = NULL;
		TRY(str_printf(&path, e, "%s&cursor=%s", first, cursor));
	}
}

static enum acsr_result cmd_order_list_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_BUF struct buf path = { 0 };
	const struct args *a = &c->args;
	json_t *orders = json_array();
	uint64_t limit = 1000;

	buf_init(&path, 16 * 1024);
	TRY(command_put(c->result, "orders", orders, e));
	if (args_one(a, "limit") != NULL && str_u64(args_one(a, "limit"), 1000000, &limit, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--limit is a number");
	TRY(service_open(&s, a, e));
	TRY(buf_printf(&path, e, "/api/v1/orders?limit=%d", limit < 100 && limit > 0 ? (int)limit : 100));
	TRY(query(&path, a, "state", "state", e));
	TRY(query(&path, a, "product", "product", e));
	TRY(query(&path, a, "search", "q", e));
	TRY(query(&path, a, "sort", "sort", e));
	if (args_flag(a, "all"))
		TRY(buf_putstr(&path, "&all=1", e));
	return list_pages(s, buf_cstr(&path), orders, limit, e);
}

static void cmd_order_list_show(struct cli *c, const json_t *result)
{
	const json_t *orders = json_object_get(result, "orders");

	(void)c;
	if (json_array_size(orders) == 0)
		say("no orders");
	for (size_t i = 0; i < json_array_size(orders); i++)
		order_view_line(json_array_get(orders, i));
}

static enum acsr_result cmd_order_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	json_t *order = NULL;

	TRY(service_path(&path, "orders", c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, path, &order, e));
	return command_take(c, order, e);
}

static void cmd_order_show_show(struct cli *c, const json_t *result)
{
	const json_t *events = json_object_get(result, "events");

	(void)c;
	order_view_show(result);
	say("%s", "");
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *ev = json_array_get(events, i);

		say("%s  %-22s %s%s%s", view_str(ev, "at"), view_str(ev, "event"), view_str(ev, "by"),
			view_str(ev, "detail")[0] != '\0' ? ": " : "", view_str(ev, "detail"));
	}
}

/* Text from a service is written as it is only when it cannot be anything but PEM. */
static bool is_pem(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->p[i] != '\n' && b->p[i] != '\r' && (b->p[i] < 0x20 || b->p[i] > 0x7e))
			return false;
	return b->len > 11 && memcmp(b->p, "-----BEGIN ", 11) == 0 &&
	       memmem(b->p, b->len, "PRIVATE", 7) == NULL;
}

static enum acsr_result deliver(struct cli *c, const struct buf *b, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out");
	CLEANUP_STR char *b64 = NULL;

	if (out != NULL && strcmp(out, "-") != 0) {
		TRY(command_put_str(c->result, "file", out, e));
		return file_put(out, b->p, b->len, 0644, args_flag(&c->args, "force"), e);
	}
	TRY(buf_put(&c->raw, b->p, b->len, e));
	if (is_pem(b))
		return command_put(c->result, "pem", json_stringn((const char *)b->p, b->len), e);
	if (!c->json && isatty(STDOUT_FILENO))
		return err_set(e, "usage.value", "binary data is not shown on a terminal; use --out FILE");
	b64 = malloc(B64_LEN(b->len));
	if (b64 == NULL)
		return err_nomem(e);
	b64_encode(b->p, b->len, false, b64);
	return command_put_str(c->result, "base64", b64, e);
}

static enum acsr_result cert_path(char **path, const struct args *a, const char *format, struct acsr_err *e)
{
	CLEANUP_BUF struct buf what = { 0 };

	buf_init(&what, 1024);
	TRY(buf_printf(&what, e, "certificate?format=%s", format));
	TRY(query(&what, a, "serial", "serial", e));
	return service_path(path, "orders", a->words[0], buf_cstr(&what), e);
}

static enum acsr_result cmd_order_cert_run(struct cli *c, struct acsr_err *e)
{
	static const char *const formats[] = { "leaf", "chain", "fullchain", "der", "p7b", NULL };
	const char *format = args_one(&c->args, "format");
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct https_answer a = { 0 };
	enum acsr_result r;
	size_t i = 0;

	if (format == NULL)
		format = "fullchain";
	while (formats[i] != NULL && strcmp(formats[i], format) != 0)
		i++;
	if (formats[i] == NULL)
		return err_set(e, "usage.value", "--format is leaf, chain, fullchain, der or p7b, not %.40s",
			format);
	TRY(cert_path(&path, &c->args, format, e));
	TRY(service_open(&s, &c->args, e));
	r = service_download(s, path, &a, e);
	if (r == ACSR_OK && strcmp(format, "der") != 0 && !is_pem(&a.body))
		r = err_set(e, "net.answer", "the service's answer is not PEM");
	if (r == ACSR_OK)
		r = command_put_str(c->result, "format", format, e);
	if (r == ACSR_OK)
		r = deliver(c, &a.body, e);
	buf_free(&a.body);
	return r;
}

static void cmd_order_cert_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("written", view_str(result, "file"));
}

static enum acsr_result cmd_order_csr_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct https_answer a = { 0 };
	enum acsr_result r;

	TRY(service_path(&path, "orders", c->args.words[0], "csr", e));
	TRY(service_open(&s, &c->args, e));
	r = service_download(s, path, &a, e);
	if (r == ACSR_OK && !is_pem(&a.body))
		r = err_set(e, "net.answer", "the service's answer is not PEM");
	if (r == ACSR_OK)
		r = deliver(c, &a.body, e);
	buf_free(&a.body);
	return r;
}

static void cmd_order_csr_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("written", view_str(result, "file"));
}

/* --out: the bare code and a line end, for a program that opens the archive. */
static enum acsr_result code_to_file(struct cli *c, const char *out, struct acsr_err *e)
{
	const char *shown = view_str(c->result, "code");
	CLEANUP_SECRET struct acsr_secret *code = NULL;
	CLEANUP_SECRET struct acsr_secret *line = NULL;

	TRY(acsr_code_normalise(shown, strlen(shown), &code, e));
	TRY(secret_zeroed(&line, acsr_secret_len(code) + 1, e));
	memcpy(secret_data(line), acsr_secret_bytes(code), acsr_secret_len(code));
	secret_data(line)[acsr_secret_len(code)] = '\n';
	TRY(file_put(
		out, acsr_secret_bytes(line), acsr_secret_len(line), 0600, args_flag(&c->args, "force"), e));
	json_object_del(c->result, "code");
	json_object_del(c->result, "check");
	return command_put_str(c->result, "code_file", out, e);
}

static enum acsr_result cmd_order_code_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	const char *out = args_one(&c->args, "out");
	json_t *answer = NULL;

	TRY(service_path(&path, "orders", c->args.words[0], "code", e));
	TRY(service_open(&s, &c->args, e));
	TRY(proof_post(&(struct proof){ .service = s, .args = &c->args, .path = path }, &answer, e));
	TRY(command_take(c, answer, e));
	return out != NULL ? code_to_file(c, out, e) : ACSR_OK;
}

/* In groups for the eye; a file or a program gets it as the archive wants it. */
static void show_code(const char *grouped)
{
	char plain[64];
	size_t n = 0;

	for (const char *p = grouped; *p != '\0' && n + 1 < sizeof(plain); p++)
		if (*p != '-')
			plain[n++] = *p;
	plain[n] = '\0';
	say("%s", isatty(STDOUT_FILENO) ? grouped : plain);
	wipe(plain, sizeof(plain));
}

static void cmd_order_code_show(struct cli *c, const json_t *result)
{
	const json_t *left = json_object_get(result, "reveals_left");
	bool last = json_is_integer(left) && json_integer_value(left) == 0;

	(void)c;
	if (view_str(result, "code")[0] != '\0')
		show_code(view_str(result, "code"));
	if (view_str(result, "check")[0] != '\0')
		say_progress("%scheck symbol %s; destroyed %s%s",
			isatty(STDOUT_FILENO) ? "typed without the dashes; " : "",
			view_str(result, "check"), last ? "now: this was the last time" : "at ",
			last ? "" : view_str(result, "expires_at"));
	say_field("code file", view_str(result, "code_file"));
}

/* POST to an order with the members that options give, and the order back. */
static enum acsr_result act(
	struct cli *c, const char *what, const char *const options[][2], struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	json_t *body = json_object(), *order = NULL;
	enum acsr_result r = service_path(&path, "orders", c->args.words[0], what, e);

	for (size_t i = 0; r == ACSR_OK && options[i][0] != NULL; i++)
		if (args_one(&c->args, options[i][0]) != NULL)
			r = command_put_str(body, options[i][1], args_one(&c->args, options[i][0]), e);
	if (r == ACSR_OK)
		r = service_open(&s, &c->args, e);
	if (r == ACSR_OK)
		r = service_post(s, path, body, &order, e);
	json_decref(body);
	TRY(r);
	return command_take(c, order, e);
}

static enum acsr_result cmd_order_validate_run(struct cli *c, struct acsr_err *e)
{
	static const char *const options[][2] = { { "host", "name" }, { "method", "method" },
		{ NULL, NULL } };

	return act(c, "validate", options, e);
}

static void cmd_order_validate_show(struct cli *c, const json_t *result)
{
	(void)c;
	order_view_show(result);
}

static enum acsr_result cmd_order_revoke_run(struct cli *c, struct acsr_err *e)
{
	static const char *const options[][2] = { { "reason", "reason" }, { "serial", "serial" },
		{ NULL, NULL } };

	return act(c, "revoke", options, e);
}

static void cmd_order_revoke_show(struct cli *c, const json_t *result)
{
	(void)c;
	order_view_show(result);
}

static enum acsr_result cmd_order_cancel_run(struct cli *c, struct acsr_err *e)
{
	static const char *const options[][2] = { { NULL, NULL } };

	return act(c, "cancel", options, e);
}

static void cmd_order_cancel_show(struct cli *c, const json_t *result)
{
	(void)c;
	order_view_show(result);
}

static const struct opt order_list_opts[] = {
	{ "state", OPT_ONE, "STATE", "handover, validating, issued, …",
		"new handover validating vetting issuing issued cancelled failed revoked expired replaced" },
	{ "product", OPT_ONE, "ID", "orders of that product" },
	{ "search", OPT_ONE, "TEXT", "part of a name, id or serial" },
	{ "sort", OPT_ONE, "KEY", "created (default, newest first) or expires", "created expires" },
	{ "limit", OPT_ONE, "N", "at least this many are enough (1000)" },
	{ "all", OPT_FLAG, NULL, "orders of every account (operator)" },
	{ 0 },
};

static const char order_list_text[] = "  autocsr order list --state issued --sort expires\n";

const struct command cmd_order_list = { "order", "list", "", 0, 0, "orders of your account", order_list_text,
	order_list_opts, .service = true, .run = cmd_order_list_run, .show = cmd_order_list_show };

static const char order_show_text[] = "State, what comes next, what to publish, certificates, events.\n"
				      "\n"
				      "  autocsr order show ord_1a2b3c\n";

const struct command cmd_order_show = { "order", "show", "ID", 1, 1, "everything about one order",
	order_show_text, NULL, .service = true, .run = cmd_order_show_run, .show = cmd_order_show_show };

static const struct opt order_cert_opts[] = {
	{ "format", OPT_ONE, "FORMAT", "leaf, chain, fullchain (default), der, p7b",
		"leaf chain fullchain der p7b" },
	{ "serial", OPT_ONE, "HEX", "one of several; the newest when left out" },
	{ "out", OPT_ONE, "FILE", "standard output when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char order_cert_text[] = "  autocsr order cert ord_1a2b3c --out fullchain.pem\n"
				      "  autocsr order cert ord_1a2b3c --format p7b --out www.p7b\n";

const struct command cmd_order_cert = { "order", "cert", "ID", 1, 1, "the certificate", order_cert_text,
	order_cert_opts, .service = true, .run = cmd_order_cert_run, .show = cmd_order_cert_show };

static const struct opt order_csr_opts[] = {
	{ "out", OPT_ONE, "FILE", "standard output when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char order_csr_text[] = "  autocsr order csr ord_1a2b3c | autocsr csr show -\n";

const struct command cmd_order_csr = { "order", "csr", "ID", 1, 1, "the CSR that the service submits",
	order_csr_text, order_csr_opts, .service = true, .run = cmd_order_csr_run,
	.show = cmd_order_csr_show };

static const struct opt order_code_opts[] = {
	{ "password-file", OPT_ONE, "FILE", "file with your password; asked for when left out" },
	{ "totp", OPT_ONE, "CODE", "code of the authenticator app, or a recovery code; asked for when it is wanted" },
	{ "out", OPT_ONE, "FILE", "write the bare code there (0600) instead of showing it" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char order_code_text[] =
	"Every reveal is written to the audit log. The code is destroyed after its window.\n"
	"\n"
	"  autocsr order code ord_1a2b3c\n"
	"  autocsr order code ord_1a2b3c --password-file p.txt --totp 123456 --out code.txt\n"
	"  autocsr archive open www.zip --code-file code.txt --out www.key\n";

const struct command cmd_order_code = { "order", "code", "ID", 1, 1, "reveal the archive's unlock code",
	order_code_text, order_code_opts, .service = true, .run = cmd_order_code_run,
	.show = cmd_order_code_show };

static const struct opt order_validate_opts[] = {
	{ "host", OPT_ONE, "NAME", "this name only" },
	{ "method", OPT_ONE, "METHOD", "http or dns", "http dns" },
	{ 0 },
};

static const char order_validate_text[] = "Looks now instead of at the next planned time.\n"
					  "\n"
					  "  autocsr order validate ord_1a2b3c\n";

const struct command cmd_order_validate = { "order", "validate", "ID", 1, 1, "check the domain now",
	order_validate_text, order_validate_opts, .service = true, .run = cmd_order_validate_run,
	.show = cmd_order_validate_show };

static const struct opt order_revoke_opts[] = {
	{ "reason", OPT_ONE, "REASON",
		"unspecified (default), keyCompromise, affiliationChanged, superseded, "
		"cessationOfOperation",
		"unspecified keyCompromise affiliationChanged superseded cessationOfOperation" },
	{ "serial", OPT_ONE, "HEX", "this certificate only" },
	{ 0 },
};

static const char order_revoke_text[] =
	"Cannot be undone. Without --serial every valid certificate of the order is revoked.\n"
	"\n"
	"  autocsr order revoke ord_1a2b3c --reason keyCompromise\n";

const struct command cmd_order_revoke = { "order", "revoke", "ID", 1, 1, "revoke certificates of an order",
	order_revoke_text, order_revoke_opts, .service = true, .run = cmd_order_revoke_run,
	.show = cmd_order_revoke_show };

static const char order_cancel_text[] = "  autocsr order cancel ord_1a2b3c\n";

const struct command cmd_order_cancel = { "order", "cancel", "ID", 1, 1, "give an order up",
	order_cancel_text, NULL, .service = true, .run = cmd_order_cancel_run,
	.show = cmd_order_cancel_show };
