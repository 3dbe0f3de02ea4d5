/* cert show. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/view.h"

static enum acsr_result parse_all(json_t *list, const struct load_certs *l, struct acsr_err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		struct acsr_cert_view *v = NULL;
		json_t *o;

		TRY(acsr_cert_parse(&v, l->v[i].p, l->v[i].len, e));
		o = view_cert(v);
		acsr_cert_view_free(v);
		if (o == NULL || json_array_append_new(list, o) != 0)
			return err_nomem(e);
	}
	return ACSR_OK;
}

static enum acsr_result cmd_cert_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_CERTS struct load_certs l = { NULL, 0 };
	CLEANUP_SECRET struct acsr_secret *pass = NULL;
	const char *pass_file = args_one(&c->args, "passphrase-file");
	json_t *list = json_array();

	TRY(command_put(c->result, "certificates", list, e));
	if (pass_file != NULL)
		TRY(file_get_secret(&pass, pass_file, e));
	TRY(load_bundle(&l, NULL, c->args.words[0], pass, e));
	return parse_all(list, &l, e);
}

static void cmd_cert_show_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "certificates");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i > 0)
			say("%s", "");
		view_show_cert(json_array_get(list, i));
	}
}

static const struct opt cert_show_opts[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of a PKCS#12 file" },
	{ 0 },
};

static const char cert_show_text[] = "PEM, DER, PKCS#7 and PKCS#12.\n"
				     "\n"
				     "  autocsr cert show fullchain.pem\n";

const struct command cmd_cert_show = { "cert", "show", "FILE", 1, 1, "what a certificate says",
	cert_show_text, cert_show_opts, .run = cmd_cert_show_run, .show = cmd_cert_show_show };
