/*
 * The words behind a command: options described by a table, and the rest.
 *
 * "--name value" and "--name=value" are the same; "--" ends the options; "-" is a word (standard
 * input). Behind an option that may be repeated, words that the command has no place for belong to
 * that option, so that "--host a b c" reads as it looks. All strings are loans from argv.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum opt_kind {
	OPT_FLAG,
	OPT_ONE,
	OPT_MANY, /* repeated, and takes words behind its value that the command has no place for: --host a b
		   */
	OPT_LIST, /* the same, once the command has one word, however many it would take: "csr check *.csr
		     --host a b" */
	OPT_EACH, /* repeated, one value each: --o 'Example GmbH' */
	OPT_HEAD, /* no option: a heading in help texts, its name "" and its text in `help` */
};
/* May it be given several times? */
#define OPT_REPEATS(o) ((o)->kind >= OPT_MANY && (o)->kind <= OPT_EACH)

struct opt {
	const char *name; /* without the dashes; NULL ends a table */
	enum opt_kind kind;
	const char *arg;  /* what the value is called in help texts; "FILE…" means that it names one */
	const char *help; /* one line, lower case */
	/* For completion: the words of a closed set, between blanks, or one of VALUES_…; left out for any
	 * text */
	const char *values;
};
/* Tables leave `values` out where there is nothing to say. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define VALUES_KEYS "@keys" /* the key types that this OpenSSL can make */
#define VALUES_EKUS "@ekus" /* purposes of extended key usage by name */
#define VALUES_KUS "@kus"   /* bits of key usage by name */

#define ARGS_MAX 256     /* options given */
#define ARGS_WORDS 16384 /* words given: "*.pem" gets long */
#define ARGS_SETS 4

struct arg_value {
	const struct opt *opt;
	const char *value;
};

struct args {
	const struct opt *sets[ARGS_SETS]; /* tables that were in force, NULL where unused */
	struct arg_value opts[ARGS_MAX];
	size_t n_opts;
	const char *words[ARGS_WORDS];
	size_t n_words;
};

/* argv[0..argc) are the words behind noun and verb. a->sets is filled in by the caller. At most
 * max_words words are taken. Errors are "usage.…" and name the option. */
ACSR_MUST_USE enum acsr_result args_parse(
	struct args *a, size_t max_words, int argc, char **argv, struct acsr_err *e);

/* One more, as if it had been given; `value` is a loan, "" for a flag. */
ACSR_MUST_USE enum acsr_result args_add(
	struct args *a, const char *name, const char *value, struct acsr_err *e);

bool args_flag(const struct args *a, const char *name);
/* The value of an option given at most once, or NULL. */
const char *args_one(const struct args *a, const char *name);
/* The i-th value of a repeatable option, or NULL behind the last. */
const char *args_many(const struct args *a, const char *name, size_t i);
size_t args_count(const struct args *a, const char *name);

/* The candidate that `word` was most likely meant to be, or NULL. candidates end with NULL. */
const char *args_nearest(const char *word, const char *const *candidates);

#endif
