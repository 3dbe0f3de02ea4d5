/*
 * Shell completion, made from the command tables: nouns, verbs, options, the values of closed sets, files.
 *
 * Each shell gets one script that holds everything, so that a key press starts no program but the shell.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stdio.h>

#include "cli/command.h"

#define COMPLETION_WORDS_MAX 4096

/* What may stand in one place of a command line. */
struct completion_place {
	bool files;
	char words[COMPLETION_WORDS_MAX]; /* between blanks; "": any text */
};
/* The value of an option that takes one. */
void completion_value(const struct opt *o, struct completion_place *out);
/* The words of a command itself. */
void completion_words(const struct command *c, struct completion_place *out);

/* The option tables of a command; ends with NULL. */
#define COMPLETION_SETS 4
void completion_sets(const struct command *c, const struct opt *sets[COMPLETION_SETS]);
/* Is command_at(i) the first of its noun? For lists of nouns. */
bool completion_first_of_noun(size_t i);
/* What a noun is about, for shells that show it: the summary of its only command, or its verbs. */
void completion_noun_text(const char *noun, char *out, size_t cap);

void completion_bash(FILE *f);
void completion_zsh(FILE *f);
void completion_fish(FILE *f);

#endif
