/* receipt verify: what a service states about a key, checked without it; receipt key: what to check it by. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/input.h"
#include "autocsr/match.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/fileset.h"
#include "cli/receipt_log.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"
#include "pki/receipt.h"

enum { KEY_FILE_MAX = 16 * 1024, PROBLEM_MAX = 400 };

/* --- verify --- */

struct verdict {
	json_t *checks; /* [{check, ok, text}] */
	bool ok;
};

static enum acsr_result put_check(
	struct verdict *v, const char *check, bool ok, const char *text, struct acsr_err *e)
{
	json_t *one = json_pack("{s:s, s:b, s:s}", "check", check, "ok", ok, "text", text);

	v->ok = v->ok && ok;
	return one != NULL && json_array_append_new(v->checks, one) == 0 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result load_key(struct acsr_key **key, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	const struct acsr_input_object *o;
	struct acsr_input *in = NULL;
	enum acsr_result r;

	buf_init(&b, KEY_FILE_MAX);
	TRY(file_get(&b, path, KEY_FILE_MAX, e));
	TRY(acsr_input_open(&in, b.p, b.len, e));
	o = acsr_input_next(in);
	if (o == NULL || o->kind != ACSR_INPUT_PUBLIC_KEY || o->der == NULL)
		r = acsr_input_wrong(o != NULL ? o->kind : ACSR_INPUT_UNKNOWN, "public key", e);
	else
		r = acsr_key_load_public(key, o->der, o->der_len, e);
	acsr_input_close(in);
	return r;
}

/* By the key that was given, or else only by its own. */
static enum acsr_result check_signature(
	struct cli *c, struct verdict *v, const struct receipt_signed *s, struct acsr_err *e)
{
	const char *file = args_one(&c->args, "key");
	struct acsr_key *given = NULL;
	struct acsr_err why = { 0 };
	enum acsr_result r;
	bool good;

	if (file != NULL)
		TRY(load_key(&given, file, e));
	good = receipt_verify((const char *)s->text.p, s->text.len, s->signature,
		       given != NULL ? given : s->key, &why) == ACSR_OK;
	r = command_put(c->result, "pinned", json_boolean(given != NULL), e);
	if (r == ACSR_OK && !good && err_is(&why, "receipt.key")) {
		*e = why;
		r = ACSR_FAIL;
	} else if (r == ACSR_OK) {
		r = put_check(v, "signature", good,
			!good ? why.text
			: given != NULL
				? "signed by the key that you gave"
				: "signed by the key that stands in the receipt itself: whole, but that "
				  "proves not whose it is; give --key",
			e);
	}
	acsr_key_free(given);
	return r;
}

static enum acsr_result check_times(struct verdict *v, const struct receipt *r, struct acsr_err *e)
{
	const char *why;
	bool good = receipt_in_order(r, &why);

