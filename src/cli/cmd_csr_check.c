/* csr check: every rule with its verdict, and whether the names that one cares about are covered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/input.h"
#include "cli/batch.h"
#include "cli/check_job.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/view.h"

#define EXIT_NO 1

struct run {
	struct cli *c;
	struct check_job job;
	size_t passed, warned, failed, unreadable;
	int worst; /* exit code */
};

/* --- one file --- */

static enum acsr_result check_one(struct run *r, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };
	enum acsr_severity worst;
	json_t *result;

	buf_init(&b, LOAD_MAX);
	TRY(file_get(&b, path, LOAD_MAX, e));
	TRY(acsr_input_csr(b.p, b.len, &der, e));
	TRY(check_job_der(&r->job, der.p, der.len, path, &result, &worst, e));
	r->c->answer_no = worst == ACSR_ERROR;
	json_object_update(r->c->result, result);
	json_decref(result);
	return ACSR_OK;
}

/* --- a batch --- */

static void count(struct run *r, enum acsr_severity worst)
{
	if (worst == ACSR_ERROR) {
		r->failed++;
		if (r->worst == 0)
			r->worst = EXIT_NO;
	} else if (worst == ACSR_WARN) {
		r->warned++;
	} else {
		r->passed++;
	}
}

/* What is wrong with one file is a line, not the end. */
static void say_unreadable(struct run *r, const char *label, const struct acsr_err *why)
{
	int code = err_face(why->id)->exit_code;
	json_t *o = json_pack("{s:b, s:s, s:o}", "ok", 0, "verdict", "error", "error", say_problem(why));

	r->unreadable++;
	if (code > r->worst)
		r->worst = code;
	if (o != NULL && command_put_str(o, "file", label, NULL) == ACSR_OK)
		say_line(r->c, o);
	else
		say_lost();
	json_decref(o);
}

static enum acsr_result batch_der(
	struct run *r, const uint8_t *der, size_t n, const char *label, struct acsr_err *e)
{
	enum acsr_severity worst;
	struct acsr_err why = { 0 };
	json_t *result;

	if (check_job_der(&r->job, der, n, label, &result, &worst, &why) != ACSR_OK) {
		say_unreadable(r, label, &why);
		return ACSR_OK;
	}
	count(r, worst);
	if (command_put_str(result, "file", label, e) != ACSR_OK) {
		json_decref(result);
		return ACSR_FAIL;
	}
	say_line(r->c, result);
	json_decref(result);
	return ACSR_OK;
}

/* Several CSRs in one file: the second is "FILE#2". */
static enum acsr_result batch_several(
	struct run *r, const char *path, const struct buf *b, struct acsr_err *e)
{
	const struct acsr_input_object *o;
	struct acsr_input *in = NULL;
	enum acsr_result done = ACSR_OK;
	size_t n = 0;

	TRY(acsr_input_open(&in, b->p, b->len, e));
	while (done == ACSR_OK && (o = acsr_input_next(in)) != NULL) {
		char label[4200];

		snprintf(label, sizeof(label), n == 0 ? "%.4000s" : "%.4000s#%zu", path, n + 1);
		n++;
		if (o->err.id[0] != '\0')
			say_unreadable(r, label, &o->err);
		else if (o->kind == ACSR_INPUT_CSR)
			done = batch_der(r, o->der, o->der_len, label, e);
	}
	acsr_input_close(in);
	return done;
}

static enum acsr_result batch_file(void *ctx, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };
	struct run *r = ctx;
	struct acsr_err why = { 0 };

	buf_init(&b, LOAD_MAX);
	if (file_get(&b, path, LOAD_MAX, &why) != ACSR_OK) {
		say_unreadable(r, path, &why);
		return ACSR_OK;
	}
	if (acsr_input_csr(b.p, b.len, &der, &why) == ACSR_OK)
		return batch_der(r, der.p, der.len, path, e);
	if (strcmp(why.id, "input.several") == 0)
		return batch_several(r, path, &b, e);
	say_unreadable(r, path, &why);
	return ACSR_OK;
}

/* Names of files, one a line, from a file or standard input. */
static enum acsr_result batch_names(struct run *r, const char *list, struct acsr_err *e)
{
	FILE *f = strcmp(list, "-") == 0 ? stdin : fopen(list, "r");
	enum acsr_result done = ACSR_OK;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (f == NULL)
		return err_set(e, "input.open", "cannot open %s", list);
	while (done == ACSR_OK && (n = getline(&line, &cap, f)) != -1) {
		const char *path = line;

		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		if (n > 0)
			done = batch_walk(&path, 1, batch_file, r, e);
	}
	free(line);
	if (f != stdin)
		(void)fclose(f);
	return done;
}

static enum acsr_result batch(struct run *r, const char *list, struct acsr_err *e)
{
	json_t *sum;

