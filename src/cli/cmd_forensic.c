/* forensic: does the running service keep a key anywhere? And: is this report what was signed? */
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/forensic/report.h"
#include "cli/forensic/run.h"
#include "cli/forensic/table.h"
#include "cli/say.h"
#include "cli/view.h"
#include "pki/pem.h"

enum { REPORT_MAX = 8 * 1024 * 1024, KEY_MAX = 64 * 1024, EXIT_FOUND = 1, EXIT_CANNOT_JUDGE = 5 };

/* --- verify --- */

static enum acsr_result load_public(struct acsr_key **out, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	CLEANUP_BUF struct buf der = { 0 };
	struct pem_block block;
	size_t at = 0;

	TRY(file_get(&b, path, KEY_MAX, e));
	if (pem_next((struct bytes){ b.p, b.len }, &at, &block) == 0)
		return acsr_key_load_spki(out, b.p, b.len, e);
	if (strcmp(block.label, "PUBLIC KEY") != 0)
		return err_set(e, "key.parse", "%s holds a %s, not a public key", path, block.label);
	buf_init(&der, KEY_MAX);
	TRY(pem_decode(block.text, &der, e));
	return acsr_key_load_spki(out, der.p, der.len, e);
}

static enum acsr_result load_report(json_t **out, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	json_error_t why;

	TRY(file_get(&b, path, REPORT_MAX, e));
	*out = json_loadb((const char *)b.p, b.len, JSON_REJECT_DUPLICATES, &why);
	return *out != NULL ? ACSR_OK : err_set(e, "input.report", "%s is not JSON: %s", path, why.text);
}

static enum acsr_result put_proof(
	struct cli *c, const struct report_proof *proof, const json_t *report, struct acsr_err *e)
{
	TRY(command_put(c->result, "ok", json_true(), e));
	TRY(command_put_str(c->result, "spki_sha256", proof->spki_sha256, e));
	TRY(command_put(c->result, "operator_key", json_boolean(proof->operator_key), e));
	TRY(command_put_str(c->result, "verdict", view_str(report, "verdict"), e));
	return command_put_str(c->result, "ended_at", view_str(report, "ended_at"), e);
}

static enum acsr_result verify(struct cli *c, const char *path, struct acsr_err *e)
{
	const char *key_file = args_one(&c->args, "key");
	struct acsr_key *key = NULL;
	struct report_proof proof;
	json_t *doc = NULL;
	enum acsr_result r;

	if (key_file != NULL)
		TRY(load_public(&key, key_file, e));
	r = load_report(&doc, path, e);
	if (r == ACSR_OK)
		r = report_verify(&proof, doc, key, e);
	if (r == ACSR_OK)
		r = put_proof(c, &proof, json_object_get(doc, "report"), e);
	json_decref(doc);
	acsr_key_free(key);
	return r;
}

static void show_proof(const json_t *result)
{
	bool known = json_is_true(json_object_get(result, "operator_key"));

	say("the report is as it was signed");
	say_field("verdict", view_str(result, "verdict"));
	say_field("ended", view_str(result, "ended_at"));
	say_field("signer SPKI", view_str(result, "spki_sha256"));
	if (known)
		say("signed with an operator's key: compare its SHA-256, or give its public half with --key");
	else
		say("signed with a key made for that run: nobody changed the report since, but it does not "
		    "say "
		    "who made it");
}

/* --- the run --- */

static enum acsr_result load_sign_key(struct acsr_key **out, const struct args *a, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	const char *path = args_one(a, "sign-key");

	if (path == NULL)
		return ACSR_OK;
	TRY(file_get(&b, path, KEY_MAX, e));
	TRY(acsr_key_load_private(out, b.p, b.len, NULL, e));
	if (acsr_key_alg(*out) == ACSR_KEY_ED25519)
		return ACSR_OK;
	acsr_key_free(*out);
	*out = NULL;
	return err_set(e, "key.type", "--sign-key is an Ed25519 key; %s holds another", path);
}

static enum acsr_result write_report(struct new_file *f, const json_t *doc, struct acsr_err *e)
{
	CLEANUP_STR char *text = json_dumps(doc, JSON_INDENT(2));
	CLEANUP_STR char *line = NULL;

	if (text == NULL)
		return err_nomem(e);
	TRY(str_printf(&line, e, "%s\n", text));
	return new_file_commit(f, line, strlen(line), e);
}

static enum acsr_result finish(struct cli *c, const struct run *r, const struct acsr_key *key,
	struct new_file *file, struct acsr_err *e)
{
	json_t *report = NULL;

