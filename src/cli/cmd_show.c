/*
 * show, and csr show, cert show, crl show, key show: one engine. A file is recognised and every object in it
 * becomes a document (pki/show.h); the commands differ in which kinds they take and in the shape of the
 * result.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/batch.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/sayobject.h"
#include "cli/say.h"
#include "cli/term.h"
#include "pki/show.h"

#define SHOWN_ENTRIES 20 /* of a CRL, without --all */

/* What a command takes, and what a single result is called. */
struct taste {
	const char *wanted;   /* "a CSR"; NULL: everything is taken */
	const char *kinds[5]; /* of objects, as in show.schema.json */
	const char *member;   /* whose document is the result when there is one; NULL: "certificates" */
};

static const struct taste everything = { 0 };
static const struct taste csrs = { "a CSR", { "csr" }, "csr" };
static const struct taste certs = { "a certificate", { "certificate", "pkcs7", "pkcs12" }, NULL };
static const struct taste crls = { "a CRL", { "crl" }, "crl" };
static const struct taste keys = { "a key", { "private-key", "public-key" }, "key" };

struct run {
	struct cli *c;
	const struct taste *taste;
	const char *passphrase_file;
	struct acsr_secret *passphrase;
	bool many;  /* files: never ask for a passphrase, and go on after errors */
	bool asked; /* once is enough */
	struct show_options opt;
	struct acsr_err first;      /* the first thing that went wrong in this file */
	enum acsr_input_kind other; /* what was there instead */
};

static bool takes(const struct taste *t, const char *kind)
{
	if (t->wanted == NULL)
		return true;
	for (size_t i = 0; t->kinds[i] != NULL; i++)
		if (strcmp(t->kinds[i], kind) == 0)
			return true;
	return false;
}

static bool is_locked(const json_t *object)
{
	const json_t *p12 = json_object_get(object, "pkcs12");
	const json_t *doc = p12 != NULL ? p12 : json_object_get(object, "key");

	return json_is_true(json_object_get(doc, "locked"));
}

/* --- passphrases: from the file, else asked for, once, by somebody who sits there --- */

static enum acsr_result passphrase_from_file(struct run *r, struct acsr_err *e)
{
	if (r->passphrase_file == NULL)
		return ACSR_OK;
	TRY(file_get_secret(&r->passphrase, r->passphrase_file, e));
	r->opt.passphrase = r->passphrase;
	return ACSR_OK;
}

static bool ask_passphrase(struct run *r)
{
	if (r->passphrase != NULL || r->many || r->asked || isatty(STDERR_FILENO) == 0)
		return false;
	r->asked = true;
	if (term_ask_secret(&r->passphrase, "passphrase (empty: stay outside): ", "--passphrase-file",
		    NULL) != ACSR_OK ||
		acsr_secret_len(r->passphrase) == 0)
		return false;
	r->opt.passphrase = r->passphrase;
	return true;
}

/* --- one file --- */

static void note_error(struct run *r, const json_t *object)
{
	const json_t *error = json_object_get(object, "error");
	const char *type = json_string_value(json_object_get(error, "type"));
	const char *detail = json_string_value(json_object_get(error, "detail"));

	if (error == NULL || type == NULL || r->first.id[0] != '\0')
		return;
	(void)err_set(&r->first, type + strlen("urn:autocsr:error:"), "%s", detail != NULL ? detail : "");
}

static enum acsr_result add_object(
	struct run *r, json_t *objects, const struct acsr_input_object *in, struct acsr_err *e)
{
	json_t *o = NULL;

	TRY(show_object(&o, in, &r->opt, e));
	if (is_locked(o) && ask_passphrase(r)) {
		json_decref(o);
		TRY(show_object(&o, in, &r->opt, e));
	}
	if (!takes(r->taste, json_string_value(json_object_get(o, "kind")))) {
		if (r->other == ACSR_INPUT_UNKNOWN)
			r->other = in->kind;
		json_decref(o);
		return ACSR_OK;
	}
	note_error(r, o);
	return json_array_append_new(objects, o) == 0 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result add_objects(struct run *r, json_t *objects, const struct buf *b, struct acsr_err *e)
{
	const struct acsr_input_object *in;
	struct acsr_input *input;
	enum acsr_result res = ACSR_OK;

	TRY(acsr_input_open(&input, b->p, b->len, e));
	while (res == ACSR_OK && (in = acsr_input_next(input)) != NULL)
		res = add_object(r, objects, in, e);
	acsr_input_close(input);
	TRY(res);
	if (json_array_size(objects) > 0)
		return ACSR_OK;
	if (r->taste->wanted != NULL)
		return acsr_input_wrong(r->other, r->taste->wanted, e);
	return err_set(
		e, "input.unknown", "this is no CSR, certificate, CRL, key or bundle in any known form");
}

/* {"file": …, "objects": […]} */
static enum acsr_result read_file(json_t **out, struct run *r, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	json_t *doc = json_object(), *objects = json_array();
	enum acsr_result res = command_put_str(doc, "file", path, e);

	r->first = (struct acsr_err){ 0 };
	r->other = ACSR_INPUT_UNKNOWN;
	if (res == ACSR_OK)
		res = command_put(doc, "objects", objects, e);
	else
		json_decref(objects);
	buf_init(&b, ACSR_INPUT_MAX);
	if (res == ACSR_OK)
		res = file_get(&b, path, ACSR_INPUT_MAX, e);
	if (res == ACSR_OK)
		res = add_objects(r, objects, &b, e);
	if (res != ACSR_OK) {
		json_decref(doc);
		return res;
	}
	*out = doc;
	return ACSR_OK;
}

static void worst(struct cli *c, const struct acsr_err *e)
{
	int code = e->id[0] != '\0' ? err_face(e->id)->exit_code : 0;

	if (code > c->exit_code)
		c->exit_code = code;
}

/* --- many files: a document each, as they come --- */

static enum acsr_result stream_one(void *ctx, const char *path, struct acsr_err *e)
{
	struct run *r = ctx;
	struct acsr_err why = { 0 };
	json_t *doc = NULL;