	r->job.batch = r->job.how.broken_only = true;
	r->job.how.known = r->job.known;
	TRY(batch_walk(r->c->args.words, r->c->args.n_words, batch_file, r, e));
	if (list != NULL)
		TRY(batch_names(r, list, e));
	sum = json_pack("{s:{s:I, s:I, s:I, s:I, s:I}}", "summary", "files",
		(json_int_t)(r->passed + r->warned + r->failed + r->unreadable), "passed",
		(json_int_t)r->passed, "warned", (json_int_t)r->warned, "failed", (json_int_t)r->failed,
		"unreadable", (json_int_t)r->unreadable);
	if (sum == NULL)
		return err_nomem(e);
	say_line(r->c, sum);
	json_decref(sum);
	r->c->exit_code = r->worst;
	return ACSR_OK;
}

static enum acsr_result cmd_csr_check_run(struct cli *c, struct acsr_err *e)
{
	const char *list = args_one(&c->args, "files-from");
	struct run r = { .c = c };
	enum acsr_result done;

	if (c->args.n_words == 0 && list == NULL)
		return err_set(e, "usage.words", "autocsr csr check needs FILE…, - or --files-from");
	done = check_job_open(&r.job, &c->args, e);
	r.job.show = c->json;
	if (done == ACSR_OK)
		done = list == NULL && !batch_is_many(c->args.words, c->args.n_words)
			       ? check_one(&r, c->args.words[0], e)
			       : batch(&r, list, e);
	check_job_close(&r.job);
	return done;
}

/* --- for people --- */

/* "csr.cn, name.internal" of those with this result. */
static void show_ids(const json_t *checks, const char *result)
{
	const json_t *f;
	size_t i, n = 0;

	json_array_foreach(checks, i, f)
	{
		if (strcmp(view_str(f, "result"), result) == 0)
			printf("%s%s", n++ == 0 ? "" : ", ", view_str(f, "id"));
	}
}

static void show_line(const json_t *o)
{
	const char *verdict = view_str(o, "verdict");

	printf("%-5s  %s", verdict, view_str(o, "file"));
	if (strcmp(verdict, "error") == 0)
		printf(": %s", view_str(json_object_get(o, "error"), "detail"));
	else if (strcmp(verdict, "pass") != 0)
		printf(": ");
	show_ids(json_object_get(o, "checks"), verdict);
	putchar('\n');
}

static void show_summary(const json_t *s)
{
	say("\n%lld files: %lld passed, %lld with warnings, %lld failed, %lld not readable",
		json_integer_value(json_object_get(s, "files")),
		json_integer_value(json_object_get(s, "passed")),
		json_integer_value(json_object_get(s, "warned")),
		json_integer_value(json_object_get(s, "failed")),
		json_integer_value(json_object_get(s, "unreadable")));
}

static void cmd_csr_check_show(struct cli *c, const json_t *result)
{
	(void)c;
	if (json_object_get(result, "summary") != NULL)
		show_summary(json_object_get(result, "summary"));
	else if (json_object_get(result, "file") != NULL)
		show_line(result);
	else
		view_show_findings(json_object_get(result, "checks"));
}

static const struct opt csr_check_opts[] = {
	{ "host", OPT_LIST, "NAME", "is this name covered?" },
	{ "policy", OPT_ONE, "NAME|FILE", "public, private (default), or a policy file", "public private" },
	WEAK_LIST_OPTIONS,
	{ "at", OPT_ONE, "DATE", "judge as on that day" },
	{ "known", OPT_LIST, "FILE", "keys in use: CSRs, certificates, lists of SPKI hashes" },
	{ "broken", OPT_FLAG, NULL, "say nothing of rules that hold" },
	{ "files-from", OPT_ONE, "FILE|-", "names of files, one a line" },
	{ 0 },
};

static const char csr_check_text[] =
	"Judges form, signature, key, names, subject, requested extensions and attributes. Several\n"
	"files, or a directory: one line for each. Exit code 1 when a rule is broken or a name is\n"
	"not covered, 3 when something is no CSR.\n"
	"\n"
	"  autocsr csr check www.csr --host www.example.com example.com\n"
	"  autocsr csr check www.csr --policy public --at 2029-03-15\n"
	"  autocsr csr check requests/ --known issued/ --json\n"
	"  autocsr csr check www.csr --policy ours.json        see autocsr-policy(5)\n"
	"      {\"base\": \"public\", \"key_types\": [\"ec:p256\"], \"wildcards\": false,\n"
	"       \"suffixes\": [\"example.com\"], \"rules\": {\"csr.ou\": \"fail\"}}\n";

const struct command cmd_csr_check = { "csr", "check", "FILE…", 0, ARGS_WORDS,
	"every rule that a CA will judge it by", csr_check_text, csr_check_opts, .run = cmd_csr_check_run,
	.show = cmd_csr_check_show };
