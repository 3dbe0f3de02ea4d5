/* The options that set an issuer, for `issuer add` and `issuer change`. */
#ifndef CLI_ISSUER_FORM_H
#define CLI_ISSUER_FORM_H

#include <jansson.h>

#include "cli/args.h"

#define ISSUER_CHALLENGES "http-01 dns-01 tls-alpn-01 dns-account-01 dns-persist-01"
#define ISSUER_OPTS                                                                                        \
	{ "title", OPT_ONE, "TEXT", "what people see" },                                                   \
		{ "directory", OPT_ONE, "URL", "where the CA's ACME directory is" },                       \
		{ "roots", OPT_ONE, "FILE",                                                                \
			"certificates that its server (offline: its certificates) must lead to; \"\" for " \
			"none of its own" },                                                               \
		{ "contact", OPT_EACH, "MAIL", "an address that the CA may write to" },                    \
		{ "profile", OPT_ONE, "NAME", "what to order, where the CA has profiles" },                \
		{ "preferred-chain", OPT_ONE, "CN", "the chain that is wanted, by the name at its end" },  \
		{ "key", OPT_EACH, "TYPE", "a key type that it takes; all of the product's when left out", \
			VALUES_KEYS },                                                                     \
		{ "challenge", OPT_EACH, "NAME", "a way to show control of names, preferred ones first",   \
			ISSUER_CHALLENGES },                                                               \
		{ "automation", OPT_ONE, "HOW",                                                            \
			"who publishes proofs: none, dns-update, hook, responder, directory",              \
			"none dns-update hook responder directory" },                                      \
		{ "validation", OPT_ONE, "WHO",                                                            \
			"offline CAs: service (names are validated here first) or ca", "service ca" },     \
		{ "orders-per-hour", OPT_ONE, "N", "orders beyond that wait; 0: no limit" },               \
		{ "public", OPT_FLAG, NULL, "browsers trust it" },                                         \
	{                                                                                                  \
		"private", OPT_FLAG, NULL, "browsers do not"                                               \
	}

/* Put what was given into the body. usage.together, usage.value, and what reading a file brings. */
ACSR_MUST_USE enum acsr_result issuer_form(const struct args *a, json_t *body, struct acsr_err *e);
/* An issuer in lines for people. */
void issuer_say(const json_t *issuer);
/* "/api/v1/issuers/NAMEtail"; free() it. */
ACSR_MUST_USE enum acsr_result issuer_path(
	char **out, const char *name, const char *tail, struct acsr_err *e);

#endif