	return put_check(v, "times", good, good ? "the times are in order" : why, e);
}

static enum acsr_result check_archive(
	struct verdict *v, const struct receipt *r, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	uint8_t digest[32];
	char hex[65];

	if (path == NULL)
		return ACSR_OK;
	if (r->archive_sha256[0] == '\0')
		return put_check(v, "archive", false,
			"this receipt is not about an archive: the key was made in a browser", e);
	buf_init(&b, ACSR_INPUT_MAX);
	TRY(file_get(&b, path, ACSR_INPUT_MAX, e));
	if (EVP_Q_digest(NULL, "SHA256", NULL, b.p, b.len, digest, NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	hex_encode(digest, sizeof(digest), hex);
	return strcmp(hex, r->archive_sha256) == 0
		       ? put_check(v, "archive", true, "it is about this archive", e)
		       : put_check(v, "archive", false, "it is about another archive than this", e);
}

struct looked_for {
	uint8_t spki[32];
	bool found;
	struct acsr_err why;
};

static enum acsr_result compare(
	void *arg, const struct acsr_match_item *item, const struct acsr_err *why, struct acsr_err *e)
{
	struct looked_for *l = arg;

	(void)e;
	if (item != NULL)
		l->found = l->found || memcmp(item->spki_sha256, l->spki, sizeof(l->spki)) == 0;
	else
		l->why = *why;
	return ACSR_OK;
}

/* Does anything in the file have the receipt's key? A chain above a certificate does no harm. */
static enum acsr_result check_object(
	struct verdict *v, const struct receipt *r, const char *what, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct looked_for l = { .found = false };
	struct acsr_matcher *m = NULL;
	CLEANUP_STR char *text = NULL;
	enum acsr_result res;
	size_t n;

	if (path == NULL)
		return ACSR_OK;
	TRY(hex_decode(r->spki_sha256, l.spki, sizeof(l.spki), &n, e));
	buf_init(&b, ACSR_INPUT_MAX);
	TRY(file_get(&b, path, ACSR_INPUT_MAX, e));
	TRY(acsr_matcher_new(&m, e));
	res = acsr_matcher_add(m, path, b.p, b.len, NULL, compare, &l, e);
	acsr_matcher_free(m);
	TRY(res);
	if (!l.found && l.why.id[0] != '\0') {
		*e = l.why;
		return ACSR_FAIL;
	}
	TRY(str_printf(&text, e,
		l.found ? "it is about the key of this %s" : "it is about another key than that of this %s",
		what));
	return put_check(v, what, l.found, text, e);
}

static enum acsr_result check_log(
	struct cli *c, struct verdict *v, const struct receipt *r, struct acsr_err *e)
{
	struct receipt_log_finding found[RECEIPT_LOG_FINDINGS];
	size_t n;

	if (args_one(&c->args, "log") == NULL) {
		if (args_count(&c->args, "checkpoint") > 0 || args_one(&c->args, "verifier") != NULL)
			return err_set(e, "usage.value", "--checkpoint and --verifier are for --log");
		return ACSR_OK;
	}
	TRY(receipt_log_judge(r, &c->args, found, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(put_check(v, found[i].check, found[i].ok, found[i].text, e));
	return ACSR_OK;
}

static enum acsr_result judge(struct cli *c, const struct receipt_signed *s, struct acsr_err *e)
{
	struct verdict v = { .checks = json_array(), .ok = true };

	TRY(command_put(c->result, "checks", v.checks, e));
	TRY(check_signature(c, &v, s, e));
	TRY(check_times(&v, &s->receipt, e));
	TRY(check_archive(&v, &s->receipt, args_one(&c->args, "archive"), e));
	TRY(check_object(&v, &s->receipt, "certificate", args_one(&c->args, "cert"), e));
	TRY(check_object(&v, &s->receipt, "CSR", args_one(&c->args, "csr"), e));
	TRY(check_log(c, &v, &s->receipt, e));
	c->answer_no = !v.ok;
	TRY(command_put(c->result, "ok", json_boolean(v.ok), e));
	TRY(command_put_str(c->result, "key_id", s->key_id, e));
	return command_put(c->result, "receipt",
		json_loadb((const char *)s->text.p, s->text.len, JSON_REJECT_DUPLICATES, NULL), e);
}

static enum acsr_result cmd_receipt_verify_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct receipt_signed s = { 0 };
	enum acsr_result r;

	buf_init(&b, RECEIPT_MAX);
	TRY(command_put_str(c->result, "file", c->args.words[0], e));
	TRY(file_get(&b, c->args.words[0], RECEIPT_MAX, e));
	TRY(receipt_read(&s, b.p, b.len, e));
	r = judge(c, &s, e);
	receipt_signed_clear(&s);
	return r;
}

static const char *inside(const json_t *receipt, const char *group, const char *name)
{
	return view_str(json_object_get(receipt, group), name);
}

static void show_facts(const json_t *r)
{
	char *names = view_join(json_object_get(r, "names"));

	say_field("order", view_str(r, "order"));
	say_field("names", names);
	say_field("key", inside(r, "key", "type"));
	say_field("made by", inside(r, "key", "made_by"));
	say_field("SPKI SHA-256", inside(r, "key", "spki_sha256"));
	say_field("grade", inside(r, "hand_over", "grade"));
	say_field("sealed to", inside(r, "hand_over", "recipient"));
	say_field("archive SHA-256", inside(r, "archive", "sha256"));
	say_field("authorised by", inside(r, "authorised", "by"));
	say_field("made", inside(r, "times", "made"));
	say_field("worker gone", inside(r, "times", "worker_gone"));
	say_field("handed over", inside(r, "times", "handed_over"));
	say_field("code destroyed", inside(r, "times", "code_destroyed"));
	say_field("signed", view_str(r, "signed_at"));
	say_field("service", view_str(r, "service"));
	free(names);
}

static void cmd_receipt_verify_show(struct cli *c, const json_t *result)
{
	const json_t *checks = json_object_get(result, "checks");

	show_facts(json_object_get(result, "receipt"));
	say("%s", "");
	for (size_t i = 0; i < json_array_size(checks); i++) {
		const json_t *x = json_array_get(checks, i);

		say("%-4s %-12s %s", json_is_true(json_object_get(x, "ok")) ? "yes" : "no",
			view_str(x, "check"), view_str(x, "text"));
	}
	if (c->answer_no)
		say("no: this receipt does not hold");
	else if (json_is_true(json_object_get(result, "pinned")))
		say("yes: this receipt holds");
	else
		say_progress("the receipt is whole; whose it is, only the service's own key tells (--key)");
}

static const struct opt receipt_verify_opts[] = {
	{ "key", OPT_ONE, "FILE",
		"the service's public key, from `autocsr receipt key`; not the receipt's own" },
	{ "archive", OPT_ONE, "FILE", "is it about this archive?" },
	{ "cert", OPT_ONE, "FILE", "is it about the key of this certificate?" },
	{ "csr", OPT_ONE, "FILE", "is it about the key of this CSR (or key)?" },
	{ "log", OPT_ONE, "FILE", "an exported audit log: are the entries that it names in it?" },
	{ "checkpoint", OPT_MANY, "FILE", "signed checkpoints that the log must meet too" },
	{ "verifier", OPT_ONE, "KEY", "the verifier key that signed them, NAME+HASH+KEY" },
	{ 0 },
};

static const char receipt_verify_text[] =
	"Offline: signature, order of times, whether archive and certificate are those that the receipt is\n"
	"about, and whether an exported audit log (audit export) says the same. Without --key it only shows\n"
	"that the receipt is whole, not whose it is.\n"
	"\n"
	"  autocsr receipt verify receipt.json --key receipt-key.pem\n"
	"  autocsr receipt verify receipt.json --key receipt-key.pem --archive www.zip --cert www.crt\n"
	"  autocsr receipt verify receipt.json --key receipt-key.pem --log log.jsonl\n";

const struct command cmd_receipt_verify = { "receipt", "verify", "FILE", 1, 1,
	"check a receipt without the service", receipt_verify_text, receipt_verify_opts,
	.run = cmd_receipt_verify_run, .show = cmd_receipt_verify_show };

/* --- key --- */

static enum acsr_result cmd_receipt_key_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	const char *out = args_one(&c->args, "out"), *pem;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, "/api/v1/receipt-key", &answer, e));
	TRY(command_take(c, answer, e));
	pem = json_string_value(json_object_get(c->result, "public_key_pem"));
	if (pem == NULL || !str_starts(pem, "-----BEGIN PUBLIC KEY-----\n"))
		return err_set(e, "net.answer", "the service's answer is not a public key");
	if (out == NULL)
		return ACSR_OK;
	TRY(command_put_str(c->result, "file", out, e));
	return file_put(out, pem, strlen(pem), 0644, args_flag(&c->args, "force"), e);
}

static void cmd_receipt_key_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("algorithm", view_str(result, "algorithm"));
	say_field("key id", view_str(result, "key_id"));
	say_field("verifier key", view_str(result, "verifier"));
	say_field("written", view_str(result, "file"));
}

static const struct opt receipt_key_opts[] = {
	{ "out", OPT_ONE, "FILE.pem", "save the key, for receipt verify --key" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char receipt_key_text[] =
	"Fetch it once and keep it: a receipt proves something only by a key that does not come with it.\n"
	"\n"
	"  autocsr receipt key --out receipt-key.pem\n";

const struct command cmd_receipt_key = { "receipt", "key", "", 0, 0, "the key that signs receipts",
	receipt_key_text, receipt_key_opts, .service = true, .run = cmd_receipt_key_run,
	.show = cmd_receipt_key_show };
