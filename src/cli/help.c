/* Printing help. */
#include "cli/help.h"

#include <string.h>

#include "autocsr/key.h"

#define NAME_WIDTH 18
#define OPTION_WIDTH 26
#define LINE_WIDTH 110
#define KEYS "$KEYS" /* in an option's help: the key types that can be made here */

static void command_line(FILE *f, const struct command *c)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s%s", c->noun, c->verb != NULL ? " " : "",
		c->verb != NULL ? c->verb : "");
	fprintf(f, "  %-*s %s\n", NAME_WIDTH, name, c->summary);
}

void help_overview(FILE *f)
{
	fputs("autocsr " AUTOCSR_VERSION
	      ": certificates without the CSR, and a toolkit for keys, CSRs and certificates\n"
	      "\n"
	      "usage: autocsr NOUN VERB [words] [--options]\n"
	      "\n"
	      "on this machine, no network:\n",
		f);
	for (const struct command *const *c = command_toolkit; *c != NULL; c++)
		command_line(f, *c);
	fputs("\nagainst a service:\n", f);
	for (const struct command *const *c = command_online; *c != NULL; c++)
		command_line(f, *c);
	fputs("\nstart here:\n"
	      "  autocsr csr new\n"
	      "      asks what it needs to know, makes key and CSR, and shows the line for the next time\n"
	      "  autocsr csr new --host www.example.com --out www.csr --archive www.zip\n"
	      "      a key in an AES-256 archive, its unlock code on the terminal, and the CSR\n"
	      "  autocsr show FILE\n"
	      "      what is in it, whatever it is\n"
	      "  autocsr csr check www.csr --host www.example.com\n"
	      "      every rule that a CA will judge it by\n"
	      "  autocsr login --server https://ca.example.com\n"
	      "  autocsr order new --product dv --host www.example.com --archive www.zip --wait\n"
	      "      no CSR needed: the service makes the key, hands it over and keeps nothing\n"
	      "\n"
	      "more: autocsr NOUN, autocsr NOUN VERB --help, man autocsr-NOUN-VERB\n"
	      "topics: autocsr help",
		f);
	for (size_t i = 0; help_topic_at(i) != NULL; i++)
		fprintf(f, "%s%s", i == 0 ? " " : " | ", help_topic_at(i));
	fputs("\n"
	      "exit: 0 done, 1 the answer is no, 2 wrong usage, 3 bad input, 4 refused by policy,\n"
	      "      5 service or network failed\n",
		f);
}

/* The first example of a command's text: a line that begins with two blanks, and what it is continued by. */
static void first_example(FILE *f, const char *text)
{
	const char *at = text != NULL ? strstr(text, "\n  autocsr ") : NULL;
	size_t n;

	if (at == NULL)
		return;
	do {
		at++;
		n = strcspn(at, "\n");
		fprintf(f, "%.*s\n", (int)n, at);
		at += n;
	} while (n > 0 && at[-1] == '\\' && at[0] != '\0');
}

void help_noun(FILE *f, const char *noun)
{
	const struct command *c;

	fprintf(f, "usage: autocsr %s VERB [words] [--options]\n\n", noun);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->noun, noun) == 0)
			command_line(f, c);
	fputs("\nfor example:\n", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->noun, noun) == 0)
			first_example(f, c->text);
	fprintf(f, "\nmore: autocsr %s VERB --help\n", noun);
}

/* "rsa:2048 ec:p256 …" without those that this OpenSSL lacks. */
static void key_types(char *out, size_t cap)
{
	const struct acsr_key_type *t;
	size_t used = 0;

	for (size_t i = 0; (t = acsr_key_type_at(i)) != NULL; i++)
		if (acsr_key_type_available(t) && used + strlen(t->name) + 2 < cap)
			used += (size_t)snprintf(
				out + used, cap - used, "%s%s", used > 0 ? " " : "", t->name);
}

/* An option's help with the key types put in. */
void help_expand(const char *help, char *out, size_t cap)
{
	const char *at = strstr(help, KEYS);
	char types[512] = "";

	if (at != NULL)
		key_types(types, sizeof(types));
	snprintf(out, cap, "%.*s%s%s", at != NULL ? (int)(at - help) : (int)strlen(help), help, types,
		at != NULL ? at + strlen(KEYS) : "");
}

/* Lines that are too long go on below their beginning. */
static void wrapped(FILE *f, const char *text)
{
	size_t column = OPTION_WIDTH + 3;

	for (;;) {
		size_t n = strcspn(text, " ");

		if (column + n > LINE_WIDTH) {
			fprintf(f, "\n%*s", OPTION_WIDTH + 3, "");
			column = OPTION_WIDTH + 3;
		}
		column += n + 1;
		fprintf(f, "%.*s", (int)n, text);
		text += n;
		if (*text == '\0')
			break;
		text++;
		if (column + strcspn(text, " ") <= LINE_WIDTH)
			fputc(' ', f);
	}
	fputc('\n', f);
}

static void options(FILE *f, const struct opt *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		bool several = OPT_REPEATS(o);
		char left[64], help[1024];

		if (o->kind == OPT_HEAD) {
			fprintf(f, "\n %s:\n", o->help);
			continue;
		}
		snprintf(left, sizeof(left), "--%s%s%s%s", o->name, o->kind == OPT_FLAG ? "" : " ",
			o->kind == OPT_FLAG ? "" : o->arg, several ? " …" : "");
		/* "…" is three bytes wide and one column. */
		fprintf(f, "  %-*s ", OPTION_WIDTH + (several ? 2 : 0), left);
		help_expand(o->help, help, sizeof(help));
		wrapped(f, help);
	}
}

void help_command(FILE *f, const struct command *c)
{
	fprintf(f, "usage: autocsr %s%s%s%s%s [--options]\n\n%s\n", c->noun, c->verb != NULL ? " " : "",
		c->verb != NULL ? c->verb : "", c->words[0] != '\0' ? " " : "", c->words, c->summary);
	if (c->text != NULL)
		fprintf(f, "\n%s", c->text);
	fputs("\noptions:\n", f);
	options(f, c->opts);
	if (c->service)
		options(f, command_service);
	options(f, command_common);
}

static void options_json(json_t *list, const struct opt *o)
{
	for (; o != NULL && o->name != NULL; o++) {
		char help[1024];

		if (o->kind == OPT_HEAD)
			continue;
		help_expand(o->help, help, sizeof(help));
		json_array_append_new(
			list, json_pack("{s:s+, s:s?, s:b, s:s}", "option", "--", o->name, "value", o->arg,
				      "repeatable", OPT_REPEATS(o), "help", help));
	}
}

static json_t *command_json(const struct command *c)
{
	json_t *list = json_array();

	options_json(list, c->opts);
	if (c->service)
		options_json(list, command_service);
	options_json(list, command_common);
	return json_pack("{s:s++, s:s, s:s, s:o}", "command", c->noun, c->verb != NULL ? " " : "",
		c->verb != NULL ? c->verb : "", "words", c->words, "summary", c->summary, "options", list);
}

bool help_json(FILE *f, const struct command *c, const char *noun)
{
	json_t *list = json_array(), *doc = json_pack("{s:o}", "commands", list);
	const struct command *i;
	bool ok;

	for (size_t n = 0; (i = command_at(n)) != NULL; n++)
		if (c != NULL ? i == c : noun == NULL || strcmp(i->noun, noun) == 0)
			json_array_append_new(list, command_json(i));
	ok = doc != NULL && json_dumpf(doc, f, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 &&
	     fputc('\n', f) != EOF;
	json_decref(doc);
	return ok;
}
