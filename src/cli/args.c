/* Reading the words behind a command by its option tables. */
#include "cli/args.h"

#include <string.h>

#include "base/str.h"

static const struct opt *find(const struct args *a, const char *name, size_t len)
{
	for (size_t s = 0; s < ARGS_SETS && a->sets[s] != NULL; s++)
		for (const struct opt *o = a->sets[s]; o->name != NULL; o++)
			if (o->kind != OPT_HEAD && strlen(o->name) == len && memcmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

/* Levenshtein distance of short words; long ones are as far as can be. */
static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between two words; letters that changed places ("crs") are one. */
static size_t distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), d[34][34];

	if (la > 32 || lb > 32)
		return 99;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++)
		for (size_t j = 1; j <= lb; j++) {
			d[i][j] = least(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
				least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[la][lb];
}

const char *args_nearest(const char *word, const char *const *candidates)
{
	const char *best = NULL;
	size_t best_d = 3;

	for (; *candidates != NULL; candidates++) {
		size_t d = distance(word, *candidates);

		if (d < best_d && d < strlen(*candidates)) {
			best = *candidates;
			best_d = d;
		}
	}
	return best;
}

static enum acsr_result unknown(const struct args *a, const char *name, size_t len, struct acsr_err *e)
{
	const char *names[128] = { NULL };
	char word[33] = "";
	const char *near;
	size_t n = 0;

	for (size_t s = 0; s < ARGS_SETS && a->sets[s] != NULL; s++)
		for (const struct opt *o = a->sets[s]; o->name != NULL && n < 127; o++)
			if (o->kind != OPT_HEAD)
				names[n++] = o->name;
	if (len < sizeof(word))
		memcpy(word, name, len);
	near = args_nearest(word, names);
	if (near != NULL)
		return err_set(e, "usage.option", "unknown option --%.*s, did you mean --%s?",
			len > 60 ? 60 : (int)len, name, near);
	return err_set(e, "usage.option", "unknown option --%.*s", len > 60 ? 60 : (int)len, name);
}

static enum acsr_result add(struct args *a, const struct opt *o, const char *value, struct acsr_err *e)
{
	if (o->kind == OPT_ONE && args_one(a, o->name) != NULL)
		return err_set(e, "usage.twice", "--%s is given twice", o->name);
	if (a->n_opts == ARGS_MAX)
		return err_set(e, "usage.many", "more than %d options", ARGS_MAX);
	a->opts[a->n_opts++] = (struct arg_value){ o, value };
	return ACSR_OK;
}

/* argv[*i] is "--name" or "--name=value"; moves *i over a value that is a word of its own. */
static enum acsr_result parse_option(
	struct args *a, int *i, int argc, char **argv, const struct opt **many, struct acsr_err *e)
{
	const char *name = argv[*i] + 2;
	const char *eq = strchr(name, '=');
	size_t len = eq != NULL ? (size_t)(eq - name) : strlen(name);
	const struct opt *o = find(a, name, len);

	*many = NULL;
	if (o == NULL)
		return unknown(a, name, len, e);
	if (o->kind == OPT_FLAG) {
		if (eq != NULL)
			return err_set(e, "usage.value", "--%s takes no value", o->name);
		return add(a, o, "", e);
	}
	if (o->kind == OPT_MANY || o->kind == OPT_LIST)
		*many = o;
	if (eq != NULL)
		return add(a, o, eq + 1, e);
	if (*i + 1 >= argc || str_starts(argv[*i + 1], "--"))
		return err_set(e, "usage.value", "--%s needs a value: --%s %s", o->name, o->name, o->arg);
	*i += 1;
	return add(a, o, argv[*i], e);
}

static enum acsr_result parse_word(
	struct args *a, const char *word, size_t max_words, const struct opt *many, struct acsr_err *e)
{
	if (many != NULL && many->kind == OPT_LIST && a->n_words > 0)
		return add(a, many, word, e);
	if (a->n_words < max_words && a->n_words < ARGS_WORDS) {
		a->words[a->n_words++] = word;
		return ACSR_OK;
	}
	if (many != NULL)
		return add(a, many, word, e);
	return err_set(e, "usage.words", "there is no place for \"%.80s\" here", word);
}

enum acsr_result args_parse(struct args *a, size_t max_words, int argc, char **argv, struct acsr_err *e)
{
	const struct opt *many = NULL;
	bool only_words = false;

	a->n_opts = a->n_words = 0;
	for (int i = 0; i < argc; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && strcmp(argv[i], "-h") == 0)
			TRY(add(a, find(a, "help", 4), "", e));
		else if (!only_words && str_starts(argv[i], "--"))
			TRY(parse_option(a, &i, argc, argv, &many, e));
		else if (!only_words && argv[i][0] == '-' && argv[i][1] != '\0')
			return err_set(
				e, "usage.option", "unknown option %.60s (options have two dashes)", argv[i]);
		else
			TRY(parse_word(a, argv[i], max_words, many, e));
	}
	return ACSR_OK;
}

enum acsr_result args_add(struct args *a, const char *name, const char *value, struct acsr_err *e)
{
	const struct opt *o = find(a, name, strlen(name));

	return o != NULL ? add(a, o, value, e) : unknown(a, name, strlen(name), e);
}

const char *args_many(const struct args *a, const char *name, size_t i)
{
	for (size_t k = 0; k < a->n_opts; k++)
		if (strcmp(a->opts[k].opt->name, name) == 0 && i-- == 0)
			return a->opts[k].value;
	return NULL;
}

const char *args_one(const struct args *a, const char *name)
{
	return args_many(a, name, 0);
}

bool args_flag(const struct args *a, const char *name)
{
	return args_many(a, name, 0) != NULL;
}

size_t args_count(const struct args *a, const char *name)
{
	size_t n = 0;

	while (args_many(a, name, n) != NULL)
		n++;
	return n;
}
