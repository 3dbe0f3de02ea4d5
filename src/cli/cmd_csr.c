/* match: do files belong together? */
#include <stdlib.h>
#include <string.h>

#include "cli/cmds.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/view.h"

static enum acsr_result match_one(
	json_t *files, const char *path, const char *passphrase_file, uint8_t spki[32], struct acsr_err *e)
{
	enum acsr_object kind;
	json_t *o;

	TRY(load_match(path, passphrase_file, &kind, spki, e));
	o = json_object();
	if (o == NULL || json_array_append_new(files, o) != 0)
		return err_nomem(e);
	TRY(command_put_str(o, "file", path, e));
	TRY(command_put_str(o, "kind", acsr_object_name(kind), e));
	return command_put(o, "spki_sha256", view_hex(spki, 32), e);
}

static enum acsr_result cmd_match_run(struct cli *c, struct acsr_err *e)
{
	const char *passphrase_file = args_one(&c->args, "passphrase-file");
	uint8_t first[32], spki[32];
	json_t *files = json_array();

	TRY(command_put(c->result, "files", files, e));
	TRY(match_one(files, c->args.words[0], passphrase_file, first, e));
	for (size_t i = 1; i < c->args.n_words; i++) {
		TRY(match_one(files, c->args.words[i], passphrase_file, spki, e));
		if (memcmp(first, spki, 32) != 0)
			c->answer_no = true;
	}
	return command_put(c->result, "match", json_boolean(!c->answer_no), e);
}

static void cmd_match_show(struct cli *c, const json_t *result)
{
	const json_t *files = json_object_get(result, "files");

	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *f = json_array_get(files, i);

		say("%s  %-11s  %s", view_str(f, "spki_sha256"), view_str(f, "kind"), view_str(f, "file"));
	}
	say(c->answer_no ? "no: not all of them hold the same public key"
			 : "yes: all of them hold the same public key");
}

static const struct opt match_opts[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of encrypted keys" },
	{ 0 },
};

static const char match_text[] = "Keys, CSRs and certificates belong together when their public keys are the "
				 "same. Exit code 1 when not.\n"
				 "\n"
				 "  autocsr match www.key www.csr www.pem\n";

const struct command cmd_match = { "match", NULL, "FILE FILE…", 2, 64,
	"do keys, CSRs and certificates belong together?", match_text, match_opts, .run = cmd_match_run,
	.show = cmd_match_show };