	if (read_file(&doc, r, path, &why) == ACSR_OK) {
		worst(r->c, &r->first);
	} else {
		doc = json_pack("{s:o}", "error", show_problem(&why));
		worst(r->c, &why);
		if (doc == NULL)
			return err_nomem(e);
		if (command_put_str(doc, "file", path, e) != ACSR_OK) {
			json_decref(doc);
			return ACSR_FAIL;
		}
	}
	say_line(r->c, doc);
	json_decref(doc);
	return ACSR_OK;
}

/* --- one file: the shape that the command promises --- */

static enum acsr_result failed(const struct acsr_err *why, struct acsr_err *e)
{
	if (e != NULL)
		*e = *why;
	return ACSR_FAIL;
}

static enum acsr_result add_certs(struct run *r, json_t *list, const json_t *docs, struct acsr_err *e)
{
	for (size_t i = 0; i < json_array_size(docs); i++) {
		json_t *one = json_array_get(docs, i);

		note_error(r, one);
		if (json_object_get(one, "error") == NULL && json_array_append(list, one) != 0)
			return err_nomem(e);
	}
	return ACSR_OK;
}

/* The certificates of one object: itself, or what a bundle carries. */
static enum acsr_result certs_of(struct run *r, json_t *list, const json_t *object, struct acsr_err *e)
{
	json_t *cert = json_object_get(object, "certificate");
	const json_t *entries = json_object_get(json_object_get(object, "pkcs12"), "entries");

	if (cert != NULL && json_array_append(list, cert) != 0)
		return err_nomem(e);
	if (is_locked(object) && r->first.id[0] == '\0')
		(void)err_set(&r->first, "input.passphrase",
			"the PKCS#12 file needs a passphrase; give --passphrase-file");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		json_t *one = json_object_get(json_array_get(entries, i), "certificate");

		if (json_is_object(one) && json_array_append(list, one) != 0)
			return err_nomem(e);
	}
	return add_certs(r, list, json_object_get(json_object_get(object, "pkcs7"), "certificates"), e);
}

static enum acsr_result all_certs(struct run *r, const json_t *doc, struct acsr_err *e)
{
	const json_t *objects = json_object_get(doc, "objects");
	json_t *list = json_array();

	TRY(command_put(r->c->result, "certificates", list, e));
	for (size_t i = 0; i < json_array_size(objects); i++)
		TRY(certs_of(r, list, json_array_get(objects, i), e));
	if (json_array_size(list) > 0)
		return ACSR_OK;
	if (r->first.id[0] != '\0')
		return failed(&r->first, e);
	return err_set(e, "input.empty", "the file holds no certificate");
}

/* The object's own document when it stands alone, else all of them. */
static enum acsr_result shape(struct run *r, json_t *doc, struct acsr_err *e)
{
	const json_t *objects = json_object_get(doc, "objects");
	bool alone = json_array_size(objects) == 1;
	json_t *own = NULL;

	if (alone && r->first.id[0] != '\0')
		return failed(&r->first, e);
	if (r->taste == &certs)
		return all_certs(r, doc, e);
	if (alone && r->taste->member != NULL)
		own = json_object_get(json_array_get(objects, 0), r->taste->member);
	return json_object_update(r->c->result, own != NULL ? own : doc) == 0 ? ACSR_OK : err_nomem(e);
}

static enum acsr_result show_one(struct run *r, const char *path, struct acsr_err *e)
{
	enum acsr_result res;
	json_t *doc = NULL;

	TRY(read_file(&doc, r, path, e));
	res = shape(r, doc, e);
	json_decref(doc);
	if (res == ACSR_OK)
		worst(r->c, &r->first);
	return res;
}

static enum acsr_result run(struct cli *c, const struct taste *taste, struct acsr_err *e)
{
	const struct args *a = &c->args;
	struct run r = { .c = c, .taste = taste, .passphrase_file = args_one(a, "passphrase-file") };
	enum acsr_result res;

