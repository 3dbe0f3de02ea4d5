/* archive open and archive show: the reader's side of the hand-over. */
#include <string.h>
#include <unistd.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/view.h"

static enum acsr_result read_archive(struct buf *b, const char *path, struct acsr_err *e)
{
	buf_init(b, LIMIT_ARCHIVE);
	return file_get(b, path, LIMIT_ARCHIVE, e);
}

static enum acsr_result put_info(json_t *o, const struct acsr_archive_info *info, struct acsr_err *e)
{
	TRY(command_put_str(o, "name", info->name, e));
	TRY(command_put(o, "size", json_integer((json_int_t)info->size), e));
	TRY(command_put(o, "encryption", json_sprintf("WinZip AES-%u, AE-%d", info->bits, info->version), e));
	TRY(command_put(o, "bits", json_integer(info->bits), e));
	TRY(command_put(o, "modified", view_time(info->mtime), e));
	return command_put(o, "sha256", view_hex(info->sha256, 32), e);
}

static enum acsr_result cmd_archive_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_archive_info info;

	TRY(read_archive(&b, c->args.words[0], e));
	TRY(acsr_archive_show(b.p, b.len, &info, e));
	return put_info(c->result, &info, e);
}

static void cmd_archive_show_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("entry", view_str(result, "name"));
	say("%-16s %lld bytes", "size", (long long)json_integer_value(json_object_get(result, "size")));
	say_field("encryption", view_str(result, "encryption"));
	say_field("modified", view_str(result, "modified"));
	say_field("SHA-256", view_str(result, "sha256"));
	say("names, times and sizes in an archive are not authenticated: compare the SHA-256 with the "
	    "order's");
}

static enum acsr_result get_code(struct acsr_secret **code, const char *file, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *typed = NULL;

	if (file != NULL)
		TRY(file_get_secret(&typed, file, e));
	else
		TRY(term_ask_secret(&typed, "unlock code: ", "--code-file", e));
	return acsr_code_normalise((const char *)acsr_secret_bytes(typed), acsr_secret_len(typed), code, e);
}

/* The entry's name comes from whoever made the archive: only a plain file name is taken. */
static enum acsr_result own_name(const char *name, struct acsr_err *e)
{
	if (name[0] == '.' || name[0] == '-' || name[0] == '\0' || strpbrk(name, "/\\") != NULL ||
		str_has_control(name) || !str_is_utf8(name, strlen(name)))
		return err_set(e, "archive.name",
			"the entry's name is not a plain file name; choose one yourself with --out");
	return ACSR_OK;
}

static enum acsr_result check_stdout(const struct cli *c, struct acsr_err *e)
{
	if (c->json)
		return err_set(e, "usage.key", "a key is not part of a JSON document; use --out FILE");
	if (isatty(STDOUT_FILENO))
		return err_set(e, "usage.key", "a key is not shown on a terminal; use --out FILE");
	return ACSR_OK;
}

static enum acsr_result cmd_archive_open_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *code = NULL;
	CLEANUP_SECRET struct acsr_secret *plain = NULL;
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_archive_info info;
	const char *out = args_one(&c->args, "out");
	const char *code_file = args_one(&c->args, "code-file");

	buf_init(&b, LIMIT_ARCHIVE);
	if (out != NULL && strcmp(out, "-") == 0)
		TRY(check_stdout(c, e));
	if (code_file != NULL && strcmp(code_file, "-") == 0 && strcmp(c->args.words[0], "-") == 0)
		return err_set(e, "usage.stdin", "only one of archive and code can come from standard input");
	TRY(read_archive(&b, c->args.words[0], e));
	TRY(acsr_archive_show(b.p, b.len, &info, e));
	if (out == NULL)
		TRY(own_name(info.name, e));
	TRY(get_code(&code, code_file, e));
	TRY(acsr_archive_open(b.p, b.len, code, &plain, &info, e));
	TRY(file_put(out != NULL ? out : info.name, acsr_secret_bytes(plain), acsr_secret_len(plain), 0600,
		args_flag(&c->args, "force"), e));
	TRY(put_info(c->result, &info, e));
	return command_put_str(c->result, "file", out != NULL ? out : info.name, e);
}

static void cmd_archive_open_show(struct cli *c, const json_t *result)
{
	(void)c;
	if (strcmp(view_str(result, "file"), "-") != 0)
		say_progress(
			"the archive is undamaged, the key is in %s (mode 0600)", view_str(result, "file"));
}

static const struct opt archive_open_opts[] = {
	{ "out", OPT_ONE, "FILE", "where the key goes (0600); the entry's own name when left out" },
	{ "code-file", OPT_ONE, "FILE", "file with the unlock code; asked for when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char archive_open_text[] =
	"The code may be typed in groups, in any case, with or without its check symbol.\n"
	"\n"
	"  autocsr archive open www.zip\n"
	"  autocsr archive open www.zip --code-file code.txt --out www.key\n";

const struct command cmd_archive_open = { "archive", "open", "FILE.zip", 1, 1,
	"take the key out of its archive", archive_open_text, archive_open_opts, .run = cmd_archive_open_run,
	.show = cmd_archive_open_show };

static const char archive_show_text[] = "Needs no code. Compare the SHA-256 with the one in the order.\n"
					"\n"
					"  autocsr archive show www.zip\n";

const struct command cmd_archive_show = { "archive", "show", "FILE.zip", 1, 1,
	"what lies in an archive, without the code", archive_show_text, NULL, .run = cmd_archive_show_run,
	.show = cmd_archive_show_show };
