/*
 * csr new: the questions, when it is run on a terminal without what it needs to know.
 *
 * Answers become options, so that what follows is the same as when they had been typed, and the line that is
 * printed at the end does the same without questions. Nothing that was given is asked again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/newcsr.h"
#include "cli/say.h"
#include "cli/term.h"

#define ANSWER_MAX 1024
#define INSTEAD "options, as autocsr csr new --help lists them"

bool newcsr_may_ask(const struct newcsr *n)
{
	return !n->c->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static void tell(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

/* An answer, or what stands in brackets. */
static enum acsr_result question(
	char answer[ANSWER_MAX], const char *what, const char *otherwise, struct acsr_err *e)
{
	CLEANUP_STR char *prompt = NULL;
	size_t n;

	TRY(str_printf(&prompt, e, "  %s%s%s%s: ", what, otherwise[0] != '\0' ? " [" : "", otherwise,
		otherwise[0] != '\0' ? "]" : ""));
	TRY(term_ask_line(answer, ANSWER_MAX, prompt, INSTEAD, e));
	n = strlen(answer);
	while (n > 0 && (answer[n - 1] == ' ' || answer[n - 1] == '\t' || answer[n - 1] == '\r'))
		answer[--n] = '\0';
	if (n == 0)
		snprintf(answer, ANSWER_MAX, "%s", otherwise);
	return ACSR_OK;
}

static void refused(const struct acsr_err *why)
{
	CLEANUP_STR char *text = say_safe(why->text);

	fprintf(stderr, "  %s\n", text);
}

static enum acsr_result answer_is(struct newcsr *n, const char *option, const char *value, struct acsr_err *e)
{
	TRY(strv_add(&n->answers, value, e));
	return args_add(n->a, option, n->answers.v[n->answers.n - 1], e);
}

/* ---- names */

static const char *option_of(const char *name)
{
	if (strstr(name, "://") != NULL)
		return "uri";
	return strchr(name, '@') != NULL ? "email" : "host";
}

/* Are all of them names? Judged by what will judge them later. */
static bool names_are_good(const struct newcsr *n, const char *answer)
{
	CLEANUP_STR char *copy = NULL;
	struct acsr_csr_draft scratch;
	struct acsr_err why = { 0 };
	char *at = NULL, *word;
	bool good = str_dup(&copy, answer, NULL) == ACSR_OK;

	acsr_csr_draft_init(&scratch);
	for (word = good ? strtok_r(copy, " ,\t", &at) : NULL; good && word != NULL;
		word = strtok_r(NULL, " ,\t", &at))
		good = acsr_csr_draft_set(&scratch, option_of(word), word, n->policy, &why) == ACSR_OK;
	if (good && scratch.sans.n == 0)
		(void)err_set(&why, "usage.answer", "at least one name is needed");
	if (!good || scratch.sans.n == 0)
		refused(&why);
	good = good && scratch.sans.n > 0;
	acsr_csr_draft_free(&scratch);
	return good;
}

static enum acsr_result ask_names(struct newcsr *n, struct acsr_err *e)
{
	char answer[ANSWER_MAX];
	char *at = NULL;

	tell("Whom is the certificate for? Host names, *.wildcards, IP or e-mail addresses, blanks between.");
	do
		TRY(question(answer, "names", "", e));
	while (!names_are_good(n, answer));
	for (char *word = strtok_r(answer, " ,\t", &at); word != NULL; word = strtok_r(NULL, " ,\t", &at))
		TRY(answer_is(n, option_of(word), word, e));
	return ACSR_OK;
}

/* ---- key type */

static void tell_key_types(void)
{
	const struct acsr_key_type *t;

	fputs(" ", stderr);
	for (size_t i = 0; (t = acsr_key_type_at(i)) != NULL; i++)
		if (acsr_key_type_available(t))
			fprintf(stderr, " %s", t->name);
	fputc('\n', stderr);
}

