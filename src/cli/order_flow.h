/*
 * From a freshly placed order to its certificate: take the archive and acknowledge it, answer the
 * validation, wait. Used by order new, reissue and archive.
 *
 * What may fail at home (files, ports) is done before the service is asked for anything.
 */
#ifndef CLI_ORDER_FLOW_H
#define CLI_ORDER_FLOW_H

#include "cli/command.h"
#include "cli/files.h"
#include "cli/responder.h"
#include "cli/service.h"
#include "pki/keyform.h"

struct order_flow {
	const struct args *a;
	struct service *service;
	struct new_file archive, cert;
	char *archive_name;          /* when it was made from the order's first name */
	const struct keyform *asked; /* the form that the key must have; NULL: whatever the service says */
	struct responder *responder; /* NULL without --standalone */
	json_t *order;               /* the newest state, owned */
	char sha256[65];             /* of the saved archive, or "" */
};

/* The options that all users of the flow share, to be put into their tables. */
#define ORDER_FLOW_OPTIONS                                                                                  \
	{ "standalone", OPT_ONE, "ADDR:PORT",                                                               \
		"answer the file validation itself there (0.0.0.0:80), and wait" },                         \
		{ "wait", OPT_FLAG, NULL, "wait until the certificate is issued or the order has failed" }, \
		{ "timeout", OPT_ONE, "SECONDS", "give up waiting after this long (3600)" },                \
	{                                                                                                   \
		"cert", OPT_ONE, "FILE.pem", "save the certificate with its chain there, and wait"          \
	}

/* Opens what the options name. `form`: in which the service will hand over a key by download, NULL when it will not;
 * `name` is the first name of the order for its default file name, or NULL. */
ACSR_MUST_USE enum acsr_result order_flow_open(struct order_flow *f, const struct args *a,
	const struct keyform *form, const char *name, struct acsr_err *e);
/* "www.example.com" and ".zip" as a file name of safe characters; *out is yours. */
ACSR_MUST_USE enum acsr_result order_flow_name(
	char **out, const char *name, const char *extension, struct acsr_err *e);
/* Goes on from f->order, which the caller has set. */
ACSR_MUST_USE enum acsr_result order_flow_run(struct order_flow *f, struct acsr_err *e);
/* Puts the order, and where things were saved, into the command's result. */
ACSR_MUST_USE enum acsr_result order_flow_result(struct order_flow *f, json_t *result, struct acsr_err *e);
void order_flow_close(struct order_flow *f);

#endif
