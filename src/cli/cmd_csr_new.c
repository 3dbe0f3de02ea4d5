/* csr new: a key and a CSR on this machine, in one line or by questions. */
#include <string.h>

#include "cli/cmds.h"
#include "cli/newcsr.h"
#include "cli/say.h"
#include "cli/view.h"
#include "pki/show.h"

void newcsr_release(struct newcsr *n)
{
	file_set_end(&n->files);
	seal_free(&n->seal);
	acsr_csr_draft_free(&n->draft);
	acsr_key_free(n->key);
	acsr_secret_free(n->pass);
	acsr_recipient_free(n->to);
	acsr_blob_free(&n->der);
	acsr_blob_free(&n->pem);
	strv_free(&n->answers);
}

static enum acsr_result name_policy(struct newcsr *n, struct acsr_err *e)
{
	const char *policy = args_one(n->a, "policy");

	n->policy = policy != NULL && strcmp(policy, "public") == 0 ? ACSR_NAMES_PUBLIC : ACSR_NAMES_PRIVATE;
	if (policy != NULL && strcmp(policy, "public") != 0 && strcmp(policy, "private") != 0)
		return err_set(e, "usage.policy", "--policy is public or private");
	return ACSR_OK;
}

/* "-" and nothing are standard output. */
static const char *csr_path(const struct newcsr *n)
{
	const char *out = args_one(n->a, "out");

	return out != NULL && strcmp(out, "-") != 0 ? out : NULL;
}

static enum acsr_result plan(struct newcsr *n, struct acsr_err *e)
{
	const char *save = args_one(n->a, "save-request");

	TRY(newcsr_key_plan(n, e));
	if (csr_path(n) != NULL)
		TRY(file_set_plan(&n->files, csr_path(n), 0644, e));
	if (save != NULL && strcmp(save, "-") == 0)
		return err_set(e, "usage.value", "--save-request needs a file");
	return save != NULL ? file_set_plan(&n->files, save, 0644, e) : ACSR_OK;
}

enum acsr_result newcsr_make(struct newcsr *n, struct acsr_err *e)
{
	struct acsr_csr_request req;

	TRY(newcsr_key_get(n, e));
	acsr_csr_draft_request(&n->draft, &req);
	TRY(acsr_csr_build(&req, n->key, &n->der, e));
	return acsr_csr_pem(n->der.p, n->der.len, &n->pem, e);
}

static enum acsr_result save_request(struct newcsr *n, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob text = { NULL, 0 };
	const char *path = args_one(n->a, "save-request");

	if (path == NULL)
		return ACSR_OK;
	TRY(acsr_csr_draft_json(&n->draft, &text, e));
	TRY(command_put_str(n->c->result, "request_file", path, e));
	return file_set_write(&n->files, path, text.p, text.len, e);
}

static enum acsr_result put_notes(struct newcsr *n, struct acsr_err *e)
{
	json_t *list = json_array();

	TRY(command_put(n->c->result, "notes", list, e));
	for (size_t i = 0; i < n->draft.n_notes; i++)
		if (json_array_append_new(list, json_string(n->draft.notes[i])) != 0)
			return err_nomem(e);
	return ACSR_OK;
}

static enum acsr_result put_result(struct newcsr *n, struct acsr_err *e)
{
	json_t *result = n->c->result;
	uint8_t spki[32];

	TRY(acsr_key_spki_sha256(n->key, spki, e));
	TRY(command_put_str(result, "key_type", acsr_key_name(n->key), e));
	TRY(command_put(result, "spki_sha256", show_hex(spki, 32), e));
	TRY(command_put_str(result, "csr", (const char *)n->pem.p, e));
	TRY(put_notes(n, e));
	if (csr_path(n) == NULL)
		return buf_put(&n->c->raw, n->pem.p, n->pem.len, e);
	TRY(command_put_str(result, "csr_file", csr_path(n), e));
	return file_set_write(&n->files, csr_path(n), n->pem.p, n->pem.len, e);
}

static enum acsr_result finish(struct newcsr *n, struct acsr_err *e)
{
	TRY(newcsr_key_write(n, e));
	TRY(save_request(n, e));
	TRY(put_result(n, e));
	TRY(command_say(n->c, e));
	TRY(file_set_commit(&n->files, e));
	if (n->store == NEWCSR_ARCHIVE && !args_flag(n->a, "code-file"))
		return seal_show_code(&n->seal, e);
	return ACSR_OK;
}

static enum acsr_result run(struct newcsr *n, struct acsr_err *e)
{
	TRY(name_policy(n, e));
	if ((!newcsr_has_names(n->a) || !newcsr_has_key_place(n->a)) && newcsr_may_ask(n))
		TRY(newcsr_ask(n, e));
	TRY(newcsr_key_usage(n, e));
	if (!newcsr_has_names(n->a))
		return err_set(e, "usage.names", "say whom the certificate is for: --host www.example.com");
	n->files.force = args_flag(n->a, "force");
	TRY(newcsr_draft(n, e));
	TRY(newcsr_key_type(n, e));
	TRY(plan(n, e));
	TRY(newcsr_make(n, e));
	return finish(n, e);
}

static enum acsr_result cmd_csr_new_run(struct cli *c, struct acsr_err *e)
{
	struct newcsr n = { .c = c, .a = &c->args };
	enum acsr_result r;

	acsr_csr_draft_init(&n.draft);
	r = run(&n, e);
	newcsr_release(&n);
	return r;
}

static void cmd_csr_new_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("key", view_str(result, "key_type"));
	say_field("SPKI SHA-256", view_str(result, "spki_sha256"));
	say_field("CSR", view_str(result, "csr_file"));
	say_field("key file", view_str(result, "key_file"));
	say_field("sealed to", view_str(result, "sealed_to"));
	say_field("key store", view_str(result, "p12_file"));
	say_field("token", view_str(result, "token"));
	say_field("archive", view_str(result, "archive"));
	say_field("archive SHA-256", view_str(result, "archive_sha256"));
	say_field("unlock code in", view_str(result, "code_file"));
	say_field("request file", view_str(result, "request_file"));
}

const struct command cmd_csr_new = { "csr", "new", "", 0, 0, "make a key and a CSR", newcsr_text, newcsr_opts,
	.run = cmd_csr_new_run, .show = cmd_csr_new_show };
