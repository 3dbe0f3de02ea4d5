/* The script for fish: one complete line for each noun, verb and option. */
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"

static void quoted(FILE *f, const char *s)
{
	fputc('\'', f);
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			fputc('\\', f);
		fputc(*s, f);
	}
	fputc('\'', f);
}

static void condition(FILE *f, const struct command *c)
{
	fprintf(f, "complete -c autocsr -n '__autocsr_in %s%s%s'", c->noun, c->verb != NULL ? " " : "",
		c->verb != NULL ? c->verb : "");
}

/* -r needs a value, -f takes files away, -F gives them back. */
static void place(FILE *f, const struct completion_place *p)
{
	fputs(p->files ? " -F" : " -f", f);
	if (p->words[0] == '\0')
		return;
	fputs(" -a ", f);
	quoted(f, p->words);
}

static void option(FILE *f, const struct command *c, const struct opt *o)
{
	struct completion_place p;
	char help[1024];

	condition(f, c);
	fprintf(f, " -l %s", o->name);
	if (o->kind != OPT_FLAG) {
		fputs(" -r", f);
		completion_value(o, &p);
		place(f, &p);
	}
	fputs(" -d ", f);
	help_expand(o->help, help, sizeof(help));
	quoted(f, help);
	fputc('\n', f);
}

static void command(FILE *f, const struct command *c)
{
	const struct opt *sets[COMPLETION_SETS];
	struct completion_place p;

	completion_sets(c, sets);
	for (size_t s = 0; sets[s] != NULL; s++)
		for (const struct opt *o = sets[s]; o->name != NULL; o++)
			if (o->kind != OPT_HEAD)
				option(f, c, o);
	completion_words(c, &p);
	if (!p.files && p.words[0] == '\0')
		return;
	condition(f, c);
	place(f, &p);
	fputc('\n', f);
}

static void word(FILE *f, const char *when, const char *name, const char *text)
{
	fprintf(f, "complete -c autocsr -n '%s' -a %s -d ", when, name);
	quoted(f, text);
	fputc('\n', f);
}

static void words(FILE *f)
{
	const struct command *c;
	char text[160], when[64];

	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		if (completion_first_of_noun(i)) {
			completion_noun_text(c->noun, text, sizeof(text));
			word(f, "__autocsr_in", c->noun, text);
		}
		if (c->verb != NULL) {
			snprintf(when, sizeof(when), "__autocsr_in %s", c->noun);
			word(f, when, c->verb, c->summary);
		}
	}
	word(f, "__autocsr_in", "help", "about a command or a topic");
	for (size_t i = 0; help_topic_at(i) != NULL; i++)
		word(f, "__autocsr_in; and contains help (commandline -opc)", help_topic_at(i), "a topic");
}

static const char functions[] =
	"# Is the command so far exactly these words? Options and \"help\" in front do not count.\n"
	"function __autocsr_in\n"
	"    set -l words\n"
	"    for word in (commandline -opc)[2..-1]\n"
	"        switch $word\n"
	"            case '-*'\n"
	"                test (count $words) -gt 0; and break\n"
	"            case help\n"
	"                test (count $words) -gt 0; and set -a words $word\n"
	"            case '*'\n"
	"                set -a words $word\n"
	"        end\n"
	"    end\n"
	"    set -l n (count $argv)\n"
	"    if test $n -eq 0\n"
	"        test (count $words) -eq 0\n"
	"    else if contains -- $argv[1] $__autocsr_nouns_with_verbs; and test $n -eq 1\n"
	"        test \"$words\" = \"$argv\"\n"
	"    else\n"
	"        test (count $words) -ge $n; and test \"$words[1..$n]\" = \"$argv\"\n"
	"    end\n"
	"end\n"
	"\n"
	"complete -c autocsr -e\n"
	"complete -c autocsr -f\n";

static void nouns_with_verbs(FILE *f)
{
	const struct command *c;

	fputs("set -g __autocsr_nouns_with_verbs", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (c->verb != NULL && completion_first_of_noun(i))
			fprintf(f, " %s", c->noun);
	fputc('\n', f);
}

void completion_fish(FILE *f)
{
	const struct command *c;

	fputs("# Completion of autocsr for fish, made by \"autocsr completion fish\".\n\n", f);
	nouns_with_verbs(f);
	fputs(functions, f);
	words(f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		command(f, c);
}
