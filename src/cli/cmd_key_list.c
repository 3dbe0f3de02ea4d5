/* key list: make lists of weak keys, and see what they cover. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/fileset.h"
#include "cli/say.h"
#include "cli/view.h"
#include "cli/weak_lists.h"

#define TEXT_MAX ((size_t)1024 * 1024 * 1024)

/* ---- what a text file's entries are */

static enum acsr_result number(
	const struct args *a, const char *name, uint64_t max, uint64_t *out, struct acsr_err *e)
{
	if (args_one(a, name) == NULL)
		return ACSR_OK;
	if (str_u64(args_one(a, name), max, out, NULL) != ACSR_OK)
		return err_set(
			e, "usage.number", "--%s takes a number up to %llu", name, (unsigned long long)max);
	return ACSR_OK;
}

static enum acsr_result text(
	const struct args *a, const char *name, char *out, size_t cap, struct acsr_err *e)
{
	const char *value = args_one(a, name);

	if (value == NULL)
		return ACSR_OK;
	if (strlen(value) >= cap)
		return err_set(e, "usage.text", "--%s takes at most %zu bytes", name, cap - 1);
	snprintf(out, cap, "%s", value);
	return ACSR_OK;
}

/* "rsa2048-amd64-rnd.txt", "blacklist.RSA-2048": the name says what the options leave open. */
static void from_name(const char *path, struct acsr_weak_section *s)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	unsigned bits = 0;
	char arch[16] = "", state[16] = "";

	if (sscanf(name, "rsa%5u-%15[a-z0-9]-%15[a-z]", &bits, arch, state) < 1 &&
		sscanf(name, "blacklist.RSA-%5u", &bits) < 1)
		return;
	if (s->bits == 0)
		s->bits = bits;
	if (s->arch[0] == '\0')
		snprintf(s->arch, sizeof(s->arch), "%s", arch);
	if (s->state[0] == '\0')
		snprintf(s->state, sizeof(s->state), "%s", state);
}

static enum acsr_result describe(
	const struct args *a, const char *path, struct acsr_weak_section *s, struct acsr_err *e)
{
	const char *form = args_one(a, "form");
	uint64_t bits = 0;
	bool spki;

	*s = (struct acsr_weak_section){ .form = acsr_weak_form_of(form != NULL ? form : "openssl"),
		.width = 8 };
	if (s->form == 0)
		return err_set(e, "usage.form", "--form is openssl, openssh or spki");
	spki = s->form == ACSR_WEAK_SPKI;
	TRY(number(a, "bits", 16384, &bits, e));
	s->bits = (unsigned)bits;
	s->exponent = spki ? 0 : 65537;
	TRY(number(a, "exponent", UINT64_MAX, &s->exponent, e));
	TRY(text(a, "arch", s->arch, sizeof(s->arch), e));
	TRY(text(a, "state", s->state, sizeof(s->state), e));
	TRY(text(a, "source", s->source, sizeof(s->source), e));
	snprintf(s->flaw, sizeof(s->flaw), "%s", spki ? "" : ACSR_WEAK_DEBIAN);
	TRY(text(a, "flaw", s->flaw, sizeof(s->flaw), e));
	if (spki)
		return ACSR_OK;
	from_name(path, s);
	if (s->bits == 0)
		return err_set(e, "usage.bits", "of what size are the keys of %s? say --bits", path);
	return ACSR_OK;
}

/* ---- build */

static enum acsr_result add_list(struct acsr_weaklist_builder *b, const struct buf *f, struct acsr_err *e)
{
	struct acsr_weaklist *l = NULL;
	enum acsr_result r;

	TRY(acsr_weaklist_from(&l, f->p, f->len, e));
	r = acsr_weaklist_builder_list(b, l, e);
	acsr_weaklist_free(l);
	return r;
}

static enum acsr_result add_file(
	const struct args *a, struct acsr_weaklist_builder *b, const char *path, struct acsr_err *e)
{
	CLEANUP_BUF struct buf f = { 0 };
	struct acsr_weak_section like;

	buf_init(&f, TEXT_MAX);
	TRY(file_get(&f, path, TEXT_MAX, e));
	if (f.len >= 8 && memcmp(f.p, "ACSRWEAK", 8) == 0)
		return add_list(b, &f, e);
	TRY(describe(a, path, &like, e));
	return acsr_weaklist_builder_text(b, &like, f.p, f.len, e);
}

static enum acsr_result gather(const struct args *a, struct acsr_weaklist_builder *b, struct acsr_err *e)
{
	for (size_t i = 2; i < a->n_words; i++)
		if (add_file(a, b, a->words[i], e) != ACSR_OK) {
			err_at(e, "%s", a->words[i]);
			return ACSR_FAIL;
		}
	return ACSR_OK;
}

static enum acsr_result put_list(struct cli *c, const struct acsr_weaklist *l, struct acsr_err *e)
{
	const struct acsr_weak_section *s;
	json_t *sections = json_array();
	char covers[256];

	acsr_weaklist_summary(l, covers, sizeof(covers));
	TRY(command_put_str(c->result, "covers", covers, e));
	TRY(command_put(c->result, "keys", json_integer((json_int_t)acsr_weaklist_count(l)), e));
	TRY(command_put(c->result, "sections", sections, e));
	for (size_t i = 0; (s = acsr_weaklist_section(l, i)) != NULL; i++)
		if (json_array_append_new(
			    sections, json_pack("{s:s, s:i, s:I, s:I, s:i, s:s, s:s, s:s, s:s}", "form",
					      acsr_weak_form_name(s->form), "bits", (int)s->bits, "exponent",
					      (json_int_t)s->exponent, "keys", (json_int_t)s->count, "width",
					      (int)s->width, "arch", s->arch, "state", s->state, "flaw",
					      s->flaw, "source", s->source)) != 0)
			return err_nomem(e);
	return ACSR_OK;
}

