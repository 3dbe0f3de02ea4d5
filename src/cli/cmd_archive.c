/* archive make, open and show: the hand-over archive from both sides. */
#include <string.h>
#include <unistd.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "autocsr/input.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/seal.h"
#include "cli/term.h"
#include "cli/view.h"
#include "pki/show.h"

/* ---- make */

static enum acsr_result put_key(json_t *result, const struct acsr_key *key, struct acsr_err *e)
{
	uint8_t spki[32];

	TRY(acsr_key_spki_sha256(key, spki, e));
	TRY(command_put_str(result, "key_type", acsr_key_name(key), e));
	return command_put(result, "spki_sha256", show_hex(spki, 32), e);
}

/* The key file's own name, unless another is wanted; standard input has none. */
static const char *entry_of(const struct args *a)
{
	const char *path = a->words[0], *slash = strrchr(path, '/');

	if (args_one(a, "name") != NULL)
		return args_one(a, "name");
	if (strcmp(path, "-") == 0)
		return "private.key";
	return slash != NULL ? slash + 1 : path;
}

static enum acsr_result make_usage(const struct args *a, struct acsr_err *e)
{
	const char *pass = args_one(a, "passphrase-file");

	if (args_one(a, "out") == NULL)
		return err_set(e, "usage.key", "say where the archive goes: --out FILE.zip");
	if (pass != NULL && strcmp(pass, "-") == 0 && strcmp(a->words[0], "-") == 0)
		return err_set(
			e, "usage.stdin", "only one of key and passphrase can come from standard input");
	return ACSR_OK;
}

static enum acsr_result make(
	struct cli *c, struct file_set *files, struct seal *s, const struct acsr_key *key, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out"), *code_file = args_one(&c->args, "code-file");

	if (seal_key(s, key, entry_of(&c->args), e) != ACSR_OK) {
		if (e != NULL && err_is(e, "archive.name"))
			err_at(e, "--name");
		return ACSR_FAIL;
	}
	TRY(seal_write(s, files, out, code_file, c->result, e));
	TRY(put_key(c->result, key, e));
	TRY(command_say(c, e));
	TRY(file_set_commit(files, e));
	return code_file == NULL ? seal_show_code(s, e) : ACSR_OK;
}

static enum acsr_result cmd_archive_make_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_FILE_SET struct file_set files = { .force = args_flag(&c->args, "force") };
	CLEANUP_SEAL struct seal s = { 0 };
	struct acsr_key *key = NULL;
	enum acsr_result r;

	TRY(make_usage(&c->args, e));
	TRY(seal_plan(&files, args_one(&c->args, "out"), args_one(&c->args, "code-file"), e));
	TRY(load_private_key(&key, c->args.words[0], args_one(&c->args, "passphrase-file"), e));
	r = make(c, &files, &s, key, e);
	acsr_key_free(key);
	return r;
}

static void cmd_archive_make_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("archive", view_str(result, "archive"));
	say_field("entry", view_str(result, "archive_entry"));
	say_field("key", view_str(result, "key_type"));
	say_field("SPKI SHA-256", view_str(result, "spki_sha256"));
	say_field("archive SHA-256", view_str(result, "archive_sha256"));
	say_field("unlock code in", view_str(result, "code_file"));
}

/* ---- show */

static enum acsr_result read_archive(struct buf *b, const char *path, struct acsr_err *e)
{
	buf_init(b, LIMIT_ARCHIVE);
	if (file_get(b, path, LIMIT_ARCHIVE, e) == ACSR_OK)
		return ACSR_OK;
	if (e != NULL && err_is(e, "input.too-large"))
		return err_set(e, "archive.too-large",
			"%s has more than %d bytes, so it is no archive with a key alone", path,
			LIMIT_ARCHIVE);
	return ACSR_FAIL;
}

