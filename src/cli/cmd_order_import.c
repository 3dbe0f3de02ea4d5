/* order import: what an offline CA sent, into the orders that wait for it. */
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

enum { MOST = 250000, MOST_BINARY = MOST / 4 * 3 };

/* Text goes as it is, DER and PKCS#7 in base64: the service finds out what it is. */
static enum acsr_result put_file(struct buf *out, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	bool text;

	buf_init(&b, MOST + 1);
	TRY(file_get(&b, path, MOST, e));
	text = memchr(b.p, '\0', b.len) == NULL && str_is_utf8((const char *)b.p, b.len);
	if (text)
		return buf_printf(out, e, "%s\n", buf_cstr(&b));
	if (b.len > MOST_BINARY)
		return err_set(e, "input.too-large", "%s has %zu bytes; at most %d are sent", path, b.len,
			MOST_BINARY);
	TRY(buf_putstr(out, "-----BEGIN PKCS7-----\n", e));
	TRY(buf_reserve(out, B64_LEN(b.len), e));
	b64_encode(b.p, b.len, false, (char *)out->p + out->len);
	out->len += strlen((char *)out->p + out->len);
	return buf_putstr(out, "\n-----END PKCS7-----\n", e);
}

static enum acsr_result send(struct cli *c, const char *id, const char *text, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	json_t *body = json_pack("{s:s}", id != NULL ? "certificate" : "certificates", text), *answer = NULL;
	enum acsr_result r = body != NULL ? ACSR_OK : err_set(e, "input.unknown", "the file is no text");

	if (r == ACSR_OK)
		r = id != NULL ? service_path(&path, "orders", id, "certificate", e)
			       : str_dup(&path, "/api/v1/certificates", e);
	if (r == ACSR_OK)
		r = service_open(&s, &c->args, e);
	if (r == ACSR_OK)
		r = service_post(s, path, body, &answer, e);
	json_decref(body);
	TRY(r);
	return command_take(c, answer, e);
}

static enum acsr_result cmd_order_import_run(struct cli *c, struct acsr_err *e)
{
	bool named = str_starts(c->args.words[0], "ord_");
	CLEANUP_BUF struct buf all = { 0 };

	if (named && c->args.n_words == 1)
		return err_set(e, "usage.missing", "say which file the certificate is in");
	buf_init(&all, MOST + 1);
	for (size_t i = named ? 1 : 0; i < c->args.n_words; i++)
		TRY(put_file(&all, c->args.words[i], e));
	TRY(send(c, named ? c->args.words[0] : NULL, buf_cstr(&all), e));
	c->answer_no = json_array_size(json_object_get(c->result, "refused")) > 0;
	return ACSR_OK;
}

static void say_warnings(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		say("  warning: %s", json_string_value(json_array_get(list, i)));
}

static void cmd_order_import_show(struct cli *c, const json_t *result)
{
	const json_t *done = json_object_get(result, "imported"),
		     *refused = json_object_get(result, "refused");
	const json_t *order = json_object_get(result, "order");

	(void)c;
	if (order != NULL) {
		say("%s is issued, serial %s", view_str(order, "id"), view_str(result, "serial"));
		say_warnings(json_object_get(result, "warnings"));
	}
	for (size_t i = 0; i < json_array_size(done); i++) {
		const json_t *one = json_array_get(done, i);

		say("%s is issued, serial %s: %s", view_str(one, "order_id"), view_str(one, "serial"),
			view_str(one, "names"));
		say_warnings(json_object_get(one, "warnings"));
	}
	for (size_t i = 0; i < json_array_size(refused); i++) {
		const json_t *one = json_array_get(refused, i);

		say("REFUSED  %s (serial %s): %s", view_str(one, "name"), view_str(one, "serial"),
			view_str(one, "detail"));
	}
}

static const char order_import_text[] = "Orders of an offline CA wait for their certificate: fetch the CSR "
					"(order csr), bring it to the CA, and import\n"
					"what comes back, in any form: PEM, DER, PKCS#7, with or without the "
					"chain, a whole mail. Without an ID each\n"
					"certificate goes to the order whose key it has. It is judged before "
					"it is taken: key, names, times, chain.\n"
					"Exit code 1 when some were refused. For the operator.\n"
					"\n"
					"  autocsr order import ord_1a2b3c www.example.com.p7b\n"
					"  autocsr order import answers/*.crt ca-chain.pem\n";

const struct command cmd_order_import = { "order", "import", "[ID] FILE...", 1, 1000,
	"certificates that an offline CA made (operator)", order_import_text, NULL, .service = true,
	.run = cmd_order_import_run, .show = cmd_order_import_show };
