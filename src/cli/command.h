/*
 * What a command is, and what it works with.
 *
 * A command's `run` does the work and leaves its result as JSON (or raw bytes, for a document such
 * as a certificate); `show` turns the result into lines for a person. The program prints one or the
 * other, so both say the same, and `show` only ever sees strings that cannot move a cursor.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <jansson.h>

#include "base/buf.h"
#include "cli/args.h"

struct cli {
	const struct command *cmd;
	struct args args;
	bool json;      /* --json: one document on standard output */
	json_t *result; /* owned; an object, filled by run */
	struct buf raw; /* when not empty and not --json: written to standard output as it is */
	bool answer_no; /* the work was done and the answer is no: exit 1 */
	bool streamed;  /* run has printed its results itself (say_line): nothing is left to be shown */
	bool said;      /* by command_say, all of it: an error after it is text for people */
	int exit_code;  /* of a batch: the worst of its files; 0: as answer_no says */
};

struct command {
	const char *noun;
	const char *verb;  /* NULL: the noun alone is the command */
	const char *words; /* "FILE [FILE…]", "" when there are none */
	size_t min_words, max_words;
	const char *summary; /* one line */
	const char *text;    /* more, with examples; lines end with \n */
	const struct opt *opts;
	bool service; /* talks to a service: --server, --token-file, --ca-file */
	enum acsr_result (*run)(struct cli *c, struct acsr_err *e);
	void (*show)(struct cli *c, const json_t *result); /* NULL: nothing to show */
};

/* Two lists, in the order of the help screens, each ended by NULL. */
extern const struct command *const command_toolkit[];
extern const struct command *const command_online[];

/* The i-th command of both lists, NULL past the end. */
const struct command *command_at(size_t i);
/* verb may be NULL. NULL when there is no such command. */
const struct command *command_find(const char *noun, const char *verb);
bool command_is_noun(const char *noun);

/* Options that every command takes, and those of commands that talk to a service. */
extern const struct opt command_common[];
extern const struct opt command_service[];

/* Add a member to the result (or another object). Strings that are not UTF-8 are spelled out, a NULL
 * string is JSON null; `value` is taken over. Without memory: sys.nomem. */
ACSR_MUST_USE enum acsr_result command_put(json_t *o, const char *key, json_t *value, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result command_put_str(
	json_t *o, const char *key, const char *value, struct acsr_err *e);
/* Print the result now, before the last step of the work, so that a closed standard output (sys.write) still
 * undoes the rest. */
ACSR_MUST_USE enum acsr_result command_say(struct cli *c, struct acsr_err *e);
/* Members of a service's answer into the result; takes it over. net.answer when it is not an object. */
ACSR_MUST_USE enum acsr_result command_take(struct cli *c, json_t *answer, struct acsr_err *e);

#endif