/* Keys that are handed over in other forms than a ZIP look like this; whoever has one is told what opens it. */
static const struct form {
	const char *begins, *text;
} forms[] = {
	{ "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"this is no ZIP archive but a locked key (PKCS#8); the unlock code is its password: "
		"(umask 077; openssl pkey -in FILE -out KEY)" },
	{ "age-encryption.org/v1",
		"this is no ZIP archive but a key that was sealed with age; your own key opens it: (umask "
		"077; age -d -i IDENTITY -o KEY FILE)" },
};

static const char p12_text[] = "this is no ZIP archive but a PKCS#12 file; the unlock code is its password: "
			       "(umask 077; openssl pkcs12 -in FILE -nocerts -nodes -out KEY)";
static const char cms_text[] =
	"this is no ZIP archive but a key that was sealed to a certificate (CMS); your own key opens it: "
	"(umask 077; openssl cms -decrypt -inform DER -in FILE -inkey YOUR-KEY -out KEY)";

/* NULL: none of those. */
static const char *other_form(const struct buf *b)
{
	struct acsr_input *in = NULL;
	const struct acsr_input_object *o;
	enum acsr_input_kind kind = ACSR_INPUT_UNKNOWN;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (b->len > strlen(forms[i].begins) &&
			memcmp(b->p, forms[i].begins, strlen(forms[i].begins)) == 0)
			return forms[i].text;
	if (acsr_input_open(&in, b->p, b->len, NULL) == ACSR_OK && (o = acsr_input_next(in)) != NULL)
		kind = o->kind;
	acsr_input_close(in);
	return kind == ACSR_INPUT_PKCS12 ? p12_text : kind == ACSR_INPUT_PKCS7 ? cms_text : NULL;
}

static enum acsr_result look_at(const struct buf *b, struct acsr_archive_info *info, struct acsr_err *e)
{
	struct acsr_err why = { 0 };
	const char *form;

	if (acsr_archive_show(b->p, b->len, info, &why) == ACSR_OK)
		return ACSR_OK;
	form = other_form(b);
	if (form != NULL)
		return err_set(e, "archive.format", "%s", form);
	*e = why;
	return ACSR_FAIL;
}

static enum acsr_result put_info(json_t *o, const struct acsr_archive_info *info, struct acsr_err *e)
{
	TRY(command_put_str(o, "name", info->name, e));
	TRY(command_put(o, "size", json_integer((json_int_t)info->size), e));
	TRY(command_put(o, "encryption", json_sprintf("WinZip AES-%u, AE-%d", info->bits, info->version), e));
	TRY(command_put(o, "bits", json_integer(info->bits), e));
	TRY(command_put(o, "modified", show_time(info->mtime), e));
	return command_put(o, "sha256", show_hex(info->sha256, 32), e);
}

/* Archives of other programs are shown as they are; what differs from ours is said. */
static enum acsr_result put_handover(json_t *o, const struct acsr_archive_info *info, struct acsr_err *e)
{
	struct acsr_err why = { 0 };
	bool ours = acsr_archive_is_handover(info, &why) == ACSR_OK;

	TRY(command_put(o, "handover", json_boolean(ours), e));
	return ours ? ACSR_OK : command_put_str(o, "handover_why_not", why.text, e);
}

static enum acsr_result cmd_archive_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_archive_info info;

	buf_init(&b, LIMIT_ARCHIVE);
	TRY(read_archive(&b, c->args.words[0], e));
	TRY(look_at(&b, &info, e));
	TRY(put_info(c->result, &info, e));
	return put_handover(c->result, &info, e);
}

static void cmd_archive_show_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("entry", view_str(result, "name"));
	say("%-16s %lld bytes", "size", (long long)json_integer_value(json_object_get(result, "size")));
	say_field("encryption", view_str(result, "encryption"));
	say_field("modified", view_str(result, "modified"));
	say_field("SHA-256", view_str(result, "sha256"));
	say_field("beware", view_str(result, "handover_why_not"));
	say("names, times and sizes in an archive are not authenticated: compare the SHA-256 with the "
	    "order's");
}

/* ---- open */

static enum acsr_result get_code(struct acsr_secret **code, const char *file, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *typed = NULL;

	if (file != NULL)
		TRY(file_get_secret(&typed, file, e));
	else
		TRY(term_ask_secret(&typed, "unlock code: ", "--code-file", e));
	return acsr_code_normalise((const char *)acsr_secret_bytes(typed), acsr_secret_len(typed), code, e);
}

/* An archive of another program has a password that somebody chose: it is taken as it stands. */
static enum acsr_result get_password(struct acsr_secret **code, const char *file, struct acsr_err *e)
{
	if (file != NULL)
		return file_get_secret(code, file, e);
	return term_ask_secret(code, "password of the archive: ", "--code-file", e);
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

static enum acsr_result open_usage(const struct cli *c, struct acsr_err *e)
{
	const char *out = args_one(&c->args, "out"), *code_file = args_one(&c->args, "code-file");
	bool to_stdout = out != NULL && strcmp(out, "-") == 0;

	if (to_stdout && c->json)
		return err_set(e, "usage.key", "a key is not part of a JSON document; use --out FILE");
	if (to_stdout && isatty(STDOUT_FILENO))
		return err_set(e, "usage.key", "a key is not shown on a terminal; use --out FILE");
	if (code_file != NULL && strcmp(code_file, "-") == 0 && strcmp(c->args.words[0], "-") == 0)
		return err_set(e, "usage.stdin", "only one of archive and code can come from standard input");
	return ACSR_OK;
}

static enum acsr_result check_kind(
	const struct args *a, const struct acsr_archive_info *info, struct acsr_err *e)
{
	struct acsr_err why = { 0 };

	if (args_flag(a, "any") || acsr_archive_is_handover(info, &why) == ACSR_OK)
		return ACSR_OK;
	return err_set(e, why.id, "%s; --any opens it all the same", why.text);
}

/* What came out is compared by eye with the order or with `csr show`; anything but a key is worth a word. */
static enum acsr_result put_contents(json_t *result, const struct acsr_secret *plain, struct acsr_err *e)
{
	struct acsr_key *key = NULL;
	enum acsr_result r;

