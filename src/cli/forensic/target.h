/*
 * What is tested: the supervisor's process, its state directory and its database, from the options, from the
 * configuration that the running process was started with, or from what it has open.
 */
#ifndef CLI_FORENSIC_TARGET_H
#define CLI_FORENSIC_TARGET_H

#include <sys/types.h>

#include "cli/args.h"

struct target {
	pid_t pid;
	char *server;        /* as given */
	char *config;        /* or NULL */
	char *state;         /* a real path, or NULL: not known */
	char *database;      /* a file outside the state directory, or NULL */
	bool other_database; /* one that is no file of this machine: not searched */
};

/* usage.pid, forensic.pid, forensic.state (an option names a directory that is not there) */
ACSR_MUST_USE enum acsr_result target_find(struct target *out, const struct args *a, struct acsr_err *e);
void target_clear(struct target *t);

/* The port of "https://host[:port]"; 443 when there is none, 0 when it is no such address. */
unsigned target_port(const char *server);
/* The value of `key` in `section` of an INI text, copied to out; false when it is not there. */
bool target_ini(const char *text, const char *section, const char *key, char *out, size_t cap);

#endif