/* Written beside and then renamed: a process that has the old list mapped keeps it whole. */
static enum acsr_result write_list(
	struct cli *c, const char *out, const struct acsr_blob *file, struct acsr_err *e)
{
	CLEANUP_STR char *fresh = NULL;
	struct acsr_weaklist *l = NULL;
	enum acsr_result r;

	TRY(acsr_weaklist_from(&l, file->p, file->len, e));
	r = put_list(c, l, e);
	acsr_weaklist_free(l);
	TRY(r);
	if (strcmp(out, "-") == 0)
		return file_put(out, file->p, file->len, 0644, false, e);
	TRY(str_printf(&fresh, e, "%s.new", out));
	TRY(file_put(fresh, file->p, file->len, 0644, true, e));
	if (rename(fresh, out) != 0)
		return err_errno(e, "input.path", errno, "cannot replace %s", out);
	return ACSR_OK;
}

static enum acsr_result build(struct cli *c, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob file = { NULL, 0 };
	struct acsr_weaklist_builder *b = NULL;
	enum acsr_result r;

	if (c->args.n_words < 3)
		return err_set(e, "usage.words", "autocsr key list build needs OUT and one FILE or more");
	TRY(acsr_weaklist_builder_new(&b, e));
	r = gather(&c->args, b, e);
	if (r == ACSR_OK)
		r = acsr_weaklist_builder_write(b, &file, e);
	acsr_weaklist_builder_free(b);
	TRY(r);
	return write_list(c, c->args.words[1], &file, e);
}

/* ---- show */

static enum acsr_result show_list(struct cli *c, struct acsr_err *e)
{
	CLEANUP_WEAK_LISTS struct weak_lists l = { 0 };

	TRY(weak_lists_open_path(&l, c->args.n_words > 1 ? c->args.words[1] : NULL, e));
	if (l.weak == NULL)
		return err_set(e, "input.open",
			"no list of weak keys is installed; name one, or make one with autocsr key list "
			"build");
	TRY(command_put_str(c->result, "file", l.path, e));
	return put_list(c, l.weak, e);
}

static enum acsr_result cmd_key_list_run(struct cli *c, struct acsr_err *e)
{
	if (strcmp(c->args.words[0], "build") == 0)
		return build(c, e);
	if (strcmp(c->args.words[0], "show") == 0)
		return show_list(c, e);
	return err_set(e, "usage.command", "autocsr key list build, or autocsr key list show");
}

static void show_section(const json_t *s)
{
	long long exponent = (long long)json_integer_value(json_object_get(s, "exponent"));
	long long bits = (long long)json_integer_value(json_object_get(s, "bits"));
	char what[64] = "any key", with[40] = "";

	if (bits != 0)
		snprintf(what, sizeof(what), "rsa:%lld", bits);
	if (exponent != 0)
		snprintf(with, sizeof(with), " e=%lld", exponent);
	say("%-9s%s  %8lld  %-8s %-6s %-10s %-14s %s", what, with,
		(long long)json_integer_value(json_object_get(s, "keys")), view_str(s, "form"),
		view_str(s, "arch"), view_str(s, "state"), view_str(s, "flaw"), view_str(s, "source"));
}

static void cmd_key_list_show(struct cli *c, const json_t *result)
{
	const json_t *sections = json_object_get(result, "sections");

	if (c->args.n_words > 1 && strcmp(c->args.words[0], "build") == 0 &&
		strcmp(c->args.words[1], "-") == 0)
		return;
	say_field("file", view_str(result, "file"));
	for (size_t i = 0; i < json_array_size(sections); i++)
		show_section(json_array_get(sections, i));
	say("%lld keys; Debian weak keys are covered for: %s",
		(long long)json_integer_value(json_object_get(result, "keys")), view_str(result, "covers"));
}

static const struct opt key_list_opts[] = {
	{ "form", OPT_ONE, "NAME", "what the hashes are: openssl (default), openssh, spki" },
	{ "bits", OPT_ONE, "N", "size of the RSA keys; the file's name says it when left out" },
	{ "exponent", OPT_ONE, "N", "RSA exponent (65537); 0: any" },
	{ "arch", OPT_ONE, "NAME", "machine that made them, such as amd64" },
	{ "state", OPT_ONE, "NAME", "state of ~/.rnd: rnd, noreadrnd or nornd" },
	{ "flaw", OPT_ONE, "NAME", "CVE-2008-0166, unless the hashes are spki" },
	{ "source", OPT_ONE, "TEXT", "where the hashes come from" },
	{ 0 },
};

static const char key_list_text[] =
	"build writes OUT from text files (20 hex digits a line, as openssl-blacklist has them, or SPKI\n"
	"SHA-256 hashes) and from other lists; the options hold for the text files. show says what a list\n"
	"covers, the installed one when no FILE is given.\n"
	"\n"
	"  autocsr key list show\n"
	"  autocsr key list build mine.awl /usr/share/autocsr/weak-keys.awl blacklist.RSA-1024\n"
	"  autocsr key list build mine.awl --form spki --source 'found in our repository' hashes.txt\n"
	"  autocsr key check --weak-list mine.awl www.pem\n";

const struct command cmd_key_list = { "key", "list", "build OUT FILE… | show [FILE]", 1, 16384,
	"make lists of weak keys, and see what they cover", key_list_text, key_list_opts,
	.run = cmd_key_list_run, .show = cmd_key_list_show };
