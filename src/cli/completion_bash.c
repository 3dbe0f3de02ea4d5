/* The script for bash: two tables as case statements, and a function that finds its place in them. */
#include <string.h>

#include "cli/completion.h"
#include "cli/help.h"

static void command_name(FILE *f, const struct command *c)
{
	fprintf(f, "%s%s%s", c->noun, c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "");
}

/* "--host --ip …" of each command. */
static void options_table(FILE *f)
{
	const struct opt *sets[COMPLETION_SETS];
	const struct command *c;

	fputs("_autocsr_options()\n{\n\tcase $1 in\n", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		fputs("\t'", f);
		command_name(f, c);
		fputs("') echo '", f);
		completion_sets(c, sets);
		for (size_t s = 0; sets[s] != NULL; s++)
			for (const struct opt *o = sets[s]; o->name != NULL; o++)
				if (o->kind != OPT_HEAD)
					fprintf(f, "--%s ", o->name);
		fputs("' ;;\n", f);
	}
	fputs("\tesac\n}\n\n", f);
}

static void place(FILE *f, bool many, const struct completion_place *p)
{
	fprintf(f, "') echo '%s %s %s' ;;\n", many ? "many" : "one", p->files ? "file" : "text", p->words);
}

/* What follows an option ("csr new --key"), or stands as a word ("csr show"): how many of it, "file" or
 * "text", and words. */
static void values_table(FILE *f)
{
	const struct opt *sets[COMPLETION_SETS];
	struct completion_place p;
	const struct command *c;

	fputs("_autocsr_values()\n{\n\tcase $1 in\n", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		completion_sets(c, sets);
		for (size_t s = 0; sets[s] != NULL; s++)
			for (const struct opt *o = sets[s]; o->name != NULL; o++) {
				if (o->kind == OPT_FLAG || o->kind == OPT_HEAD)
					continue;
				completion_value(o, &p);
				fputs("\t'", f);
				command_name(f, c);
				fprintf(f, " --%s", o->name);
				place(f, o->kind == OPT_MANY || o->kind == OPT_LIST, &p);
			}
		completion_words(c, &p);
		fputs("\t'", f);
		command_name(f, c);
		place(f, c->max_words > 1, &p);
	}
	fputs("\tesac\n}\n\n", f);
}

/* "csr new" at once, so that the function knows a noun that is a command from one that needs a verb. */
static void lists(FILE *f)
{
	const struct command *c;

	fputs("_autocsr_nouns='", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (completion_first_of_noun(i))
			fprintf(f, "%s ", c->noun);
	fputs("help version'\n\n_autocsr_topics='", f);
	for (size_t i = 0; help_topic_at(i) != NULL; i++)
		fprintf(f, "%s ", help_topic_at(i));
	fputs("'\n\n_autocsr_verbs()\n{\n\tcase $1 in\n", f);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++) {
		if (c->verb == NULL || !completion_first_of_noun(i))
			continue;
		fprintf(f, "\t%s) echo '", c->noun);
		for (size_t k = i; command_at(k) != NULL; k++)
			if (strcmp(command_at(k)->noun, c->noun) == 0)
				fprintf(f, "%s ", command_at(k)->verb);
		fputs("' ;;\n", f);
	}
	fputs("\tesac\n}\n\n", f);
}

static const char script[] =
	"# Candidates that begin with what is typed. A colon ends a word for readline, so what is in front "
	"of it\n"
	"# is taken away from them again.\n"
	"_autocsr_reply()\n"
	"{\n"
	"\tlocal typed=$2 cut=\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$typed\")\n"
	"\tif [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
	"\t\tcut=${typed%\"${typed##*:}\"}\n"
	"\t\tCOMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_autocsr_place()\n"
	"{\n"
	"\tlocal many kind words found\n"
	"\tread -r many kind words <<<\"$1\"\n"
	"\t_autocsr_reply \"$words\" \"$2\"\n"
	"\tif [[ $kind == file ]]; then\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t found < <(compgen -f -- \"$2\")\n"
	"\t\tCOMPREPLY+=(\"${found[@]}\")\n"
	"\tfi\n"
	"}\n"
	"\n"
	"_autocsr()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} command= option= typed previous topics= w i\n"
	"\tlocal -a words\n"
	"\tCOMPREPLY=()\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line == *[[:space:]] ]] && words+=(\"\")\n"
	"\twords=(\"${words[@]:1}\")\n"
	"\twhile [[ ${#words[@]} -gt 1 && ( ${words[0]} == --json || ${words[0]} == help ) ]]; do\n"
	"\t\t[[ ${words[0]} == help ]] && topics=$_autocsr_topics\n"
	"\t\twords=(\"${words[@]:1}\")\n"
	"\tdone\n"
	"\ttyped=${words[${#words[@]} - 1]}\n"
	"\tif [[ ${#words[@]} -le 1 ]]; then\n"
	"\t\t_autocsr_reply \"$_autocsr_nouns $topics --json --help --version\" \"$typed\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcommand=${words[0]}\n"
	"\ti=1\n"
	"\tif [[ -n $(_autocsr_verbs \"$command\") ]]; then\n"
	"\t\tif [[ ${#words[@]} -eq 2 ]]; then\n"
	"\t\t\t_autocsr_reply \"$(_autocsr_verbs \"$command\") --help\" \"$typed\"\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\tcommand+=\" ${words[1]}\"\n"
	"\t\ti=2\n"
	"\tfi\n"
	"\t# The option whose value is being typed: the word before, or one further back that takes "
	"several.\n"
	"\tfor w in \"${words[@]:i:${#words[@]} - i - 1}\"; do\n"
	"\t\tcase $w in\n"
	"\t\t--*=*) option= ;;\n"
	"\t\t--*) option=$w ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tprevious=${words[${#words[@]} - 2]}\n"
	"\tw=$(_autocsr_values \"$command $option\")\n"
	"\t[[ $w == one* && $previous != \"$option\" ]] && w=\n"
	"\tif [[ $typed == --*=* ]]; then\n"
	"\t\t_autocsr_place \"$(_autocsr_values \"$command ${typed%%=*}\")\" \"${typed#*=}\"\n"
	"\telif [[ $typed == -* && $typed != - ]]; then\n"
	"\t\t_autocsr_reply \"$(_autocsr_options \"$command\")\" \"$typed\"\n"
	"\telif [[ -n $option && -n $w ]]; then\n"
	"\t\t_autocsr_place \"$w\" \"$typed\"\n"
	"\telse\n"
	"\t\t_autocsr_place \"$(_autocsr_values \"$command\")\" \"$typed\"\n"
	"\t\t[[ -z $typed && ${#COMPREPLY[@]} -eq 0 ]] && _autocsr_reply \"$(_autocsr_options "
	"\"$command\")\" \"\"\n"
	"\tfi\n"
	"}\n"
	"\n"
	"complete -F _autocsr autocsr\n";

void completion_bash(FILE *f)
{
	fputs("# Completion of autocsr for bash, made by \"autocsr completion bash\".\n\n", f);
	lists(f);
	options_table(f);
	values_table(f);
	fputs(script, f);
}
