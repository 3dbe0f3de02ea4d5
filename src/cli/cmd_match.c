/* match: which keys, CSRs and certificates belong together, of two files or of a hundred thousand. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/input.h"
#include "autocsr/match.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/batch.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/view.h"
#include "pki/show.h"

/* What comes out is printed as it is known, and nothing of it kept: with many files the document is far
 * larger than what the matcher remembers. */
struct run {
	struct cli *c;
	struct acsr_matcher *m;
	struct acsr_secret *passphrase;
	const char *path; /* being read */
	bool lines;       /* --lines */
	bool named;       /* the path was given by name: it must hold something */
	bool asked;       /* for the passphrase, once */
	bool found;       /* something in this file was of interest */
	struct progress progress;
	size_t n_files, n_ignored, n_unreadable, n_locked;
	size_t n_lacking; /* of the unreadable: what this OpenSSL has no algorithm for */
	size_t n_printed; /* members of the JSON array that is open */
};

/* --- output: text, one JSON document in pieces, or JSON lines --- */

static void put_json(json_t *o)
{
	(void)json_dumpf(o, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
}

/* A member of the array that is open; takes o over. */
static void put_member(struct run *r, json_t *o)
{
	if (!r->lines)
		fputs(r->n_printed == 0 ? "\n    " : ",\n    ", stdout);
	put_json(o);
	if (r->lines)
		putchar('\n');
	r->n_printed++;
}

static void open_array(struct run *r, const char *text)
{
	if (!r->lines)
		fputs(text, stdout);
	r->n_printed = 0;
}

static json_t *item_json(const struct acsr_match_item *item, bool whole)
{
	CLEANUP_STR char *name =
		str_is_utf8(item->name, strlen(item->name)) ? strdup(item->name) : say_safe(item->name);
	json_t *o = json_pack("{s:s, s:i, s:s}", "file", name, "object", (int)item->index, "kind",
		acsr_object_name(item->kind));

	if (o != NULL && whole)
		json_object_set_new(o, "spki_sha256", show_hex(item->spki_sha256, 32));
	if (o != NULL && item->issuer)
		json_object_set_new(o, "issuer", json_true());
	return o;
}

static bool is_locked(const struct acsr_err *why)
{
	return err_is(why, "key.passphrase.") || err_is(why, "input.passphrase") ||
	       err_is(why, "match.passphrase");
}

static void put_unreadable(struct run *r, const struct acsr_err *why)
{
	CLEANUP_STR char *name = say_safe(r->path);
	CLEANUP_STR char *text = say_safe(why->text);
	bool locked = is_locked(why);

	progress_clear(&r->progress);
	*(locked ? &r->n_locked : &r->n_unreadable) += 1;
	r->n_lacking += err_is(why, "openssl.unsupported") != 0;
	if (r->c->json)
		put_member(r, json_pack("{s:s, s:b, s:s, s:s}", "file", name, "locked", locked, "error",
				      why->id, "detail", text));
	else
		say("%s  %s: %s\n", locked ? "locked    " : "unreadable", name, text);
}

/* --- reading --- */

static enum acsr_result on_object(
	void *arg, const struct acsr_match_item *item, const struct acsr_err *why, struct acsr_err *e)
{
	struct run *r = arg;

	(void)e;
	if (item == NULL && !r->named && err_is(why, "input.unknown"))
		return ACSR_OK;
	r->found = true;
	if (item == NULL)
		put_unreadable(r, why);
	else if (item != NULL && r->lines)
		put_member(r, item_json(item, true));
	return ACSR_OK;
}

static bool may_be_locked(const struct buf *b)
{
	struct acsr_input *in = NULL;
	const struct acsr_input_object *o;
	bool yes = false;

	if (b->p[0] != 0x30 && memmem(b->p, b->len, "ENCRYPTED", 9) == NULL &&
		memmem(b->p, b->len, "OPENSSH", 7) == NULL && memmem(b->p, b->len, "PKCS", 4) == NULL)
		return false;
	if (acsr_input_open(&in, b->p, b->len, NULL) != ACSR_OK)
		return false;
	while (!yes && (o = acsr_input_next(in)) != NULL)
		yes = o->encrypted || o->kind == ACSR_INPUT_PKCS12;
	acsr_input_close(in);
	return yes;
}

/* Somebody is asked only when it is needed, and once. */
static void ask_if_locked(struct run *r, const struct buf *b)
{
	if (r->passphrase != NULL || r->asked || !may_be_locked(b))
		return;
	r->asked = true;
	progress_clear(&r->progress);
	if (term_ask_secret(&r->passphrase, "passphrase of the locked keys: ", "--passphrase-file", NULL) !=
		ACSR_OK)
		r->passphrase = NULL;
}

static enum acsr_result read_file(struct run *r, struct acsr_err *why)
{
	CLEANUP_BUF struct buf b = { 0 };

	buf_init(&b, ACSR_INPUT_MAX);
	TRY(file_get(&b, r->path, ACSR_INPUT_MAX, why));
	ask_if_locked(r, &b);
	return acsr_matcher_add(r->m, r->path, b.p, b.len, r->passphrase, on_object, r, why);
}

static enum acsr_result on_file(void *ctx, const char *path, struct acsr_err *e)
{
	struct run *r = ctx;
	struct acsr_err why = { 0 };

	r->path = path;
	r->n_files++;
	progress_tell(&r->progress, "%zu files read, %zu objects", r->n_files, acsr_match_items(r->m));
	r->found = false;
	if (read_file(r, &why) == ACSR_OK) {
		r->n_ignored += !r->found;
		return ACSR_OK;
	}
	if (err_is(&why, "sys.nomem"))
		return err_nomem(e);
	if (!r->named && (err_is(&why, "input.unknown") || err_is(&why, "input.empty")))
		r->n_ignored++;
	else
		put_unreadable(r, &why);
	return ACSR_OK;
}

static enum acsr_result read_all(struct run *r, const struct args *a, struct acsr_err *e)
{
	const char *list = args_one(a, "files-from");

	for (size_t i = 0; i < a->n_words; i++) {
		r->named = !batch_is_many(&a->words[i], 1);
		TRY(batch_walk(&a->words[i], 1, on_file, r, e));
	}
	r->named = true;
	return list != NULL ? batch_list(list, on_file, r, e) : ACSR_OK;
}

/* --- the groups --- */

static const char *verdict_of(const struct acsr_match_group *g)
{
	if (g->issuer)
		return "CA certificate of a chain";
	if (g->private_key && g->cert)
		return "complete";
	if (g->private_key)
		return g->csr ? "private key and CSR, no certificate" : "private key without certificate";
	if (g->cert)
		return "certificate without private key";
	return g->csr ? "CSR without private key" : "public key alone";
}

static json_t *group_json(const struct run *r, const struct acsr_match_group *g)
{
	json_t *items = json_array();

	for (size_t i = 0; i < g->n; i++) {
		struct acsr_match_item item;

		acsr_match_item_at(r->m, g->first + i, &item);
		json_array_append_new(items, item_json(&item, false));
	}
	return json_pack("{s:o, s:s, s:b, s:b, s:b, s:b, s:o}", "spki_sha256", show_hex(g->spki_sha256, 32),
		"verdict", verdict_of(g), "private_key", g->private_key, "csr", g->csr, "certificate",
		g->cert, "issuer", g->issuer, "items", items);
}

static void say_group(const struct run *r, const struct acsr_match_group *g)
{
	char hex[65];

	hex_encode(g->spki_sha256, 32, hex);
	say("%s  %s", hex, verdict_of(g));
	for (size_t i = 0; i < g->n; i++) {
		struct acsr_match_item item;
		CLEANUP_STR char *name = NULL;

		acsr_match_item_at(r->m, g->first + i, &item);
		name = say_safe(item.name);
		say(item.index > 1 ? "  %-11s  %s (object %u)" : "  %-11s  %s", acsr_object_name(item.kind),
			name, item.index);
	}
	say("%s", "");
}

struct tally {
	size_t groups, complete, keys, certs;
};

static struct tally put_groups(struct run *r)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < acsr_match_groups(r->m); i++) {
		struct acsr_match_group g;

