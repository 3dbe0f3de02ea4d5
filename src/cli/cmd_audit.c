/* audit verify, list, export: the service's log of what everybody did, also without trusting the service. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cli/auditlog.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

enum { PAGE = 1000 };

/* --- verify --- */

static enum acsr_result ask_service(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, "/api/v1/audit/verify", &answer, e));
	c->answer_no = !json_is_true(json_object_get(answer, "ok"));
	return command_take(c, answer, e);
}

static enum acsr_result put_verdict(struct cli *c, const struct auditlog *l, struct acsr_err *e)
{
	json_t *list = json_array();
	char why[200], hex[2 * ACSR_MERKLE_HASH + 1];

	auditlog_why(l, why, sizeof(why));
	hex_encode(l->root, sizeof(l->root), hex);
	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:I, s:b}", "origin", l->v[i].said.origin, "size",
				      (json_int_t)l->v[i].said.size, "ok", l->v[i].reached && l->v[i].fits));
	c->answer_no = !auditlog_good(l);
	TRY(command_put(c->result, "ok", json_boolean(!c->answer_no), e));
	TRY(command_put(c->result, "entries", json_integer((json_int_t)l->entries), e));
	TRY(command_put_str(c->result, "root", hex, e));
	TRY(command_put(
		c->result, "first_bad_seq", l->bad != 0 ? json_integer((json_int_t)l->bad) : json_null(), e));
	TRY(command_put_str(c->result, "why", *why != '\0' ? why : NULL, e));
	return command_put(c->result, "checkpoints", list, e);
}

static enum acsr_result judge_file(struct cli *c, const char *log, struct acsr_err *e)
{
	const char *verifier = args_one(&c->args, "verifier"), *path;
	struct auditlog *l;
	enum acsr_result r = ACSR_OK;

	if (verifier == NULL || args_count(&c->args, "checkpoint") == 0)
		return err_set(e, "usage.value",
			"a log by itself proves nothing: give --checkpoint FILE and the --verifier KEY that "
			"signed it");
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return err_nomem(e);
	for (size_t i = 0; r == ACSR_OK && (path = args_many(&c->args, "checkpoint", i)) != NULL; i++)
		r = auditlog_checkpoint(l, path, verifier, e);
	if (r == ACSR_OK)
		r = auditlog_read(l, log, e);
	if (r == ACSR_OK)
		r = put_verdict(c, l, e);
	free(l);
	return r;
}

static enum acsr_result cmd_audit_verify_run(struct cli *c, struct acsr_err *e)
{
	const char *log = args_one(&c->args, "log");

	return log != NULL ? judge_file(c, log, e) : ask_service(c, e);
}

/* The service says it; of an exported log it is what the largest checkpoint covers. */
static json_int_t signed_entries(const json_t *result)
{
	json_int_t most = json_integer_value(json_object_get(result, "signed_entries"));
	size_t i;
	json_t *c;

	json_array_foreach(json_object_get(result, "checkpoints"), i, c)
	{
		json_int_t size = json_integer_value(json_object_get(c, "size"));

		most = size > most ? size : most;
	}
	return most;
}

static void cmd_audit_verify_show(struct cli *c, const json_t *result)
{
	if (c->answer_no)
		say("no: %s", view_str(result, "why"));
	else
		say("yes: %lld entries, %lld of them under a signed checkpoint",
			(long long)json_integer_value(json_object_get(result, "entries")),
			(long long)signed_entries(result));
	say_field("root", view_str(result, "root"));
}

static const struct opt audit_verify_opts[] = {
	{ "log", OPT_ONE, "FILE", "an exported log, instead of asking the service" },
	{ "checkpoint", OPT_MANY, "FILE",
		"signed checkpoints that the log must meet; kept from earlier, or new" },
	{ "verifier", OPT_ONE, "KEY", "the verifier key that signed them, NAME+HASH+KEY" },
	{ 0 },
};

static const char audit_verify_text[] =
	"Asks the service, which walks its whole log; or judges an exported log by itself. Entries that a\n"
	"checkpoint covers cannot be changed, removed or reordered without the key that signed it. Exit\n"
	"code 1 when something was.\n"
	"\n"
	"  autocsr audit verify\n"
	"  autocsr audit verify --log log.jsonl --checkpoint now.txt january.txt \\\n"
	"      --verifier ca.example.com/audit+a5615326+AVo0…\n";

const struct command cmd_audit_verify = { "audit", "verify", "", 0, 0, "is the audit log whole?",
	audit_verify_text, audit_verify_opts, .service = true, .run = cmd_audit_verify_run,
	.show = cmd_audit_verify_show };

/* --- list --- */

static enum acsr_result get_page(
	struct service *s, uint64_t after, uint64_t limit, bool all, json_t **answer, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;

	TRY(str_printf(&path, e, "/api/v1/audit?after=%llu&limit=%llu%s", (unsigned long long)after,
		(unsigned long long)limit, all ? "&all=1" : ""));
	return service_get(s, path, answer, e);
}

