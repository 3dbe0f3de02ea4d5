/* Options about the form of a key. */
#include "cli/order_form.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/order_flow.h"
#include "cli/say.h"
#include "cli/seal_to.h"
#include "cli/view.h"

void order_form_clear(struct order_form *f)
{
	free(f->recipient);
	*f = (struct order_form){ 0 };
}

/* --- sealed --- */

static enum acsr_result choose_recipient(
	struct order_form *f, const char *given, const char *format, struct acsr_err *e)
{
	struct acsr_recipient *r = NULL;
	const char *name;

	TRY(seal_to_read(&r, &f->recipient, given, e));
	name = acsr_seal_format_name(acsr_recipient_format(r));
	f->form = keyform_find(name);
	acsr_recipient_free(r);
	if (format != NULL && strcmp(format, name) != 0)
		return err_set(e, "usage.value",
			"what is sealed to this recipient has the format %s; leave --format out", name);
	return ACSR_OK;
}

/* --- what goes with what --- */

static enum acsr_result check_local(const struct args *a, struct acsr_err *e)
{
	static const char *const not_with[] = { "csr", "format", "seal-to", "delivery", "email" };

	if (!args_flag(a, "local-key"))
		return args_flag(a, "code-file")
			       ? err_set(e, "usage.key",
					 "--code-file belongs to --local-key; the service's code comes by "
					 "autocsr order code ID --out FILE")
			       : ACSR_OK;
	for (size_t i = 0; i < sizeof(not_with) / sizeof(not_with[0]); i++)
		if (args_flag(a, not_with[i]))
			return err_set(e, "usage.key",
				"with --local-key the key never leaves this machine: --%s does not go with "
				"it",
				not_with[i]);
	return ACSR_OK;
}

enum acsr_result order_form_read(struct order_form *f, const struct args *a, struct acsr_err *e)
{
	const char *format = args_one(a, "format"), *to = args_one(a, "seal-to");

	*f = (struct order_form){ 0 };
	TRY(check_local(a, e));
	if (args_flag(a, "csr") && (format != NULL || to != NULL))
		return err_set(e, "usage.csr",
			"with --csr the key is yours already: --format and --seal-to do not go with it");
	if (to != NULL)
		return choose_recipient(f, to, format, e);
	if (format == NULL)
		return ACSR_OK;
	f->form = keyform_find(format);
	if (f->form == NULL)
		return err_set(
			e, "usage.value", "--format is zip, pkcs8, p12 or p12-legacy, not %.40s", format);
	return f->form->sealed
		       ? err_set(e, "usage.value",
				 "--format %s is for a key that is sealed: say to whom with --seal-to",
				 format)
		       : ACSR_OK;
}

enum acsr_result order_form_put(const struct order_form *f, json_t *body, struct acsr_err *e)
{
	json_t *o;

	if (f->form == NULL)
		return ACSR_OK;
	o = json_pack("{s:s,s:s}", "grade", f->form->sealed ? "sealed" : "code", "format", f->form->name);
	if (o == NULL)
		return err_nomem(e);
	if (f->recipient != NULL && command_put_str(o, "recipient", f->recipient, e) != ACSR_OK) {
		json_decref(o);
		return ACSR_FAIL;
	}
	return command_put(body, "hand_over", o, e);
}

/* --- a key of this machine --- */

static enum acsr_result put_names(struct newcsr *n, const json_t *names, struct acsr_err *e)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		TRY(acsr_csr_draft_set(
			&n->draft, "host", json_string_value(json_array_get(names, i)), n->policy, e));
	return ACSR_OK;
}

/* Where the archive goes when nothing says so: FIRST-NAME.zip. */
static enum acsr_result default_archive(struct newcsr *n, const json_t *names, struct acsr_err *e)
{
	const char *first =
		names != NULL ? json_string_value(json_array_get(names, 0)) : args_many(n->a, "host", 0);
	CLEANUP_STR char *path = NULL;

	if (args_flag(n->a, "archive") || first == NULL)
		return ACSR_OK;
	TRY(order_flow_name(&path, first, ".zip", e));
	TRY(strv_add(&n->answers, path, e));
	return args_add(n->a, "archive", n->answers.v[n->answers.n - 1], e);
}

enum acsr_result order_form_make_key(struct newcsr *n, struct cli *c, const json_t *names,
	const char *key_type, json_t *body, struct acsr_err *e)
{
	n->c = c;
	n->a = &c->args;
	n->policy = ACSR_NAMES_PRIVATE;
	n->files.force = args_flag(n->a, "force");
	acsr_csr_draft_init(&n->draft);
	TRY(default_archive(n, names, e));
	TRY(newcsr_key_usage(n, e));
	TRY(put_names(n, names, e));
	TRY(newcsr_draft(n, e));
	if (key_type != NULL && !args_flag(n->a, "key"))
		TRY(acsr_csr_draft_set(&n->draft, "key", key_type, n->policy, e));
	TRY(newcsr_key_type(n, e));
	TRY(newcsr_key_plan(n, e));
	TRY(newcsr_make(n, e));
	TRY(newcsr_key_write(n, e));
	return command_put_str(body, "csr", (const char *)n->pem.p, e);
}

enum acsr_result order_form_keep_key(struct newcsr *n, struct acsr_err *e)
{
	TRY(file_set_commit(&n->files, e));
	file_set_end(&n->files);
	TRY(command_put_str(n->c->result, "archive_file", args_one(n->a, "archive"), e));
	say_progress("the key archive is in %s (SHA-256 %s)", args_one(n->a, "archive"),
		view_str(n->c->result, "archive_sha256"));
	return args_flag(n->a, "code-file") ? ACSR_OK : seal_show_code(&n->seal, e);
}