		acsr_match_group_at(r->m, i, &g);
		t.groups += !g.issuer;
		t.complete += g.private_key && g.cert;
		t.keys += g.private_key && !g.cert;
		t.certs += g.cert && !g.private_key && !g.issuer;
		if (r->c->json)
			put_member(r, group_json(r, &g));
		else
			say_group(r, &g);
	}
	return t;
}

static json_t *summary(const struct run *r, const struct tally *t)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "match",
		!r->c->answer_no && r->c->exit_code == 0, "files", (json_int_t)r->n_files, "objects",
		(json_int_t)acsr_match_items(r->m), "different_keys", (json_int_t)t->groups, "complete",
		(json_int_t)t->complete, "keys_without_certificate", (json_int_t)t->keys,
		"certificates_without_key", (json_int_t)t->certs, "locked", (json_int_t)r->n_locked,
		"unreadable_files", (json_int_t)r->n_unreadable, "ignored", (json_int_t)r->n_ignored);
}

/* Text, the last of the lines, or the rest of the document: its members follow the arrays. */
static void put_summary(const struct run *r, const struct tally *t)
{
	json_t *o = summary(r, t);
	const char *key;
	json_t *v;

	if (r->lines || !r->c->json) {
		say_line(r->c, o);
		json_decref(o);
		return;
	}
	json_object_foreach(o, key, v)
	{
		printf(",\n  \"%s\": ", key);
		(void)json_dumpf(v, stdout, JSON_ENCODE_ANY);
	}
	puts("\n}");
	json_decref(o);
}