	r.opt.max_entries = args_flag(a, "all") ? SIZE_MAX : SHOWN_ENTRIES;
	r.many = batch_is_many(a->words, a->n_words);
	TRY(passphrase_from_file(&r, e));
	res = r.many ? batch_walk(a->words, a->n_words, stream_one, &r, e) : show_one(&r, a->words[0], e);
	acsr_secret_free(r.passphrase);
	return res;
}

static enum acsr_result cmd_show_run(struct cli *c, struct acsr_err *e)
{
	return run(c, &everything, e);
}

static enum acsr_result cmd_csr_show_run(struct cli *c, struct acsr_err *e)
{
	return run(c, &csrs, e);
}

static enum acsr_result cmd_cert_show_run(struct cli *c, struct acsr_err *e)
{
	return run(c, &certs, e);
}

static enum acsr_result cmd_crl_show_run(struct cli *c, struct acsr_err *e)
{
	return run(c, &crls, e);
}

static enum acsr_result cmd_key_show_run(struct cli *c, struct acsr_err *e)
{
	return run(c, &keys, e);
}

/* The documents tell themselves apart by their members. */
static void show(struct cli *c, const json_t *result)
{
	(void)c;
	if (json_object_get(result, "objects") != NULL || json_object_get(result, "error") != NULL)
		say_objects(result, c->streamed);
	else if (json_object_get(result, "certificates") != NULL)
		say_certificates(json_object_get(result, "certificates"));
	else if (json_object_get(result, "entries") != NULL)
		say_crl(result);
	else if (json_object_get(result, "private") != NULL)
		say_key(result);
	else
		say_csr(result);
}

static const struct opt show_opts[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of encrypted keys and PKCS#12 files" },
	{ "all", OPT_FLAG, NULL, "every entry of a CRL, not the first 20" },
	{ 0 },
};

static const struct opt crl_show_opts[] = {
	{ "all", OPT_FLAG, NULL, "every entry, not the first 20" },
	{ 0 },
};

static const struct opt passphrase_opts[] = {
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of encrypted keys and PKCS#12 files" },
	{ 0 },
};

static const char show_text[] =
	"CSRs, certificates, CRLs, keys (their public parts), PKCS#7 and PKCS#12, alone or mixed in one "
	"file:\n"
	"PEM with any wrapping and any text around it, base64 without BEGIN and END lines, DER, UTF-16; - "
	"is\n"
	"standard input. Several files or a directory: with --json, one document a line.\n"
	"\n"
	"  autocsr show www.csr\n"
	"  autocsr show --json /etc/ssl/private | jq .\n"
	"  autocsr show bundle.p12 --passphrase-file pass.txt\n";

const struct command cmd_show = { "show", NULL, "FILE|DIRECTORY…", 1, ARGS_WORDS,
	"what is in a file: CSRs, certificates, CRLs, keys, bundles", show_text, show_opts,
	.run = cmd_show_run, .show = show };

static const char csr_show_text[] =
	"PEM with any wrapping, base64 without BEGIN and END lines, or DER; - is standard input. A CSR that "
	"breaks\n"
	"rules, or whose signature is wrong, is shown all the same, with its problems at the end.\n"
	"\n"
	"  autocsr csr show www.csr\n"
	"  autocsr csr show --json - <www.csr\n";

const struct command cmd_csr_show = { "csr", "show", "FILE…", 1, ARGS_WORDS, "what a CSR asks for",
	csr_show_text, NULL, .run = cmd_csr_show_run, .show = show };

static const char cert_show_text[] = "PEM, DER, base64, PKCS#7 and PKCS#12.\n"
				     "\n"
				     "  autocsr cert show fullchain.pem\n"
				     "  autocsr cert show --json /etc/ssl/certs\n";

const struct command cmd_cert_show = { "cert", "show", "FILE…", 1, ARGS_WORDS, "what a certificate says",
	cert_show_text, passphrase_opts, .run = cmd_cert_show_run, .show = show };

static const char crl_show_text[] = "PEM or DER.\n"
				    "\n"
				    "  autocsr crl show ca.crl\n"
				    "  autocsr crl show ca.crl --all --json\n";

const struct command cmd_crl_show = { "crl", "show", "FILE…", 1, ARGS_WORDS, "what a CRL revokes",
	crl_show_text, crl_show_opts, .run = cmd_crl_show_run, .show = show };

static const char key_show_text[] = "Private keys (PKCS#8, PKCS#1, SEC 1, DSA; also encrypted) and public "
				    "ones. Only the public part is shown.\n"
				    "\n"
				    "  autocsr key show www.key\n"
				    "  autocsr key show www.key --passphrase-file pass.txt --json\n";

const struct command cmd_key_show = { "key", "show", "FILE…", 1, ARGS_WORDS,
	"type, size and public part of a key", key_show_text, passphrase_opts, .run = cmd_key_show_run,
	.show = show };