	if (acsr_key_load_private(&key, acsr_secret_bytes(plain), acsr_secret_len(plain), NULL, NULL) !=
		ACSR_OK) {
		say_progress("beware: what was in the archive is not an unencrypted private key");
		return ACSR_OK;
	}
	r = put_key(result, key, e);
	acsr_key_free(key);
	return r;
}

/* The contents into a file, or to standard output, where nothing else is then written. */
static enum acsr_result deliver(
	struct cli *c, const struct acsr_secret *plain, const char *path, struct acsr_err *e)
{
	CLEANUP_FILE_SET struct file_set files = { .force = args_flag(&c->args, "force") };
	const uint8_t *p = acsr_secret_bytes(plain);

	if (strcmp(path, "-") == 0)
		return file_put(path, p, acsr_secret_len(plain), 0600, false, e);
	TRY(file_set_plan(&files, path, 0600, e));
	TRY(file_set_write(&files, path, p, acsr_secret_len(plain), e));
	TRY(command_say(c, e));
	return file_set_commit(&files, e);
}

static enum acsr_result cmd_archive_open_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *code = NULL;
	CLEANUP_SECRET struct acsr_secret *plain = NULL;
	CLEANUP_BUF struct buf b = { 0 };
	struct acsr_archive_info info;
	const char *out = args_one(&c->args, "out"), *code_file = args_one(&c->args, "code-file");

	buf_init(&b, LIMIT_ARCHIVE);
	TRY(open_usage(c, e));
	TRY(read_archive(&b, c->args.words[0], e));
	TRY(look_at(&b, &info, e));
	TRY(check_kind(&c->args, &info, e));
	if (out == NULL)
		TRY(own_name(info.name, e));
	if (args_flag(&c->args, "any"))
		TRY(get_password(&code, code_file, e));
	else
		TRY(get_code(&code, code_file, e));
	TRY(acsr_archive_open(b.p, b.len, code, &plain, &info, e));
	TRY(put_info(c->result, &info, e));
	TRY(put_contents(c->result, plain, e));
	TRY(command_put_str(c->result, "file", out != NULL ? out : info.name, e));
	return deliver(c, plain, out != NULL ? out : info.name, e);
}

static void cmd_archive_open_show(struct cli *c, const json_t *result)
{
	(void)c;
	if (strcmp(view_str(result, "file"), "-") == 0)
		return;
	say_field("key file", view_str(result, "file"));
	say_field("key", view_str(result, "key_type"));
	say_field("SPKI SHA-256", view_str(result, "spki_sha256"));
}

/* ---- the commands */

static const struct opt archive_make_opts[] = {
	{ "out", OPT_ONE, "FILE.zip", "where the archive goes" },
	{ "code-file", OPT_ONE, "FILE", "write the unlock code there (0600) instead of showing it" },
	{ "passphrase-file", OPT_ONE, "FILE", "passphrase of an encrypted key; asked for when left out" },
	{ "name", OPT_ONE, "NAME", "what the key is called inside; the file's own name when left out" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char archive_make_text[] =
	"Locks a private key (PEM or DER) into a ZIP with AES-256 (AE-2), to hand it to somebody. The "
	"unlock\n"
	"code is made by the machine: send it by another way than the archive. An encrypted key is opened\n"
	"first, and the archive holds plain PKCS#8: who gets it needs the code and nothing else.\n"
	"\n"
	"  autocsr archive make www.key --out www.zip\n"
	"  autocsr archive make old.key --passphrase-file pass.txt --out old.zip --code-file old.code\n";

const struct command cmd_archive_make = { "archive", "make", "FILE", 1, 1,
	"lock a key into an AES-256 archive", archive_make_text, archive_make_opts,
	.run = cmd_archive_make_run, .show = cmd_archive_make_show };

static const char archive_show_text[] =
	"Needs no code. Says what is wrong with an archive that is not a hand-over archive: cut short,\n"
	"altered, several entries, something appended, weak encryption or none.\n"
	"Compare the SHA-256 with the one in the order.\n"
	"\n"
	"  autocsr archive show www.zip\n";

const struct command cmd_archive_show = { "archive", "show", "FILE.zip", 1, 1,
	"what lies in an archive, without the code", archive_show_text, NULL, .run = cmd_archive_show_run,
	.show = cmd_archive_show_show };

static const struct opt archive_open_opts[] = {
	{ "out", OPT_ONE, "FILE", "where the key goes (0600); the entry's own name when left out" },
	{ "code-file", OPT_ONE, "FILE", "file with the unlock code; asked for when left out" },
	{ "any", OPT_FLAG, NULL, "also AE-1 and AES-128 archives of other programs, with their password" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const char archive_open_text[] =
	"The code may be typed in groups, in any case, with or without its check symbol. Nothing is written\n"
	"before the whole archive has been checked. Exit code 1 when the code does not fit.\n"
	"\n"
	"  autocsr archive open www.zip\n"
	"  autocsr archive open www.zip --code-file code.txt --out www.key\n"
	"  autocsr archive open www.zip --code-file code.txt --out - | openssl pkey -noout -text_pub\n";

const struct command cmd_archive_open = { "archive", "open", "FILE.zip", 1, 1,
	"take the key out of its archive", archive_open_text, archive_open_opts, .run = cmd_archive_open_run,
	.show = cmd_archive_open_show };