static bool key_type_is_good(const struct newcsr *n, const char *answer)
{
	const struct acsr_key_type *t = NULL;
	struct acsr_err why = { 0 };

	if (acsr_key_type_find(&t, answer, &why) == ACSR_OK && acsr_key_type_require(t, &why) == ACSR_OK) {
		if (n->policy == ACSR_NAMES_PRIVATE || t->public_tls)
			return true;
		(void)err_set(&why, "policy.key-type", "no public CA takes that type");
	}
	refused(&why);
	return false;
}

static enum acsr_result ask_key_type(struct newcsr *n, struct acsr_err *e)
{
	char answer[ANSWER_MAX];

	tell("\nWhich kind of key? RSA works everywhere, EC is smaller and faster; the others are for "
	     "private CAs.");
	tell_key_types();
	do
		TRY(question(answer, "key type", "rsa:2048", e));
	while (!key_type_is_good(n, answer));
	return answer_is(n, "key", answer, e);
}

/* ---- organisation */

static bool field_is_good(const char *name, const char *value)
{
	struct acsr_dn dn = { NULL, 0 };
	struct acsr_err why = { 0 };
	bool good = value[0] == '\0' || acsr_dn_add(&dn, name, value, &why) == ACSR_OK;

	acsr_dn_free(&dn);
	if (!good)
		refused(&why);
	return good;
}

static enum acsr_result ask_field(struct newcsr *n, const char *option, const char *name, const char *what,
	bool *given, struct acsr_err *e)
{
	char answer[ANSWER_MAX];

	do
		TRY(question(answer, what, "", e));
	while (!field_is_good(name, answer));
	*given = answer[0] != '\0';
	return *given ? answer_is(n, option, answer, e) : ACSR_OK;
}

static enum acsr_result ask_organisation(struct newcsr *n, struct acsr_err *e)
{
	bool given = false;

	tell("\nThe organisation, as it is registered: for OV and EV, and for a company's own CA. Enter "
	     "leaves it "
	     "out.");
	TRY(ask_field(n, "o", "O", "organisation", &given, e));
	if (!given)
		return ACSR_OK;
	TRY(ask_field(n, "l", "L", "city or town (may be empty)", &given, e));
	return ask_field(n, "c", "C", "country, two letters (may be empty)", &given, e);
}

/* ---- files */

static bool file_is_good(const struct newcsr *n, const char *path)
{
	CLEANUP_FILE_SET struct file_set files = { .force = args_flag(n->a, "force") };
	struct acsr_err why = { 0 };

	if (strcmp(path, "-") != 0 && file_set_plan(&files, path, 0600, &why) == ACSR_OK)
		return true;
	if (why.text[0] == '\0')
		(void)err_set(&why, "usage.answer", "name a file");
	refused(&why);
	return false;
}

static enum acsr_result ask_file(
	struct newcsr *n, const char *option, const char *what, const char *suffix, struct acsr_err *e)
{
	const char *host = args_one(n->a, "host") != NULL ? args_one(n->a, "host") : "private";
	char name[ACSR_ARCHIVE_NAME_MAX + 1], answer[ANSWER_MAX];

	seal_entry_name(name, host);
	snprintf(name + strlen(name) - 4, 5, "%s", suffix);
	do
		TRY(question(answer, what, name, e));
	while (!file_is_good(n, answer));
	return answer_is(n, option, answer, e);
}

static enum acsr_result ask_place(struct newcsr *n, struct acsr_err *e)
{
	char answer[ANSWER_MAX];

	tell("\nWhere does the private key go?\n"
	     "  1  a file that a passphrase protects\n"
	     "  2  an AES-256 archive with an unlock code, to hand the key to somebody else\n"
	     "  3  a file without protection, for a server that starts by itself");
	do
		TRY(question(answer, "1, 2 or 3", "1", e));
	while (strlen(answer) != 1 || strchr("123", answer[0]) == NULL);
	if (answer[0] == '2')
		return ask_file(n, "archive", "archive", ".zip", e);
	if (answer[0] == '3')
		TRY(answer_is(n, "no-passphrase", "", e));
	return ask_file(n, "keyout", "key file", ".key", e);
}

/* ---- the end */