static enum acsr_result cmd_audit_list_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	const char *after = args_one(&c->args, "after"), *limit = args_one(&c->args, "limit");
	uint64_t from = 0, count = 100;
	json_t *answer = NULL;

	if (after != NULL && str_u64(after, INT64_MAX, &from, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--after is the number of an entry");
	if (limit != NULL && str_u64(limit, PAGE, &count, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--limit is a number up to %d", PAGE);
	TRY(service_open(&s, &c->args, e));
	TRY(get_page(s, from, count, args_flag(&c->args, "all"), &answer, e));
	return command_take(c, answer, e);
}

static void cmd_audit_list_show(struct cli *c, const json_t *result)
{
	const json_t *list = json_object_get(result, "entries");

	(void)c;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *x = json_array_get(list, i);

		say("%6lld  %s  %-22s %s  %s  %s", (long long)json_integer_value(json_object_get(x, "seq")),
			view_str(x, "at"), view_str(x, "action"), view_str(x, "actor"), view_str(x, "object"),
			view_str(x, "detail"));
	}
}

static const struct opt audit_list_opts[] = {
	{ "after", OPT_ONE, "N", "entries behind this one" },
	{ "limit", OPT_ONE, "N", "at most this many (100)" },
	{ "all", OPT_FLAG, NULL, "every account (operator)" },
	{ 0 },
};

static const char audit_list_text[] = "  autocsr audit list --after 1200\n";

const struct command cmd_audit_list = { "audit", "list", "", 0, 0, "entries of the audit log",
	audit_list_text, audit_list_opts, .service = true, .run = cmd_audit_list_run,
	.show = cmd_audit_list_show };

/* --- export --- */

static enum acsr_result write_page(FILE *f, const json_t *entries, uint64_t *last, struct acsr_err *e)
{
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *x = json_array_get(entries, i);

		*last = (uint64_t)json_integer_value(json_object_get(x, "seq"));
		if (json_dumpf(x, f, JSON_COMPACT | JSON_ENSURE_ASCII) != 0 || fputc('\n', f) == EOF)
			return err_errno(e, "sys.write", errno, "cannot write the log");
	}
	return ACSR_OK;
}

/* Up to the checkpoint's last entry: what came later is not signed yet. */
static enum acsr_result write_entries(struct service *s, FILE *f, uint64_t size, struct acsr_err *e)
{
	uint64_t last = 0;

	while (last < size) {
		uint64_t left = size - last, before = last;
		json_t *answer = NULL;
		enum acsr_result r;

		TRY(get_page(s, last, left < PAGE ? left : PAGE, true, &answer, e));
		r = write_page(f, json_object_get(answer, "entries"), &last, e);
		json_decref(answer);
		TRY(r);
		if (last == before)
			return err_set(e, "net.answer", "the service gave no entries behind number %llu",
				(unsigned long long)last);
	}
	return fflush(f) == 0 ? ACSR_OK : err_errno(e, "sys.write", errno, "cannot write the log");
}

static enum acsr_result fill_log(struct service *s, struct new_file *to, uint64_t size, struct acsr_err *e)
{
	int fd = dup(to->fd);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	enum acsr_result r;

	if (f == NULL)
		return err_errno(e, "sys.write", errno, "cannot write the log");
	r = write_entries(s, f, size, e);
	fclose(f);
	return r;
}

static enum acsr_result cmd_audit_export_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_NEW_FILE struct new_file log = NEW_FILE_NONE;
	CLEANUP_NEW_FILE struct new_file checkpoint = NEW_FILE_NONE;
	CLEANUP_SERVICE struct service *s = NULL;
	const char *out = args_one(&c->args, "out"), *note_out = args_one(&c->args, "checkpoint");
	const char *note;
	json_t *answer = NULL;
	bool force = args_flag(&c->args, "force");

	if (out == NULL || note_out == NULL)
		return err_set(
			e, "usage.value", "say where both go: --out LOG.jsonl --checkpoint CHECKPOINT.txt");
	TRY(service_open(&s, &c->args, e));
	TRY(new_file_open(&log, out, 0644, force, e));
	TRY(new_file_open(&checkpoint, note_out, 0644, force, e));
	TRY(service_get(s, "/api/v1/audit/checkpoint", &answer, e));
	TRY(command_take(c, answer, e));
	note = json_string_value(json_object_get(c->result, "note"));
	if (note == NULL)
		return err_set(e, "net.answer", "the service gave no checkpoint");
	TRY(fill_log(s, &log, (uint64_t)json_integer_value(json_object_get(c->result, "size")), e));
	TRY(new_file_commit(&log, "", 0, e));
	return new_file_commit(&checkpoint, note, strlen(note), e);
}

static void cmd_audit_export_show(struct cli *c, const json_t *result)
{
	say_field("log", args_one(&c->args, "out"));
	say("%-16s %lld", "entries", (long long)json_integer_value(json_object_get(result, "size")));
	say_field("checkpoint", args_one(&c->args, "checkpoint"));
	say_field("verifier key", view_str(result, "verifier"));
}

static const struct opt audit_export_opts[] = {
	{ "out", OPT_ONE, "FILE.jsonl", "the entries, one JSON object a line" },
	{ "checkpoint", OPT_ONE, "FILE", "the newest signed checkpoint, which the entries lead to" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char audit_export_text[] =
	"For an auditor, who needs nothing else to check it (audit verify --log). Keep checkpoints from\n"
	"time to time: a later log must meet all of them. For the operator.\n"
	"\n"
	"  autocsr audit export --out log.jsonl --checkpoint checkpoint.txt\n";

const struct command cmd_audit_export = { "audit", "export", "", 0, 0,
	"the audit log and its signed checkpoint, to files", audit_export_text, audit_export_opts,
	.service = true, .run = cmd_audit_export_run, .show = cmd_audit_export_show };
