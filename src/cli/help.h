/* The help screens, made from the command tables so that they cannot disagree with them. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void help_overview(FILE *f);               /* autocsr alone */
void help_noun(FILE *f, const char *noun); /* autocsr csr */
void help_command(FILE *f, const struct command *c);

/* The same as a JSON document: {"commands": [{"command", "words", "summary", "options": […]}]}; of one
 * command when c is not NULL, else of one noun when that is not NULL, else of all. False when it cannot be
 * written. */
bool help_json(FILE *f, const struct command *c, const char *noun);

/* Help about a subject that belongs to no single command (help_topics.c); NULL past the end. */
const char *help_topic_at(size_t i);
/* Its text, cut at cap; false when there is no such topic. */
#define HELP_TOPIC_MAX 4096
bool help_topic(const char *name, char *out, size_t cap);

/* An option's help text, with the key types that this OpenSSL can make where it speaks of them. */
void help_expand(const char *help, char *out, size_t cap);

#endif