/* A word as a shell reads it. */
static void shell_word(FILE *f, const char *s)
{
	bool plain = s[0] != '\0';

	for (const char *p = s; *p != '\0' && plain; p++)
		plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@+,=%",
				*p) != NULL;
	if (plain) {
		fputs(s, f);
		return;
	}
	fputc('\'', f);
	for (; *s != '\0'; s++)
		fputs(*s == '\'' ? "'\\''" : (char[]){ *s, '\0' }, f);
	fputc('\'', f);
}

static void tell_line(const struct newcsr *n)
{
	CLEANUP_STR char *text = NULL;
	CLEANUP_STR char *safe = NULL;
	const char *last = "";
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return;
	for (size_t i = 0; i < n->a->n_opts; i++) {
		const struct arg_value *v = &n->a->opts[i];

		if (v->opt->kind != OPT_MANY || strcmp(last, v->opt->name) != 0)
			fprintf(f, " --%s", v->opt->name);
		last = v->opt->name;
		if (v->opt->kind == OPT_FLAG)
			continue;
		fputc(' ', f);
		shell_word(f, v->value);
	}
	if (fclose(f) != 0)
		return;
	safe = say_safe(text);
	fprintf(stderr, "\nThe same without questions:\n  autocsr csr new%s\n", safe);
}

static void tell_names(const struct newcsr *n)
{
	static const char *const kinds[] = { "host", "ip", "email", "uri", "upn" };
	const char *value;

	fputs("\n  names   ", stderr);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; (value = args_many(n->a, kinds[k], i)) != NULL; i++) {
			CLEANUP_STR char *safe = say_safe(value);

			fprintf(stderr, " %s", safe);
		}
	fputc('\n', stderr);
}

static void tell_summary(const struct newcsr *n)
{
	const char *key = args_one(n->a, "key"), *keyout = args_one(n->a, "keyout");
	const char *path = keyout != NULL ? keyout : args_one(n->a, "archive");
	CLEANUP_STR char *o = say_safe(args_flag(n->a, "o") ? args_one(n->a, "o") : "");
	CLEANUP_STR char *where = say_safe(path != NULL ? path : "where it is");
	CLEANUP_STR char *csr = say_safe(args_flag(n->a, "out") ? args_one(n->a, "out") : "standard output");
	const char *how = keyout == NULL                     ? ""
			  : args_flag(n->a, "no-passphrase") ? ", without protection"
			  : args_flag(n->a, "seal-to")       ? ", sealed"
							     : ", protected by a passphrase";

	tell_names(n);
	if (o == NULL || where == NULL || csr == NULL)
		return;
	if (o[0] != '\0')
		fprintf(stderr, "  for      %s\n", o);
	fprintf(stderr, "  key      %s, %s%s\n  CSR      %s\n", key != NULL ? key : "as it is", where, how,
		csr);
}

static enum acsr_result confirm(struct acsr_err *e)
{
	char answer[ANSWER_MAX];

	TRY(question(answer, "make them? y or n", "y", e));
	if (answer[0] == 'y' || answer[0] == 'Y')
		return ACSR_OK;
	return err_set(e, "usage.answer", "nothing was made");
}

enum acsr_result newcsr_ask(struct newcsr *n, struct acsr_err *e)
{
	bool named = newcsr_has_names(n->a), placed = newcsr_has_key_place(n->a);

	tell("A private key and a CSR. Enter takes what stands in [brackets]; Ctrl-C ends and leaves "
	     "nothing.\n");
	if (!named)
		TRY(ask_names(n, e));
	if (!args_flag(n->a, "key") && !placed && !args_flag(n->a, "from") && !args_flag(n->a, "request"))
		TRY(ask_key_type(n, e));
	if (!named)
		TRY(ask_organisation(n, e));
	if (!placed)
		TRY(ask_place(n, e));
	if (!args_flag(n->a, "out") && isatty(STDOUT_FILENO)) {
		tell("\nThe CSR is not secret; the CA gets it.");
		TRY(ask_file(n, "out", "CSR file", ".csr", e));
	}
	tell_summary(n);
	tell_line(n);
	return confirm(e);
}
