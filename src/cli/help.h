/* The help screens, made from the command tables so that they cannot disagree with them. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void help_overview(FILE *f);               /* autocsr alone */
void help_noun(FILE *f, const char *noun); /* autocsr csr */
void help_command(FILE *f, const struct command *c);

#endif
