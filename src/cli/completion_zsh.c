/* The script for zsh: one function of _arguments specifications for each command. */
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"

/* Inside single quotes, and inside the parts of a specification where ':' and ']' end something. */
static void quoted(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			fputs("'\\''", f);
		else if (strchr(":[]\\", *s) != NULL)
			fprintf(f, "\\%c", *s);
		else
			fputc(*s, f);
	}
}

static void action(FILE *f, const struct completion_place *p)
{
	if (p->words[0] != '\0' && p->files) {
		fputs("{compadd -- ", f);
		quoted(f, p->words);
		fputs("; _files}", f);
	} else if (p->words[0] != '\0') {
		fputc('(', f);
		quoted(f, p->words);
		fputc(')', f);
	} else {
		fputs(p->files ? "_files" : " ", f);
	}
}

static void option(FILE *f, const struct opt *o)
{
	struct completion_place p;
	char help[1024];

	fprintf(f, "\t\t'%s--%s%s[", OPT_REPEATS(o) ? "*" : "", o->name, o->kind == OPT_FLAG ? "" : "=");
	help_expand(o->help, help, sizeof(help));
	quoted(f, help);
	fputc(']', f);
	if (o->kind != OPT_FLAG) {
		fputc(':', f);
		quoted(f, o->arg);
		fputc(':', f);
		completion_value(o, &p);
		action(f, &p);
	}
	fputs("' \\\n", f);
}

static void function(FILE *f, const struct command *c)
{
	const struct opt *sets[COMPLETION_SETS];
	struct completion_place p;

	fprintf(f, "_autocsr_%s%s%s() {\n\t_arguments -S \\\n", c->noun, c->verb != NULL ? "_" : "",
		c->verb != NULL ? c->verb : "");
	completion_sets(c, sets);
	for (size_t s = 0; sets[s] != NULL; s++)
		for (const struct opt *o = sets[s]; o->name != NULL; o++)
			if (o->kind != OPT_HEAD)
				option(f, o);
	if (c->max_words > 0) {
		completion_words(c, &p);
		fputs("\t\t'*:", f);
		quoted(f, c->words);
		fputc(':', f);
		action(f, &p);
		fputs("' \\\n", f);
	}
	fputs("\t\t&& return 0\n}\n\n", f);
}

static void described(FILE *f, const char *word, const char *text)
{
	fprintf(f, "\t\t'%s:", word);
	quoted(f, text);
	fputs("'\n", f);
}

static void nouns(FILE *f)
{
	const struct command *c;
	char text[160];

	fputs("_autocsr_nouns() {\n\tlocal -a all=(\n", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		if (!completion_first_of_noun(i))
			continue;
		completion_noun_text(c->noun, text, sizeof(text));
		described(f, c->noun, text);
	}
	described(f, "help", "about a command or a topic");
	fputs("\t)\n\t[[ -n $1 ]] && all+=(\n", f);
	for (size_t k = 0; help_topic_at(k) != NULL; k++)
		described(f, help_topic_at(k), "a topic");
	fputs("\t)\n\t_describe -t commands command all\n}\n\n", f);
}

static void verbs(FILE *f, size_t i)
{
	const char *noun = command_at(i)->noun;
	const struct command *c;

	fprintf(f, "\t%s)\n\t\tall=(\n", noun);
	for (; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->noun, noun) == 0)
			described(f, c->verb, c->summary);
	fputs("\t\t) ;;\n", f);
}

static void verbs_table(FILE *f)
{
	const struct command *c;

	fputs("# The verbs of a noun; false when it has none.\n_autocsr_verbs() {\n\tlocal -a all\n\tcase $1 "
	      "in\n",
		f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (c->verb != NULL && completion_first_of_noun(i))
			verbs(f, i);
	fputs("\t*) return 1 ;;\n\tesac\n\t(( CURRENT == 2 )) && _describe -t commands verb all\n\treturn "
	      "0\n}\n\n",
		f);
}

static const char start[] = "_autocsr() {\n"
			    "\tlocal name topics=\n"
			    "\twhile (( CURRENT > 2 )) && [[ $words[2] == (--json|help) ]]; do\n"
			    "\t\t[[ $words[2] == help ]] && topics=1\n"
			    "\t\twords[2]=()\n"
			    "\t\t(( CURRENT-- ))\n"
			    "\tdone\n"
			    "\tif (( CURRENT == 2 )); then\n"
			    "\t\tif [[ $words[2] == -* ]]; then\n"
			    "\t\t\tcompadd -- --json --help --version\n"
			    "\t\telse\n"
			    "\t\t\t_autocsr_nouns $topics\n"
			    "\t\tfi\n"
			    "\t\treturn\n"
			    "\tfi\n"
			    "\twords[1]=()\n"
			    "\t(( CURRENT-- ))\n"
			    "\tname=_autocsr_$words[1]\n"
			    "\tif _autocsr_verbs $words[1]; then\n"
			    "\t\t(( CURRENT == 2 )) && return 0\n"
			    "\t\tname+=_$words[2]\n"
			    "\t\twords[1]=()\n"
			    "\t\t(( CURRENT-- ))\n"
			    "\tfi\n"
			    "\t(( $+functions[$name] )) && $name\n"
			    "}\n"
			    "\n"
			    "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n"
			    "\t_autocsr \"$@\"\n"
			    "else\n"
			    "\tcompdef _autocsr autocsr\n"
			    "fi\n";

void completion_zsh(FILE *f)
{
	const struct command *c;

	fputs("#compdef autocsr\n# Completion of autocsr for zsh, made by \"autocsr completion zsh\".\n\n",
		f);
	nouns(f);
	verbs_table(f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		function(f, c);
	fputs(start, f);
}
