/* What can be completed where, for all shells alike. */
#include "cli/completion.h"

#include <string.h>

#include "autocsr/csr.h"
#include "autocsr/key.h"
#include "base/str.h"

static void add(struct completion_place *p, const char *word)
{
	size_t at = strlen(p->words), n = strlen(word);

	if (at + n + 2 > sizeof(p->words))
		return;
	if (at > 0)
		p->words[at++] = ' ';
	memcpy(p->words + at, word, n + 1);
}

static void add_keys(struct completion_place *p)
{
	const struct acsr_key_type *t;

	for (size_t i = 0; (t = acsr_key_type_at(i)) != NULL; i++)
		if (acsr_key_type_available(t))
			add(p, t->name);
}

static void add_values(struct completion_place *p, const char *values)
{
	const char *name;

	if (strcmp(values, VALUES_KEYS) == 0)
		add_keys(p);
	else if (strcmp(values, VALUES_EKUS) == 0)
		for (size_t i = 0; acsr_eku_at(i) != NULL; i++)
			add(p, acsr_eku_at(i)->name);
	else if (strcmp(values, VALUES_KUS) == 0)
		for (size_t i = 0; (name = acsr_ku_name(i)) != NULL; i++)
			add(p, name);
	else
		add(p, values);
}

void completion_value(const struct opt *o, struct completion_place *out)
{
	*out = (struct completion_place){ .files = o->arg != NULL && strstr(o->arg, "FILE") != NULL };
	if (o->values != NULL)
		add_values(out, o->values);
}

/* "bash|zsh|fish" is a closed set, "FILE …" names files, anything else is text. */
void completion_words(const struct command *c, struct completion_place *out)
{
	*out = (struct completion_place){ .files = strstr(c->words, "FILE") != NULL };
	if (out->files || strchr(c->words, '|') == NULL)
		return;
	add(out, c->words);
	for (char *p = out->words; *p != '\0'; p++)
		if (*p == '|')
			*p = ' ';
}

void completion_sets(const struct command *c, const struct opt *sets[COMPLETION_SETS])
{
	size_t n = 0;

	if (c->opts != NULL)
		sets[n++] = c->opts;
	if (c->service)
		sets[n++] = command_service;
	sets[n++] = command_common;
	sets[n] = NULL;
}

bool completion_first_of_noun(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(command_at(k)->noun, command_at(i)->noun) == 0)
			return false;
	return true;
}

void completion_noun_text(const char *noun, char *out, size_t cap)
{
	const struct command *c = command_find(noun, NULL);
	size_t at = 0;

	if (c != NULL) {
		snprintf(out, cap, "%s", c->summary);
		return;
	}
	out[0] = '\0';
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		if (strcmp(c->noun, noun) == 0 && at < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", at > 0 ? ", " : "", c->verb);
}