	TRY(report_make(&report, r, e));
	TRY(command_put(c->result, "report", report, e));
	TRY(report_sign(c->result, key, e));
	if (file->fd >= 0)
		TRY(write_report(file, c->result, e));
	c->exit_code = run_verdict(r) == VERDICT_FOUND          ? EXIT_FOUND
		       : run_verdict(r) == VERDICT_CANNOT_JUDGE ? EXIT_CANNOT_JUDGE
								: 0;
	return ACSR_OK;
}

/* What can fail at home is opened before the service is asked for anything. */
static enum acsr_result search(struct cli *c, struct acsr_err *e)
{
	CLEANUP_NEW_FILE struct new_file file = NEW_FILE_NONE;
	const char *path = args_one(&c->args, "report");
	struct acsr_key *key = NULL;
	struct run *r = NULL;
	enum acsr_result done;

	TRY(run_check(&c->args, e));
	if (path != NULL)
		TRY(new_file_open(&file, path, 0644, args_flag(&c->args, "force"), e));
	TRY(load_sign_key(&key, &c->args, e));
	done = run_forensic(&r, &c->args, e);
	if (done == ACSR_OK)
		done = finish(c, r, key, &file, e);
	run_free(r);
	acsr_key_free(key);
	return done;
}

static enum acsr_result cmd_forensic_run(struct cli *c, struct acsr_err *e)
{
	const struct args *a = &c->args;

	if (a->n_words == 0)
		return search(c, e);
	if (strcmp(a->words[0], "verify") != 0 || a->n_words != 2)
		return err_set(e, "usage.words", "it is \"autocsr forensic\" alone, or with \"verify FILE\"");
	return verify(c, a->words[1], e);
}

static void cmd_forensic_show(struct cli *c, const json_t *result)
{
	if (c->args.n_words > 0)
		show_proof(result);
	else
		table_show(result);
	if (args_one(&c->args, "report") != NULL)
		say_field("report", args_one(&c->args, "report"));
}

static const struct opt forensic_opts[] = {
	{ "orders", OPT_ONE, "N", "orders to place, 1 to 1000 (10)" },
	{ "password-file", OPT_ONE, "FILE",
		"password of the token's user, to whom codes are revealed; without it only what is sealed is "
		"ordered" },
	{ "email", OPT_ONE, "ADDRESS", "log in with the password instead of a token" },
	{ "totp", OPT_ONE, "CODE", "code of the second factor, with --email" },
	{ "product", OPT_ONE, "ID", "what to order; the first simple one when left out" },
	{ "key-type", OPT_EACH, "TYPE", "only these; a mix of the product's when left out", VALUES_KEYS },
	{ "form", OPT_EACH, "FORM", "of the hand-over; all that can be opened when left out",
		"zip pkcs8 p12 p12-legacy age cms" },
	{ "domain", OPT_ONE, "NAME", "names are ordered below it, and never validated (forensic.test)" },
	{ "pid", OPT_ONE, "PID", "of autocsrd; found by the server's port when left out" },
	{ "config", OPT_ONE, "FILE", "its configuration; the one it was started with when left out" },
	{ "state", OPT_ONE, "DIR", "its state directory; from the configuration when left out" },
	{ "log", OPT_EACH, "FILE", "a log to search as well (journalctl -u autocsrd > FILE)" },
	{ "path", OPT_EACH, "DIR", "a directory or file to search as well: backups, a mail spool" },
	{ "image", OPT_ONE, "FILE", "the block device or image below the state directory, searched raw" },
	{ "interface", OPT_ONE, "NAME", "capture there; every interface when left out; none: not at all" },
	{ "report", OPT_ONE, "FILE.json", "save the signed report" },
	{ "sign-key", OPT_ONE, "FILE.pem",
		"sign it with this Ed25519 key; with one of the run's own when left out" },
	{ "key", OPT_ONE, "FILE.pem", "with verify: the public key that it must be signed with" },
	{ "force", OPT_FLAG, NULL, "replace a report that exists" },
	{ 0 },
};

static const char forensic_text[] =
	"Plays the customer of a running service on this machine, and searches all of its processes "
	"(memory,\n"
	"registers, secret memory, pipes), its files and its traffic for the keys and codes that it was "
	"handed.\n"
	"A control hides a piece on every surface; one that is not found makes the answer \"cannot judge\".\n"
	"As root. The service is held still for a moment at each scan; the orders are cancelled in the end.\n"
	"Exit: 0 clean, 1 found, 5 cannot judge.\n"
	"\n"
	"  autocsr forensic --server https://127.0.0.1:8443 --ca-file root.pem --token-file t \\\n"
	"      --password-file p --orders 50 --report forensic.json\n"
	"  autocsr forensic verify forensic.json\n";

const struct command cmd_forensic = { "forensic", NULL, "[verify FILE]", 0, 2,
	"search a running service for keys (root)", forensic_text, forensic_opts, .service = true,
	.run = cmd_forensic_run, .show = cmd_forensic_show };
