/* order receipt: what the service states of the key of an order, as it was signed. */
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/fileset.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"
#include "pki/receipt.h"

static enum acsr_result choose(const struct args *a, const char *option, const char *const words[],
	const char **out, struct acsr_err *e)
{
	const char *given = args_one(a, option);

	*out = given != NULL ? given : words[0];
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], *out) == 0)
			return ACSR_OK;
	return err_set(e, "usage.value", "--%s is not \"%.40s\"", option, *out);
}

static enum acsr_result path_of(char **path, const struct args *a, const char *format, struct acsr_err *e)
{
	static const char *const parts[] = { "", "hand-over", "final", NULL };
	CLEANUP_STR char *what = NULL;
	const char *part;

	TRY(choose(a, "part", parts, &part, e));
	TRY(str_printf(&what, e, "receipt?format=%s%s%s", format, *part != '\0' ? "&part=" : "", part));
	return service_path(path, "orders", a->words[0], what, e);
}

/* Text from a service is shown as it is only when it is what it should be. */
static enum acsr_result deliver(struct cli *c, const struct buf *b, bool html, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out");
	struct receipt_signed s = { 0 };

	if (html) {
		if (out == NULL || strcmp(out, "-") == 0)
			return err_set(e, "usage.value", "a page is not shown here: use --out FILE.html");
	} else {
		TRY(receipt_read(&s, b->p, b->len, e));
		receipt_signed_clear(&s);
		TRY(command_put(c->result, "document",
			json_loadb((const char *)b->p, b->len, JSON_REJECT_DUPLICATES, NULL), e));
	}
	if (out == NULL || strcmp(out, "-") == 0)
		return buf_put(&c->raw, b->p, b->len, e);
	TRY(command_put_str(c->result, "file", out, e));
	return file_put(out, b->p, b->len, 0644, args_flag(&c->args, "force"), e);
}

static enum acsr_result cmd_order_receipt_run(struct cli *c, struct acsr_err *e)
{
	static const char *const formats[] = { "json", "html", NULL };
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct https_answer a = { 0 };
	const char *format;
	enum acsr_result r;

	TRY(choose(&c->args, "format", formats, &format, e));
	TRY(path_of(&path, &c->args, format, e));
	TRY(service_open(&s, &c->args, e));
	r = service_download(s, path, &a, e);
	if (r == ACSR_OK)
		r = deliver(c, &a.body, strcmp(format, "html") == 0, e);
	buf_free(&a.body);
	return r;
}

static void cmd_order_receipt_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("written", view_str(result, "file"));
}

static const struct opt order_receipt_opts[] = {
	{ "format", OPT_ONE, "FORMAT", "json (default), or html to read and print", "json html" },
	{ "part", OPT_ONE, "PART", "hand-over or final; the newest when left out", "hand-over final" },
	{ "out", OPT_ONE, "FILE", "standard output when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char order_receipt_text[] =
	"Signed by the service: how the key was handed over, when, to whom, and when its unlock code was\n"
	"destroyed. Keep it as it is; `autocsr receipt verify` checks it.\n"
	"\n"
	"  autocsr order receipt ord_1a2b3c --out receipt.json\n"
	"  autocsr order receipt ord_1a2b3c --format html --out receipt.html\n";

const struct command cmd_order_receipt = { "order", "receipt", "ID", 1, 1,
	"the signed receipt of the hand-over", order_receipt_text, order_receipt_opts, .service = true,
	.run = cmd_order_receipt_run, .show = cmd_order_receipt_show };