static json_int_t count(const json_t *summary, const char *key)
{
	return json_integer_value(json_object_get(summary, key));
}

/* The summary for people. */
static void cmd_match_show(struct cli *c, const json_t *summary)
{
	json_int_t objects = count(summary, "objects");

	(void)c;
	if (count(summary, "ignored") > 0)
		say("%lld other files hold no key, CSR or certificate", (long long)count(summary, "ignored"));
	if (count(summary, "locked") + count(summary, "unreadable_files") > 0)
		say("%lld locked, %lld unreadable: these could not be compared",
			(long long)count(summary, "locked"), (long long)count(summary, "unreadable_files"));
	if (objects == 0)
		say("nothing to compare");
	else if (count(summary, "different_keys") == 1)
		say(objects == 1 ? "there is only one: nothing to compare it with"
				 : "yes: all of them hold the same public key");
	else
		say("no: not all of them hold the same public key (%lld different keys: %lld complete, %lld "
		    "private "
		    "keys without certificate, %lld certificates without private key)",
			(long long)count(summary, "different_keys"), (long long)count(summary, "complete"),
			(long long)count(summary, "keys_without_certificate"),
			(long long)count(summary, "certificates_without_key"));
}

static enum acsr_result answer(struct run *r, struct acsr_err *e)
{
	struct tally t;

	progress_clear(&r->progress);
	TRY(acsr_matcher_group(r->m, e));
	r->c->answer_no = !acsr_match_together(r->m);
	r->c->exit_code = r->n_locked + r->n_unreadable == 0              ? 0
			  : r->n_locked + r->n_unreadable == r->n_lacking ? 5
									  : 3;
	if (r->c->json)
		open_array(r, r->n_printed > 0 ? "\n  ],\n  \"groups\": [" : "],\n  \"groups\": [");
	t = put_groups(r);
	if (r->c->json && !r->lines)
		fputs(r->n_printed > 0 ? "\n  ]" : "]", stdout);
	put_summary(r, &t);
	return ACSR_OK;
}

static enum acsr_result cmd_match_run(struct cli *c, struct acsr_err *e)
{
	const char *passphrase_file = args_one(&c->args, "passphrase-file");
	struct run r = { .c = c, .lines = c->json && args_flag(&c->args, "lines") };
	enum acsr_result result = ACSR_OK;

	if (c->args.n_words == 0 && args_one(&c->args, "files-from") == NULL)
		return err_set(e, "usage.words",
			"autocsr match needs FILE, DIR, - (standard input) or --files-from LIST");
	if (passphrase_file != NULL)
		TRY(file_get_secret(&r.passphrase, passphrase_file, e));
	progress_start(&r.progress);
	result = acsr_matcher_new(&r.m, e);
	if (result == ACSR_OK) {
		c->streamed = c->said = true;
		if (c->json)
			open_array(&r, "{\n  \"unreadable\": [");
		result = read_all(&r, &c->args, e);
	}
	if (result == ACSR_OK)
		result = answer(&r, e);
	acsr_matcher_free(r.m);
	acsr_secret_free(r.passphrase);
	return result;
}

static const struct opt match_opts[] = {
	{ "files-from", OPT_ONE, "LIST", "file with names of files, one a line; - is standard input" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of locked keys and PKCS#12" },
	{ "lines", OPT_FLAG, NULL, "with --json: a line for each object as it is read, then for each key" },
	{ 0 },
};

static const char match_text[] =
	"Keys, CSRs and certificates belong together when their public keys are the same. Every object "
	"counts, in\n"
	"bundles, PKCS#7 and PKCS#12 too, and in directories with all below them; the CA certificates of a "
	"chain\n"
	"belong to their leaf. Shows each key with what there is of it, and says what is missing.\n"
	"Exit code 0: one key. 1: several. 3: something was locked or could not be read (the rest is "
	"shown).\n"
	"\n"
	"  autocsr match www.key www.csr fullchain.pem\n"
	"  autocsr match /etc/ssl /etc/letsencrypt\n"
	"  find / -name '*.pem' | autocsr match --files-from - --json\n";

const struct command cmd_match = { "match", NULL, "[FILE|DIR|-…]", 0, ARGS_WORDS,
	"do keys, CSRs and certificates belong together?", match_text, match_opts, .run = cmd_match_run,
	.show = cmd_match_show };
